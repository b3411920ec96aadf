/* job: one Secret on its way to the newest version of its key. */
#ifndef ROTATE_JOB_H
#define ROTATE_JOB_H

#include "lib/kube/secret.h"
#include "lib/rotate/keyset.h"

struct job;

/* One old value. */
struct old_value {
	struct job *job;
	char *data_key;
	int64_t version;
	char *context;		   /* base64; NULL: the value is not bound */
	struct secret_buffer text; /* its ciphertext */
	size_t batch_max;	   /* values of a batch it may be in; 0: any number */
	struct old_value *next;	   /* in a batch's queue */
};

/* What its exchange is about. */
enum job_step {
	JOB_PATCH,
	JOB_READ, /* again, after a conflict */
};

struct job {
	struct keyset_key *key;
	enum job_step step;
	struct kube_secret change; /* what is to be patched: the new values as they come */
	struct old_value *values;
	size_t count;
	size_t waiting;	  /* values that Vault has not answered yet */
	size_t bytes;	  /* of all of them */
	unsigned put_off; /* times that the server could not say anything about it */
	size_t answers;	  /* that there were when it first was */
	unsigned rounds;  /* times it came into a conflict */
	unsigned epoch;	  /* see window.h */
	struct window *window;
	bool uncertain; /* a PATCH without a clear answer may have been carried out */
	bool failed;	/* some of it is left as it is */
	bool refused;	/* Vault refused a value of it; the Secret is to be read again */
	bool reread;	/* it was, and a value that is refused again has failed */
	struct http_exchange exchange;
	struct job *next;			   /* in a queue */
	struct job *in_hand_next, *in_hand_before; /* among all that are in hand */
};

/* A job for this Secret, whose names are copied. */
struct job *job_new(const struct kube_secret *secret, struct keyset_key *key, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Take an old value over: *text is empty after; `context` is the job's, also after an error. */
int job_add(struct job *job, const char *data_key, int64_t version, char *context,
    struct secret_buffer *text, struct error *err)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));
void job_free(struct job *job);

/* Jobs, oldest first. */
struct job_queue {
	struct job *first, *last;
};
void job_queue_add(struct job_queue *queue, struct job *job) __attribute__((nonnull));
struct job *job_queue_take(struct job_queue *queue) __attribute__((nonnull));

#endif
