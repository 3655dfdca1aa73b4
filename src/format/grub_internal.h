/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files grub*.c share: lexer, variables, the state of one reading. Nobody else includes this. */
#ifndef HEADS_FORMAT_GRUB_INTERNAL_H
#define HEADS_FORMAT_GRUB_INTERNAL_H

#include "format/grub.h"

/* --- grub_lex.c: a text as tokens ------------------------------------------------------------------------------- */

enum grub_token { GRUB_END, GRUB_SEPARATOR, GRUB_OPEN, GRUB_CLOSE, GRUB_WORD };

struct grub_lexer {
	struct bytes text;
	size_t position;
	size_t *work; /* bytes looked at; shared by all lexers of one parser */
};

/* Skips blanks, comments and continued lines, and says what follows, without taking it. */
enum grub_token grub_lex_peek(struct grub_lexer *lexer);
/* Takes the separator or brace that peek has seen. */
void grub_lex_take(struct grub_lexer *lexer);
/* Takes the word that peek has seen, as it is written: quotes, backslashes and variables included. */
struct bytes grub_lex_word(struct grub_lexer *lexer);
/* The length of "$name", "${name}", "$1", "$?" ... at the front of text (0: it is no variable), and the name. */
size_t grub_lex_variable(struct bytes text, struct bytes *ret_name);
/* Takes a block behind its opening brace up to and with the closing one. ret_closed says whether there was one. */
struct bytes grub_lex_block(struct grub_lexer *lexer, bool *ret_closed);
/* Passes over commands that are not run, until one of the words (as `fi`) stands where a command begins, which is taken
 * and returned; empty at the end of the text and at a brace that closes an outer block. */
struct bytes grub_lex_skip(struct grub_lexer *lexer, const char *const *until);
bool grub_word_is_one_of(struct bytes word, const char *const *list);

/* --- grub_words.c: a command's words after expansion ------------------------------------------------------------- */

struct grub_words {
	char **items; /* owned strings */
	size_t count;
	size_t capacity;
	size_t bytes;  /* of all items */
	bool overflow; /* something was longer than the limits, or memory ran out: the words are not all there */
	struct buffer current;
	bool has_current; /* a word has begun; with quotes it may be empty */
};

struct grub_parser;
/* Appends what a word as written expands to: none, one or several words. */
void grub_words_expand(struct grub_parser *parser, struct bytes raw, struct grub_words *words);
void grub_words_clear(struct grub_words *words);

/* --- grub_variables.c: variables in contexts --------------------------------------------------------------------- */

struct grub_variable {
	struct grub_variable *next;
	char *value;       /* NULL: unset here */
	struct bytes body; /* of a function */
	bool exported;
	char name[];
};

#define GRUB_BUCKETS 256

/* A submenu sees only what was exported below it; an entry sees all. Changes vanish with the context. */
struct grub_context {
	struct grub_context *below;
	bool exported_only;
	struct grub_variable *buckets[GRUB_BUCKETS];
};

struct grub_variables {
	struct grub_context *top;
	size_t count;
	size_t memory;
	bool overflow;
};

bool grub_variables_open(struct grub_variables *variables, bool exported_only);
void grub_variables_close(struct grub_variables *variables);
void grub_variables_clear(struct grub_variables *variables);
/* "" where it is not set. */
const char *grub_variable_get(const struct grub_variables *variables, const char *name);
void grub_variable_set(struct grub_variables *variables, const char *name, const char *value);
void grub_variable_unset(struct grub_variables *variables, const char *name);
void grub_variable_export(struct grub_variables *variables, const char *name);
/* Functions live in a space of names of their own. */
void grub_function_set(struct grub_variables *functions, const char *name, struct bytes body);
bool grub_function_get(const struct grub_variables *functions, const char *name, struct bytes *ret_body);

/* --- the state of one reading ------------------------------------------------------------------------------------ */

/* What stands in a menu: an entry or a submenu, its commands not yet run. */
struct grub_item {
	char *title;
	char *id;
	bool is_submenu;
	bool closed; /* its block ended with a brace */
	struct bytes body;
	struct grub_words arguments; /* $1 is the title */
};

struct grub_menu {
	struct grub_item *items;
	size_t count;
	size_t capacity;
};

/* What the commands of an entry would load. */
struct grub_load {
	enum entry_kind kind;
	bool loaded;
	char *kernel;
	struct grub_words initrds;
	char *cmdline;
	struct entry_module *modules;
	size_t module_count;
	char problem[512];
	char last_command[32]; /* for "starts nothing: the last command is `fwsetup`" */
};

enum grub_flow { GRUB_FLOW_ON, GRUB_FLOW_BREAK, GRUB_FLOW_CONTINUE, GRUB_FLOW_RETURN };

struct grub_scope {
	struct grub_scope *below;
	const struct grub_words *words; /* words[first] is $1 */
	size_t first;
};

struct grub_text {
	struct grub_text *next;
	struct buffer content;
};

struct grub_parser {
	const struct grub_config *config;
	bool with_environment; /* load_env reads grubenv */
	bool saw_environment;  /* load_env was met */
	struct grub_variables variables;
	struct grub_variables functions;
	struct grub_words loopbacks; /* names of devices that are image files */
	struct grub_scope *scope;
	struct grub_menu *menu;  /* takes entries; NULL while an entry's own commands run */
	struct grub_load *load;  /* takes kernels; NULL outside an entry */
	struct grub_text *texts; /* sourced files: bodies point into them */
	size_t text_count;
	size_t text_bytes;
	size_t item_count;
	size_t item_bytes; /* of titles and arguments */
	unsigned nesting;
	size_t work;
	size_t work_limit;
	int status;
	enum grub_flow flow;
	bool no_memory;
	char *notice;
	size_t notice_size;
};

/* grub_run.c: runs the commands of a text, or of a block, in the parser's present state. */
void grub_run(struct grub_parser *parser, struct bytes text);
/* Records the first limit that was met. */
void grub_notice(struct grub_parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool grub_exhausted(struct grub_parser *parser);

/* grub_command.c: one command with its words; block is its last argument in braces. */
struct grub_block {
	bool present;
	bool closed;
	struct bytes body;
};
void grub_command_run(struct grub_parser *parser, const struct grub_words *words, const struct grub_block *block);
/* Assigns where the command is name=value. */
bool grub_command_assign(struct grub_parser *parser, const char *word);

/* grub_load.c: linux, initrd, multiboot, module, chainloader inside an entry. */
void grub_load_kernel(struct grub_parser *parser, const struct grub_words *words);
void grub_load_initrd(struct grub_parser *parser, const struct grub_words *words);
void grub_load_multiboot(struct grub_parser *parser, const struct grub_words *words);
void grub_load_module(struct grub_parser *parser, const struct grub_words *words);
void grub_load_chain(struct grub_parser *parser, const struct grub_words *words);
void grub_load_problem(struct grub_load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));
void grub_load_clear(struct grub_load *load);

/* grub_path.c: a file name as GRUB takes it -> path from the root, owned by the caller; NULL with a sentence. */
char *grub_path_resolve(struct grub_parser *parser, const char *name, const char **ret_problem);

/* What a path is; a question costs work, because answering it costs a system call. */
enum grub_file_kind grub_file_look(struct grub_parser *parser, const char *path);

/* grub_test.c: `[ ... ]` and `test ...`, arguments without the command and the closing bracket. */
bool grub_test(struct grub_parser *parser, char *const *arguments, size_t count);

/* grub_menu.c */
void grub_menu_add(struct grub_parser *parser, const struct grub_words *words, const struct grub_block *block,
                   bool is_submenu);
void grub_menu_clear(struct grub_menu *menu);
/* The item that a value of `default` names ("2", a title, an id; the part before ">"); *ret_rest is the part behind. */
size_t grub_menu_choose(const struct grub_menu *menu, const char *value, const char **ret_rest);
int grub_menu_list(struct grub_parser *parser, const struct grub_menu *menu, const char *default_value,
                   struct entry_list *list);

#endif
