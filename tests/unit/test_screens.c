/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of the screens as text, on terminals of the sizes that are promised: 80x24 in UTF-8 and in ASCII, 120x40.
 * The framebuffer's console and a serial line get the same bytes for the same size. What is seen is compared with
 * tests/data/screens; HEADS_SCREENS=write writes that anew. */
#include "base/file.h"
#include "menu/keys_private.h"
#include "menu/one_run.h"
#include "ui/rig.h"

#define DIRECTORY TEST_DATA "/screens"
#define ESC       "\x1b"

static const struct menu_request open_mode = {.settings_fd = -1, .key_fd = -1, .seen_key_fd = -1};
static const struct menu_request restricted_mode = {
    .settings_fd = -1, .key_fd = -1, .seen_key_fd = -1, .access = ACCESS_RESTRICTED};

static struct error no_secret = {.code = E_NO_SECRET, .sentence = "the TPM holds no TOTP secret"};
static struct error no_tpm = {.code = E_NO_DEVICE, .sentence = "there is no TPM"};

static void add_entry(struct entry_list *list, const char *id, const char *title, bool is_default)
{
	struct entry *entry = entry_list_add(list);

	*entry = (struct entry){.id = strdup(id),
	                        .title = strdup(title),
	                        .kernel = strdup("/vmlinuz-6.1.0-29-amd64"),
	                        .cmdline = strdup("root=/dev/mapper/root ro quiet"),
	                        .is_default = is_default};
}

static void fill(struct menu *menu, struct ui *ui, const struct menu_request *request, enum trust_state state)
{
	*menu = (struct menu){.request = request, .ui = ui, .tpm_problem = no_tpm, .totp_problem = no_secret};
	menu->boot.trust.state = state;
	menu->boot.verify.files = 320;
	(void)snprintf(menu->boot.device.path, sizeof(menu->boot.device.path), "/dev/vda1");
	buffer_append_string(&menu->key, "a key");
	if (state == TRUST_VERIFIED) {
		menu->boot.verify.ok = true;
		add_entry(&menu->boot.entries, "grub:0", "Debian GNU/Linux", true);
		add_entry(&menu->boot.entries, "grub:1", "Debian GNU/Linux, with Linux 6.1.0-28-amd64 (recovery mode)",
		          false);
	}
}

static void empty(struct menu *menu)
{
	entry_list_clear(&menu->boot.entries);
	buffer_clear(&menu->key);
}

static void run_verified(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	result->number = screen_main(&menu);
	empty(&menu);
}

static void run_refused(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_REFUSED);
	(void)snprintf(menu.boot.verdict, sizeof(menu.boot.verdict), "REFUSED: 2 files changed, 1 added");
	result->number = screen_main(&menu);
	empty(&menu);
}

static void run_basic(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_REFUSED);
	(void)snprintf(menu.boot.verdict, sizeof(menu.boot.verdict), "REFUSED: there is no signature");
	(void)settings_parse(bytes_from_string("CONFIG_BASIC=y\n"), "config.user", &menu.settings.merged, NULL);
	result->number = screen_main(&menu);
	settings_clear(&menu.settings.merged);
	empty(&menu);
}

static void run_restricted(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &restricted_mode, TRUST_REFUSED);
	(void)snprintf(menu.boot.verdict, sizeof(menu.boot.verdict),
	               "REFUSED: signed by a key that the ROM does not know");
	result->number = screen_main(&menu);
	empty(&menu);
}

static void run_no_boot(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_STARTED);
	(void)snprintf(menu.boot.problem.sentence, sizeof(menu.boot.problem.sentence),
	               "no disk with a boot configuration was found");
	menu.boot.problem.code = E_NOT_FOUND;
	result->number = screen_main(&menu);
	empty(&menu);
}

static void run_ownership(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	result->number = screen_ownership(&menu);
	empty(&menu);
}

static void run_entries(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	result->number = screen_entries(&menu);
	empty(&menu);
}

static void run_settings(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	screen_settings(&menu);
	result->number = 0;
	empty(&menu);
}

static void run_report(struct ui *ui, struct rig_result *result)
{
	static char initrd[] = "initrd.img-6.1.0-29-amd64", evil[] = "evil\x1b[2Jname",
	            font[] = "grub/fonts/unicode.pf2";
	static struct verify_finding findings[] = {
	    {.kind = VERIFY_CHANGED, .path = initrd, .expected = TREE_FILE, .found = TREE_FILE},
	    {.kind = VERIFY_ADDED, .path = evil, .found = TREE_FILE},
	    {.kind = VERIFY_REMOVED, .path = font, .expected = TREE_FILE},
	};
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_REFUSED);
	menu.boot.verify.signature = VERIFY_GOOD;
	menu.boot.verify.findings = findings;
	menu.boot.verify.finding_count = ARRAY_SIZE(findings);
	screen_report(&menu);
	result->number = 0;
	empty(&menu);
}

static void run_error(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	screen_error(&menu, "TPM", &no_tpm);
	result->number = 0;
	empty(&menu);
}

static void run_setup(struct ui *ui, struct rig_result *result)
{
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	result->number = screen_setup(&menu);
	empty(&menu);
}

/* The wizard's questions in their order, where no dongle is plugged in. */
static void run_questions(struct ui *ui, struct rig_result *result)
{
	static struct one_run run;
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	run.menu = &menu;
	result->number = one_run_ask(&run) ? 1 : 0;
	ownership_answers_clear(&run.answers);
	empty(&menu);
}

static void run_make_keys(struct ui *ui, struct rig_result *result)
{
	static struct keys keys = {.has_card = true, .card = {.serial = "00000001", .tries_pin = 3, .tries_admin = 3}};
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	keys.menu = &menu;
	result->number = 0;
	keys_make(&keys, &result->number);
	empty(&menu);
}

static void run_message(struct ui *ui, struct rig_result *result)
{
	static struct keys keys;
	struct menu menu;

	fill(&menu, ui, &open_mode, TRUST_VERIFIED);
	keys.menu = &menu;
	keys_tell(&keys, "The dongle has the keys of the backup drive.");
	result->number = 0;
	empty(&menu);
}

/* A bar stands until what is worked at is done; here until the test has seen it. */
static void run_progress(struct ui *ui, struct rig_result *result)
{
	ui_progress(ui, "Firmware", "Writing the flash chip; do not switch off ...", 37, 100);
	while (!ui_typed_ahead(ui, 'q'))
		(void)poll(NULL, 0, 10);
	result->number = 0;
}

static const struct {
	const char *name;
	rig_scenario *run;
	const char *last; /* what the screen ends with */
	/* How it is reached: each is seen, and then typed. */
	struct {
		const char *see, *type;
	} way[6];
	const char *leave; /* what ends the scenario */
} screens[] = {
    {"main-verified", run_verified, "F1 or ? help", .leave = ESC},
    {"main-refused", run_refused, "F1 or ? help", .leave = ESC},
    {"main-basic", run_basic, "F1 or ? help", .leave = ESC},
    {"main-restricted", run_restricted, "F1 or ? help", .leave = ESC},
    {"main-no-boot", run_no_boot, "F1 or ? help", .leave = ESC},
    {"ownership", run_ownership, "F1 or ? help", .leave = ESC},
    {"entries", run_entries, "F1 or ? help", .leave = ESC},
    {"settings", run_settings, "F1 help", .leave = ESC},
    {"report", run_report, "continue", .leave = ESC},
    {"error", run_error, "continue", .leave = ESC},
    {"message", run_message, "continue", .leave = ESC},
    {"progress", run_progress, "37 %", .leave = "q"},
    {"question", run_verified, "Esc no", .way = {{"F1 or ? help", "r"}}, .leave = ESC ESC},
    {"question-typed", run_refused, "Enter confirm", .way = {{"F1 or ? help", "f"}, {"not what you signed", "unsafe"}},
     .leave = ESC ESC},
    {"setup", run_setup, "F1 or ? help", .leave = ESC},
    {"wizard-key", run_questions, "F1 or ? help", .leave = ESC},
    {"wizard-kept", run_questions, "a stick is erased", .way = {{"kept on a stick or a drive", "s"}}, .leave = ESC},
    {"wizard-algorithm", run_questions, "NIST P-256",
     .way = {{"kept on a stick or a drive", "s"}, {"Where is the key kept", "s"}}, .leave = ESC},
    {"wizard-name", run_questions, "Enter done",
     .way = {{"kept on a stick or a drive", "s"}, {"Where is the key kept", "s"}, {"NIST P-256", "e"}}, .leave = ESC},
    {"wizard-name-typed", run_questions, "> Gr",
     .way = {{"kept on a stick or a drive", "s"},
             {"Where is the key kept", "s"},
             {"NIST P-256", "e"},
             {"Your name", "Gr\xc3\xbc\xc3\x9f"}},
     .leave = ESC},
    {"wizard-secret", run_questions, "Enter done",
     .way = {{"kept on a stick or a drive", "s"},
             {"Where is the key kept", "s"},
             {"NIST P-256", "e"},
             {"Your name", "Owner of Tests\r"},
             {"Your address", "o@example.org\r"},
             {"New owner passphrase", ""}},
     .leave = ESC},
    {"wizard-secret-typed", run_questions, "(typed, not shown)",
     .way = {{"kept on a stick or a drive", "s"},
             {"Where is the key kept", "s"},
             {"NIST P-256", "e"},
             {"Your name", "Owner of Tests\r"},
             {"Your address", "o@example.org\r"},
             {"New owner passphrase", "four random words"}},
     .leave = ESC},
    {"keys-where", run_make_keys, "F1 or ? help", .leave = ESC},
    {"keys-algorithm", run_make_keys, "Which kind of key", .way = {{"Where shall the new keys be", "d"}}, .leave = ESC},
    {"keys-name", run_make_keys, "Enter done",
     .way = {{"Where shall the new keys be", "d"}, {"Which kind of key", "e"}}, .leave = ESC},
};

static const struct {
	const char *name;
	struct rig_terminal kind;
} terminals[] = {
    {"80x24", {"linux", 24, 80}},
    {"80x24", {"xterm", 24, 80}}, /* the serial line: the same picture */
    {"80x24-ascii", {"vt100", 24, 80}},
    {"120x40", {"linux", 40, 120}},
};

/* Dates and the version are other ones each time. */
static void even_out(char *row)
{
	static const char date[] = "dddd-dd-dd dd:dd:dd";
	char *version = strstr(row, "Heads " HEADS_VERSION);

	for (char *at = row; *at; at++) {
		size_t n = 0;

		while (date[n] && at[n] && (date[n] == 'd' ? at[n] >= '0' && at[n] <= '9' : at[n] == date[n]))
			n++;
		if (!date[n])
			memcpy(at, "YYYY-MM-DD hh:mm:ss", n);
	}
	if (version) {
		version += strlen("Heads ");
		memmove(version + 1, version + strlen(HEADS_VERSION), strlen(version + strlen(HEADS_VERSION)) + 1);
		*version = 'V';
	}
}

static void take_picture(const struct vt *vt, struct buffer *picture)
{
	char row[VT_COLUMNS * 4 + 1];

	picture->size = 0;
	for (int i = 0; i < vt->rows; i++) {
		size_t length;

		(void)vt_row(vt, i, row);
		even_out(row);
		length = strlen(row);
		while (length > 0 && row[length - 1] == ' ')
			length--;
		buffer_append(picture, row, length);
		buffer_append_byte(picture, '\n');
	}
}

/* False where it differs. A log line may stand in the way until the screen is drawn again: looked at for a while. */
static bool compare(struct rig *rig, struct bytes expected, struct buffer *picture)
{
	unsigned long long end = log_now_ms() + 3000;

	for (;;) {
		take_picture(&rig->vt[0], picture);
		if (bytes_equal(buffer_bytes(picture), expected))
			return true;
		if (log_now_ms() > end)
			return false;
		rig_pump(rig, 50);
	}
}

static void check_screen(size_t screen, size_t terminal, bool write)
{
	CLEANUP(buffer_clear) struct buffer expected = {0}, picture = {0};
	char path[512];
	struct rig rig;

	(void)snprintf(path, sizeof(path), DIRECTORY "/%s-%s.txt", screens[screen].name, terminals[terminal].name);
	rig_start(&rig, 1, &terminals[terminal].kind, screens[screen].run);
	for (size_t i = 0; i < ARRAY_SIZE(screens[0].way) && screens[screen].way[i].see; i++) {
		rig_see(&rig, 0, screens[screen].way[i].see);
		rig_type(&rig, 0, screens[screen].way[i].type);
	}
	rig_see(&rig, 0, screens[screen].last);
	if (write) {
		FILE *stream = fopen(path, "w");

		rig_settle(&rig, 600);
		take_picture(&rig.vt[0], &picture);
		assert_non_null(stream);
		assert_int_equal(fwrite(picture.data, 1, picture.size, stream), picture.size);
		assert_int_equal(fclose(stream), 0);
	} else {
		assert_int_equal(file_read(path, 1 << 16, &expected, NULL), 0);
		if (!compare(&rig, buffer_bytes(&expected), &picture)) {
			vt_dump(&rig.vt[0], stderr);
			rig_kill(&rig);
			fail_msg("%s differs; if it should, HEADS_SCREENS=write writes it anew", path);
		}
	}
	/* Nothing of another character set on a terminal that knows ASCII alone. */
	for (int row = 0; strcmp(terminals[terminal].kind.type, "vt100") == 0 && row < rig.vt[0].rows; row++)
		for (int column = 0; column < rig.vt[0].columns; column++)
			assert_true(rig.vt[0].cells[row][column].code < 0x80);
	assert_int_equal(rig.vt[0].unknown, 0);
	rig_type(&rig, 0, screens[screen].leave);
	assert_int_equal(rig_finish(&rig).number, 0); /* Esc leads back */
}

static void test_every_screen_on_every_terminal(void **state)
{
	const char *wish = getenv("HEADS_SCREENS");

	(void)state;
	for (size_t screen = 0; screen < ARRAY_SIZE(screens); screen++)
		for (size_t terminal = 0; terminal < ARRAY_SIZE(terminals); terminal++)
			if (screens[screen].run != run_questions || !openpgp_card_is_plugged_in())
				check_screen(screen, terminal, wish && strcmp(wish, "write") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_screen_on_every_terminal)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
