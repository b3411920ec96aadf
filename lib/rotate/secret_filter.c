#include "lib/rotate/secret_filter.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/sealed/sealed.h"

static int append_new(struct strings *to, const struct strings *from, struct error *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (!strings_contain(to, from->items[i]) &&
		    strings_append(to, from->items[i], err) < 0)
			return -1;
	return 0;
}

/* Add [NAMESPACE/]NAME as NAMESPACE/NAME. */
static int add_name(
    struct secret_filter *filter, const char *text, const char *namespace, struct error *err)
{
	const char *slash = strchr(text, '/');
	cleanup_free char *whole =
	    slash ? string_format(err, "%s", text) : string_format(err, "%s/%s", namespace, text);
	cleanup_free char *where = slash ? strndup(text, (size_t)(slash - text)) : NULL;

	if (!whole || (slash && !where))
		return error_memory(err);
	if ((slash && !kube_valid_namespace(where)) || !kube_valid_name(slash ? slash + 1 : text))
		return error_set(
		    err, ERROR_USAGE, "--name \"%s\": not a valid name of a Secret", text);
	if (strings_contain(&filter->names, whole))
		return 0;
	return strings_append(&filter->names, whole, err);
}

static int add_names(
    struct secret_filter *filter, const struct secret_filter_settings *settings, struct error *err)
{
	if (settings->all_namespaces || settings->all_secrets || is_set(settings->selector))
		return error_set(err, ERROR_USAGE,
		    "--name cannot be used with --all-namespaces, --all-secrets or --selector");
	for (size_t i = 0; i < settings->names->count; i++)
		if (add_name(filter, settings->names->items[i], settings->namespace, err) < 0)
			return -1;
	return 0;
}

static int add_list(
    struct secret_filter *filter, const struct secret_filter_settings *settings, struct error *err)
{
	bool more = is_set(settings->selector);

	if (!settings->all_namespaces &&
	    strings_append(&filter->namespaces, settings->namespace, err) < 0)
		return -1;
	if (settings->all_secrets && !more)
		return 0;
	filter->selector =
	    string_format(err, "%s%s%s", settings->all_secrets ? "" : SEALED_SELECTOR,
		more && !settings->all_secrets ? "," : "", more ? settings->selector : "");
	return filter->selector ? 0 : -1;
}

int secret_filter_init(
    struct secret_filter *filter, const struct secret_filter_settings *settings, struct error *err)
{
	memset(filter, 0, sizeof(*filter));
	filter->shard = settings->shard;
	if (append_new(&filter->data_keys, settings->data_keys, err) < 0)
		return -1;
	return settings->names->count ? add_names(filter, settings, err)
				      : add_list(filter, settings, err);
}

/* Add a namespace, or several separated by commas, which a namespace's name cannot contain. */
static int add_namespaces(struct secret_filter *filter, const char *text, struct error *err)
{
	cleanup_free char *copy = strdup(text);
	char *saved = NULL;

	if (!copy)
		return error_memory(err);
	for (char *name = strtok_r(copy, ",", &saved); name; name = strtok_r(NULL, ",", &saved)) {
		if (!kube_valid_namespace(name))
			return error_set(err, ERROR_USAGE,
			    "--retire-namespaces: \"%s\" is not a valid name of a namespace", name);
		if (!strings_contain(&filter->namespaces, name) &&
		    strings_append(&filter->namespaces, name, err) < 0)
			return -1;
	}
	return 0;
}

int secret_filter_init_all(
    struct secret_filter *filter, const struct strings *namespaces, struct error *err)
{
	memset(filter, 0, sizeof(*filter));
	for (size_t i = 0; i < namespaces->count; i++)
		if (add_namespaces(filter, namespaces->items[i], err) < 0)
			return -1;
	if (namespaces->count > 0 && filter->namespaces.count == 0)
		return error_set(err, ERROR_USAGE, "--retire-namespaces: no namespace given");
	return 0;
}

char *secret_filter_describe(const struct secret_filter *filter, struct error *err)
{
	const struct strings *in = &filter->namespaces;
	const char *which = filter->selector ? filter->selector : "";
	const char *with = filter->selector ? " with label " : "";

	if (filter->names.count)
		return string_format(err, "Secrets named");
	if (in->count == 0)
		return string_format(err, "Secrets%s%s in all namespaces", with, which);
	if (in->count == 1)
		return string_format(err, "Secrets%s%s in namespace %s", with, which, in->items[0]);
	return string_format(err, "Secrets%s%s in %zu namespaces", with, which, in->count);
}

void secret_filter_free(struct secret_filter *filter)
{
	strings_free(&filter->namespaces);
	strings_free(&filter->names);
	strings_free(&filter->data_keys);
	free(filter->selector);
	memset(filter, 0, sizeof(*filter));
}

/* -- shards ----------------------------------------------------------------------------------- */

/* Return the number in the digits up to `end`, or -1 if it is not valid. */
static int64_t parse_digits(const char *text, const char *end)
{
	int64_t value = 0;

	if (text == end)
		return -1;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9' || value > SECRET_SHARD_COUNT_MAX)
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value;
}

static int refuse_shard(const char *text, struct error *err)
{
	return error_set(err, ERROR_USAGE,
	    "--shard %s: not valid; write I/N, the I-th of N runs counted from 0 (N up to %d), or /N with I "
	    "in " SECRET_SHARD_VARIABLE,
	    text, SECRET_SHARD_COUNT_MAX);
}

int secret_shard_parse(const char *text, struct secret_shard *shard, struct error *err)
{
	const char *slash = strchr(text, '/');
	const char *index = text, *index_end = slash;

	if (!slash)
		return refuse_shard(text, err);
	if (slash == text) {
		index = getenv(SECRET_SHARD_VARIABLE);
		if (!index)
			return error_set(err, ERROR_USAGE,
			    "--shard %s: " SECRET_SHARD_VARIABLE
			    " is not set; run in a pod of an Indexed Job, or write I/N",
			    text);
		index_end = index + strlen(index);
	}
	shard->index = parse_digits(index, index_end);
	shard->count = parse_digits(slash + 1, slash + strlen(slash));
	if (shard->index < 0 || shard->count < 1 || shard->count > SECRET_SHARD_COUNT_MAX ||
	    shard->index >= shard->count)
		return refuse_shard(text, err);
	return 0;
}

bool secret_shard_has(const struct secret_shard *shard, const char *namespace, const char *name)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t hash = 0;
	SHA256_CTX context;

	if (shard->count == 0)
		return true;
	SHA256_Init(&context);
	SHA256_Update(&context, namespace, strlen(namespace));
	SHA256_Update(&context, "/", 1);
	SHA256_Update(&context, name, strlen(name));
	SHA256_Final(digest, &context);
	for (size_t i = 0; i < sizeof(hash); i++)
		hash = hash << 8 | digest[i];
	return hash % (uint64_t)shard->count == (uint64_t)shard->index;
}
