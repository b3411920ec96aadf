#include "lib/vault/kv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/vault/internal.h"

/* Eighteen digits always fit an int64_t. */
#define VERSION_DIGITS_MAX 18

/* -- references ------------------------------------------------------------------------------- */

/* Remove slashes at the beginning and the end, and all but one of several slashes. */
static void path_clean(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++)
		if (*from != '/' || (to > path && to[-1] != '/'))
			*to++ = *from;
	if (to > path && to[-1] == '/')
		to--;
	*to = '\0';
}

/* Return whether the text is printable, with a mount and a path in it. */
static bool path_is_valid(const char *path)
{
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			return false;
	return strchr(path, '/') && !vault_path_has_dots(path);
}

/*
 * Return whether Vault itself serves the path, which could return the token of the request, or a
 * JWT for other services.
 */
static bool path_is_of_vault(const char *path)
{
	static const char *const mounts[] = {"auth/", "identity/", "sys/"};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (strncmp(path, mounts[i], strlen(mounts[i])) == 0)
			return true;
	return false;
}

/* Return the number, or 0 if the text is not a version. */
static int64_t parse_version(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (text[digits] || digits > VERSION_DIGITS_MAX || *text == '0')
		return 0;
	return strtoll(text, NULL, 10);
}

/* Split the copy of the text, `path`, at each '#'. */
static int ref_split(struct kv_ref *ref, char *path, struct error *err)
{
	char *key = strchr(path, '#');
	char *version = key ? strchr(key + 1, '#') : NULL;

	if (key)
		*key++ = '\0';
	if (version)
		*version++ = '\0';
	path_clean(path);
	if (!path_is_valid(path) || (key && !*key))
		return error_set(err, ERROR_USAGE,
		    "not of the form PATH#KEY[#VERSION]; write a path such as "
		    "secret/data/app#password");
	if (path_is_of_vault(path))
		return error_set(err, ERROR_USAGE,
		    "not the path of a KV engine; write a path such as secret/data/app#password");
	if (version && !(ref->version = parse_version(version)))
		return error_set(err, ERROR_USAGE,
		    "the version after the second # must be a number from 1; write "
		    "PATH#KEY#VERSION");
	ref->key = key ? strdup(key) : NULL;
	return key && !ref->key ? error_memory(err) : 0;
}

int kv_ref_parse(struct kv_ref *ref, const char *text, struct error *err)
{
	memset(ref, 0, sizeof(*ref));
	if (strlen(text) > KV_REF_MAX)
		return error_set(err, ERROR_USAGE,
		    "a path and a key of more than %d bytes are not supported; use shorter names",
		    KV_REF_MAX);
	ref->path = strdup(text);
	if (!ref->path)
		return error_memory(err);
	if (ref_split(ref, ref->path, err) == 0)
		return 0;
	kv_ref_free(ref);
	return -1;
}

void kv_ref_free(struct kv_ref *ref)
{
	free(ref->path);
	free(ref->key);
	memset(ref, 0, sizeof(*ref));
}

int kv_ref_compare_secrets(const struct kv_ref *a, const struct kv_ref *b)
{
	int paths = strcmp(a->path, b->path);

	return paths ? paths : (a->version > b->version) - (a->version < b->version);
}

/* -- calls ------------------------------------------------------------------------------------ */

int kv_request(struct vault *vault, const struct kv_ref *ref, struct http_exchange *exchange,
    struct error *err)
{
	static const char *const secret[] = {"data", NULL};

	if (vault_request(vault, false, ref->path, "", exchange, err) < 0)
		return -1;
	exchange->secret_members = secret;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	exchange->permanent = vault_inline_login_is_permanent;
	if (ref->version == 0)
		return 0;
	return secret_buffer_append_format(
	    &exchange->path, err, "?version=%lld", (long long)ref->version);
}

/* Return whether `data` is a response of version 2: the secret in a member beside its metadata. */
static bool has_version_2(const struct json *document, json_node data)
{
	enum json_type inner = json_type(document, json_member(document, data, "data"));
	json_node version = json_path(document, data, "metadata", "version", NULL);

	return (inner == JSON_OBJECT || inner == JSON_NULL) &&
	       json_type(document, version) == JSON_NUMBER;
}

/* Return whether the response has the warning about a path that only version 1 has. */
static bool lacks_data_segment(const struct json *document)
{
	json_each (document, json_member(document, JSON_ROOT, "warnings"), warning) {
		cleanup_free char *text = json_strdup(document, warning);
		if (text && strstr(text, "versioned K/V"))
			return true;
	}
	return false;
}

/* Explain a status 404, in which version 2 returns the metadata of a deleted version. */
static int explain_missing(
    const struct kv_ref *ref, const struct http_exchange *exchange, struct error *err)
{
	struct error ignored = ERROR_INIT;
	cleanup_json struct json *document = http_json_parse(exchange, &ignored);
	if (!document)
		return error_hint(err, "check the path");
	json_node metadata = json_path(document, JSON_ROOT, "data", "metadata", NULL);
	int64_t version = json_integer(document, json_member(document, metadata, "version"), 0);
	bool destroyed =
	    json_boolean(document, json_member(document, metadata, "destroyed"), false);

	if (version > 0)
		return error_set(err, ERROR_NOT_FOUND, "version %lld is %s; %s", (long long)version,
		    destroyed ? "destroyed" : "deleted",
		    destroyed ? "write the secret again"
			      : "undelete it, or write the secret again");
	if (lacks_data_segment(document))
		return error_set(err, ERROR_NOT_FOUND,
		    "not found; in an engine of version 2, write data/ after the mount, such as "
		    "secret/data/app");
	if (ref->version)
		return error_hint(err, "check the path and version %lld", (long long)ref->version);
	return error_hint(err, "check the path");
}

static int check_status(const struct vault *vault, const struct kv_ref *ref,
    const struct http_exchange *exchange, struct error *err)
{
	if (vault_check(exchange, err) == 0)
		return 0;
	if (exchange->status == 404)
		return explain_missing(ref, exchange, err);
	if (exchange->status == 403 && !vault_inline_login_is_refused(exchange) &&
	    !vault_token_is_refused(exchange))
		error_hint(err, "the token's policy must allow \"read\" on %s", ref->path);
	return vault_inline_login_explain(vault, exchange, err);
}

/* Return the object of keys in the response, or JSON_ABSENT with an error. */
static json_node find_keys(const struct json *document, const struct kv_ref *ref, struct error *err)
{
	json_node data = json_member(document, JSON_ROOT, "data");
	json_node lease = json_member(document, JSON_ROOT, "lease_id");
	int64_t version = 0;

	if (json_type(document, lease) > JSON_NULL && !json_string_is(document, lease, "")) {
		error_set(err, ERROR_REJECTED,
		    "a dynamic secret, which Vault revokes with the token that has read it; use "
		    "a secret without a lease");
		return JSON_ABSENT;
	}
	if (has_version_2(document, data)) {
		version = json_integer(
		    document, json_path(document, data, "metadata", "version", NULL), 0);
		data = json_member(document, data, "data");
	}
	if (json_type(document, data) != JSON_OBJECT)
		error_set(err, ERROR_INVALID, "Vault response: not a secret of a KV engine");
	else if (ref->version && version == 0)
		error_set(err, ERROR_USAGE,
		    "the KV engine has version 1, without versions of a secret; omit #%lld",
		    (long long)ref->version);
	else if (ref->version && version != ref->version)
		error_set(err, ERROR_INVALID, "Vault response: version %lld instead of %lld",
		    (long long)version, (long long)ref->version);
	else
		return data;
	return JSON_ABSENT;
}

int kv_result(struct vault *vault, const struct kv_ref *ref, const struct http_exchange *exchange,
    struct secret_buffer *object, struct error *err)
{
	if (check_status(vault, ref, exchange, err) < 0)
		return error_wrap(err, "KV path %s", ref->path);
	if (vault->inline_login)
		vault->inline_login->accepted = true;
	cleanup_json struct json *document = http_json_parse(exchange, err);
	if (!document)
		return error_wrap(err, "KV path %s", ref->path);
	json_node keys = find_keys(document, ref, err);
	if (keys == JSON_ABSENT || json_compact(document, keys, object, err) < 0)
		return error_wrap(err, "KV path %s", ref->path);
	return 0;
}

int kv_read(struct http_client *client, struct vault *vault, const struct kv_ref *ref,
    struct secret_buffer *object, struct error *err)
{
	struct http_exchange exchange;
	int result = kv_request(vault, ref, &exchange, err);

	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = kv_result(vault, ref, &exchange, object, err);
	http_exchange_free(&exchange);
	return result;
}
