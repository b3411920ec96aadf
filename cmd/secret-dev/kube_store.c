#include "cmd/secret-dev/kube_store.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64

static int compare(const struct stored_secret *secret, const char *namespace, const char *name)
{
	int order = strcmp(secret->namespace, namespace);

	return order ? order : strcmp(secret->name, name);
}

size_t kube_store_from(const struct kube_server *server, const char *namespace, const char *name)
{
	size_t low = 0, high = server->secret_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(server->secrets[middle], namespace, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct stored_secret *kube_store_find(
    const struct kube_server *server, const char *namespace, const char *name)
{
	size_t place = kube_store_from(server, namespace, name);

	if (place == server->secret_count || compare(server->secrets[place], namespace, name) != 0)
		return NULL;
	return server->secrets[place];
}

int kube_store_insert(struct kube_server *server, struct stored_secret *secret, struct error *err)
{
	size_t place = kube_store_from(server, secret->namespace, secret->name);

	if (server->secret_count == server->secret_room) {
		size_t room = server->secret_room ? server->secret_room * 2 : ROOM_MIN;
		struct stored_secret **grown =
		    reallocarray(server->secrets, room, sizeof(struct stored_secret *));

		if (!grown)
			return error_memory(err);
		server->secrets = grown;
		server->secret_room = room;
	}
	memmove(server->secrets + place + 1, server->secrets + place,
	    (server->secret_count - place) * sizeof(struct stored_secret *));
	server->secrets[place] = secret;
	server->secret_count++;
	secret->revision = ++server->revision;
	return 0;
}

void kube_store_replace(
    struct kube_server *server, struct stored_secret *old, struct stored_secret *changed)
{
	size_t place = kube_store_from(server, old->namespace, old->name);

	changed->revision = ++server->revision;
	server->secrets[place] = changed;
	stored_secret_free(old);
}

void kube_store_remove(struct kube_server *server, struct stored_secret *secret)
{
	size_t place = kube_store_from(server, secret->namespace, secret->name);

	server->revision++;
	server->secret_count--;
	memmove(server->secrets + place, server->secrets + place + 1,
	    (server->secret_count - place) * sizeof(struct stored_secret *));
	stored_secret_free(secret);
}
