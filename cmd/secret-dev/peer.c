#include "cmd/secret-dev/peer.h"

#include <stdatomic.h>
#include <stdlib.h>

struct peer {
	atomic_int holders;
	_Atomic(X509 *) certificate;
};

struct peer *peer_new(struct error *err)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer)
		atomic_store(&peer->holders, 1);
	else
		error_memory(err);
	return peer;
}

struct peer *peer_hold(struct peer *peer)
{
	atomic_fetch_add(&peer->holders, 1);
	return peer;
}

void peer_release(struct peer *peer)
{
	if (!peer || atomic_fetch_sub(&peer->holders, 1) > 1)
		return;
	X509_free(atomic_load(&peer->certificate));
	free(peer);
}

void peer_set_certificate(struct peer *peer, X509 *certificate)
{
	X509_free(atomic_exchange(&peer->certificate, certificate));
}

X509 *peer_certificate(struct peer *peer)
{
	return atomic_load(&peer->certificate);
}
