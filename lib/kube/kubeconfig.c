#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/log.h"
#include "lib/base/yaml.h"
#include "lib/kube/auth_provider.h"
#include "lib/kube/config.h"
#include "lib/kube/credential.h"
#include "lib/kube/exec_plugin.h"

/* A hundred clusters with certificates as data come to about 1 MiB. */
#define KUBECONFIG_MAX ((size_t)8 * 1024 * 1024)

/* One file of those that KUBECONFIG lists. */
struct kubeconfig_file {
	char *directory; /* what relative paths in it are relative to */
	struct secret_buffer json;
	struct json *document;
};

/* An object and the file that it is in. */
struct section {
	const struct kubeconfig_file *file;
	json_node node;
};

/* The files as kubectl merges them: of each name the first counts, whole. */
struct kubeconfig {
	struct kubeconfig_file *files;
	size_t count;
	const char *list; /* for messages */
	struct kube *kube;
	struct section context, cluster, user;
};

/*
 * Members.  What is absent, null or "" is not set, as kubectl has it.
 */

static int take_secret(
    const struct section *section, const char *name, struct secret_buffer *to, struct error *err)
{
	json_node node = json_member(section->file->document, section->node, name);
	enum json_type type = json_type(section->file->document, node);

	if (type == JSON_NOTHING || type == JSON_NULL)
		return 0;
	if (type != JSON_STRING)
		return error_set(err, ERROR_USAGE, "%s must be a string: put it in quotes", name);
	if (json_string(section->file->document, node, to, err) < 0)
		return error_wrap(err, "%s", name);
	if (to->length && memchr(to->data, '\0', to->length))
		return error_set(err, ERROR_INVALID, "%s holds a NUL", name);
	return 0;
}

static int take_text(const struct section *section, const char *name, char **to, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (take_secret(section, name, &text, err) < 0)
		return -1;
	if (text.length == 0)
		return 0;
	*to = strdup(text.data);
	return *to ? 0 : error_memory(err);
}

static int take_path(const struct section *section, const char *name, char **to, struct error *err)
{
	cleanup_free char *path = NULL;

	if (take_text(section, name, &path, err) < 0)
		return -1;
	if (!path)
		return 0;
	*to = path[0] == '/' ? strdup(path)
			     : string_format(err, "%s/%s", section->file->directory, path);
	return *to ? 0 : error_memory(err);
}

/* Remove line breaks, which Go's base64, and so kubectl, passes over. */
static void remove_line_breaks(struct secret_buffer *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->length; i++)
		if (text->data[i] != '\n' && text->data[i] != '\r')
			text->data[kept++] = text->data[i];
	text->length = kept;
	text->data[kept] = '\0';
}

/* PEM as base64. */
static int take_pem(
    const struct section *section, const char *name, struct secret_buffer *to, struct error *err)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;

	if (take_secret(section, name, &encoded, err) < 0)
		return -1;
	if (encoded.length == 0)
		return 0;
	remove_line_breaks(&encoded);
	if (base64_decode(to, encoded.data, encoded.length, err) < 0)
		return error_wrap(err, "%s", name);
	if (!strstr(to->data, "-----BEGIN ") || strlen(to->data) != to->length)
		return error_set(err, ERROR_INVALID, "%s: not PEM in base64", name);
	return 0;
}

static int take_certificate(
    const struct section *section, const char *name, char **to, struct error *err)
{
	cleanup_secret struct secret_buffer pem = SECRET_BUFFER_INIT;

	if (take_pem(section, name, &pem, err) < 0)
		return -1;
	if (pem.length == 0)
		return 0;
	*to = strdup(pem.data);
	return *to ? 0 : error_memory(err);
}

static bool section_has(const struct section *section, const char *name)
{
	json_node node = json_member(section->file->document, section->node, name);

	switch (json_type(section->file->document, node)) {
	case JSON_NOTHING:
	case JSON_NULL:
		return false;
	case JSON_STRING:
		return !json_string_is(section->file->document, node, "");
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_count(section->file->document, node) > 0;
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

	if (take_text(&config->cluster, "tls-server-name", &name, err) < 0)
		return -1;
	return name ? http_endpoint_set_tls_name(&config->kube->endpoint, name, err) : 0;
}

static int read_trust(const struct kubeconfig *config, struct error *err)
{
	struct http_endpoint *endpoint = &config->kube->endpoint;
	const struct section *cluster = &config->cluster;

	endpoint->trust_hint =
	    "the kubeconfig's certificate-authority(-data) must be the CA of this "
	    "API server";
	if (kube_config_boolean(cluster->file->document, cluster->node, "insecure-skip-tls-verify",
		&endpoint->insecure, err) < 0 ||
	    take_certificate(cluster, "certificate-authority-data", &endpoint->ca_pem, err) < 0 ||
	    take_path(cluster, "certificate-authority", &endpoint->ca_file, err) < 0 ||
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
		    config->list, endpoint->url);
	return 0;
}

static int read_proxy(const struct kubeconfig *config, struct error *err)
{
	cleanup_free char *proxy = NULL;

	if (take_text(&config->cluster, "proxy-url", &proxy, err) < 0)
		return -1;
	if (!proxy)
		return 0;
	/* kubectl wants it, unlike the variables' readers. */
	if (!strstr(proxy, "://"))
		return error_set(err, ERROR_USAGE, "proxy-url: no scheme; write http://HOST:PORT");
	if (http_endpoint_set_proxy(&config->kube->endpoint, proxy, err) < 0)
		return error_wrap(err, "proxy-url");
	return 0;
}

static int read_cluster(const struct kubeconfig *config, struct error *err)
{
	cleanup_free char *server = NULL;

	if (take_text(&config->cluster, "server", &server, err) < 0)
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
		if (section_has(&config->user, *name))
			return error_set(err, ERROR_USAGE,
			    "%s: Kubernetes has no password login any more: use a token, a client "
			    "certificate or an exec plugin",
			    *name);
	for (const char *const *name = impersonation; *name; name++)
		if (section_has(&config->user, *name))
			return error_set(err, ERROR_USAGE,
			    "%s: impersonation is not supported: use credentials of that user",
			    *name);
	return 0;
}

static int read_client_certificate(const struct kubeconfig *config, struct error *err)
{
	struct http_endpoint *endpoint = &config->kube->endpoint;
	const struct section *user = &config->user;

	if (take_certificate(user, "client-certificate-data", &endpoint->certificate_pem, err) <
		0 ||
	    take_path(user, "client-certificate", &endpoint->certificate_file, err) < 0 ||
	    take_pem(user, "client-key-data", &endpoint->key_pem, err) < 0 ||
	    take_path(user, "client-key", &endpoint->key_file, err) < 0)
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

	if (take_path(&config->user, "tokenFile", &kube->token_file, err) < 0 ||
	    take_secret(&config->user, "token", &kube->token, err) < 0)
		return -1;
	if (kube->token.length && kube_token_check(&kube->token, err) < 0)
		return error_wrap(err, "token");
	return 0;
}

static int read_user(const struct kubeconfig *config, struct error *err)
{
	struct kube *kube = config->kube;
	const struct section *user = &config->user, *cluster = &config->cluster;
	const struct json *document = user->file->document;
	struct exec_plugin plugin = {.document = document,
	    .exec = json_member(document, user->node, "exec"),
	    .cluster_document = cluster->file->document,
	    .cluster = cluster->node,
	    .directory = user->file->directory};
	bool exec = json_type(document, plugin.exec) == JSON_OBJECT;
	bool provider = section_has(user, "auth-provider");

	if (refuse_unknown(config, err) < 0 || read_client_certificate(config, err) < 0 ||
	    read_token(config, err) < 0)
		return -1;
	if (exec && provider)
		return error_set(err, ERROR_USAGE, "auth-provider beside exec: remove one of them");
	if (provider)
		return kube_read_auth_provider(
		    kube, document, json_member(document, user->node, "auth-provider"), err);
	/* A token that is written down needs no program to get another. */
	if (!exec || kube->token_file || kube->token.length)
		return 0;
	return kube_run_exec_plugin(kube, &plugin, err);
}

/*
 * The whole.
 */

static bool is_named(const struct json *document, json_node node, const char *name)
{
	return json_string_is(document, json_member(document, node, "name"), name);
}

/* Find the entry of this name in a file's list.  Reject a name that comes twice, as kubectl does.
 */
static int find_entry(const struct kubeconfig_file *file, const char *list, const char *name,
    json_node *found, struct error *err)
{
	*found = JSON_ABSENT;
	json_each (file->document, json_member(file->document, JSON_ROOT, list), node) {
		if (!is_named(file->document, node, name))
			continue;
		if (*found != JSON_ABSENT)
			return error_set(
			    err, ERROR_USAGE, "%s: name \"%s\" for the second time", list, name);
		*found = node;
	}
	return 0;
}

/* Find the `kind` ("cluster") of this name in the first file whose list of its plural has it. */
static int find_named(struct kubeconfig *config, const char *kind, const char *name,
    struct section *found, struct error *err)
{
	char list[16];

	snprintf(list, sizeof(list), "%ss", kind);
	for (size_t i = 0; i < config->count; i++) {
		const struct kubeconfig_file *file = &config->files[i];
		json_node entry;

		if (find_entry(file, list, name, &entry, err) < 0)
			return -1;
		*found = (struct section){file, json_member(file->document, entry, kind)};
		if (json_type(file->document, found->node) == JSON_OBJECT)
			return 0;
		if (entry != JSON_ABSENT)
			break;
	}
	return error_set(err, ERROR_USAGE, "it has no %s \"%s\"", kind, name);
}

/* The context's cluster or user. */
static int follow(struct kubeconfig *config, const char *kind, char **name, struct section *found,
    struct error *err)
{
	if (take_text(&config->context, kind, name, err) < 0)
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
	    take_text(&config->context, "namespace", &config->kube->namespace, err) < 0)
		return -1;
	if (read_cluster(config, err) < 0)
		return error_wrap(err, "cluster \"%s\"", cluster);
	return read_user(config, err) < 0 ? error_wrap(err, "user \"%s\"", user) : 0;
}

/* Return the current-context of the first file that has one. */
static int find_current_context(const struct kubeconfig *config, char **context, struct error *err)
{
	for (size_t i = 0; i < config->count && !*context; i++) {
		struct section root = {&config->files[i], JSON_ROOT};

		if (take_text(&root, "current-context", context, err) < 0)
			return -1;
	}
	if (*context)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "it has no current-context: choose a context with --context, or with kubectl config "
	    "use-context");
}

static int read_merged(struct kubeconfig *config, const char *context, struct error *err)
{
	cleanup_free char *current = NULL;

	if (!context || !*context) {
		if (find_current_context(config, &current, err) < 0)
			return -1;
		context = current;
	}
	if (find_named(config, "context", context, &config->context, err) < 0)
		return -1;
	if (read_context(config, err) < 0)
		return error_wrap(err, "context \"%s\"", context);
	return 0;
}

/*
 * Files.
 */

static int find_directory(struct kubeconfig_file *file, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');

	file->directory = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	return file->directory ? 0 : error_memory(err);
}

/* Read one file.  An empty one, or one of comments, adds nothing, as in kubectl. */
static int read_file(struct kubeconfig_file *file, const char *path, bool *empty, struct error *err)
{
	cleanup_secret struct secret_buffer text = {.limit = KUBECONFIG_MAX};

	file->json.limit = KUBECONFIG_MAX;
	if (secret_buffer_read_file(&text, path, err) < 0)
		return error_wrap(err, "kubeconfig");
	cleanup_free char *what = string_format(err, "kubeconfig %s", path);
	if (!what ||
	    yaml_to_json(secret_buffer_string(&text), text.length, what, &file->json, err) < 0)
		return -1;
	file->document = json_parse(file->json.data, file->json.length, what, err);
	if (!file->document || find_directory(file, path, err) < 0)
		return -1;
	*empty = json_type(file->document, JSON_ROOT) == JSON_NULL;
	if (*empty || json_type(file->document, JSON_ROOT) == JSON_OBJECT)
		return 0;
	return error_set(err, ERROR_USAGE, "kubeconfig %s: not a kubeconfig", path);
}

static int read_files(struct kubeconfig *config, const struct strings *paths, struct error *err)
{
	bool all_empty = true;

	config->files = calloc(paths->count + 1, sizeof(*config->files));
	if (!config->files)
		return error_memory(err);
	for (size_t i = 0; i < paths->count; i++) {
		bool empty;

		if (read_file(&config->files[config->count++], paths->items[i], &empty, err) < 0)
			return -1;
		all_empty = all_empty && empty;
	}
	if (all_empty)
		return error_set(err, ERROR_USAGE, "kubeconfig %s: not a kubeconfig", config->list);
	return 0;
}

static void free_files(struct kubeconfig *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->files[i].directory);
		json_free(config->files[i].document);
		secret_buffer_free(&config->files[i].json);
	}
	free(config->files);
}

int kube_read_kubeconfig(struct kube *kube, const char *list, const struct strings *paths,
    const char *context, struct error *err)
{
	struct kubeconfig config = {.list = list, .kube = kube};
	int result = read_files(&config, paths, err);

	if (result == 0 && read_merged(&config, context, err) < 0)
		result = error_wrap(err, "kubeconfig %s", list);
	free_files(&config);
	return result;
}
