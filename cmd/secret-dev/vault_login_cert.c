/* vault_login_cert: the auth method by the client certificate of the TLS connection. */
#include <string.h>

#include "cmd/secret-dev/certificate.h"
#include "cmd/secret-dev/peer.h"
#include "cmd/secret-dev/vault_login.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

#define METHOD "cert"
#define COMMON_NAME_MAX 65

/* The one that is named, or the first: all trust the same authority. */
static const struct vault_role *role_for(const struct vault_call *call, const char *name)
{
	if (is_set(name))
		return vault_role_find(call, METHOD, name);
	for (const struct vault_role *role = call->server->roles; role->name; role++)
		if (strcmp(role->method, METHOD) == 0)
			return role;
	return NULL;
}

/* Vault tells the certificate's numbers and key ids as well, which nobody reads here. */
int vault_login_cert(struct vault_call *call, struct error *err)
{
	cleanup_free char *name = json_strdup(call->body, vault_member(call, "name"));
	X509 *certificate = peer_certificate(call->request->peer);
	char common_name[COMMON_NAME_MAX] = "";

	if (!certificate)
		return vault_refuse(call, 400, "client certificate must be supplied");
	const struct vault_role *role = role_for(call, name);
	if (!role || !certificate_is_client_of(certificate, call->server->client_authority))
		return vault_refuse(
		    call, 400, "failed to match all constraints for this login certificate");
	X509_NAME_get_text_by_NID(
	    X509_get_subject_name(certificate), NID_commonName, common_name, sizeof(common_name));
	const struct vault_metadata metadata[] = {
	    {"cert_name", role->name}, {"common_name", common_name}, {NULL, NULL}};
	return vault_log_in(
	    call, role, string_format(err, METHOD "-%s", role->name), metadata, err);
}
