#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/rotate/files_internal.h"

/* The step size of the search for ciphertext, in bytes. */
#define SEARCH_STEP ((size_t)64 * 1024)
/* The beginning of ciphertext, as text and in base64, and the maximum length of these. */
static const char *const ciphertext_marks[] = {"vault:v", "dmF1bHQ6"};
#define MARK_MAX 8

void files_report(struct files_run *run, const struct error *reason)
{
	if (run->silent)
		return;
	run->summary->broken++;
	log_error(LOG_ERROR, reason);
}

int files_check_time(const struct files_run *run, struct error *err)
{
	if (signals_check(err) < 0)
		return -1;
	if (!http_client_is_over(run->client))
		return 0;
	if (clock_now_ms() < http_client_deadline_ms(run->client))
		return error_set(err, ERROR_INTERRUPTED, "interrupted by a signal");
	return error_set(
	    err, ERROR_NETWORK, "the time limit is over; run again, or pass a longer --timeout");
}

struct keyset_key *files_find_key(struct files_run *run, const char *name, struct error *err)
{
	struct keyset_key *key = keyset_add(&run->keys, name, err);

	if (!key || run->pass == FILES_GATHER || key->failed || key->wanted_version > 0)
		return key;
	if (keyset_read_key(&run->keys, key, err) == 0)
		return key;
	if (error_is_outage(err))
		return NULL;
	log_error(LOG_ERROR, err);
	error_clear(err);
	key->failed = true;
	return key;
}

/* -- Secrets ---------------------------------------------------------------------------------- */

void files_report_secret(const struct files_run *run, const struct manifest_document *document,
    struct files_secret *secret, const struct kube_entry *entry, struct error *reason)
{
	const struct manifest_secret *found = secret->found;
	uint32_t node = entry ? found->values[entry - found->object.data].key : found->node;

	secret->failed = true;
	if (run->silent)
		return;
	if (entry)
		error_wrap(reason, "data key \"%s\"", entry->key);
	error_wrap(reason, "%s:%zu: Secret %s%s%s", document->file->name,
	    manifest_line(&document->manifest.tree, document->manifest.tree.nodes[node].start),
	    KUBE_NAMED(secret));
	log_error(LOG_ERROR, reason);
}

void files_report_unchecked(
    const struct files_run *run, const struct error *reason, bool may_be_secret)
{
	bool verify = files_is_verification(run);

	if (!run->silent)
		log_write(verify && may_be_secret ? LOG_WARNING : LOG_DEBUG,
		    "not checked, as it holds no ciphertext: %s", reason->message);
}

bool files_is_verification(const struct files_run *run)
{
	return run->settings->phase == ROTATE_FILES_VERIFY;
}

bool files_is_sealed(const struct kube_secret *object)
{
	return sealed_secret_has_ciphertext(object) || sealed_secret_is_labelled(object);
}

/* -- files that cannot be read ---------------------------------------------------------------- */

static bool holds_ciphertext(const char *bytes, size_t length)
{
	for (size_t i = 0; i < sizeof(ciphertext_marks) / sizeof(*ciphertext_marks); i++)
		if (memmem(bytes, length, ciphertext_marks[i], strlen(ciphertext_marks[i])))
			return true;
	return false;
}

/* Return whether the file may contain ciphertext from `offset` on, or cannot be read. */
static bool file_holds_ciphertext(int fd, off_t offset)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	ssize_t count;

	if (secret_buffer_reserve(&bytes, SEARCH_STEP + MARK_MAX, &ignored) < 0)
		return true;
	while ((count = pread(fd, bytes.data + bytes.length, SEARCH_STEP, offset)) > 0) {
		bytes.length += (size_t)count;
		if (holds_ciphertext(bytes.data, bytes.length))
			return true;
		/* A mark may begin in one step and end in the next. */
		size_t kept = bytes.length < MARK_MAX ? bytes.length : MARK_MAX;
		memmove(bytes.data, bytes.data + bytes.length - kept, kept);
		bytes.length = kept;
		offset += count;
	}
	return count < 0;
}

/* A file that is too large is an error only if it may contain ciphertext. */
int files_report_unread(struct files_run *run, int fd, off_t offset, const struct error *reason)
{
	if (reason->code == ERROR_INTERRUPTED)
		return -1;
	if (reason->code == ERROR_TOO_LARGE && fd >= 0 && !file_holds_ciphertext(fd, offset))
		files_report_unchecked(run, reason, false);
	else
		files_report(run, reason);
	return 0;
}

/*
 * Report a document that cannot be read.  This is an error only if it may contain ciphertext or, in
 * a verification, a Secret of plaintext.  Checkouts often contain templates, which need not be YAML
 * before they are rendered.
 */
static int report_unreadable(
    struct files_run *run, const struct manifest_document *document, const struct error *reason)
{
	const struct secret_buffer *text = &document->manifest.text;
	const char *bytes = secret_buffer_string(text);
	bool verify = files_is_verification(run);

	if (reason->code == ERROR_SYSTEM)
		return -1;
	if (holds_ciphertext(bytes, text->length) ||
	    (verify && manifest_is_unread_secret(bytes, text->length)))
		files_report(run, reason);
	else
		files_report_unchecked(run, reason, memmem(bytes, text->length, "Secret", 6));
	return 0;
}

int files_fail(void *context, const struct manifest_file *file,
    const struct manifest_document *document, struct error *err)
{
	struct error over = ERROR_INIT;
	struct files_run *run = context;

	if (files_check_time(run, &over) < 0) {
		*err = over;
		return -1;
	}
	if (document)
		return report_unreadable(run, document, err);
	return files_report_unread(run, file ? file->in : -1, file ? file->next : 0, err);
}
