/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys in the session's home: made, taken in, given out. */
#include "base/cleanup.h"
#include "base/memfd.h"
#include "dongle/openpgp_private.h"
#include <stdio.h>
#include <string.h>

/* As gpg's --quick commands name them. */
static const struct {
	const char *name, *signing, *encryption;
} algorithms[OPENPGP_ALGORITHMS] = {
    [OPENPGP_RSA_2048] = {"rsa2048", "rsa2048", "rsa2048"},
    [OPENPGP_RSA_3072] = {"rsa3072", "rsa3072", "rsa3072"},
    [OPENPGP_RSA_4096] = {"rsa4096", "rsa4096", "rsa4096"},
    [OPENPGP_ED25519] = {"ed25519", "ed25519", "cv25519"},
    [OPENPGP_NIST_P256] = {"nistp256", "nistp256/ecdsa", "nistp256/ecdh"},
};

const char *openpgp_algorithm_name(enum openpgp_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

bool openpgp_algorithm_parse(const char *name, enum openpgp_algorithm *ret_algorithm)
{
	for (size_t i = 0; i < OPENPGP_ALGORITHMS; i++)
		if (strcmp(name, algorithms[i].name) == 0) {
			*ret_algorithm = (enum openpgp_algorithm)i;
			return true;
		}
	return false;
}

int openpgp_find(struct openpgp *session, const char *fingerprint, bool secret, struct gnupg_keys *ret_keys,
                 struct error *error)
{
	const char *const arguments[] = {"--with-colons", secret ? "--list-secret-keys" : "--list-keys", "--",
	                                 fingerprint, NULL};
	const struct openpgp_run run = {.arguments = arguments, .input = -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r = openpgp_gpg(session, &run, &output, &status, error);

	*ret_keys = (struct gnupg_keys){0};
	if (r == 0)
		r = gnupg_keys_read(buffer_bytes(&output), ret_keys, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ret_keys->count; i++)
		if (!fingerprint || strcmp(ret_keys->keys[i].fingerprint, fingerprint) == 0)
			return 0;
	return error_set(error, E_NOT_FOUND, fingerprint ? fingerprint : "keys", "there is no such %s key",
	                 secret ? "secret" : "public");
}

/* --- making --------------------------------------------------------------------------------------------------------
 */

static bool has_any(const char *text, const char *characters)
{
	return strpbrk(text, characters) != NULL;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

int openpgp_check_request(const struct openpgp_request *request, struct error *error)
{
	const char *at = strchr(request->email, '@');

	if (strlen(request->name) < 5 || strlen(request->name) > 60 || !is_plain(request->name) ||
	    has_any(request->name, "<>") || (request->name[0] >= '0' && request->name[0] <= '9'))
		return error_set(error, E_USAGE, "name",
		                 "the name of a key has 5 to 60 characters, without < and >, and no digit first");
	if (!at || at == request->email || !at[1] || strchr(at + 1, '@') || strlen(request->email) > 60 ||
	    !is_plain(request->email) || has_any(request->email, "<> ()"))
		return error_set(error, E_USAGE, "address", "the address of a key looks like name@example.org");
	for (const char *c = request->email; *c; c++)
		if ((unsigned char)*c > 0x7e)
			return error_set(error, E_USAGE, "address", "the address of a key is ASCII");
	if (request->comment &&
	    (strlen(request->comment) > 60 || !is_plain(request->comment) || has_any(request->comment, "()<>")))
		return error_set(error, E_USAGE, "comment", "the comment of a key has no brackets");
	if (request->expires_days > 36500)
		return error_set(error, E_USAGE, "days", "a key expires within 100 years, or never");
	return 0;
}

/* Runs a command that makes a key; an empty passphrase is given as often as it is asked for. */
static int make_key(struct openpgp *session, const char *const *arguments, struct buffer *output, struct error *error)
{
	static const struct openpgp_answer answers[] = {{.keyword = "passphrase.enter", .repeat = true}};
	const struct openpgp_run run = {arguments, answers, 1, -1};
	int status, r = openpgp_gpg(session, &run, output, &status, error);

	if (r == 0 && !gnupg_status_has(buffer_bytes(output), "KEY_CREATED"))
		return error_set(error, E_REFUSED, "gpg", "gpg did not make the key");
	return r;
}

int openpgp_generate(struct openpgp *session, const struct openpgp_request *request,
                     char ret_fingerprint[OPENPGP_FINGERPRINT], struct error *error)
{
	static const char *const uses[] = {"sign", "encr", "auth"};
	char user[256], fingerprint[OPENPGP_FINGERPRINT], expires[16] = "never";
	const char *signing = algorithms[request->algorithm].signing;
	const char *const primary[] = {"--batch",   "--passphrase", "",  "--quick-generate-key", "--", user, signing,
	                               "cert,sign", expires,        NULL};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int r = openpgp_check_request(request, error);

	if (r < 0)
		return r;
	if (request->comment && request->comment[0])
		(void)snprintf(user, sizeof(user), "%s (%s) <%s>", request->name, request->comment, request->email);
	else
		(void)snprintf(user, sizeof(user), "%s <%s>", request->name, request->email);
	if (request->expires_days > 0)
		(void)snprintf(expires, sizeof(expires), "%ud", request->expires_days);
	r = make_key(session, primary, &output, error);
	if (r < 0)
		return r;
	if (!gnupg_status_word(buffer_bytes(&output), "KEY_CREATED", 1, fingerprint, sizeof(fingerprint)))
		return error_set(error, E_REFUSED, "gpg", "gpg does not tell which key it made");
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		const char *algorithm = i == 1 ? algorithms[request->algorithm].encryption : signing;
		const char *const sub[] = {"--batch",   "--passphrase", "",      "--quick-add-key", "--",
		                           fingerprint, algorithm,      uses[i], expires,           NULL};
		CLEANUP(buffer_clear) struct buffer more = {0};

		r = make_key(session, sub, &more, error);
		if (r < 0)
			return r;
	}
	memcpy(ret_fingerprint, fingerprint, sizeof(fingerprint));
	return 0;
}

/* --- in and out ----------------------------------------------------------------------------------------------------
 */

/* Old and new passphrase of all parts of a key. gpg asks for the old one once, where there is one, and for the new one
 * with each part. */
static int change_passphrase(struct openpgp *session, const char *fingerprint, struct bytes old, struct bytes fresh,
                             struct error *error)
{
	const char *const arguments[] = {"--change-passphrase", "--", fingerprint, NULL};
	const struct openpgp_answer answers[] = {
	    {.keyword = "passphrase.enter", .value = old.size > 0 ? old : fresh, .repeat = old.size == 0},
	    {.keyword = "passphrase.enter", .value = fresh, .repeat = true},
	};
	const struct openpgp_run run = {arguments, answers, ARRAY_SIZE(answers), -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r;

	openpgp_stop(session); /* it would remember some, and not ask */
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r < 0)
		return r;
	openpgp_stop(session);
	if (!gnupg_status_has(buffer_bytes(&output), "SUCCESS"))
		return error_set(error, E_REFUSED, fingerprint, "gpg did not change the passphrase of the key %s",
		                 fingerprint);
	return 0;
}

static int check_passphrase(struct bytes passphrase, struct error *error)
{
	if (passphrase.size > OPENPGP_MAX_SECRET)
		return error_set(error, E_USAGE, "passphrase", "a passphrase of a key has at most %d bytes",
		                 OPENPGP_MAX_SECRET);
	if (passphrase.size > 0 &&
	    (memchr(passphrase.data, '\n', passphrase.size) || memchr(passphrase.data, '\0', passphrase.size)))
		return error_set(error, E_USAGE, "passphrase", "a passphrase of a key has no line feed and no NUL");
	return 0;
}

int openpgp_import(struct openpgp *session, struct bytes key, struct bytes passphrase,
                   char ret_fingerprint[OPENPGP_FINGERPRINT], struct error *error)
{
	CLEANUP_CLOSE int fd = memfd_sealed("key", key, error);
	CLEANUP(buffer_clear) struct buffer output = {0};
	char path[32], fingerprint[OPENPGP_FINGERPRINT], parts[16] = "";
	const char *const arguments[] = {"--import", "--", path, NULL};
	const struct openpgp_answer answers[] = {{.keyword = "passphrase.enter", .value = passphrase}};
	const struct openpgp_run run = {arguments, answers, 1, fd};
	int status, r = check_passphrase(passphrase, error);

	if (fd < 0)
		return fd;
	if (r == 0 && key.size > OPENPGP_MAX_EXPORT)
		r = error_set(error, E_TOO_LARGE, "key", "a file of keys has at most %zu bytes", OPENPGP_MAX_EXPORT);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (r == 0)
		r = openpgp_gpg(session, &run, &output, &status, error);
	if (r < 0)
		return r;
	if (!gnupg_status_word(buffer_bytes(&output), "IMPORT_OK", 1, fingerprint, sizeof(fingerprint)))
		return error_set(error, E_MALFORMED, "key", "there is no OpenPGP key in it that can be taken");
	/* IMPORT_RES count no_user_id imported 0 unchanged uids subkeys sigs revocations sec_read sec_imported sec_dups
	 */
	if (gnupg_status_word(buffer_bytes(&output), "IMPORT_RES", 9, parts, sizeof(parts)) &&
	    strcmp(parts, "0") != 0) {
		struct gnupg_keys keys = {0};

		if (openpgp_find(session, fingerprint, true, &keys, error) < 0)
			return error_set(error, E_WRONG_AUTH, fingerprint, "that is not the passphrase of the key %s",
			                 fingerprint);
		if (passphrase.size > 0)
			r = change_passphrase(session, fingerprint, passphrase, BYTES_EMPTY, error);
	}
	if (r == 0)
		memcpy(ret_fingerprint, fingerprint, sizeof(fingerprint));
	return r;
}

/* how: "--export", "--export-secret-keys". No passphrase is asked for: the session has none. */
static int export(struct openpgp *session, const char *how, const char *fingerprint, struct buffer *armoured,
                  struct error *error)
{
	char path[OPENPGP_PATH];
	const char *const arguments[] = {"--armor", "--output", path, how, "--", fingerprint, NULL};
	static const struct openpgp_answer answers[] = {{.keyword = "passphrase.enter"}};
	const struct openpgp_run run = {arguments, answers, 0, -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r;

	openpgp_path(session, OPENPGP_OUTPUT, path, sizeof(path));
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r < 0)
		return r;
	r = openpgp_take_output(session, armoured, error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_NOT_FOUND, fingerprint, "the key %s could not be exported", fingerprint);
	return r;
}

int openpgp_export_public(struct openpgp *session, const char *fingerprint, struct buffer *armoured,
                          struct error *error)
{
	return export(session, "--export", fingerprint, armoured, error);
}

static int check_whole(struct openpgp *session, const char *fingerprint, struct error *error)
{
	struct gnupg_keys keys = {0};
	int r = openpgp_find(session, fingerprint, true, &keys, error);

	for (size_t i = 0; r == 0 && i < keys.count; i++)
		if (keys.keys[i].on_card)
			r = error_set(error, E_NOT_FOUND, fingerprint,
			              "parts of the key %s are on a dongle, which does not give them out", fingerprint);
	return r;
}

int openpgp_export_secret(struct openpgp *session, const char *fingerprint, struct bytes passphrase,
                          struct buffer *armoured, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *other = NULL;
	CLEANUP(buffer_clear) struct buffer plain = {0};
	struct openpgp_options options = {0};
	char directory[sizeof(session->home)], same[OPENPGP_FINGERPRINT];
	int status, r = check_passphrase(passphrase, error);

	if (r == 0)
		r = check_whole(session, fingerprint, error);
	if (r == 0)
		r = export(session, "--export-secret-keys", fingerprint, &plain, error);
	if (r < 0 || passphrase.size == 0) {
		if (r == 0)
			buffer_append_bytes(armoured, buffer_bytes(&plain));
		return r;
	}
	/* In a home of its own, so that this one's keys stay as they are. */
	(void)snprintf(directory, sizeof(directory), "%s", session->home);
	*strrchr(directory, '/') = '\0';
	options.directory = directory;
	r = openpgp_open(&options, &other, error);
	if (r == 0)
		r = openpgp_import(other, buffer_bytes(&plain), BYTES_EMPTY, same, error);
	if (r == 0)
		r = change_passphrase(other, same, BYTES_EMPTY, passphrase, error);
	if (r == 0) {
		char path[OPENPGP_PATH];
		const char *const arguments[] = {"--armor", "--output", path, "--export-secret-keys", "--", same, NULL};
		const struct openpgp_answer answers[] = {
		    {.keyword = "passphrase.enter", .value = passphrase, .repeat = true}};
		const struct openpgp_run run = {arguments, answers, 1, -1};
		CLEANUP(buffer_clear) struct buffer output = {0};

		openpgp_path(other, OPENPGP_OUTPUT, path, sizeof(path));
		r = openpgp_gpg(other, &run, &output, &status, error);
		if (r == 0)
			r = openpgp_take_output(other, armoured, error);
	}
	return r;
}

/* Where the primary key is on the card, its PIN is asked for; before it is sent, the card is asked. */
static int before_primary(struct openpgp *session, const char *fingerprint, struct bytes pin, bool *ret_on_card,
                          struct error *error)
{
	struct gnupg_keys keys = {0};
	int r = openpgp_find(session, fingerprint, true, &keys, error);

	if (r < 0)
		return r;
	if (keys.keys[0].elsewhere)
		return error_set(error, E_NOT_FOUND, fingerprint,
		                 "the secret part of the primary key %s is not here: it is in the key's backup",
		                 fingerprint);
	*ret_on_card = keys.keys[0].on_card;
	if (!*ret_on_card)
		return 0;
	r = openpgp_check_pin(OPENPGP_PIN, pin, error);
	return r < 0 ? r : openpgp_before_pin(session, OPENPGP_PIN, error);
}

int openpgp_revocation(struct openpgp *session, const char *fingerprint, struct bytes pin, struct buffer *armoured,
                       struct error *error)
{
	char path[OPENPGP_PATH];
	const char *const arguments[] = {"--armor", "--output", path, "--generate-revocation", "--", fingerprint, NULL};
	const struct openpgp_answer answers[] = {
	    {.keyword = "gen_revoke.okay", .value = bytes_from_string("y")},
	    {.keyword = "ask_revocation_reason.code", .value = bytes_from_string("0")},
	    {.keyword = "ask_revocation_reason.text"},
	    {.keyword = "ask_revocation_reason.okay", .value = bytes_from_string("y")},
	    {.keyword = "passphrase.enter", .value = pin},
	};
	struct openpgp_run run = {arguments, answers, ARRAY_SIZE(answers), -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	bool on_card;
	int status, r = before_primary(session, fingerprint, pin, &on_card, error);

	if (r < 0)
		return r;
	run.answer_count -= !on_card;
	openpgp_path(session, OPENPGP_OUTPUT, path, sizeof(path));
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r == 0)
		r = openpgp_take_output(session, armoured, error);
	if (r == -E_NOT_FOUND && on_card)
		return openpgp_after_failure(session, OPENPGP_PIN, "did not sign the revocation", error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_REFUSED, fingerprint, "gpg did not make the revocation certificate of %s",
		                 fingerprint);
	return r;
}

int openpgp_set_expiry(struct openpgp *session, const char *fingerprint, unsigned days, struct bytes pin,
                       struct error *error)
{
	char when[16] = "never";
	const char *const primary[] = {"--quick-set-expire", "--", fingerprint, when, NULL};
	const char *const others[] = {"--quick-set-expire", "--", fingerprint, when, "*", NULL};
	/* One signature for the primary key, one for each subkey, and a card may want the PIN for each. It is known to
	 * be right by then, so that a repetition spends nothing. */
	const struct openpgp_answer answers[] = {{.keyword = "passphrase.enter", .value = pin, .repeat = true}};
	CLEANUP(buffer_clear) struct buffer output = {0};
	bool on_card;
	int status = 0, r;

	if (days > 36500)
		return error_set(error, E_USAGE, "days", "a key expires within 100 years, or never");
	if (days > 0)
		(void)snprintf(when, sizeof(when), "%ud", days);
	for (unsigned i = 0; i < 2; i++) {
		struct openpgp_run run = {i == 0 ? primary : others, answers, 1, -1};

		r = before_primary(session, fingerprint, pin, &on_card, error);
		if (r < 0)
			return r;
		if (on_card && !openpgp_give_pin(session, OPENPGP_PIN, pin))
			return openpgp_after_failure(session, OPENPGP_PIN, "did not take the PIN", error);
		run.answer_count = on_card ? 1 : 0;
		r = openpgp_gpg(session, &run, &output, &status, error);
		if (r < 0)
			return r;
		if (status != 0 || gnupg_status_has(buffer_bytes(&output), "ERROR"))
			return error_set(error, E_REFUSED, fingerprint, "gpg did not change when the key %s expires",
			                 fingerprint);
	}
	return 0;
}
