#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/rotate/files_internal.h"
#include "lib/sealed/sealed.h"

/* Documents that are noted one by one, to bound the memory; more are counted. */
#define OUTSIDE_MAX 1000

struct files_outside {
	char *file;
	char *key; /* that the document names; NULL: none */
	size_t line;
	int64_t oldest; /* version */
	struct files_outside *next;
};

/* Text to search: a document without its sealed Secrets. */
struct search_ctx {
	const char *file;
	const struct manifest *manifest; /* NULL: a file that is not a manifest */
	const char *text;
	size_t length;
};

bool files_is_environment(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return fnmatch("*.env", name, 0) == 0 || fnmatch(".env.*", name, 0) == 0 ||
	       fnmatch("*.properties", name, 0) == 0;
}

/* Return the end of the sealed Secret that contains the byte, or 0. */
static size_t skip_secret(const struct search_ctx *search, size_t byte)
{
	const struct manifest *manifest = search->manifest;

	for (size_t i = 0; manifest && i < manifest->count; i++) {
		const struct manifest_node *node = &manifest->tree.nodes[manifest->secrets[i].node];

		if (byte >= node->start && byte < node->end &&
		    files_is_sealed(&manifest->secrets[i].object))
			return node->end;
	}
	return 0;
}

/* Return the offset of the first ciphertext at or after `from`, or the length. */
static size_t find_ciphertext(const struct search_ctx *search, size_t from, int64_t *version)
{
	while (from < search->length) {
		const char *found =
		    sealed_find_mention(search->text + from, search->length - from, version);
		size_t at = found ? (size_t)(found - search->text) : search->length;
		size_t end = found ? skip_secret(search, at) : 0;

		if (end == 0)
			return at;
		from = end;
	}
	return search->length;
}

/* Return the key that the text names outside sealed Secrets; newly allocated, or NULL. */
static char *find_key_name(const struct search_ctx *search)
{
	static const char mark[] = SEALED_ANNOTATION_KEY, ends[] = " \t\r\n\"',}#";
	const char *end = search->text + search->length, *at = search->text;

	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) != NULL) {
		size_t past = skip_secret(search, (size_t)(at - search->text));

		if (past > 0) {
			at = search->text + past;
			continue;
		}
		at += sizeof(mark) - 1;
		while (at < end && strchr("\"': ", *at) && *at != '\0')
			at++;
		size_t length = 0;
		while (at + length < end && !strchr(ends, at[length]))
			length++;
		return strndup(at, length);
	}
	return NULL;
}

static size_t text_line(const struct search_ctx *search, size_t at)
{
	size_t line = search->manifest ? search->manifest->tree.line : 1;

	for (size_t i = 0; i < at; i++)
		line += search->text[i] == '\n';
	return line;
}

static int add_outside(struct files_run *run, const struct search_ctx *search, size_t at,
    int64_t oldest, struct error *err)
{
	struct files_outside *added;

	if (run->outside_count++ >= OUTSIDE_MAX)
		return 0;
	added = calloc(1, sizeof(*added));
	if (added)
		added->file = strdup(search->file);
	if (!added || !added->file) {
		free(added);
		return error_memory(err);
	}
	added->key = find_key_name(search);
	added->line = text_line(search, at);
	added->oldest = oldest;
	if (run->outside_last)
		run->outside_last->next = added;
	else
		run->outside = added;
	run->outside_last = added;
	return 0;
}

static int note_oldest(struct files_run *run, const struct search_ctx *search, struct error *err)
{
	int64_t version, oldest = 0;
	size_t oldest_at = 0;

	if (run->pass == FILES_GATHER)
		return 0;
	for (size_t at = 0; (at = find_ciphertext(search, at, &version)) < search->length; at++)
		if (oldest == 0 || version < oldest) {
			oldest = version;
			oldest_at = at;
		}
	return oldest == 0 ? 0 : add_outside(run, search, oldest_at, oldest, err);
}

int files_note_document(
    struct files_run *run, const struct manifest_document *document, struct error *err)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	struct search_ctx search = {
	    document->file->name, &document->manifest, tree->text, tree->length};

	return note_oldest(run, &search, err);
}

int files_note_text(
    struct files_run *run, const char *file, const struct secret_buffer *text, struct error *err)
{
	struct search_ctx search = {file, NULL, secret_buffer_string(text), text->length};

	return note_oldest(run, &search, err);
}

/*
 * Reporting.
 */

/* Return the key with the newest version among those of the run; NULL: none. */
static const struct keyset_key *newest_key(const struct files_run *run)
{
	const struct keyset_key *newest = NULL;

	for (size_t i = 0; i < run->keys.count; i++) {
		const struct keyset_key *key = run->keys.keys[i];

		if (!key->failed && (!newest || key->wanted_version > newest->wanted_version))
			newest = key;
	}
	return newest;
}

/* Set *key to the key to compare with; NULL: unknown. */
static int outside_find_key(struct files_run *run, const struct files_outside *each,
    const struct keyset_key **key, struct error *err)
{
	const char *name = each->key ? each->key : run->settings->transit_key;
	struct error ignored = ERROR_INIT;
	struct transit_key parsed;

	*key = newest_key(run);
	if (!name || transit_key_parse(&parsed, name, &ignored) < 0)
		return 0;
	transit_key_free(&parsed);
	*key = files_find_key(run, name, err);
	return *key ? 0 : -1;
}

static void report_outside(
    struct files_run *run, const struct files_outside *each, const struct keyset_key *key)
{
	run->summary->outside++;
	if (!key || key->failed)
		log_write(LOG_ERROR,
		    "%s:%zu: ciphertext of version %lld outside a sealed Secret: its Transit key "
		    "is not known; pass --transit-key, or write \"" SEALED_ANNOTATION_KEY
		    ": KEY\" beside it",
		    each->file, each->line, (long long)each->oldest);
	else
		log_write(LOG_ERROR,
		    "%s:%zu: ciphertext of version %lld outside a sealed Secret is not rewrapped, "
		    "but version %lld of Transit key %s/%s is the newest; rewrap it by hand",
		    each->file, each->line, (long long)each->oldest, (long long)key->wanted_version,
		    key->key.mount, key->key.name);
}

int files_report_outside(struct files_run *run, struct error *err)
{
	for (const struct files_outside *each = run->outside; each; each = each->next) {
		const struct keyset_key *key;

		/* --transit-key excludes other keys, as with Secrets. */
		if (each->key && run->only.name && !transit_key_is(&run->only, each->key))
			continue;
		if (outside_find_key(run, each, &key, err) < 0)
			return -1;
		if (!key || key->failed || each->oldest < key->wanted_version)
			report_outside(run, each, key);
	}
	if (run->outside_count > OUTSIDE_MAX) {
		run->summary->outside += run->outside_count - OUTSIDE_MAX;
		log_write(LOG_ERROR, "%zu more documents hold ciphertext outside sealed Secrets",
		    run->outside_count - OUTSIDE_MAX);
	}
	return 0;
}

void files_free_outside(struct files_run *run)
{
	while (run->outside) {
		struct files_outside *each = run->outside;

		run->outside = each->next;
		free(each->file);
		free(each->key);
		free(each);
	}
}
