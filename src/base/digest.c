/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/digest.h"
#include <errno.h>
#include <gcrypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const struct {
	enum hash_algorithm algorithm;
	int gcrypt;
	size_t size;
	const char *name;
} algorithms[] = {
    {HASH_SHA1, GCRY_MD_SHA1, 20, "sha1"},
    {HASH_SHA256, GCRY_MD_SHA256, 32, "sha256"},
    {HASH_SHA384, GCRY_MD_SHA384, 48, "sha384"},
    {HASH_SHA512, GCRY_MD_SHA512, 64, "sha512"},
};

static int find(enum hash_algorithm algorithm)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].algorithm == algorithm)
			return (int)i;
	return -1;
}

/* An unknown algorithm is a programming error: going on would measure or compare nothing. */
static int find_known(enum hash_algorithm algorithm)
{
	int index = find(algorithm);

	if (index < 0)
		abort();
	return index;
}

size_t hash_size(enum hash_algorithm algorithm)
{
	int index = find(algorithm);

	return index < 0 ? 0 : algorithms[index].size;
}

const char *hash_name(enum hash_algorithm algorithm)
{
	int index = find(algorithm);

	return index < 0 ? NULL : algorithms[index].name;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && bytes_equal_secret(digest_bytes(a), digest_bytes(b));
}

void digest_library_start(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return;
	if (!gcry_check_version("1.10.0"))
		abort();
	/* Secrets live in struct secret; libgcrypt's own secure memory serves its key objects. */
	(void)gcry_control(GCRYCTL_SUSPEND_SECMEM_WARN);
	(void)gcry_control(GCRYCTL_INIT_SECMEM, 32768, 0);
	(void)gcry_control(GCRYCTL_RESUME_SECMEM_WARN);
	(void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

struct digest digest_of(enum hash_algorithm algorithm, struct bytes bytes)
{
	return digest_of_parts(algorithm, &bytes, 1);
}

struct digest digest_of_parts(enum hash_algorithm algorithm, const struct bytes *parts, size_t count)
{
	struct hasher *hasher = hasher_open(algorithm);

	if (!hasher)
		abort();
	for (size_t i = 0; i < count; i++)
		hasher_add(hasher, parts[i]);
	return hasher_close(hasher);
}

struct digest hmac_of(enum hash_algorithm algorithm, struct bytes key, const struct bytes *parts, size_t count)
{
	int index = find_known(algorithm);
	struct digest digest = {.algorithm = algorithm, .size = algorithms[index].size};
	const unsigned char *result;
	gcry_md_hd_t handle;

	if (gcry_md_open(&handle, algorithms[index].gcrypt, GCRY_MD_FLAG_HMAC | GCRY_MD_FLAG_SECURE) != 0 ||
	    gcry_md_setkey(handle, key.data ? (const void *)key.data : "", key.size) != 0)
		abort();
	for (size_t i = 0; i < count; i++)
		gcry_md_write(handle, parts[i].data, parts[i].size);
	result = gcry_md_read(handle, algorithms[index].gcrypt);
	if (!result)
		abort();
	memcpy(digest.data, result, digest.size);
	gcry_md_close(handle);
	return digest;
}

struct hasher {
	gcry_md_hd_t handle;
	int index;
};

struct hasher *hasher_open(enum hash_algorithm algorithm)
{
	int index = find_known(algorithm);
	struct hasher *hasher = malloc(sizeof(*hasher));

	if (!hasher)
		return NULL;
	hasher->index = index;
	if (gcry_md_open(&hasher->handle, algorithms[index].gcrypt, 0) != 0) {
		free(hasher);
		return NULL;
	}
	return hasher;
}

void hasher_add(struct hasher *hasher, struct bytes bytes)
{
	gcry_md_write(hasher->handle, bytes.data, bytes.size);
}

struct digest hasher_close(struct hasher *hasher)
{
	struct digest digest = {.algorithm = algorithms[hasher->index].algorithm,
	                        .size = algorithms[hasher->index].size};
	const unsigned char *result = gcry_md_read(hasher->handle, algorithms[hasher->index].gcrypt);

	if (!result)
		abort();
	memcpy(digest.data, result, digest.size);
	gcry_md_close(hasher->handle);
	free(hasher);
	return digest;
}

void random_fill(void *data, size_t size)
{
	uint8_t *next = data;

	while (size > 0) {
		ssize_t got = getrandom(next, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		next += got;
		size -= (size_t)got;
	}
}
