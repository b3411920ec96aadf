/*
 * Names as options and the environment give them: objects, keys, destinations, variables, URLs,
 * versions.  An accepted text has the same meaning after it was composed again.
 *
 * The first byte of the input selects the parser; each line is a text.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/utf8.h"
#include "lib/launch/deliver.h"
#include "lib/launch/source.h"
#include "lib/sealed/sealed.h"
#include "tests/fuzz/fuzz.h"

static struct error err;

static const struct option_spec table[] = {{.name = NULL}};
static const struct options options = {
    .program = "secret-exec", .prefix = "SECRET_EXEC", .synopsis = "secret-exec", .table = table};

/* -- references ---------------------------------------------------------------------------------
 */

static void join(const struct source_ref *ref, const char *text)
{
	cleanup_secret struct secret_buffer joined = SECRET_BUFFER_INIT;
	const char *const parts[][2] = {{ref->namespace, "/"}, {ref->name, ""}};

	for (size_t i = 0; i < 2; i++)
		if (parts[i][0]) {
			FUZZ_MUST(secret_buffer_append_string(&joined, parts[i][0], &err), &err);
			FUZZ_MUST(secret_buffer_append_string(&joined, parts[i][1], &err), &err);
		}
	FUZZ_CHECK(strncmp(text, secret_buffer_string(&joined), joined.length) == 0);
	text += joined.length;
	if (ref->optional)
		FUZZ_CHECK(*text++ == '?');
	if (ref->key) {
		FUZZ_CHECK(*text == ':' && strncmp(text + 1, ref->key, strlen(ref->key)) == 0);
		text += 1 + strlen(ref->key);
	}
	if (ref->variable) {
		FUZZ_CHECK(*text == '=' && *ref->variable && strcmp(text + 1, ref->variable) == 0);
		text += 1 + strlen(ref->variable);
	}
	/* "NAME:" may be the same as "NAME". */
	FUZZ_CHECK(*text == '\0' || strcmp(text, ":") == 0);
}

static void read_reference(struct fuzz_input *input)
{
	struct source_ref ref;
	const char *text = fuzz_line(input);

	if (!fuzz_failed(source_ref_parse(&ref, "--secret", text, &err), &err)) {
		FUZZ_CHECK(kube_valid_name(ref.name));
		FUZZ_CHECK(!ref.namespace || kube_valid_namespace(ref.namespace));
		FUZZ_CHECK(!ref.key || kube_valid_data_key(ref.key));
		join(&ref, text);
		source_ref_free(&ref);
	}
	if (!fuzz_failed(source_ref_parse_prefix(&ref, "--bound-to", text, &err), &err)) {
		join(&ref, text);
		source_ref_free(&ref);
	}
}

static void read_transit_key(struct fuzz_input *input)
{
	struct transit_key key;
	const char *text = fuzz_line(input);

	FUZZ_TRY(transit_key_parse(&key, text, &err), &err);
	fuzz_note_string(key.mount);
	fuzz_note_string(key.name);
	FUZZ_CHECK(*key.mount && *key.name && !strchr(key.name, '/'));
	FUZZ_CHECK(transit_key_is(&key, text));
	transit_key_free(&key);
}

/* -- destinations and variables --------------------------------------------------------------- */

static void read_destinations(struct fuzz_input *input)
{
	struct launch_settings settings = {.deliver.options = &options};
	struct deliver_plan plan;
	struct strings *const lists[] = {
	    &settings.deliver.fds, &settings.deliver.memfds, &settings.deliver.files};
	int result = 0;

	for (size_t i = 0; result == 0 && input->length; i++)
		result = strings_append(lists[i % 3], fuzz_line(input), &err);
	if (result == 0)
		result = deliver_plan_parse(&plan, &settings, &err);
	if (!fuzz_failed(result, &err)) {
		FUZZ_CHECK(plan.count == lists[0]->count + lists[1]->count + lists[2]->count);
		for (size_t i = 0; i < plan.count; i++) {
			const struct deliver_destination *item = &plan.items[i];
			fuzz_note_string(item->label);
			FUZZ_CHECK(item->kind != DESTINATION_FILE ||
				   (item->key && item->path && *item->path));
			FUZZ_CHECK(item->kind != DESTINATION_PIPE || item->fd > 2);
		}
		deliver_plan_free(&plan);
	}
	for (size_t i = 0; i < 3; i++)
		strings_free(lists[i]);
}

static void name_value(struct fuzz_input *input)
{
	uint8_t select = fuzz_byte(input);
	struct source_filter filter = {
	    .prefix = fuzz_line(input), .upper_case = select & 1, .sanitize = select & 2};
	cleanup_free char *name = source_filter_apply(&filter, fuzz_line(input), &err);

	FUZZ_TRY(name ? 0 : -1, &err);
	fuzz_note_string(name);
	/* A '_' comes before a digit. */
	size_t prefix = strlen(filter.prefix);
	const char *at = name + (strncmp(name, filter.prefix, prefix) != 0);
	FUZZ_CHECK(at == name || (filter.sanitize && isdigit(*at)));
	FUZZ_CHECK(strncmp(at, filter.prefix, prefix) == 0);
	for (at += prefix; *at; at++) {
		FUZZ_CHECK(!filter.upper_case || !(*at >= 'a' && *at <= 'z'));
		FUZZ_CHECK(!filter.sanitize || *at == '_' || (isascii(*at) && isalnum(*at)));
	}
}

static void make_environment(struct fuzz_input *input)
{
	struct launch_settings settings = {
	    .deliver.options = &options, .override = fuzz_byte(input) & 1};
	struct variables variables = {0};
	struct env made;
	const struct variable *secrets[1];
	char *ours[3] = {fuzz_line(input), fuzz_line(input), NULL};
	const char *name = fuzz_line(input);
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	FUZZ_MUST(secret_buffer_append(&value, input->data, input->length, &err), &err);
	int result = variables_add(&variables, name, &value, "a test", &err);
	secrets[0] = variables.items;
	if (result == 0)
		result = env_build(&made, ours, secrets, 1, -1, &settings, &err);
	if (!fuzz_failed(result, &err)) {
		size_t found = 0, length = strlen(name);
		FUZZ_CHECK(variable_valid_name(name) && !memchr(input->data, '\0', input->length));
		for (size_t i = 0; i < made.count; i++)
			if (strncmp(made.strings[i], name, length) == 0 &&
			    made.strings[i][length] == '=') {
				found++;
				FUZZ_CHECK(strlen(made.strings[i] + length + 1) == input->length);
			}
		FUZZ_CHECK(found == 1 || strcmp(ours[0], ours[1]) == 0);
		env_free(&made);
	}
	variables_free(&variables);
}

static void join_kv(const struct kv_ref *ref, const char *text)
{
	char version[24] = "";

	if (ref->version)
		snprintf(version, sizeof(version), "#%lld", (long long)ref->version);
	cleanup_free char *joined =
	    string_format(&err, "vault:%s#%s%s", ref->path, ref->key, version);
	FUZZ_MUST(joined ? 0 : -1, &err);
	/* Empty names of the path are dropped. */
	if (!strstr(text, "//") && !strstr(text, ":/") && !strstr(text, "/#"))
		FUZZ_CHECK(strcmp(text, joined) == 0);
	struct kv_ref again = {0};
	FUZZ_MUST(kv_ref_parse(&again, joined + strlen(KV_REF_PREFIX), &err), &err);
	FUZZ_CHECK(kv_ref_compare_secrets(ref, &again) == 0 && strcmp(ref->key, again.key) == 0);
	kv_ref_free(&again);
}

/* A reference to a KV engine, in an environment variable. */
static void read_kv_reference(struct fuzz_input *input)
{
	struct source source = {.kind = &source_environment};
	const char *text = fuzz_line(input);

	if (!source_kv_is_reference(text))
		return;
	FUZZ_CHECK(!sealed_is_ciphertext(text, strlen(text)));
	struct source_value *value =
	    source_add(&source, "A", string_format(&err, "%s", "variable A"), &err);
	if (!fuzz_failed_for_memory(value ? 0 : -1, &err) &&
	    !fuzz_failed(source_value_set_reference(value, text, &err), &err))
		join_kv(&value->ref, text);
	source_free(&source);
}

/* -- texts ------------------------------------------------------------------------------------ */

static void print(struct fuzz_input *input)
{
	char *text = fuzz_line(input);
	size_t length = strlen(text);

	utf8_make_printable(text);
	FUZZ_CHECK(strlen(text) == length && utf8_is_valid(text, length));
	for (size_t i = 0; i < length; i++)
		FUZZ_CHECK((unsigned char)text[i] >= ' ' && text[i] != 0x7F);
	error_set(&err, ERROR_INVALID, "%s: %s", text, fuzz_line(input));
	(void)fuzz_failed(-1, &err);
}

static void read_version(struct fuzz_input *input)
{
	int64_t version;

	if (!fuzz_failed(sealed_version(input->data, input->length, &version, &err), &err))
		FUZZ_CHECK(version >= 1 && sealed_is_ciphertext(input->data, input->length));
}

static void read_url(struct fuzz_input *input)
{
	struct http_endpoint endpoint;
	const char *text = fuzz_line(input);

	/* libcurl reports missing memory as an invalid URL. */
	fuzz_do_not_compare();
	http_endpoint_init(&endpoint, "a server");
	if (!fuzz_failed(http_endpoint_set_url(&endpoint, text, false, &err), &err)) {
		size_t length = strlen(endpoint.url);
		fuzz_note_string(endpoint.url);
		FUZZ_CHECK(strncasecmp(endpoint.url, text, length) == 0 &&
			   strspn(text + length, "/") == strlen(text + length));
		FUZZ_CHECK(strncmp(endpoint.url, "https://", 8) == 0 ||
			   strncmp(endpoint.url, "http://localhost", 16) == 0 ||
			   strncmp(endpoint.url, "http://127.", 11) == 0 ||
			   strncmp(endpoint.url, "http://[::1]", 12) == 0);
		FUZZ_CHECK(!strpbrk(endpoint.url, "@?# \t\r\n"));
	}
	http_endpoint_free(&endpoint);
}

static void read_duration(struct fuzz_input *input)
{
	int64_t duration = -1;

	if (!fuzz_failed(clock_parse_duration(fuzz_line(input), &duration, &err), &err))
		FUZZ_CHECK(duration >= 0);
}

void fuzz_case(struct fuzz_input *input)
{
	static void (*const readers[])(struct fuzz_input *) = {read_reference, read_transit_key,
	    read_destinations, name_value, make_environment, print, read_version, read_url,
	    read_duration, read_kv_reference};

	readers[fuzz_byte(input) % (sizeof(readers) / sizeof(readers[0]))](input);
}
