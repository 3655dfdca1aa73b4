/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NOR flash in memory whose power can be cut: bits go from 1 to 0 by writing, back only by erasing a block; a page of
 * 256 bytes is written, or half a block erased, in one step. */
#ifndef HEADS_TESTS_UNIT_FLASH_MODEL_H
#define HEADS_TESTS_UNIT_FLASH_MODEL_H

#include "rom/flash.h"
#include <string.h>

#define MODEL_BLOCK    4096
#define MODEL_PAGE     256
#define MODEL_FOR_EVER ((size_t)-1)

struct flash_model {
	uint8_t *bytes;
	size_t size;
	size_t steps_left; /* until the power is cut; MODEL_FOR_EVER: it is not */
	size_t steps;      /* taken */
	size_t stuck;      /* offset of a block that cannot be changed, or MODEL_FOR_EVER */
	bool touched[16384];
};

static bool model_step(struct flash_model *model)
{
	if (model->steps_left == 0)
		return false;
	if (model->steps_left != MODEL_FOR_EVER)
		model->steps_left--;
	model->steps++;
	return true;
}

static int model_off(struct error *error)
{
	return error_set(error, E_IO, "model", "the power is off");
}

static int model_read(void *context, size_t offset, uint8_t *data, size_t size, struct error *error)
{
	const struct flash_model *model = context;

	if (model->steps_left == 0)
		return model_off(error);
	memcpy(data, model->bytes + offset, size);
	return 0;
}

static int model_erase(void *context, size_t offset, struct error *error)
{
	struct flash_model *model = context;

	model->touched[offset / MODEL_BLOCK] = true;
	if (offset == model->stuck)
		return 0;
	for (size_t half = 0; half < 2; half++) {
		if (!model_step(model)) {
			/* What a torn erase leaves is neither old nor new. */
			for (size_t i = 0; half == 1 && i < MODEL_BLOCK; i += 3)
				model->bytes[offset + i] ^= 0x55;
			return model_off(error);
		}
		memset(model->bytes + offset + half * MODEL_BLOCK / 2, 0xff, MODEL_BLOCK / 2);
	}
	return 0;
}

static int model_write(void *context, size_t offset, struct bytes bytes, struct error *error)
{
	struct flash_model *model = context;

	model->touched[offset / MODEL_BLOCK] = true;
	if (offset == model->stuck)
		return 0;
	for (size_t i = 0; i < bytes.size; i++) {
		if (i % MODEL_PAGE == 0 && !model_step(model))
			return model_off(error);
		/* Half a page is written when the power goes. */
		if (model->steps_left == 0 && i % MODEL_PAGE >= MODEL_PAGE / 2)
			return model_off(error);
		model->bytes[offset + i] &= bytes.data[i];
	}
	return 0;
}

static void model_close(void *context)
{
	(void)context;
}

static inline int model_open(struct flash_model *model, struct flash **ret_flash, struct error *error)
{
	struct flash_device device = {.name = "model",
	                              .size = model->size,
	                              .block_size = MODEL_BLOCK,
	                              .context = model,
	                              .read = model_read,
	                              .erase = model_erase,
	                              .write = model_write,
	                              .close = model_close};

	memset(model->touched, 0, sizeof(model->touched));
	model->steps = 0;
	return flash_open_device(&device, ret_flash, error);
}

static inline size_t model_touched(const struct flash_model *model, size_t offset, size_t size)
{
	size_t count = 0;

	for (size_t block = offset / MODEL_BLOCK; block < (offset + size) / MODEL_BLOCK; block++)
		count += model->touched[block] ? 1 : 0;
	return count;
}

#endif
