/*
 * pass: the parts of a run, internal to lib/rotate.
 *
 *   rotate.c    the phases of a run
 *   retire.c    raising min_decryption_version, after all versions in use have been counted
 *   mentions.c  ciphertext in other text of Secrets, in ConfigMaps, Pods and workloads
 *   pass.c      one pass over the Secrets: the event loop, and its progress
 *   pages.c     the pages of the list
 *   rewrap.c    requests to Vault
 *   store.c     requests about one Secret: PATCH, and reading it again
 *   outcome.c   the result for a Secret, and servers that do not answer
 *   classify.c  the old values of a Secret
 *   task.c      a Secret that is being rewrapped, and its values that wait for Vault
 *
 *   pages -> old values -> batches for Vault -> PATCHes -> done
 *                ^                                |
 *                '------- read again <- conflict -'
 *
 * Everything runs concurrently on one http_client: the next page is read while the Secrets of the
 * previous one are rewrapped and PATCHed.  The number and size of the tasks in progress are
 * limited, and the next page waits for them.
 */
#ifndef ROTATE_PASS_H
#define ROTATE_PASS_H

#include "lib/kube/list.h"
#include "lib/rotate/keyset.h"
#include "lib/rotate/rotate.h"

/* -- the run ---------------------------------------------------------------------------------- */

/*
 * A server that may be unavailable or sealed during a run.  If it has answered before, the run
 * waits for it until the time limit.  Otherwise the address is probably wrong, and the run ends.
 */
struct pass_server {
	const char *name;   /* a literal */
	bool answered;	    /* at least once in this run */
	int64_t wait_ms;    /* between two requests; 0: the last request was answered */
	int64_t until_ms;   /* CLOCK_MONOTONIC: when to send the next request */
	struct error error; /* of the last request without an answer */
};

/* The state that all parts of a run share. */
struct rotate_run {
	const struct rotate_settings *settings;
	struct rotate_summary *summary;
	struct http_client *client;
	struct vault vault;
	struct kube kube;
	struct keyset keys;
	struct pass_server vault_server, kube_server;
	int64_t oldest_keyless; /* oldest version with an unknown key, in the last pass; 0: none */
	bool release_seen;	/* a Helm release has been reported */
	struct strings unseen;	/* plural names of the kinds that cannot be listed */
};

/* -- steps of rotate.c ------------------------------------------------------------------------ */

/*
 * Retire the old versions of all keys of the run (retire.c).  Return -1 if at least one key was not
 * changed, for the reasons in the log, or if not all Secrets could be read.
 */
int rotate_retire(struct rotate_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Count the key versions of ciphertext inside other text in a Secret's values, such as Helm values.
 */
int rotate_count_mentions(struct rotate_run *run, const struct kube_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * List ConfigMaps, Pods and workloads in these namespaces (if empty: all), and count the versions
 * in them.  They count for the key that an annotation of the object names, or for every key without
 * that annotation.  Objects with an old version are logged.  A kind that cannot be listed is logged
 * once and added to run->unseen.  Return -1 if the API server does not answer.
 */
int rotate_scan_objects(struct rotate_run *run, const struct strings *namespaces, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- pass.c ----------------------------------------------------------------------------------- */

enum pass_mode {
	PASS_FIND_KEYS,
	PASS_VERIFY, /* count the values by version, and report old values */
	PASS_COUNT,  /* the same before retiring; report only problems that keep a version in use */
	PASS_REWRAP,
};

/*
 * Process all Secrets once, counting them in run->summary and their values in the keys.  A failure
 * is logged once per Secret and does not stop the pass.  Set *old to the number of Secrets with an
 * old value (PASS_VERIFY, PASS_COUNT), or that were rewrapped by this run or changed by another
 * process (PASS_REWRAP).  Return -1 if the pass was not completed: a server refused a request, a
 * signal, or the time limit.
 */
int pass_run(struct rotate_run *run, const struct secret_filter *filter, enum pass_mode mode,
    size_t *old, struct error *err) __attribute__((nonnull, warn_unused_result));

/* The interval of progress lines in the log.  A run of a day writes 8,640. */
#define PASS_PROGRESS_MS 10000

/*
 * Begin to show the progress of a pass.  The total is estimated from the previous pass, whose
 * numbers are still in the summary.
 */
void pass_progress_begin(const struct rotate_summary *summary, enum pass_mode mode, int64_t now_ms)
    __attribute__((nonnull));
/* Update the line on the terminal, or log a line PASS_PROGRESS_MS after the previous line. */
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
	size_t batch_max;	   /* maximum number of values in its request; 0: no limit */
	struct pass_value *next;   /* in the queue of a batch */
};

/* A Secret that is being rewrapped to the newest version of its key. */
struct pass_task {
	struct keyset_key *key;
	struct kube_secret change; /* the PATCH: new values are added as Vault returns them */
	struct pass_value *values;
	size_t count;
	size_t waiting;	    /* values for which Vault has not answered yet */
	size_t bytes;	    /* of all values */
	bool reading;	    /* the request in flight is a GET, else a PATCH */
	bool counted;	    /* its values are counted in the key's versions */
	unsigned conflicts; /* times that another process changed it */
	unsigned outages; /* times that the server failed for it while it answered other requests */
	bool refused;	  /* Vault refused a value: read the Secret again */
	bool reread;	  /* it was read again: the next refusal is a failure */
	bool uncertain;	  /* a PATCH without a clear answer may have been carried out */
	bool failed;	  /* some values stay unchanged */
	struct http_exchange exchange;
	struct pass_task *next;		   /* in a queue */
	struct pass_task *later, *earlier; /* in the list of all tasks in progress */
};

/* Create a task for the Secret, whose names are copied; NULL on error. */
struct pass_task *pass_task_new(const struct kube_secret *secret, struct keyset_key *key,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Add an old value, and move *text to it.  `context` is owned by the task, also after an error. */
int pass_task_add(struct pass_task *task, const char *data_key, int64_t version, char *context,
    struct secret_buffer *text, struct error *err)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));
void pass_task_free(struct pass_task *task);

/* A queue of tasks, oldest first. */
struct pass_queue {
	struct pass_task *first, *last;
};
void pass_queue_add(struct pass_queue *queue, struct pass_task *task) __attribute__((nonnull));
struct pass_task *pass_queue_take(struct pass_queue *queue) __attribute__((nonnull));

/*
 * The values that wait for Vault, and the request in flight.  All values of a request have the same
 * key, and either all or none have a context.  A request that is too large for the server is split
 * (transit_split).  If Vault refuses a request for another reason, its values are sent again in
 * halves until a request contains only the refused value, so that it does not affect the other
 * values.
 */
#define PASS_BATCH_VALUES_MAX 2000 /* bounds the memory, like the next limit */
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
/* Choose the oldest value and values of the same kind for the next request, and prepare it. */
int pass_batch_request(struct pass_batch *batch, struct vault *vault, struct error *err)
    __attribute__((nonnull, warn_unused_result));

enum pass_batch_result {
	PASS_BATCH_FAILED = -1, /* *err is set; the batch still has the values */
	PASS_BATCH_ANSWERED,	/* each of batch->items has its answer */
	PASS_BATCH_SPLIT,	/* refused: the values wait again, for smaller requests */
};
enum pass_batch_result pass_batch_result(struct pass_batch *batch, struct vault *vault,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Put the values of a failed request back into the queue. */
void pass_batch_put_back(struct pass_batch *batch) __attribute__((nonnull));
/* Free the request. */
void pass_batch_clear(struct pass_batch *batch) __attribute__((nonnull));

/* -- classify.c ------------------------------------------------------------------------------- */

enum pass_class {
	PASS_UNSEALED,	/* no ciphertext in it */
	PASS_OTHER_KEY, /* sealed with a key that is not in this run */
	PASS_CURRENT,	/* all values on the wanted version, or newer */
	PASS_OLD,	/* the task contains the old values */
	PASS_FAILED,	/* no old value can be rewrapped, and some were skipped; or *err is set */
};

struct pass_classifier {
	struct keyset *keys;
	const char *transit_key;	 /* the only key; NULL: all keys that annotations name */
	const struct strings *data_keys; /* the only data keys; empty: all */
	bool add_keys;			 /* add the keys named by annotations to `keys` */
	bool count;			 /* count each value in its key's versions */
	/* Called for each reason to skip values of the Secret. */
	void (*skipped)(
	    void *context, const struct kube_secret *secret, const struct error *reason);
	/* Set *has to whether the key has the version; NULL: not checked. */
	int (*has_version)(
	    void *context, struct keyset_key *key, int64_t version, bool *has, struct error *err);
	void *context;

	/* Results for the last Secret. */
	struct pass_task *task;	       /* PASS_OLD: owned by the caller */
	int64_t oldest;		       /* oldest version in the Secret; 0: none */
	bool keyless;		       /* its key is unknown or has failed */
	struct keyset_key *failed_key; /* its key, if that cannot be used in this run */
	bool repairable;	       /* a value has extra newlines: its version is in use */
	bool has_skipped;	       /* `skipped` was called */
};

/*
 * Classify the Secret, and move its old values into the task.  A Secret with an unknown key is
 * skipped, since its old values are unknown.  *err is set only if the run cannot continue: no
 * memory, or Vault does not answer.
 */
enum pass_class pass_classify(struct pass_classifier *classifier, struct kube_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* -- a pass ----------------------------------------------------------------------------------- */

/* The list of Secrets, read page by page.  Secrets selected by name are read individually. */
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
	struct pass_task *in_progress;	     /* list of all tasks */
	size_t tasks, bytes;		     /* their number, and the size of their ciphertext */
	unsigned requests;		     /* requests of tasks that are in flight */
	size_t request_bytes;		     /* size of the values in these requests */
	bool restarting;	/* the list expired: begin again when no task is in progress */
	int64_t seen_ms;	/* CLOCK_MONOTONIC: when the Secret being classified was read */
	int64_t batch_token_ms; /* when the token of the batch in flight expires */
	size_t old;		/* see pass_run */
};

/* -- outcome.c -------------------------------------------------------------------------------- */

/* Note that the server has answered. */
void pass_server_answered(struct pass_server *server) __attribute__((nonnull));
/* Return whether requests to the server must wait. */
bool pass_server_is_waiting(const struct pass_server *server) __attribute__((nonnull));
/* Handle an unanswered request.  Return 0 to wait for the server, -1 if *err ends the pass. */
int pass_wait_for(const struct pass *pass, struct pass_server *server, struct error *err)
    __attribute__((nonnull, warn_unused_result));

void pass_init_classifier(struct pass *pass) __attribute__((nonnull));
/*
 * Classify the Secret, and count it or start a task for it, which counts it at the end.  `before`
 * is the task that caused the Secret to be read again, or NULL.
 */
int pass_examine(struct pass *pass, struct kube_secret *secret, const struct pass_task *before,
    struct error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));
/* Report that some of the Secret's values stay unchanged. */
void pass_fail_task(struct pass *pass, struct pass_task *task, const struct error *reason)
    __attribute__((nonnull));
/* Count the Secret in *outcome, which is a member of the summary, and free its task. */
void pass_end_task(struct pass *pass, struct pass_task *task, size_t *outcome)
    __attribute__((nonnull));
/* Count the Secret as current, or as failed if some values stay unchanged, and free its task. */
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

/* Start the requests of waiting tasks, up to the limits. */
int pass_start_requests(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Handle the end of a task's request. */
int pass_end_request(struct pass *pass, struct pass_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Count a PATCH that was stored. */
int pass_count_patch(struct pass *pass, const struct pass_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
