#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/yaml.h"
#include "lib/kube/kubeconfig.h"

/* A hundred clusters with embedded certificates need about 1 MiB. */
#define KUBECONFIG_MAX ((size_t)8 * 1024 * 1024)

/* Files merged as kubectl does: the first object with a name is used as a whole. */
struct kubeconfig {
	struct kubeconfig_file *files;
	size_t count;
	const char *list; /* for messages */
	struct kube *kube;
	struct kubeconfig_section context, cluster, user;
};

/* -- cluster ---------------------------------------------------------------------------------- */

static int read_tls_name(const struct kubeconfig *config, struct error *err)
{
	cleanup_free char *name = NULL;

	if (kubeconfig_text(&config->cluster, "tls-server-name", &name, err) < 0)
		return -1;
	return name ? http_endpoint_set_tls_name(&config->kube->endpoint, name, err) : 0;
}

static int read_trust(const struct kubeconfig *config, struct error *err)
{
	struct http_endpoint *endpoint = &config->kube->endpoint;
	const struct kubeconfig_section *cluster = &config->cluster;

	endpoint->trust_hint =
	    "the kubeconfig's certificate-authority(-data) must be the CA of this API server";
	if (kubeconfig_boolean(cluster, "insecure-skip-tls-verify", &endpoint->insecure, err) < 0 ||
	    kubeconfig_certificate(cluster, "certificate-authority-data", &endpoint->ca_pem, err) <
		0 ||
	    kubeconfig_path(cluster, "certificate-authority", &endpoint->ca_file, err) < 0 ||
	    read_tls_name(config, err) < 0)
		return -1;
	endpoint->system_trust = !endpoint->ca_pem && !endpoint->ca_file;
	if (endpoint->insecure && !endpoint->system_trust)
		return error_set(err, ERROR_USAGE,
		    "insecure-skip-tls-verify with a certificate-authority; remove one of them");
	if (endpoint->insecure)
		log_write(LOG_WARNING,
		    "kubeconfig %s: insecure-skip-tls-verify: the API server's TLS certificate is "
		    "NOT verified: any server that answers at %s gets your token and Secrets",
		    config->list, endpoint->url);
	return 0;
}

static int read_proxy(const struct kubeconfig *config, struct error *err)
{
	cleanup_free char *proxy = NULL;

	if (kubeconfig_text(&config->cluster, "proxy-url", &proxy, err) < 0)
		return -1;
	if (!proxy)
		return 0;
	/* kubectl requires a scheme here, unlike in HTTPS_PROXY. */
	if (!strstr(proxy, "://"))
		return error_set(err, ERROR_USAGE, "proxy-url: no scheme; write http://HOST:PORT");
	if (http_endpoint_set_proxy(&config->kube->endpoint, proxy, err) < 0)
		return error_wrap(err, "proxy-url");
	return 0;
}

static int read_cluster(const struct kubeconfig *config, struct error *err)
{
	cleanup_free char *server = NULL;

	if (kubeconfig_text(&config->cluster, "server", &server, err) < 0)
		return -1;
	if (!server)
		return error_set(err, ERROR_USAGE, "no server");
	if (http_endpoint_set_url(&config->kube->endpoint, server, false, err) < 0 ||
	    read_trust(config, err) < 0)
		return -1;
	return read_proxy(config, err);
}

/* -- context ---------------------------------------------------------------------------------- */

static bool entry_is_named(const struct json *document, json_node node, const char *name)
{
	return json_string_is(document, json_member(document, node, "name"), name);
}

/* Find the entry with this name in a list of the file.  Reject duplicate names, as kubectl does. */
static int find_entry(const struct kubeconfig_file *file, const char *list, const char *name,
    json_node *found, struct error *err)
{
	*found = JSON_ABSENT;
	json_each (file->document, json_member(file->document, JSON_ROOT, list), node) {
		if (!entry_is_named(file->document, node, name))
			continue;
		if (*found != JSON_ABSENT)
			return error_set(err, ERROR_USAGE, "%s: duplicate name \"%s\"", list, name);
		*found = node;
	}
	return 0;
}

/* Find an object of `kind` ("cluster") in the first file that has its name in the list `kind`s. */
static int find_named(struct kubeconfig *config, const char *kind, const char *name,
    struct kubeconfig_section *found, struct error *err)
{
	char list[16];

	snprintf(list, sizeof(list), "%ss", kind);
	for (size_t i = 0; i < config->count; i++) {
		const struct kubeconfig_file *file = &config->files[i];
		json_node entry;

		if (find_entry(file, list, name, &entry, err) < 0)
			return -1;
		*found =
		    (struct kubeconfig_section){file, json_member(file->document, entry, kind)};
		if (json_type(file->document, found->node) == JSON_OBJECT)
			return 0;
		if (entry != JSON_ABSENT)
			break;
	}
	return error_set(err, ERROR_USAGE, "no %s \"%s\"", kind, name);
}

/* Find the context's cluster or user, and set *name, newly allocated. */
static int context_follow(struct kubeconfig *config, const char *kind, char **name,
    struct kubeconfig_section *found, struct error *err)
{
	if (kubeconfig_text(&config->context, kind, name, err) < 0)
		return -1;
	if (!*name)
		return error_set(err, ERROR_USAGE, "no %s", kind);
	return find_named(config, kind, *name, found, err);
}

static int read_context(struct kubeconfig *config, struct error *err)
{
	cleanup_free char *cluster = NULL, *user = NULL;

	if (context_follow(config, "cluster", &cluster, &config->cluster, err) < 0 ||
	    context_follow(config, "user", &user, &config->user, err) < 0 ||
	    kubeconfig_text(&config->context, "namespace", &config->kube->namespace, err) < 0)
		return -1;
	if (read_cluster(config, err) < 0)
		return error_wrap(err, "cluster \"%s\"", cluster);
	if (kubeconfig_read_user(config->kube, &config->user, &config->cluster, err) < 0)
		return error_wrap(err, "user \"%s\"", user);
	return 0;
}

/* Set *context to the first current-context of the files, newly allocated. */
static int find_current_context(const struct kubeconfig *config, char **context, struct error *err)
{
	for (size_t i = 0; i < config->count && !*context; i++) {
		struct kubeconfig_section root = {&config->files[i], JSON_ROOT};

		if (kubeconfig_text(&root, "current-context", context, err) < 0)
			return -1;
	}
	if (*context)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "no current-context; choose a context with --context or kubectl config use-context");
}

static int read_merged(struct kubeconfig *config, const char *context, struct error *err)
{
	cleanup_free char *current = NULL;

	if (!is_set(context)) {
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

/* -- files ------------------------------------------------------------------------------------ */

static int file_set_directory(struct kubeconfig_file *file, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');

	file->directory = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	return file->directory ? 0 : error_memory(err);
}

/* Read one file.  A file that is empty or has only comments adds nothing, as in kubectl. */
static int file_read(struct kubeconfig_file *file, const char *path, bool *empty, struct error *err)
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
	if (!file->document || file_set_directory(file, path, err) < 0)
		return -1;
	*empty = json_type(file->document, JSON_ROOT) == JSON_NULL;
	if (*empty || json_type(file->document, JSON_ROOT) == JSON_OBJECT)
		return 0;
	return error_set(err, ERROR_USAGE, "kubeconfig %s: not a kubeconfig", path);
}

static int files_read(struct kubeconfig *config, const struct strings *paths, struct error *err)
{
	bool all_empty = true;

	config->files = calloc(paths->count + 1, sizeof(*config->files));
	if (!config->files)
		return error_memory(err);
	for (size_t i = 0; i < paths->count; i++) {
		bool empty;

		if (file_read(&config->files[config->count++], paths->items[i], &empty, err) < 0)
			return -1;
		all_empty = all_empty && empty;
	}
	if (all_empty)
		return error_set(err, ERROR_USAGE, "kubeconfig %s: not a kubeconfig", config->list);
	return 0;
}

static void files_free(struct kubeconfig *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->files[i].directory);
		json_free(config->files[i].document);
		secret_buffer_free(&config->files[i].json);
	}
	free(config->files);
}

int kubeconfig_read(struct kube *kube, const char *list, const struct strings *paths,
    const char *context, struct error *err)
{
	struct kubeconfig config = {.list = list, .kube = kube};
	int result = files_read(&config, paths, err);

	if (result == 0 && read_merged(&config, context, err) < 0)
		result = error_wrap(err, "kubeconfig %s", list);
	files_free(&config);
	return result;
}
