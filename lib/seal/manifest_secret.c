#include "lib/seal/manifest_secret.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/manifest/file.h"
#include "lib/manifest/manifest.h"
#include "lib/manifest/stream.h"
#include "lib/seal/internal.h"
#include "lib/sealed/foreign.h"

/* Which Secret is meant, and where it was found. */
struct search {
	const char *file, *name; /* name NULL: the only one */
	bool found, force_foreign;
};

/* The Secret in a document that is meant; NULL with no error: it is not here. */
static const struct manifest_secret *find(
    struct search *search, const struct manifest *manifest, struct error *err)
{
	const struct manifest_secret *found = NULL;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_secret *secret = &manifest->secrets[i];
		const char *name = secret->object.name;

		if (search->name && (!name || strcmp(name, search->name) != 0))
			continue;
		if (search->found) {
			error_set(err, ERROR_USAGE, "%s: more than one Secret%s%s: %s",
			    search->file, search->name ? " is called " : "",
			    search->name ? search->name : "",
			    search->name ? "give them names of their own" : "name the one meant");
			return NULL;
		}
		search->found = true;
		found = secret;
	}
	return found;
}

static int check_found(const struct search *search, struct error *err)
{
	if (search->found)
		return 0;
	if (search->name)
		return error_set(
		    err, ERROR_NOT_FOUND, "%s: no Secret is called %s", search->file, search->name);
	return error_set(err, ERROR_NOT_FOUND, "%s: there is no Secret in it", search->file);
}

/* What resource_version is in the API: another one as soon as a byte of the document differs. */
static char *version_of(const struct manifest *manifest, struct error *err)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char text[2 * SHA256_DIGEST_LENGTH + 1];

	SHA256((const uint8_t *)manifest->text.data, manifest->text.length, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return string_format(err, "%s", text);
}

/* Call `each` for every document of the file, until it returns -1. */
static int each_document(struct manifest_file *file, const struct search *search,
    int (*each)(void *context, struct manifest *manifest, off_t offset, struct error *err),
    void *context, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t line;
	off_t offset;
	int result;

	if (!search->force_foreign && foreign_check_file(file->in, search->file, err) < 0)
		return -1;
	while ((result = manifest_file_next(file, &text, &line, &offset, err)) == 1) {
		struct manifest manifest;

		result = manifest_read_own(
		    &manifest, &text, line, search->file, search->force_foreign, err);
		if (result == 0)
			result = each(context, &manifest, offset, err);
		manifest_free(&manifest);
		if (result < 0)
			return -1;
	}
	return result < 0 ? -1 : check_found(search, err);
}

/*
 * Reading.
 */

struct reading {
	struct search search;
	const char *namespace;
	struct kube_secret *secret;
};

static int take_found(
    struct reading *reading, const struct manifest *manifest, size_t index, struct error *err)
{
	struct kube_secret *object = &manifest->secrets[index].object;
	const char *name = object->name ? object->name : "(metadata.generateName)";
	enum sealed_scope scope;

	if (sealed_secret_scope(object, &scope, err) < 0)
		return -1;
	if (!object->namespace && !reading->namespace && scope != SEALED_UNBOUND &&
	    scope != SEALED_CLUSTER_WIDE)
		return error_set(err, ERROR_USAGE,
		    "%s: scope %s binds to the namespace; pass -n NAMESPACE", reading->search.file,
		    sealed_scope_name(scope));
	if (!object->name)
		object->name = strdup(name);
	if (!object->namespace)
		object->namespace = strdup(reading->namespace ? reading->namespace : "");
	object->resource_version = version_of(manifest, err);
	if (!object->name || !object->namespace || !object->resource_version)
		return error_memory(err);
	*reading->secret = *object;
	*object = (struct kube_secret){0};
	return 0;
}

static int read_document(void *context, struct manifest *manifest, off_t offset, struct error *err)
{
	struct reading *reading = context;

	(void)offset;
	const struct manifest_secret *found = find(&reading->search, manifest, err);

	if (!found)
		return err->code ? -1 : 0;
	return take_found(reading, manifest, (size_t)(found - manifest->secrets), err);
}

int manifest_secret_read(const char *file, const char *name, const char *namespace,
    bool force_foreign, struct kube_secret *secret, struct error *err)
{
	struct reading reading = {
	    .search = {.file = file, .name = name, .force_foreign = force_foreign},
	    .namespace = namespace,
	    .secret = secret};
	struct manifest_file opened;

	*secret = (struct kube_secret){0};
	if (manifest_file_open(&opened, file, err) < 0)
		return -1;
	int result = each_document(&opened, &reading.search, read_document, &reading, err);
	manifest_file_free(&opened);
	if (result < 0)
		kube_secret_free(secret);
	return result;
}

/*
 * Changing.
 */

struct changing {
	struct search search;
	struct seal_session *session;
	const struct seal_settings *settings;
	const struct seal_changes *changes;
	struct seal_outcome *outcome;
	struct manifest_file file;
};

static int check_version(
    const struct changing *changing, const struct manifest *manifest, struct error *err)
{
	cleanup_free char *version = version_of(manifest, err);

	if (!version)
		return -1;
	if (!changing->settings->based_on || strcmp(changing->settings->based_on, version) == 0)
		return 0;
	return error_set(
	    err, ERROR_CONFLICT, "%s: somebody changed it meanwhile", changing->search.file);
}

static int write_change(struct changing *changing, const struct manifest *manifest, off_t offset,
    const struct manifest_secret *found, struct sealing *sealing, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct manifest_change change = {found, &sealing->change, true};

	if (manifest_change(manifest, &change, 1, &text, err) < 0 ||
	    manifest_file_replace(&changing->file, offset, &manifest->text, &text, err) < 0)
		return -1;
	sealing->change.name = strdup(sealing->name);
	if (!sealing->change.name)
		return error_memory(err);
	changing->outcome->secret = sealing->change;
	changing->outcome->change = SEAL_UPDATED;
	sealing->change = (struct kube_secret){0};
	return 0;
}

/* Plaintext that stays is sealed too. */
static int check_plaintext(
    const struct changing *changing, const struct manifest_secret *found, struct error *err)
{
	const struct kube_secret *object = &found->object;

	for (size_t i = 0; i < object->data_count; i++)
		if (!sealed_entry_is_ciphertext(&object->data[i]) &&
		    manifest_check_rendered(found, err) < 0)
			return error_wrap(err, "%s", changing->search.file);
	return 0;
}

static int change_found(struct changing *changing, const struct manifest *manifest, off_t offset,
    const struct manifest_secret *found, struct error *err)
{
	struct seal_settings settings = *changing->settings;
	struct sealing sealing = {
	    .kind = SEALING_FILE, .settings = &settings, .session = changing->session};
	int result = -1;

	settings.adopt = true; /* manifests are about plaintext beside ciphertext */
	if (check_version(changing, manifest, err) == 0 &&
	    check_plaintext(changing, found, err) == 0 &&
	    seal_changes_copy(changing->changes, &sealing.changes, err) == 0 &&
	    sealing_begin_manifest(&sealing, &found->object, err) == 0 &&
	    sealing_run(&sealing, err) == 0)
		result = settings.check_only
			     ? 0
			     : write_change(changing, manifest, offset, found, &sealing, err);
	sealing_free(&sealing);
	return result;
}

static int change_document(
    void *context, struct manifest *manifest, off_t offset, struct error *err)
{
	struct changing *changing = context;
	const struct manifest_secret *found = find(&changing->search, manifest, err);

	if (found)
		return change_found(changing, manifest, offset, found, err);
	return err->code ? -1 : 0;
}

int manifest_secret_seal(struct seal_session *session, const struct seal_settings *settings,
    const char *file, const struct seal_changes *changes, struct seal_outcome *outcome,
    struct error *err)
{
	struct changing changing = {.search = {.file = file,
					.name = settings->name,
					.force_foreign = settings->force_foreign},
	    .session = session,
	    .settings = settings,
	    .changes = changes,
	    .outcome = outcome};

	memset(outcome, 0, sizeof(*outcome));
	if (manifest_file_open(&changing.file, file, err) < 0)
		return -1;
	int result = manifest_file_prepare(&changing.file, err);
	if (result == 0)
		result = each_document(
		    &changing.file, &changing.search, change_document, &changing, err);
	if (result == 0 && !settings->check_only)
		result = manifest_file_commit(&changing.file, err);
	manifest_file_free(&changing.file);
	return result;
}
