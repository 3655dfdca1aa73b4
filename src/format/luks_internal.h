/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of format/luks share. */
#ifndef HEADS_FORMAT_LUKS_INTERNAL_H
#define HEADS_FORMAT_LUKS_INTERNAL_H

#include "format/luks.h"

/* Refuses with words, unless something was refused before: the first reason is the one that is told. */
void luks_refuse(struct luks_facts *facts, enum luks_refusal refusal, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Copies a word of the header (a name of a cipher or hash, Base64) that fits and holds nothing but letters, digits and
 * signs that such words have; false otherwise. */
bool luks_copy_word(struct bytes word, char *text, size_t size);
/* As luks_copy_word for a UUID in its canonical form. */
bool luks_copy_uuid(struct bytes field, struct luks_facts *facts);
bool luks_is_null_cipher(const char *cipher);

/* LUKS2: finds the header that counts and reads it. Errors as luks_parse. */
int luks2_parse(struct bytes start, const char *name, struct luks_facts *facts, struct error *error);
/* LUKS2: the JSON area (without what follows its NUL). headers_end: where the two headers end. */
int luks2_read_json(struct bytes json, uint64_t headers_end, struct luks_facts *facts, struct error *error);

#endif
