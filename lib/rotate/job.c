#include "lib/rotate/job.h"

#include <stdlib.h>
#include <string.h>

struct job *job_new(const struct kube_secret *secret, struct keyset_key *key, struct error *err)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		error_memory(err);
		return NULL;
	}
	job->key = key;
	job->change.namespace = strdup(secret->namespace);
	job->change.name = strdup(secret->name);
	job->change.resource_version = strdup(secret->resource_version);
	job->values = calloc(secret->data_count ? secret->data_count : 1, sizeof(*job->values));
	if (job->change.namespace && job->change.name && job->change.resource_version &&
	    job->values)
		return job;
	job_free(job);
	error_memory(err);
	return NULL;
}

int job_add(struct job *job, const char *data_key, int64_t version, char *context,
    struct secret_buffer *text, struct error *err)
{
	struct old_value *value = &job->values[job->count];

	value->version = version;
	value->context = context;
	value->data_key = strdup(data_key);
	if (!value->data_key) {
		free(value->context);
		value->context = NULL;
		return error_memory(err);
	}
	value->job = job;
	secret_buffer_move(&value->text, text);
	job->bytes += value->text.length;
	job->count++;
	return 0;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	for (size_t i = 0; i < job->count; i++) {
		free(job->values[i].data_key);
		free(job->values[i].context);
		secret_buffer_free(&job->values[i].text);
	}
	free(job->values);
	kube_secret_free(&job->change);
	http_exchange_free(&job->exchange);
	free(job);
}

void job_queue_add(struct job_queue *queue, struct job *job)
{
	job->next = NULL;
	if (queue->first)
		queue->last->next = job;
	else
		queue->first = job;
	queue->last = job;
}

struct job *job_queue_take(struct job_queue *queue)
{
	struct job *job = queue->first;

	if (job)
		queue->first = job->next;
	return job;
}
