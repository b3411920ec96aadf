/*
 * pass: the parts of a run, for the files of lib/rotate only.
 *
 *   rotate.c    the phases of a run
 *   retire.c    raising min_decryption_version, after a look at every Secret
 *   mentions.c  ciphertext in other text of Secrets, in ConfigMaps, Pods and workloads
 *   pass.c      one pass over the Secrets: the event loop, and its progress
 *   pages.c     the pages of the list
 *   rewrap.c    requests to Vault
 *   store.c     requests about one Secret: PATCH, and reading it again
 *   outcome.c   what becomes of a Secret, and of a server that does not answer
 *   classify.c  which values of a Secret are old
 *   task.c      a Secret that is rewrapped, and its values that wait for Vault
 *
 *   pages -> old values -> batches for Vault -> PATCHes -> done
 *                ^                                |
 *                '------- read again <- conflict -'
 *
 * All of this runs concurrently on one http_client: the next page is read while the Secrets of the
 * last one are rewrapped and PATCHed.  The tasks in progress are bounded in number and bytes, and
 * the next page waits for them.
 */
#ifndef ROTATE_PASS_H
#define ROTATE_PASS_H

#include "lib/kube/list.h"
#include "lib/rotate/keyset.h"
#include "lib/rotate/rotate.h"

/* -- the run ---------------------------------------------------------------------------------- */

/*
 * A server that may be away or sealed in the middle of a run.  One that has answered before is
 * waited for until the time limit; one that never has is likely a wrong address, and ends the run.
 */
struct pass_server {
	const char *name;   /* a literal */
	bool answered;	    /* at least once in this run */
	int64_t wait_ms;    /* between two tries; 0: the last request was answered */
	int64_t until_ms;   /* CLOCK_MONOTONIC: when to try again */
	struct error error; /* of the last request without an answer */
};

/* All parts of a run share it. */
struct rotate_run {
	const struct rotate_settings *settings;
	struct rotate_summary *summary;
	struct http_client *client;
	struct vault vault;
	struct kube kube;
	struct keyset keys;
	struct pass_server vault_server, kube_server;
	int64_t oldest_keyless; /* version of a value with an unknown key, in the last pass; 0 */
	bool release_seen;	/* a Helm release was reported */
	struct strings unseen;	/* plural names of the kinds of objects that cannot be listed */
};

/* -- rotate.c's steps ------------------------------------------------------------------------- */

/*
 * Retire the old versions of all keys of the run (retire.c).  -1: at least one key was left as it
 * was, for the reasons in the log, or not all Secrets could be looked at.
 */
int rotate_retire(struct rotate_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Count the key versions in a Secret's values that contain ciphertext in other text, such as Helm
 * values. */
int rotate_count_mentions(struct rotate_run *run, const struct kube_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * List ConfigMaps, Pods and workloads in these namespaces (none: all), and count the versions in
 * them: under the key that an annotation of the object names, else for every key.  Objects with an
 * old version are logged.  A kind that cannot be listed is logged once and added to run->unseen.
 * -1: the API server did not answer.
 */
int rotate_scan_objects(struct rotate_run *run, const struct strings *namespaces, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- pass.c ----------------------------------------------------------------------------------- */

enum pass_mode {
	PASS_FIND_KEYS,
	PASS_VERIFY, /* count the values by version, and report old ones */
	PASS_COUNT,  /* the same for retiring, without reporting what does not keep a version */
	PASS_REWRAP,
};

/*
 * Go over the Secrets once, counting in run->summary and in the keys.  Failures are logged once per
 * Secret, and stop no other.  *old becomes the number of Secrets with an old value (PASS_VERIFY,
 * PASS_COUNT), or that this run rewrapped or another process changed (PASS_REWRAP).
 * -1: the pass did not come to its end: a server refuses us, a signal, the time limit.
 */
int pass_run(struct rotate_run *run, const struct secret_filter *filter, enum pass_mode mode,
    size_t *old, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Log lines about a pass: a run of a minute is not silent, one of a day writes 8,640. */
#define PASS_PROGRESS_MS 10000

/* Begin to show the progress of a pass.  The summary still has the numbers of the pass before,
 * whose Secrets are about the same. */
void pass_progress_begin(const struct rotate_summary *summary, enum pass_mode mode, int64_t now_ms)
    __attribute__((nonnull));
/* Update the line on the terminal, or log a line if the last one is PASS_PROGRESS_MS ago. */
void pass_progress_update(const struct rotate_summary *summary, int64_t now_ms)
    __attribute__((nonnull));
void pass_progress_end(void);

/* -- task.c ----------------------------------------------------------------------------------- */

struct pass_task;

/* An old value of a Secret. */
struct pass_value {
	struct pass_task *task;
	char *data_key;
	int64_t version;
	char *context;		   /* base64; NULL: the value is not bound */
	struct secret_buffer text; /* its ciphertext */
	size_t batch_max;	   /* values of a request it may be in; 0: any number */
	struct pass_value *next;   /* in the queue of a batch */
};

/* A Secret that is rewrapped to the newest version of its key. */
struct pass_task {
	struct keyset_key *key;
	struct kube_secret change; /* to be PATCHed: the new values as they come */
	struct pass_value *values;
	size_t count;
	size_t waiting;	    /* values that Vault has not answered yet */
	size_t bytes;	    /* of all values */
	bool reading;	    /* its request is a GET, else a PATCH */
	bool counted;	    /* in the key's versions, before it was read again */
	unsigned conflicts; /* times that another process had changed it */
	unsigned outages;   /* times that the server failed about it while it answered others */
	bool refused;	    /* Vault refused a value: the Secret is to be read again */
	bool reread;	    /* that was done: a value that is refused again has failed */
	bool uncertain;	    /* a PATCH without a clear answer may have been carried out */
	bool failed;	    /* some of its values stay as they are */
	struct http_exchange exchange;
	struct pass_task *next;		   /* in a queue */
	struct pass_task *later, *earlier; /* among all tasks in progress */
};

/* Create a task for the Secret, whose names are copied. */
struct pass_task *pass_task_new(const struct kube_secret *secret, struct keyset_key *key,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Add an old value.  *text is moved; `context` is owned by the task, also after an error. */
int pass_task_add(struct pass_task *task, const char *data_key, int64_t version, char *context,
    struct secret_buffer *text, struct error *err)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));
void pass_task_free(struct pass_task *task);

/* Tasks, oldest first. */
struct pass_queue {
	struct pass_task *first, *last;
};
void pass_queue_add(struct pass_queue *queue, struct pass_task *task) __attribute__((nonnull));
struct pass_task *pass_queue_take(struct pass_queue *queue) __attribute__((nonnull));

/*
 * Values that wait for Vault, and the one request in flight.  A request has values of one key, and
 * either all have a context or none.  A request that is too large for the server is split
 * (transit_split).  If Vault refuses a request for another reason, its values are requested again
 * in halves until the refused value is alone: it must not stop the others.
 */
#define PASS_BATCH_VALUES_MAX 2000 /* bounds the memory, as does the next, beside transit_fits */
#define PASS_BATCH_BYTES_MAX ((size_t)1536 * 1024)

struct pass_batch {
	struct pass_value *first, *last; /* waiting, oldest first */
	size_t waiting, waiting_bytes;

	/* The request in flight. */
	bool running;
	struct keyset_key *key;
	struct pass_value **values;
	struct transit_item *items;
	size_t count;
	struct transit_fill fill;
	struct http_exchange exchange;
};

void pass_batch_add(struct pass_batch *batch, struct pass_value *value) __attribute__((nonnull));
/* Choose values of the oldest one's kind for the next request, and prepare its exchange. */
int pass_batch_request(struct pass_batch *batch, struct vault *vault, struct error *err)
    __attribute__((nonnull, warn_unused_result));

enum pass_batch_result {
	PASS_BATCH_FAILED = -1, /* *err; the batch still has the values */
	PASS_BATCH_ANSWERED,	/* each of batch->items has its answer */
	PASS_BATCH_SPLIT, /* refused as a whole: the values wait again, for smaller requests */
};
enum pass_batch_result pass_batch_result(struct pass_batch *batch, struct vault *vault,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Let the values of a failed request wait again. */
void pass_batch_put_back(struct pass_batch *batch) __attribute__((nonnull));
/* Free the request. */
void pass_batch_clear(struct pass_batch *batch) __attribute__((nonnull));

/* -- classify.c ------------------------------------------------------------------------------- */

enum pass_class {
	PASS_UNSEALED,	/* no ciphertext in it */
	PASS_OTHER_KEY, /* sealed with a key that is not in this run */
	PASS_CURRENT,	/* all values on the wanted version, or newer */
	PASS_OLD,	/* the task has the old values */
	PASS_FAILED,	/* none of its values can be rewrapped */
};

struct pass_classifier {
	struct keyset *keys;
	const char *transit_key;	 /* the only one; NULL: the keys named by annotations */
	const struct strings *data_keys; /* the only ones; empty: all */
	bool add_keys;			 /* add the keys named by annotations to `keys` */
	bool count;			 /* count each value in its key's versions */
	/* Called for each reason to leave some of the Secret as it is. */
	void (*skipped)(
	    void *context, const struct kube_secret *secret, const struct error *reason);
	/* Set *has to whether the key has the version; NULL: not checked. */
	int (*has_version)(
	    void *context, struct keyset_key *key, int64_t version, bool *has, struct error *err);
	void *context;

	/* Results for the last Secret. */
	struct pass_task *task; /* PASS_OLD: owned by the caller */
	int64_t oldest;		/* version in it; 0: none */
	bool keyless;		/* its key is unknown */
	bool repairable;	/* a value has extra newlines: its version is in use */
	bool has_skipped;	/* `skipped` was called */
};

/*
 * Classify the Secret; its old values are moved into the task.  A Secret whose key is unknown is
 * skipped, since its old values are unknown.  *err is set only if the run cannot go
 * on: no memory, no answer from Vault.
 */
enum pass_class pass_classify(struct pass_classifier *classifier, struct kube_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* -- a pass ----------------------------------------------------------------------------------- */

/* The list of Secrets, page by page; Secrets selected by name are read one by one. */
struct pass_pages {
	size_t target; /* index of the namespace or name */
	struct kube_pager pager;
	bool done, running;
	struct http_exchange exchange;
};

struct pass {
	struct rotate_run *run;
	const struct secret_filter *filter;
	enum pass_mode mode;
	struct pass_classifier classifier;
	struct pass_pages pages;
	struct pass_batch batch;
	struct pass_queue to_store, to_read; /* tasks that wait for the API server */
	struct pass_task *in_progress;	     /* all tasks */
	size_t tasks, bytes;		     /* their number, and the ciphertext in them */
	unsigned requests;		     /* of tasks, in flight */
	size_t request_bytes;		     /* of their values */
	bool restarting;	/* the list expired: it begins again once no task is in progress */
	int64_t seen_ms;	/* when the Secret that is classified was read */
	int64_t batch_token_ms; /* when the token expires that the batch was sent with */
	size_t old;		/* see pass_run */
};

/* -- outcome.c -------------------------------------------------------------------------------- */

/* Note that the server has answered. */
void pass_server_answered(struct pass_server *server) __attribute__((nonnull));
/* Return true while no request should be sent to the server. */
bool pass_server_is_waiting(const struct pass_server *server) __attribute__((nonnull));
/* Handle a request without an answer: return 0 if the server is waited for, -1 if *err ends the
 * pass. */
int pass_wait_for(const struct pass *pass, struct pass_server *server, struct error *err)
    __attribute__((nonnull, warn_unused_result));

void pass_init_classifier(struct pass *pass) __attribute__((nonnull));
/*
 * Classify the Secret and count it, or start a task for it, at whose end it is counted.
 * `before` is the task for which it was read again, or NULL.
 */
int pass_examine(struct pass *pass, struct kube_secret *secret, const struct pass_task *before,
    struct error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));
/* Report that some of the Secret's values stay as they are. */
void pass_fail_task(struct pass *pass, struct pass_task *task, const struct error *reason)
    __attribute__((nonnull));
/* Count the Secret in *outcome, a member of the summary, and free its task. */
void pass_end_task(struct pass *pass, struct pass_task *task, size_t *outcome)
    __attribute__((nonnull));
/* Count the Secret as current, or as failed if some of its values have, and free its task. */
void pass_finish_task(struct pass *pass, struct pass_task *task) __attribute__((nonnull));
/* Free the task without counting the Secret. */
void pass_drop_task(struct pass *pass, struct pass_task *task) __attribute__((nonnull));

/* -- pages.c ---------------------------------------------------------------------------------- */

void pass_init_pages(struct pass_pages *pages) __attribute__((nonnull));
void pass_free_pages(struct pass_pages *pages) __attribute__((nonnull));
/* Return whether there are more pages, and room for them. */
bool pass_wants_page(const struct pass *pass) __attribute__((nonnull));
/* Request the next page if it is wanted. */
int pass_start_page(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int pass_end_page(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- rewrap.c --------------------------------------------------------------------------------- */

/* Send the next batch if enough values wait for it. */
int pass_start_batch(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int pass_end_batch(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- store.c ---------------------------------------------------------------------------------- */

/* Start the requests of waiting tasks, as many as may be in flight. */
int pass_start_requests(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Handle the end of a task's request. */
int pass_end_request(struct pass *pass, struct pass_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Count a PATCH that was carried out. */
int pass_count_patch(struct pass *pass, const struct pass_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
