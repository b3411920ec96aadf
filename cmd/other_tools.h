/*
 * other_tools: options for connections in vault, kubectl, envconsul and sops, with the options that
 * these programs have instead.
 */
#ifndef CMD_OTHER_TOOLS_H
#define CMD_OTHER_TOOLS_H

#include "lib/base/options.h"

/* Entries of a struct option_other array. */
#define CONNECTION_OTHERS                                                                             \
	{"vault-address,address,addr,vault-url", "vault-addr", NULL},                                 \
	    {"ca-cert,cacert,vault-ca-cert,vault-ssl-ca-cert", "vault-cacert", NULL},                 \
	    {"ca-path,capath,vault-ca-path,vault-ssl-ca-path", "vault-capath", NULL},                 \
	    {"client-cert,vault-ssl-cert", "vault-client-cert", NULL},                                \
	    {"client-key,vault-ssl-key", "vault-client-key", NULL},                                   \
	    {"tls-server-name,vault-ssl-server-name", "vault-tls-server-name", NULL},                 \
	    {"tls-skip-verify,vault-tls-skip-verify,skip-verify,insecure", NULL,                      \
		"trust Vault's CA with --vault-cacert, or only for tests use --vault-skip-verify"},   \
	    {"method,vault-auth-method", "auth-method", NULL},                                        \
	    {"mount,auth-path", "auth-mount", NULL}, {"vault-role,auth-role", "role", NULL},          \
	    {"service-account-token", "jwt-file", NULL},                                              \
	    {"jwt,id-token", NULL,                                                                    \
		"set VAULT_JWT, or use --jwt-env or --jwt-file: other users can read command lines"}, \
	    {"token", NULL,                                                                           \
		"set VAULT_TOKEN, or use --token-file: other users can read command lines"},          \
	    {"vault-retry,vault-retry-attempts,max-retries", "retries", NULL},                        \
	    {"request-timeout", "timeout", NULL}, {"client-timeout", "vault-timeout", NULL},          \
	    {"log-level,debug", "verbose", NULL},                                                     \
	{                                                                                             \
		"server,cluster,user,certificate-authority,client-certificate", NULL,                 \
		    "use --kubeconfig and --context for the Kubernetes API"                           \
	}

#endif
