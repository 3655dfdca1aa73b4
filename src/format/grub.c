/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/grub.h"

#include "base/cleanup.h"
#include "format/grub_internal.h"
#include <stdio.h>
#include <string.h>

/* What GRUB says of itself (grub-core/normal/main.c, features). The platform is the BIOS one: entries for EFI programs
 * are of no use to kexec. */
static const struct {
	const char *name;
	const char *value;
} CONSTANTS[] = {
    {"root", "hd0,gpt1"},
    {"grub_cpu", "i386"},
    {"grub_platform", "pc"},
    {"feature_chainloader_bpb", "y"},
    {"feature_ntldr", "y"},
    {"feature_platform_search_hint", "y"},
    {"feature_default_font_path", "y"},
    {"feature_all_video_module", "y"},
    {"feature_menuentry_id", "y"},
    {"feature_menuentry_options", "y"},
    {"feature_200_final", "y"},
    {"feature_nativedisk_cmd", "y"},
    {"feature_timeout_style", "y"},
};

static void set_exported(struct grub_parser *parser, const char *name, const char *value)
{
	grub_variable_set(&parser->variables, name, value);
	grub_variable_export(&parser->variables, name);
}

static bool start(struct grub_parser *parser)
{
	const char *path = parser->config->path;
	const char *slash = strrchr(path, '/');
	CLEANUP(buffer_clear) struct buffer text = {0};

	if (!grub_variables_open(&parser->variables, false) || !grub_variables_open(&parser->functions, false))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(CONSTANTS); i++)
		set_exported(parser, CONSTANTS[i].name, CONSTANTS[i].value);
	buffer_append_format(&text, "(hd0,gpt1)%s", path);
	if (!buffer_string(&text))
		return false;
	set_exported(parser, "config_file", buffer_string(&text));
	text.size -= slash ? strlen(slash) : 0;
	if (!buffer_string(&text))
		return false;
	set_exported(parser, "config_directory", buffer_string(&text));
	set_exported(parser, "prefix", buffer_string(&text));
	return true;
}

static void stop(struct grub_parser *parser)
{
	grub_variables_clear(&parser->variables);
	grub_variables_clear(&parser->functions);
	grub_words_clear(&parser->loopbacks);
	while (parser->texts) {
		struct grub_text *text = parser->texts;
		parser->texts = text->next;
		buffer_clear(&text->content);
		free(text);
	}
}

static struct grub_parser make_parser(const struct grub_config *config, struct grub_report *report)
{
	return (struct grub_parser){
	    .config = config,
	    .work_limit = ((size_t)4 << 20) + 16 * config->text.size,
	    .notice = report->notice,
	    .notice_size = sizeof(report->notice),
	};
}

/* The value of `default` when grubenv is read. Everything else of this pass is thrown away. */
static char *default_with_environment(const struct grub_config *config)
{
	struct grub_report unused = {0};
	struct grub_menu menu = {0};
	CLEANUP(stop) struct grub_parser parser = make_parser(config, &unused);
	char *value = NULL;

	parser.with_environment = true;
	if (!start(&parser))
		return NULL;
	parser.menu = &menu;
	grub_run(&parser, config->text);
	value = strdup(grub_variable_get(&parser.variables, "default"));
	grub_menu_clear(&menu);
	return value;
}

int grub_parse(const struct grub_config *config, struct entry_list *list, struct grub_report *ret_report,
               struct error *error)
{
	CLEANUP(stop) struct grub_parser parser = make_parser(config, ret_report);
	CLEANUP(grub_menu_clear) struct grub_menu menu = {0};
	char *default_value = NULL;

	*ret_report = (struct grub_report){0};
	if (config->text.size > GRUB_MAX_TEXT)
		return error_set(error, E_TOO_LARGE, config->source,
		                 "the configuration has %zu bytes, and at most %zu are read", config->text.size,
		                 GRUB_MAX_TEXT);
	if (!start(&parser))
		return error_set(error, E_MEMORY, config->source, "no memory to read the configuration");
	parser.menu = &menu;
	grub_run(&parser, config->text);
	parser.flow = GRUB_FLOW_ON;
	parser.menu = NULL;
	if (parser.saw_environment)
		default_value = default_with_environment(config);
	else
		default_value = strdup(grub_variable_get(&parser.variables, "default"));
	const int listed = default_value ? grub_menu_list(&parser, &menu, default_value, list) : -E_MEMORY;
	free(default_value);
	if (listed < 0)
		return error_set(error, E_MEMORY, config->source, "no memory for the entries of the configuration");
	if (parser.variables.overflow || parser.functions.overflow)
		grub_notice(&parser, "the configuration sets more or longer variables than are kept");
	ret_report->positions = menu.count;
	return 0;
}
