/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the root filesystem, compared with the list that the owner signed with /boot: before each boot where he
 * wants it, and when he asks; and listed anew for the next signature. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "boot/packages.h"
#include "boot/report.h"
#include "boot/root_device.h"
#include "boot/signed_set.h"
#include "menu/screen.h"
#include <inttypes.h>

#define TITLE               "Files of the system"
#define DISK_PASSPHRASE_MAX 512
#define MAX_LOGGED          50
#define MAX_SHOWN           500
#define PROGRESS_MS         250

struct work {
	struct menu *menu;
	struct root_directories directories;
	struct root_device root;
	bool unclean;
	unsigned long long shown_ms;
};

static void work_clear(struct work *work)
{
	struct error error;

	if (root_device_close(&work->root, &error) < 0)
		log_error(&error);
	root_directories_clear(&work->directories);
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
	struct work *work = context;
	unsigned long long now = log_now_ms();

	if (now - work->shown_ms < PROGRESS_MS)
		return;
	work->shown_ms = now;
	ui_progress(work->menu->ui, TITLE, "Reading the files of the system ...", done, total);
}

static bool ask(void *context, const struct volume *volume, unsigned try, struct secret *ret_passphrase)
{
	struct work *work = context;
	struct ui_text text = {0};
	bool answered;

	if (try > 1)
		ui_text_add(&text, UI_BAD, "That one does not open it.");
	ui_text_add(&text, UI_NORMAL, "The passphrase of the disk %s (%s), to compare the files of the system in it.",
	            volume->path, volume->facts.uuid);
	ui_text_add(&text, UI_DIM, "It opens the disk for reading alone, and is not kept.");
	log_line("ask what=root-passphrase try=%u", try);
	answered = secret_allocate(DISK_PASSPHRASE_MAX, ret_passphrase) == 0 &&
	           ui_ask_secret(work->menu->ui, "Passphrase of the disk", &text, ret_passphrase) &&
	           ret_passphrase->size > 0;
	ui_text_clear(&text);
	ui_progress(work->menu->ui, TITLE, "Opening the disk ...", 0, 0);
	return answered;
}

/* Opens the root. key: the disk unlock key, or empty. */
static int open_root(struct menu *menu, struct bytes key, struct work *work, struct error *error)
{
	const char *list = rom_settings_get(&menu->settings, "CONFIG_ROOT_DIRLIST");
	struct root_wishes wishes = {.device = rom_settings_get(&menu->settings, "CONFIG_ROOT_DEV"),
	                             .directories = &work->directories,
	                             .key = key,
	                             .ask = ask,
	                             .context = work};
	int r = root_directories_read(list ? list : ROOT_HASHES_DIRECTORIES, &work->directories, error);

	work->menu = menu;
	work->root.fd = -1;
	work->directories.watch = show_progress;
	work->directories.watch_context = work;
	work->directories.direct = true;
	if (wishes.device && wishes.device[0] == '\0')
		wishes.device = NULL;
	ui_progress(menu->ui, TITLE, "Looking for the system's disk ...", 0, 0);
	if (r == 0)
		r = root_device_open(&wishes, &work->root, error);
	work->unclean = r == 0 && work->root.unclean;
	return r;
}

/* The list that the owner signed with this /boot. */
static int read_signed_list(struct menu *menu, struct manifest *list, struct error *error)
{
	struct bytes text;
	int r;

	if (menu->boot.trust.state == TRUST_REFUSED || menu->boot.trust.state == TRUST_STARTED)
		return error_set(error, E_REFUSED, ROOT_HASHES_NAME,
		                 "/boot does not verify, so that nobody vouches for its list of the system's files");
	r = signed_set_bytes(menu->boot.snapshot, menu->boot.verify.set, ROOT_HASHES_NAME, MANIFEST_MAX_SIZE, &text,
	                     error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_NOT_FOUND, ROOT_HASHES_NAME,
		                 "/boot holds no signed list of the system's files (%s); list them, and sign /boot",
		                 ROOT_HASHES_NAME);
	return r < 0 ? r : manifest_parse_root(text, list, error);
}

static void log_result(const struct verify_result *result, const struct work *work, unsigned long long started)
{
	log_line("root verify %s files=%" PRIu64 " bytes=%" PRIu64 " findings=%zu journal=%s ms=%llu",
	         result->ok && !work->unclean ? "ok" : "refused", result->files, result->bytes, result->finding_count,
	         work->unclean ? "pending" : "clean", log_now_ms() - started);
	for (size_t i = 0; i < result->finding_count && i < MAX_LOGGED; i++) {
		char path[512];

		log_line("root report kind=%s path=\"/%s\"", report_kind_name(result->findings[i].kind),
		         text_escape_into(bytes_from_string(result->findings[i].path), path, sizeof(path)));
	}
}

/* Opens, compares, closes. unclean: the journal has still to be replayed. */
static int compare(struct menu *menu, struct bytes key, struct verify_result *result, bool *ret_unclean,
                   struct error *error)
{
	CLEANUP(work_clear) struct work work = {.root = {.fd = -1}};
	CLEANUP(manifest_clear) struct manifest list = {0};
	struct root_hashes_left_out left_out;
	unsigned long long started;
	int r = read_signed_list(menu, &list, error);

	if (r == 0)
		r = open_root(menu, key, &work, error);
	started = log_now_ms();
	if (r == 0)
		r = root_hashes_verify(work.root.fd, &work.directories, &list, result, &left_out, error);
	if (r == 0)
		(void)packages_name(work.root.fd, result);
	if (r < 0)
		return r;
	log_result(result, &work, started);
	*ret_unclean = work.unclean;
	/* A disk that stays open would keep its key in the kernel: the owner is told before he boots. */
	return root_device_close(&work.root, error);
}

static void add_finding(const struct verify_finding *finding, struct ui_text *text)
{
	CLEANUP(buffer_clear) struct buffer line = {0};
	char package[100];

	report_finding(finding, &line);
	if (finding->package)
		buffer_append_format(&line, "  (of %s)",
		                     text_escape_into(bytes_from_string(finding->package), package, sizeof(package)));
	if (buffer_string(&line))
		ui_text_add(text, UI_BAD, "  %s", buffer_string(&line));
}

/* A heading for each kind of difference, and below it the files with the package that they are said to be of. */
static void add_groups(const struct verify_result *result, struct ui_text *text)
{
	static const struct {
		enum verify_kind kind;
		const char *heading;
	} groups[] = {
	    {VERIFY_CHANGED, "changed"},         {VERIFY_ADDED, "not in the list"}, {VERIFY_REMOVED, "missing"},
	    {VERIFY_RETYPED, "of another type"}, {VERIFY_UNREADABLE, "unreadable"},
	};
	size_t shown = 0;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		size_t count = 0;

		for (size_t j = 0; j < result->finding_count; j++)
			count += result->findings[j].kind == groups[i].kind;
		if (count == 0)
			continue;
		ui_text_add(text, UI_BAD, "%zu %s:", count, groups[i].heading);
		for (size_t j = 0; j < result->finding_count && shown < MAX_SHOWN; j++) {
			if (result->findings[j].kind != groups[i].kind)
				continue;
			add_finding(&result->findings[j], text);
			shown++;
		}
	}
	if (shown < result->finding_count)
		ui_text_add(text, UI_BAD, "and %zu more", result->finding_count - shown);
}

static void describe(const struct verify_result *result, bool unclean, struct ui_text *text)
{
	if (result->ok)
		ui_text_add(text, UI_GOOD, "%" PRIu64 " files, %" PRIu64 " bytes: all as in the list that you signed.",
		            result->files, result->bytes);
	else
		ui_text_add(text, UI_BAD, "%zu of the system's files are not as in the list that you signed.",
		            result->finding_count);
	if (unclean)
		ui_text_add(
		    text, UI_BAD,
		    "The file system was not unmounted: its journal holds changes that the system will make when it "
		    "starts, and that nobody has compared. Where the machine was not switched off in an orderly way "
		    "that is to be expected.");
	add_groups(result, text);
	if (!result->ok)
		ui_text_add(text, UI_DIM, "%s",
		            result->packages_known
		                ? "The packages are those that the system's own database names; nobody signed it."
		                : "An update of the system changes files as well; then list them anew and sign /boot.");
}

/* Boot all the same? */
static int ask_to_boot(struct menu *menu, struct ui_text *text, struct error *error)
{
	bool released = menu->boot.trust.state == TRUST_RELEASED;

	ui_text_add(text, UI_NORMAL, "%s", "");
	ui_text_add(text, UI_NORMAL,
	            "If you did not update the system since you listed its files, find out first who changed them.");
	log_line("ask what=root-differs");
	if (ui_confirm(menu->ui, "The system is not what you signed", text, "Boot all the same",
	               released ? "Restart" : "Back")) {
		log_line("root overruled");
		return 0;
	}
	return error_set(error, E_REFUSED, "root", "the owner does not boot a system whose files differ");
}

int menu_check_root(struct menu *menu, struct bytes key, struct error *error)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	struct ui_text text = {0};
	bool unclean = false;
	int r = compare(menu, key, &result, &unclean, error);

	if (r == 0 && result.ok && !unclean)
		return 0;
	if (r < 0) {
		log_line("root unknown code=%s sentence=\"%s\"", error_name(error->code), error->sentence);
		ui_text_add(&text, UI_BAD, "The files of the system could not be compared: %s", error->sentence);
	} else {
		describe(&result, unclean, &text);
	}
	r = ask_to_boot(menu, &text, error);
	ui_text_clear(&text);
	return r;
}

static void compare_now(struct menu *menu)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	struct ui_text text = {0};
	struct error error;
	bool unclean = false;

	if (compare(menu, BYTES_EMPTY, &result, &unclean, &error) < 0) {
		log_error(&error);
		screen_error(menu, TITLE, &error);
		return;
	}
	describe(&result, unclean, &text);
	ui_show_text(menu->ui, TITLE, &text);
	ui_text_clear(&text);
}

/* What is about to be signed, against what was signed before. True: the owner wants it. */
static bool confirm_list(struct menu *menu, struct bytes text_of_list, const struct root_hashes_figures *figures,
                         bool unclean)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP(manifest_clear) struct manifest older = {0}, newer = {0};
	struct ui_text text = {0};
	struct error error;
	bool yes;

	ui_text_add(&text, UI_NORMAL, "%" PRIu64 " files, %" PRIu64 " bytes were listed.", figures->files,
	            figures->bytes);
	if (unclean)
		ui_text_add(
		    &text, UI_WARNING,
		    "The file system was not unmounted: its journal holds changes that are not in this list. Start "
		    "the system and shut it down first.");
	if (figures->left_out.mounts > 0)
		ui_text_add(&text, UI_NORMAL, "%" PRIu64 " other file systems were left out, /%s the first.",
		            figures->left_out.mounts, figures->left_out.mount);
	if (read_signed_list(menu, &older, &error) == 0 && manifest_parse_root(text_of_list, &newer, &error) == 0 &&
	    root_hashes_changes(&older, &newer, &result, &error) == 0) {
		ui_text_add(&text, result.ok ? UI_GOOD : UI_WARNING, "%s",
		            result.ok ? "They are those of the list that you signed before."
		                      : "Since the list that you signed before:");
		add_groups(&result, &text);
	} else {
		ui_text_add(&text, UI_NORMAL, "There is no list that you signed before to compare them with.");
	}
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_WARNING, "Your signature of /boot will say that these files are as they should be.");
	log_line("ask what=root-list files=%" PRIu64 " findings=%zu", figures->files, result.finding_count);
	yes = ui_confirm(menu->ui, "Use this list?", &text, "Use it", "Back");
	ui_text_clear(&text);
	return yes;
}

bool menu_list_root(struct menu *menu)
{
	CLEANUP(work_clear) struct work work = {.root = {.fd = -1}};
	CLEANUP(buffer_clear) struct buffer list = {0};
	struct root_hashes_figures figures = {0};
	struct error error;
	int r = open_root(menu, BYTES_EMPTY, &work, &error);

	if (r == 0)
		r = root_hashes_make(work.root.fd, &work.directories, &list, &figures, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, TITLE, &error);
		return false;
	}
	if (root_device_close(&work.root, &error) < 0)
		log_error(&error);
	if (!confirm_list(menu, buffer_bytes(&list), &figures, work.unclean))
		return false;
	buffer_clear(&menu->root_list);
	menu->root_list = TAKE(list, (struct buffer){0});
	log_line("root listed files=%" PRIu64 " bytes=%" PRIu64, figures.files, figures.bytes);
	return true;
}

void screen_root(struct menu *menu)
{
	static const struct ui_item items[] = {
	    {'c', "Compare them with the list that you signed", UI_NORMAL},
	    {'l', "List them anew, and sign /boot with the list", UI_NORMAL},
	    {'x', "Back", UI_NORMAL},
	};
	struct ui_menu screen = {
	    .title = TITLE,
	    .status = menu_status,
	    .context = menu,
	    .items = items,
	    .count = ARRAY_SIZE(items),
	    .help = "The files of the directories in CONFIG_ROOT_DIRLIST are read, without writing to the disk, and "
	            "compared with kexec_root_hashes.txt, which is signed with /boot. With CONFIG_ROOT_CHECK_AT_BOOT=y "
	            "that is done before each boot."};
	size_t choice;

	if (ui_menu_run(menu->ui, &screen, &choice) != UI_CHOSEN)
		return;
	if (choice == 0)
		compare_now(menu);
	else if (choice == 1 && menu_list_root(menu))
		screen_sign(menu);
}
