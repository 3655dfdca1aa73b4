/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/secret.h"
#include "base/error.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t mapped_size(size_t capacity)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (capacity + page - 1) / page * page;
}

int secret_allocate(size_t capacity, struct secret *ret_secret)
{
	size_t size;
	void *data;

	if (capacity == 0 || capacity > (size_t)1 << 20)
		return -E_MEMORY;
	size = mapped_size(capacity);
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return -E_MEMORY;
	/* An ordinary user of a workstation may have no right to lock; root has, and then a failure counts. */
	if (mlock(data, size) != 0 && geteuid() == 0) {
		(void)munmap(data, size);
		return -E_MEMORY;
	}
	(void)madvise(data, size, MADV_DONTDUMP);
	(void)madvise(data, size, MADV_WIPEONFORK);
	*ret_secret = (struct secret){(uint8_t *)data, 0, capacity};
	return 0;
}

int secret_copy(struct bytes bytes, struct secret *ret_secret)
{
	int r = secret_allocate(bytes.size > 0 ? bytes.size : 1, ret_secret);

	if (r < 0)
		return r;
	if (bytes.size > 0)
		memcpy(ret_secret->data, bytes.data, bytes.size);
	ret_secret->size = bytes.size;
	return 0;
}

void secret_clear(struct secret *secret)
{
	if (secret && secret->data) {
		size_t size = mapped_size(secret->capacity);

		memory_wipe(secret->data, size);
		(void)munmap(secret->data, size);
	}
	if (secret)
		*secret = (struct secret){0};
}
