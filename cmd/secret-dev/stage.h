/* stage: a running pair of servers, and how clients find it. */
#ifndef SECRET_DEV_STAGE_H
#define SECRET_DEV_STAGE_H

#include "cmd/secret-dev/kube_server.h"
#include "cmd/secret-dev/listener.h"
#include "cmd/secret-dev/stage_directory.h"
#include "cmd/secret-dev/vault_server.h"

struct stage_settings {
	struct loopback loopback;
	uint16_t vault_port, kube_port; /* 0: a free one */
	const char *directory;		/* NULL: a new one */
	size_t vault_body_max;		/* bytes; 0: Vault's own limit */
	size_t vault_strings_max;	/* JSON strings of a request; 0: any number */
};

/* One of the two servers' way in. */
struct entrance {
	SSL_CTX *tls;
	struct secret_buffer ca_pem;
	struct http_server *http;
	struct listener *listener;
	char *url; /* "https://127.0.0.1:PORT" */
};

struct stage {
	struct vault_server vault;
	struct kube_server kube;
	struct entrance vault_entrance, kube_entrance;
	X509 *client_authority;
	struct stage_directory directory;
	struct strings environment; /* "NAME=value" */
};

/* Ready to serve when it returns 0; else call stage_stop all the same. */
int stage_start(struct stage *stage, const struct stage_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void stage_stop(struct stage *stage) __attribute__((nonnull));

/* The environment as lines for the shell: export NAME='value' */
int stage_exports(const struct stage *stage, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
