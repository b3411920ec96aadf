/*
 * libcurl's initialisation and version.
 *
 * The memory functions wipe on free, because headers contain tokens.  They record a failure,
 * because libcurl has the same result code for a response over one of its own limits.
 */
#include <malloc.h>
#include <openssl/mem.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/http/request.h"

#define KEY_LOG_VARIABLE "SSLKEYLOGFILE"

static bool memory_failed;

/* Record a failed allocation. */
static void *recorded(void *memory)
{
	memory_failed = memory_failed || !memory;
	return memory;
}

bool http_libcurl_lacked_memory(void)
{
	return memory_failed;
}

static void *curl_malloc(size_t size)
{
	return recorded(malloc(size));
}

static void *curl_calloc(size_t count, size_t size)
{
	return recorded(calloc(count, size));
}

static char *curl_strdup(const char *string)
{
	return recorded(strdup(string));
}

static void curl_wipe_free(void *memory)
{
	if (memory)
		OPENSSL_cleanse(memory, malloc_usable_size(memory));
	free(memory);
}

static void *curl_wipe_realloc(void *memory, size_t size)
{
	void *moved = curl_malloc(size);

	if (!memory || !moved)
		return moved;
	size_t old = malloc_usable_size(memory);
	memcpy(moved, memory, old < size ? old : size);
	curl_wipe_free(memory);
	return moved;
}

int http_libcurl_init(struct error *err)
{
	static bool done;

	if (done)
		return 0;
	/* libcurl would write TLS keys to the file named by this variable. */
	cleanup_free char *key_log = NULL;
	if (getenv(KEY_LOG_VARIABLE) && !(key_log = strdup(getenv(KEY_LOG_VARIABLE))))
		return error_memory(err);
	unsetenv(KEY_LOG_VARIABLE);
	CURLcode result = curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_wipe_free,
	    curl_wipe_realloc, curl_strdup, curl_calloc);
	if (key_log && setenv(KEY_LOG_VARIABLE, key_log, 1) < 0)
		return error_memory(err);
	if (result != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "libcurl: initialisation failed");
	done = true;
	return 0;
}

const char *http_curl_version(void)
{
#ifdef LIBCURL_VERSION_OF_RECIPE
	return LIBCURL_VERSION_OF_RECIPE;
#else
	return curl_version_info(CURLVERSION_NOW)->version;
#endif
}

const char *http_ares_version(void)
{
	const char *version = curl_version_info(CURLVERSION_NOW)->ares;

	return version ? version : "none";
}
