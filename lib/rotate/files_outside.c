#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/rotate/files_internal.h"
#include "lib/sealed/sealed.h"

/* The maximum number of documents that are noted, to bound the memory.  More are only counted. */
#define OUTSIDE_MAX 1000

struct files_outside {
	char *file;
	char *key; /* named by the document; NULL: none */
	size_t line;
	int64_t oldest; /* version */
	struct files_outside *next;
};

/* A search in the parts of a text outside sealed Secrets. */
struct search_ctx {
	const char *text;
	int64_t oldest; /* version; 0: no ciphertext */
	size_t oldest_at;
	char *key; /* named by the text; NULL: none */
};

bool files_is_environment(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return fnmatch("*.env", name, 0) == 0 || fnmatch(".env.*", name, 0) == 0 ||
	       fnmatch("*.properties", name, 0) == 0;
}

/* Return the key of a line "secretmanager/transit-key: KEY", newly allocated, or NULL. */
static char *find_key_name(const char *text, size_t length)
{
	static const char mark[] = SEALED_ANNOTATION_KEY, ends[] = " \t\r\n\"',}#";
	const char *end = text + length, *at = memmem(text, length, mark, sizeof(mark) - 1);
	size_t key_length = 0;

	if (!at)
		return NULL;
	at += sizeof(mark) - 1;
	while (at < end && *at != '\0' && strchr("\"': ", *at))
		at++;
	while (at + key_length < end && !strchr(ends, at[key_length]))
		key_length++;
	return strndup(at, key_length);
}

static void search_part(struct search_ctx *search, size_t from, size_t to)
{
	int64_t version;

	if (from >= to)
		return;
	const char *at = search->text + from, *end = search->text + to;
	if (!search->key)
		search->key = find_key_name(at, to - from);
	for (; (at = sealed_find_mention(at, (size_t)(end - at), &version)) != NULL; at++)
		if (search->oldest == 0 || version < search->oldest) {
			search->oldest = version;
			search->oldest_at = (size_t)(at - search->text);
		}
}

/* Add the result of the search, which moves its key. */
static int add_outside(struct files_run *run, const char *file, size_t first_line,
    struct search_ctx *search, struct error *err)
{
	struct files_outside *added;

	if (search->oldest == 0 || run->outside_count++ >= OUTSIDE_MAX)
		return 0;
	added = calloc(1, sizeof(*added));
	if (added)
		added->file = strdup(file);
	if (!added || !added->file) {
		free(added);
		return error_memory(err);
	}
	added->key = search->key;
	search->key = NULL;
	added->line = first_line;
	for (size_t i = 0; i < search->oldest_at; i++)
		added->line += search->text[i] == '\n';
	added->oldest = search->oldest;
	if (run->outside_last)
		run->outside_last->next = added;
	else
		run->outside = added;
	run->outside_last = added;
	return 0;
}

int files_note_document(
    struct files_run *run, const struct manifest_document *document, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	const struct manifest_tree *tree = &manifest->tree;
	struct search_ctx search = {.text = tree->text};
	size_t at = 0;

	if (run->pass == FILES_GATHER)
		return 0;
	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_node *node = &tree->nodes[manifest->secrets[i].node];

		if (!files_is_sealed(&manifest->secrets[i].object))
			continue;
		search_part(&search, at, node->start);
		at = node->end;
	}
	search_part(&search, at, tree->length);
	int result = add_outside(run, document->file->name, tree->line, &search, err);
	free(search.key);
	return result;
}

int files_note_text(
    struct files_run *run, const char *file, const struct secret_buffer *text, struct error *err)
{
	struct search_ctx search = {.text = secret_buffer_string(text)};

	if (run->pass == FILES_GATHER)
		return 0;
	search_part(&search, 0, text->length);
	int result = add_outside(run, file, 1, &search, err);
	free(search.key);
	return result;
}

/* -- reporting -------------------------------------------------------------------------------- */

/* Return the run's key with the newest version, or NULL if there are no keys. */
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

/* Set *key to the key to compare with, or NULL if it is unknown. */
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

		/* --transit-key excludes other keys, as for Secrets. */
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
