/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads root`: the files of a root filesystem, listed and compared with such a list. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"
#include "boot/packages.h"
#include "boot/report.h"
#include "boot/root_hashes.h"
#include "command/findings.h"
#include "command/nouns.h"
#include "rom/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

struct root_options {
	const char *directories; /* NULL: those of the settings, or the original's */
	const char *file;        /* the value of --output or --list, or NULL */
	const char *path;
};

/* Returns 0, or the exit status of an error that was printed. */
static int read_options(const struct command_context *context, int argc, char **argv, const char *file_option,
                        struct root_options *options)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--directories") == 0 && i + 1 < argc) {
			options->directories = argv[++i];
		} else if (strcmp(argv[i], file_option) == 0 && i + 1 < argc) {
			options->file = argv[++i];
		} else if (argv[i][0] == '-') {
			return command_usage(context, "root %s does not know the option %s, or it misses its value",
			                     argv[0], argv[i]);
		} else if (options->path) {
			return command_usage(context, "root %s takes one directory, not %s and %s", argv[0],
			                     options->path, argv[i]);
		} else {
			options->path = argv[i];
		}
	}
	if (!options->path)
		return command_usage(context, "root %s wants the directory of a root filesystem", argv[0]);
	return 0;
}

static int read_directories(const struct command_context *context, const struct root_options *options,
                            struct root_directories *directories, struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	const char *list = options->directories;

	if (!list && context->settings) {
		int r = rom_settings_load(context->settings, BYTES_EMPTY, &settings, error);

		if (r < 0)
			return r;
		list = rom_settings_get(&settings, "CONFIG_ROOT_DIRLIST");
	}
	return root_directories_read(list ? list : ROOT_HASHES_DIRECTORIES, directories, error);
}

static int open_root(const char *path, struct error *error)
{
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_set_errno(error, errno == ENOENT || errno == ENOTDIR ? E_USAGE : E_IO, path, errno,
		                       "the directory %s cannot be opened", path);
	return root;
}

static void say_left_out(const struct command_context *context, const struct root_hashes_left_out *left_out)
{
	if (context->verbosity < 0)
		return;
	if (left_out->files > 0)
		(void)fprintf(stderr, "heads: left out: %" PRIu64 " files with kexec in their names\n",
		              left_out->files);
	if (left_out->mounts > 0)
		(void)fprintf(stderr, "heads: left out: %" PRIu64 " other filesystems, /%s the first\n",
		              left_out->mounts, left_out->mount);
}

static void add_left_out(const struct root_hashes_left_out *left_out, struct json_object *object)
{
	json_object_object_add(object, "left_out", json_object_new_int64((int64_t)left_out->files));
	json_object_object_add(object, "mounts", json_object_new_int64((int64_t)left_out->mounts));
}

/* One object a line. */
static int print_list_json(const struct command_context *context, struct bytes text)
{
	CLEANUP(manifest_clear) struct manifest list = {0};
	struct error error;

	if (manifest_parse_root(text, &list, &error) < 0)
		return command_fail(context, &error);
	for (size_t i = 0; i < list.count; i++) {
		struct json_object *object = json_object_new_object();
		char digest[2 * MANIFEST_DIGEST_SIZE + 1];

		hex_encode(bytes_make(list.files[i].digest, MANIFEST_DIGEST_SIZE), digest);
		json_object_object_add(object, "path", findings_path_json(list.files[i].path));
		json_object_object_add(object, "sha256", json_object_new_string(digest));
		command_print_json(object);
	}
	return 0;
}

static int write_list(const struct command_context *context, const char *file, struct bytes text,
                      const struct root_hashes_figures *figures)
{
	struct json_object *object;
	struct error error;

	if (file_replace_path(file, text, &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string("listed"));
		json_object_object_add(object, "files", json_object_new_int64((int64_t)figures->files));
		json_object_object_add(object, "bytes", json_object_new_int64((int64_t)figures->bytes));
		add_left_out(&figures->left_out, object);
		command_print_json(object);
	} else if (context->verbosity >= 0) {
		(void)printf("listed: %" PRIu64 " files, %" PRIu64 " bytes\n", figures->files, figures->bytes);
	}
	return 0;
}

static int root_hash_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(root_directories_clear) struct root_directories directories = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	CLEANUP_CLOSE int root = -1;
	struct root_hashes_figures figures = {0};
	struct root_options options = {0};
	struct error error = {0};
	int status = read_options(context, argc, argv, "--output", &options);

	if (status != 0 || !options.path)
		return status;
	root = open_root(options.path, &error);
	if (root < 0 || read_directories(context, &options, &directories, &error) < 0 ||
	    root_hashes_make(root, &directories, &text, &figures, &error) < 0)
		return command_fail(context, &error);
	say_left_out(context, &figures.left_out);
	if (options.file)
		return write_list(context, options.file, buffer_bytes(&text), &figures);
	if (context->json)
		return print_list_json(context, buffer_bytes(&text));
	if ((text.size > 0 && fwrite(text.data, text.size, 1, stdout) != 1) || fflush(stdout) != 0) {
		(void)error_set_errno(&error, E_IO, "standard output", errno, "the list cannot be written");
		return command_fail(context, &error);
	}
	return 0;
}

static void print_result(const struct command_context *context, const struct verify_result *result,
                         const struct root_hashes_left_out *left_out)
{
	struct json_object *object;

	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string(result->ok ? "ok" : "refused"));
		json_object_object_add(object, "files", json_object_new_int64((int64_t)result->files));
		json_object_object_add(object, "bytes", json_object_new_int64((int64_t)result->bytes));
		findings_add_json(result, object);
		add_left_out(left_out, object);
		command_print_json(object);
		return;
	}
	if (result->ok)
		(void)printf("as listed: %" PRIu64 " files, %" PRIu64 " bytes\n", result->files, result->bytes);
	else
		(void)printf("refused: %zu of the files differ from the list\n", result->finding_count);
	for (size_t i = 0; context->verbosity >= 0 && i < result->finding_count; i++) {
		const struct verify_finding *finding = &result->findings[i];
		CLEANUP(buffer_clear) struct buffer line = {0};

		buffer_append_format(&line, "  %s: /", report_kind_name(finding->kind));
		text_escape(bytes_from_string(finding->path), &line);
		if (finding->kind == VERIFY_UNREADABLE && finding->detail) {
			buffer_append_string(&line, ": ");
			text_escape(bytes_from_string(finding->detail), &line);
		}
		if (finding->package) {
			buffer_append_string(&line, " (of ");
			text_escape(bytes_from_string(finding->package), &line);
			buffer_append_byte(&line, ')');
		}
		if (buffer_string(&line))
			(void)puts(buffer_string(&line));
	}
}

static int read_list(const struct root_options *options, struct manifest *list, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0}, path = {0};
	int r;

	buffer_append_format(&path, "%s/boot/%s", options->path, ROOT_HASHES_NAME);
	if (!buffer_string(&path))
		return error_set(error, E_MEMORY, "", "there is not enough memory to read the list");
	r = file_read(options->file ? options->file : buffer_string(&path), MANIFEST_MAX_SIZE, &text, error);
	return r < 0 ? r : manifest_parse_root(buffer_bytes(&text), list, error);
}

static int root_verify_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(root_directories_clear) struct root_directories directories = {0};
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP(manifest_clear) struct manifest list = {0};
	CLEANUP_CLOSE int root = -1;
	struct root_hashes_left_out left_out = {0};
	struct root_options options = {0};
	struct error error = {0};
	int status = read_options(context, argc, argv, "--list", &options);

	if (status != 0 || !options.path)
		return status;
	root = open_root(options.path, &error);
	if (root < 0 || read_directories(context, &options, &directories, &error) < 0 ||
	    read_list(&options, &list, &error) < 0 ||
	    root_hashes_verify(root, &directories, &list, &result, &left_out, &error) < 0)
		return command_fail(context, &error);
	(void)packages_name(root, &result);
	say_left_out(context, &left_out);
	print_result(context, &result, &left_out);
	return result.ok ? 0 : 1;
}

static const struct command_verb verbs[] = {
    {"hash", "[--directories LIST] [--output FILE] ROOT", "lists the files of a root filesystem", root_hash_run},
    {"verify", "[--directories LIST] [--list FILE] ROOT", "compares them with such a list", root_verify_run},
};

const struct command_noun command_root = {
    "root",
    "the files of a root filesystem, in the original's kexec_root_hashes.txt",
    verbs,
    ARRAY_SIZE(verbs),
};
