#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/yaml.h"
#include "lib/kube/config.h"
#include "lib/kube/credential.h"
#include "lib/kube/exec_plugin.h"

/* A hundred clusters with certificates as data come to about 1 MiB. */
#define KUBECONFIG_MAX ((size_t)8 * 1024 * 1024)

struct kubeconfig {
	const char *path;
	char *directory; /* what relative paths in it are relative to */
	const struct json *document;
	struct kube *kube;
	json_node context, cluster, user;
};

/*
 * Members.  What is absent, null or "" is not set, as kubectl has it.
 */

static int take_secret(const struct kubeconfig *config, json_node object, const char *name,
    struct secret_buffer *to, struct error *err)
{
	json_node node = json_member(config->document, object, name);
	enum json_type type = json_type(config->document, node);

	if (type == JSON_NOTHING || type == JSON_NULL)
		return 0;
	if (type != JSON_STRING)
		return error_set(err, ERROR_USAGE, "%s must be a string: put it in quotes", name);
	if (json_string(config->document, node, to, err) < 0)
		return error_wrap(err, "%s", name);
	if (to->length && memchr(to->data, '\0', to->length))
		return error_set(err, ERROR_INVALID, "%s holds a NUL", name);
	return 0;
}

static int take_text(const struct kubeconfig *config, json_node object, const char *name, char **to,
    struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (take_secret(config, object, name, &text, err) < 0)
		return -1;
	if (text.length == 0)
		return 0;
	*to = strdup(text.data);
	return *to ? 0 : error_memory(err);
}

static int take_path(const struct kubeconfig *config, json_node object, const char *name, char **to,
    struct error *err)
{
	cleanup_free char *path = NULL;

	if (take_text(config, object, name, &path, err) < 0)
		return -1;
	if (!path)
		return 0;
	*to = path[0] == '/' ? strdup(path) : string_format(err, "%s/%s", config->directory, path);
	return *to ? 0 : error_memory(err);
}

/* PEM as base64. */
static int take_pem(const struct kubeconfig *config, json_node object, const char *name,
    struct secret_buffer *to, struct error *err)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;

	if (take_secret(config, object, name, &encoded, err) < 0)
		return -1;
	if (encoded.length == 0)
		return 0;
	if (base64_decode(to, encoded.data, encoded.length, err) < 0)
		return error_wrap(err, "%s", name);
	if (!strstr(to->data, "-----BEGIN ") || strlen(to->data) != to->length)
		return error_set(err, ERROR_INVALID, "%s: not PEM in base64", name);
	return 0;
}

static int take_certificate(const struct kubeconfig *config, json_node object, const char *name,
    char **to, struct error *err)
{
	cleanup_secret struct secret_buffer pem = SECRET_BUFFER_INIT;

	if (take_pem(config, object, name, &pem, err) < 0)
		return -1;
	if (pem.length == 0)
		return 0;
	*to = strdup(pem.data);
	return *to ? 0 : error_memory(err);
}

static bool is_set(const struct kubeconfig *config, json_node object, const char *name)
{
	json_node node = json_member(config->document, object, name);

	switch (json_type(config->document, node)) {
	case JSON_NOTHING:
	case JSON_NULL:
		return false;
	case JSON_STRING:
		return !json_string_is(config->document, node, "");
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_count(config->document, node) > 0;
	case JSON_BOOLEAN:
	case JSON_NUMBER:
		break;
	}
	return true;
}

int kube_config_boolean(
    const struct json *document, json_node object, const char *name, bool *value, struct error *err)
{
	static const char *const words[] = {"False", "True", "FALSE", "TRUE"};
	json_node node = json_member(document, object, name);
	enum json_type type = json_type(document, node);

	*value = json_boolean(document, node, false);
	if (type == JSON_NOTHING || type == JSON_NULL || type == JSON_BOOLEAN)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (json_string_is(document, node, words[i])) {
			*value = i % 2;
			return 0;
		}
	return error_set(err, ERROR_USAGE, "%s: not a boolean; write true or false", name);
}

/*
 * The cluster.
 */

static int read_tls_name(const struct kubeconfig *config, struct error *err)
{
	cleanup_free char *name = NULL;

	if (take_text(config, config->cluster, "tls-server-name", &name, err) < 0)
		return -1;
	return name ? http_endpoint_set_tls_name(&config->kube->endpoint, name, err) : 0;
}

static int read_trust(const struct kubeconfig *config, struct error *err)
{
	struct http_endpoint *endpoint = &config->kube->endpoint;
	json_node cluster = config->cluster;

	endpoint->trust_hint =
	    "the kubeconfig's certificate-authority(-data) must be the CA of this "
	    "API server";
	if (kube_config_boolean(config->document, cluster, "insecure-skip-tls-verify",
		&endpoint->insecure, err) < 0 ||
	    take_certificate(
		config, cluster, "certificate-authority-data", &endpoint->ca_pem, err) < 0 ||
	    take_path(config, cluster, "certificate-authority", &endpoint->ca_file, err) < 0 ||
	    read_tls_name(config, err) < 0)
		return -1;
	endpoint->system_trust = !endpoint->ca_pem && !endpoint->ca_file;
	if (endpoint->insecure && !endpoint->system_trust)
		return error_set(err, ERROR_USAGE,
		    "insecure-skip-tls-verify beside a certificate-authority: remove one of them");
	if (endpoint->insecure)
		log_write(LOG_WARNING,
		    "kubeconfig %s: insecure-skip-tls-verify: the API server's TLS certificate is "
		    "NOT verified: whoever answers at %s gets your token and Secrets",
		    config->path, endpoint->url);
	return 0;
}

static int read_proxy(const struct kubeconfig *config, struct error *err)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://"};
	char **proxy = &config->kube->endpoint.proxy;

	if (take_text(config, config->cluster, "proxy-url", proxy, err) < 0)
		return -1;
	if (!*proxy)
		return 0;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(*proxy, schemes[i], strlen(schemes[i])) == 0)
			return 0;
	return error_set(
	    err, ERROR_USAGE, "proxy-url: write http://HOST:PORT (or https, or socks5)");
}

static int read_cluster(const struct kubeconfig *config, struct error *err)
{
	cleanup_free char *server = NULL;

	if (take_text(config, config->cluster, "server", &server, err) < 0)
		return -1;
	if (!server)
		return error_set(err, ERROR_USAGE, "it has no server");
	if (http_endpoint_set_url(&config->kube->endpoint, server, false, err) < 0 ||
	    read_trust(config, err) < 0)
		return -1;
	return read_proxy(config, err);
}

/*
 * The user.
 */

/* To ignore these would be to act as somebody else than kubectl does. */
static int refuse_unknown(const struct kubeconfig *config, struct error *err)
{
	static const char *const passwords[] = {"username", "password", NULL};
	static const char *const impersonation[] = {
	    "as", "as-uid", "as-groups", "as-user-extra", NULL};

	for (const char *const *name = passwords; *name; name++)
		if (is_set(config, config->user, *name))
			return error_set(err, ERROR_USAGE,
			    "%s: Kubernetes has no password login any more: use a token, a client "
			    "certificate or an exec plugin",
			    *name);
	if (is_set(config, config->user, "auth-provider"))
		return error_set(err, ERROR_USAGE,
		    "auth-provider: kubectl has dropped it too: use the exec plugin that has "
		    "replaced it");
	for (const char *const *name = impersonation; *name; name++)
		if (is_set(config, config->user, *name))
			return error_set(err, ERROR_USAGE,
			    "%s: impersonation is not supported: use credentials of that user",
			    *name);
	return 0;
}

static int read_client_certificate(const struct kubeconfig *config, struct error *err)
{
	struct http_endpoint *endpoint = &config->kube->endpoint;
	json_node user = config->user;

	if (take_certificate(
		config, user, "client-certificate-data", &endpoint->certificate_pem, err) < 0 ||
	    take_path(config, user, "client-certificate", &endpoint->certificate_file, err) < 0 ||
	    take_pem(config, user, "client-key-data", &endpoint->key_pem, err) < 0 ||
	    take_path(config, user, "client-key", &endpoint->key_file, err) < 0)
		return -1;
	bool certificate = endpoint->certificate_pem || endpoint->certificate_file;
	bool key = endpoint->key_pem.length || endpoint->key_file;
	if (certificate != key)
		return error_set(err, ERROR_USAGE,
		    "a client certificate without its key, or the "
		    "other way round");
	return 0;
}

static int read_token(const struct kubeconfig *config, struct error *err)
{
	struct kube *kube = config->kube;

	if (take_path(config, config->user, "tokenFile", &kube->token_file, err) < 0 ||
	    take_secret(config, config->user, "token", &kube->token, err) < 0)
		return -1;
	if (kube->token.length && kube_token_check(&kube->token, err) < 0)
		return error_wrap(err, "token");
	return 0;
}

static int read_user(const struct kubeconfig *config, struct error *err)
{
	struct kube *kube = config->kube;
	struct exec_plugin plugin = {.document = config->document,
	    .exec = json_member(config->document, config->user, "exec"),
	    .cluster = config->cluster,
	    .directory = config->directory};

	if (refuse_unknown(config, err) < 0 || read_client_certificate(config, err) < 0 ||
	    read_token(config, err) < 0)
		return -1;
	/* A token that is written down needs no program to get another. */
	if (json_type(config->document, plugin.exec) != JSON_OBJECT || kube->token_file ||
	    kube->token.length)
		return 0;
	return kube_run_exec_plugin(kube, &plugin, err);
}

/*
 * The whole.
 */

/* The `kind` ("cluster") of this name out of the list of its plural. */
static int find_named(const struct kubeconfig *config, const char *kind, const char *name,
    json_node *found, struct error *err)
{
	char list[16];

	snprintf(list, sizeof(list), "%ss", kind);
	json_each (config->document, json_member(config->document, JSON_ROOT, list), node) {
		if (!json_string_is(
			config->document, json_member(config->document, node, "name"), name))
			continue;
		*found = json_member(config->document, node, kind);
		if (json_type(config->document, *found) == JSON_OBJECT)
			return 0;
	}
	return error_set(err, ERROR_USAGE, "it has no %s \"%s\"", kind, name);
}

/* The context's cluster or user. */
static int follow(const struct kubeconfig *config, const char *kind, char **name, json_node *found,
    struct error *err)
{
	if (take_text(config, config->context, kind, name, err) < 0)
		return -1;
	if (!*name)
		return error_set(err, ERROR_USAGE, "it names no %s", kind);
	return find_named(config, kind, *name, found, err);
}

static int read_context(struct kubeconfig *config, struct error *err)
{
	cleanup_free char *cluster = NULL, *user = NULL;

	if (follow(config, "cluster", &cluster, &config->cluster, err) < 0 ||
	    follow(config, "user", &user, &config->user, err) < 0 ||
	    take_text(config, config->context, "namespace", &config->kube->namespace, err) < 0)
		return -1;
	if (read_cluster(config, err) < 0)
		return error_wrap(err, "cluster \"%s\"", cluster);
	return read_user(config, err) < 0 ? error_wrap(err, "user \"%s\"", user) : 0;
}

static int read_document(struct kubeconfig *config, const char *context, struct error *err)
{
	cleanup_free char *current = NULL;

	if (json_type(config->document, JSON_ROOT) != JSON_OBJECT)
		return error_set(err, ERROR_USAGE, "it is no kubeconfig");
	if (!context || !*context) {
		if (take_text(config, JSON_ROOT, "current-context", &current, err) < 0)
			return -1;
		if (!current)
			return error_set(err, ERROR_USAGE,
			    "it has no current-context: choose a context with --context, or with "
			    "kubectl config use-context");
		context = current;
	}
	if (find_named(config, "context", context, &config->context, err) < 0)
		return -1;
	if (read_context(config, err) < 0)
		return error_wrap(err, "context \"%s\"", context);
	return 0;
}

static int find_directory(struct kubeconfig *config, struct error *err)
{
	const char *slash = strrchr(config->path, '/');

	if (!slash)
		config->directory = strdup(".");
	else
		config->directory = strndup(config->path, (size_t)(slash - config->path));
	return config->directory ? 0 : error_memory(err);
}

int kube_read_kubeconfig(
    struct kube *kube, const char *path, const char *context, struct error *err)
{
	cleanup_secret struct secret_buffer text = {.limit = KUBECONFIG_MAX};
	cleanup_secret struct secret_buffer json = {.limit = KUBECONFIG_MAX};
	struct kubeconfig config = {.path = path, .kube = kube};

	if (secret_buffer_read_file(&text, path, err) < 0)
		return error_wrap(err, "kubeconfig");
	cleanup_free char *what = string_format(err, "kubeconfig %s", path);
	if (!what || yaml_to_json(text.data, text.length, what, &json, err) < 0)
		return -1;
	cleanup_json struct json *document = json_parse(json.data, json.length, what, err);
	if (!document || find_directory(&config, err) < 0)
		return -1;
	config.document = document;
	int result = read_document(&config, context, err);
	free(config.directory);
	return result < 0 ? error_wrap(err, "kubeconfig %s", path) : 0;
}
