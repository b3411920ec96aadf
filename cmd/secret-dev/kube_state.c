/* kube_state: the keys and objects of the server at its start. */
#include <string.h>

#include "cmd/secret-dev/kube_server.h"

#define ADMIN_TOKEN_BYTES 32
#define TOKEN_KEY_BYTES 32
/* As in a new cluster, whose older revisions are compacted. */
#define FIRST_REVISION 200

int kube_server_init(struct kube_server *server, struct error *err)
{
	memset(server, 0, sizeof(*server));
	server->revision = server->compacted = FIRST_REVISION;
	if (random_token(&server->token_key, "", TOKEN_KEY_BYTES, err) < 0)
		return -1;
	return random_token(&server->admin_token, "", ADMIN_TOKEN_BYTES, err);
}

void kube_server_free(struct kube_server *server)
{
	for (size_t i = 0; i < KUBE_KINDS; i++)
		kube_store_free(&server->stores[i]);
	secret_buffer_free(&server->token_key);
	secret_buffer_free(&server->admin_token);
}

/* Store a new object of a kind. */
static int add_object(struct kube_server *server, enum kube_kind_number number,
    const char *namespace, const char *name, const char *fields, struct error *err)
{
	struct kube_object *object = kube_object_new(namespace, name, err);

	if (!object)
		return -1;
	secret_buffer_reset(&object->fields);
	if (secret_buffer_append_string(&object->fields, fields, err) < 0 ||
	    kube_store_put(&server->stores[number], object, err) < 0) {
		kube_object_free(object);
		return -1;
	}
	object->revision = ++server->revision;
	return 0;
}

int kube_namespace_add(struct kube_server *server, const char *name, struct error *err)
{
	return add_object(server, KUBE_NAMESPACE, "", name, KUBE_NAMESPACE_FIELDS, err);
}

int kube_account_add(
    struct kube_server *server, const char *namespace, const char *name, struct error *err)
{
	return add_object(server, KUBE_ACCOUNT, namespace, name, "{}", err);
}

struct kube_identity kube_account_identity(
    const struct kube_server *server, const char *namespace, const char *name)
{
	const struct kube_object *account =
	    kube_store_find(&server->stores[KUBE_ACCOUNT], namespace, name);

	return (struct kube_identity){namespace, name, account ? account->uid : NULL};
}
