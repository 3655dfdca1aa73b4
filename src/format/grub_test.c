/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `[` and `test` (grub-core/commands/test.c): `-o` binds weaker than `-a`, `!` negates what follows, parentheses group.
 */
#include "format/grub_internal.h"

#include "base/cleanup.h"
#include <string.h>

#define MAX_GROUPS 16

struct expression {
	struct grub_parser *parser;
	char *const *arguments;
	size_t count;
	size_t at;
	unsigned groups;
};

static enum grub_file_kind file_kind(struct grub_parser *parser, const char *name)
{
	const char *problem = NULL;
	CLEANUP_FREE char *path = grub_path_resolve(parser, name, &problem);

	return path ? grub_file_look(parser, path) : GRUB_FILE_MISSING;
}

static bool compare(const char *left, const char *operator, const char * right, bool *ret_value)
{
	static const char *const numbers[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
	const int order = strcmp(left, right);

	if (strcmp(operator, "=") == 0 || strcmp(operator, "==") == 0)
		*ret_value = order == 0;
	else if (strcmp(operator, "!=") == 0)
		*ret_value = order != 0;
	else if (strcmp(operator, "<") == 0)
		*ret_value = order < 0;
	else if (strcmp(operator, "<=") == 0)
		*ret_value = order <= 0;
	else if (strcmp(operator, ">") == 0)
		*ret_value = order > 0;
	else if (strcmp(operator, ">=") == 0)
		*ret_value = order >= 0;
	else {
		const long long l = strtoll(left, NULL, 0), r = strtoll(right, NULL, 0);
		const bool values[] = {l == r, l != r, l<r, l <= r, l> r, l >= r};
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			if (strcmp(operator, numbers[i]) == 0) {
				*ret_value = values[i];
				return true;
			}
		}
		return false;
	}
	return true;
}

static bool unary(struct grub_parser *parser, const char *operator, const char * operand, bool *ret_value)
{
	if (operator[0] != '-' || operator[1] == '\0' || operator[2] != '\0')
		return false;
	const enum grub_file_kind kind = strchr("defs", operator[1]) ? file_kind(parser, operand) : GRUB_FILE_MISSING;
	switch (operator[1]) {
	case 'n':
		*ret_value = operand[0] != '\0';
		return true;
	case 'z':
		*ret_value = operand[0] == '\0';
		return true;
	case 'e':
		*ret_value = kind != GRUB_FILE_MISSING;
		return true;
	case 'd':
		*ret_value = kind == GRUB_FILE_DIRECTORY;
		return true;
	case 'f':
		*ret_value = kind == GRUB_FILE_REGULAR || kind == GRUB_FILE_EMPTY;
		return true;
	case 's':
		*ret_value = kind == GRUB_FILE_REGULAR;
		return true;
	default:
		return false;
	}
}

static bool evaluate(struct expression *expression);

/* One operand of -a and -o. */
static bool primary(struct expression *expression)
{
	char *const *rest = expression->arguments + expression->at;
	const size_t left = expression->count - expression->at;
	bool value = false;

	if (left >= 3 && compare(rest[0], rest[1], rest[2], &value)) {
		expression->at += 3;
		return value;
	}
	if (strcmp(rest[0], "(") == 0 && expression->groups < MAX_GROUPS) {
		expression->at++;
		expression->groups++;
		value = evaluate(expression);
		expression->groups--;
		return value;
	}
	if (left >= 2 && unary(expression->parser, rest[0], rest[1], &value)) {
		expression->at += 2;
		return value;
	}
	expression->at++;
	return rest[0][0] != '\0';
}

static bool evaluate(struct expression *expression)
{
	bool any = false, all = true, negate = false, has_operand = false;

	while (expression->at < expression->count) {
		const char *word = expression->arguments[expression->at];
		if (strcmp(word, ")") == 0) {
			expression->at++;
			break;
		}
		if (strcmp(word, "!") == 0) {
			negate = !negate;
			expression->at++;
		} else if (strcmp(word, "-a") == 0) {
			expression->at++;
		} else if (strcmp(word, "-o") == 0) {
			any |= has_operand && all;
			all = true;
			has_operand = false;
			expression->at++;
		} else {
			all &= primary(expression) != negate;
			negate = false;
			has_operand = true;
		}
	}
	return any || (has_operand && all);
}

bool grub_test(struct grub_parser *parser, char *const *arguments, size_t count)
{
	struct expression expression = {.parser = parser, .arguments = arguments, .count = count};

	return evaluate(&expression);
}
