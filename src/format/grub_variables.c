/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables in nested contexts (grub-core/normal/context.c), without copying: a context holds what changed in it. */
#include "format/grub_internal.h"

#include <stdlib.h>
#include <string.h>

static size_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619U;
	return (hash ^ (hash >> 16U)) % GRUB_BUCKETS;
}

bool grub_variables_open(struct grub_variables *variables, bool exported_only)
{
	struct grub_context *context = calloc(1, sizeof(*context));

	if (!context)
		return false;
	context->below = variables->top;
	context->exported_only = exported_only;
	variables->top = context;
	return true;
}

void grub_variables_close(struct grub_variables *variables)
{
	struct grub_context *context = variables->top;

	variables->top = context->below;
	for (size_t i = 0; i < GRUB_BUCKETS; i++) {
		while (context->buckets[i]) {
			struct grub_variable *variable = context->buckets[i];
			context->buckets[i] = variable->next;
			variables->memory -= variable->value ? strlen(variable->value) : 0;
			variables->count--;
			free(variable->value);
			free(variable);
		}
	}
	free(context);
}

void grub_variables_clear(struct grub_variables *variables)
{
	while (variables->top)
		grub_variables_close(variables);
}

static struct grub_variable *find_in(const struct grub_context *context, const char *name, size_t bucket)
{
	struct grub_variable *variable = context->buckets[bucket];

	while (variable && strcmp(variable->name, name) != 0)
		variable = variable->next;
	return variable;
}

/* The variable as the innermost context sees it; NULL where it does not. */
static const struct grub_variable *find(const struct grub_variables *variables, const char *name)
{
	const size_t bucket = bucket_of(name);
	bool exported_only = false;

	for (const struct grub_context *context = variables->top; context; context = context->below) {
		const struct grub_variable *variable = find_in(context, name, bucket);
		if (variable)
			return exported_only && !variable->exported ? NULL : variable;
		exported_only |= context->exported_only;
	}
	return NULL;
}

/* The variable in the innermost context, made where it is not there yet with what the outer ones say. */
static struct grub_variable *find_or_add(struct grub_variables *variables, const char *name)
{
	const size_t bucket = bucket_of(name);
	struct grub_variable *variable = find_in(variables->top, name, bucket);

	if (variable)
		return variable;
	const struct grub_variable *outer = find(variables, name);
	const size_t size = strlen(name) + 1;
	if (variables->count >= GRUB_MAX_VARIABLES || size > 256) {
		variables->overflow = true;
		return NULL;
	}
	variable = calloc(1, sizeof(*variable) + size);
	if (!variable) {
		variables->overflow = true;
		return NULL;
	}
	memcpy(variable->name, name, size);
	variable->exported = outer && outer->exported;
	variable->next = variables->top->buckets[bucket];
	variables->top->buckets[bucket] = variable;
	variables->count++;
	return variable;
}

static void change(struct grub_variables *variables, struct grub_variable *variable, const char *value)
{
	const size_t old_size = variable->value ? strlen(variable->value) : 0;
	const size_t size = value ? strlen(value) : 0;
	char *copy = NULL;

	if (value) {
		copy = variables->memory - old_size + size <= GRUB_MAX_MEMORY ? strdup(value) : NULL;
		/* What does not fit is left unset, never half set. */
		if (!copy)
			variables->overflow = true;
	}
	variables->memory = variables->memory - old_size + (copy ? size : 0);
	free(variable->value);
	variable->value = copy;
}

const char *grub_variable_get(const struct grub_variables *variables, const char *name)
{
	const struct grub_variable *variable = find(variables, name);

	return variable && variable->value ? variable->value : "";
}

void grub_variable_set(struct grub_variables *variables, const char *name, const char *value)
{
	struct grub_variable *variable = find_or_add(variables, name);

	if (variable)
		change(variables, variable, value);
}

void grub_variable_unset(struct grub_variables *variables, const char *name)
{
	if (find(variables, name))
		grub_variable_set(variables, name, NULL);
}

void grub_variable_export(struct grub_variables *variables, const char *name)
{
	const struct grub_variable *outer = find(variables, name);
	const bool here = find_in(variables->top, name, bucket_of(name)) != NULL;
	struct grub_variable *variable = find_or_add(variables, name);

	if (!variable)
		return;
	if (!here)
		change(variables, variable, outer && outer->value ? outer->value : "");
	variable->exported = true;
}

void grub_function_set(struct grub_variables *functions, const char *name, struct bytes body)
{
	struct grub_variable *function = find_or_add(functions, name);

	if (function)
		function->body = body;
}

bool grub_function_get(const struct grub_variables *functions, const char *name, struct bytes *ret_body)
{
	const struct grub_variable *function = find(functions, name);

	if (function)
		*ret_body = function->body;
	return function != NULL;
}
