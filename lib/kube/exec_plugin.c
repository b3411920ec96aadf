#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/credential_environment.h"
#include "lib/kube/kubeconfig.h"

/* A token, or a key and a certificate with its chain, has a few KiB. */
#define OUTPUT_MAX ((size_t)256 * 1024)

#define CLUSTER_EXTENSION "client.authentication.k8s.io/exec"
#define VERSION_1 "client.authentication.k8s.io/v1"
#define VERSION_1_BETA "client.authentication.k8s.io/v1beta1"

/* The call of a plugin. */
struct plugin {
	const struct kubeconfig_section *exec, *cluster; /* cluster: for its extensions */
	const struct json *document;			 /* of exec */
	const char *version;				 /* of the protocol; a literal */
	bool interactive;
	struct strings arguments;
	struct strings environment;
};

static json_node plugin_member(const struct plugin *plugin, const char *name)
{
	return json_member(plugin->document, plugin->exec->node, name);
}

static int find_version(struct plugin *plugin, struct error *err)
{
	json_node version = plugin_member(plugin, "apiVersion");

	if (json_string_is(plugin->document, version, VERSION_1))
		plugin->version = VERSION_1;
	else if (json_string_is(plugin->document, version, VERSION_1_BETA))
		plugin->version = VERSION_1_BETA;
	else
		return error_set(err, ERROR_USAGE,
		    "apiVersion must be " VERSION_1 " or v1beta1; write the kubeconfig again with "
		    "a current version of the plugin");
	return 0;
}

static int find_mode(struct plugin *plugin, struct error *err)
{
	json_node mode = plugin_member(plugin, "interactiveMode");

	plugin->interactive =
	    !json_string_is(plugin->document, mode, "Never") && isatty(STDIN_FILENO);
	if (json_string_is(plugin->document, mode, "Always") && !plugin->interactive)
		return error_set(err, ERROR_USAGE,
		    "it needs a terminal (interactiveMode: Always), and stdin is not a terminal");
	return 0;
}

/* Add the command.  A relative path with a slash is relative to the kubeconfig's folder. */
static int add_command(struct plugin *plugin, struct error *err)
{
	cleanup_free char *command = NULL;

	if (json_copy_string(plugin->document, plugin_member(plugin, "command"), &command, err) < 0)
		return -1;
	if (!is_set(command))
		return error_set(err, ERROR_USAGE, "no command");
	if (command[0] == '/' || !strchr(command, '/'))
		return strings_append(&plugin->arguments, command, err);
	cleanup_free char *path =
	    string_format(err, "%s/%s", plugin->exec->file->directory, command);
	return path ? strings_append(&plugin->arguments, path, err) : -1;
}

static int add_arguments(struct plugin *plugin, struct error *err)
{
	const struct json *document = plugin->document;

	if (add_command(plugin, err) < 0)
		return -1;
	json_each (document, plugin_member(plugin, "args"), node) {
		cleanup_free char *argument = NULL;
		if (json_copy_string(document, node, &argument, err) < 0)
			return -1;
		if (!argument)
			return error_set(err, ERROR_USAGE, "args must be strings");
		if (strings_append(&plugin->arguments, argument, err) < 0)
			return -1;
	}
	return 0;
}

static int write_ca(
    struct json_writer *writer, const struct http_endpoint *endpoint, struct error *err)
{
	cleanup_secret struct secret_buffer pem = {.limit = OUTPUT_MAX};

	if (!endpoint->ca_pem && !endpoint->ca_file)
		return 0;
	if (endpoint->ca_pem ? secret_buffer_append_string(&pem, endpoint->ca_pem, err) < 0
			     : secret_buffer_read_file(&pem, endpoint->ca_file, err) < 0)
		return -1;
	json_write_name(writer, "certificate-authority-data");
	json_write_base64(writer, secret_buffer_string(&pem), pem.length);
	return 0;
}

/* Write the plugin's configuration in the cluster's extensions. */
static void write_cluster_config(struct json_writer *writer, const struct plugin *plugin)
{
	const struct json *document = plugin->cluster->file->document;
	size_t length;

	json_each (document, json_member(document, plugin->cluster->node, "extensions"), node) {
		const char *config =
		    json_raw(document, json_member(document, node, "extension"), &length);
		if (!config || !json_string_is(document, json_member(document, node, "name"),
				   CLUSTER_EXTENSION))
			continue;
		json_write_name(writer, "config");
		json_write_raw(writer, config, length);
		return;
	}
}

static int write_cluster(struct json_writer *writer, const struct http_endpoint *endpoint,
    const struct plugin *plugin, struct error *err)
{
	json_write_name(writer, "cluster");
	json_write_object(writer);
	json_write_member(writer, "server", endpoint->url);
	if (endpoint->tls_server_name)
		json_write_member(writer, "tls-server-name", endpoint->tls_server_name);
	if (endpoint->insecure) {
		json_write_name(writer, "insecure-skip-tls-verify");
		json_write_boolean(writer, true);
	}
	if (endpoint->proxy)
		json_write_member(writer, "proxy-url", endpoint->proxy);
	if (write_ca(writer, endpoint, err) < 0)
		return -1;
	write_cluster_config(writer, plugin);
	json_write_object_end(writer);
	return 0;
}

/* Add KUBERNETES_EXEC_INFO, the plugin's input as an ExecCredential. */
static int add_exec_info(
    struct plugin *plugin, const struct http_endpoint *endpoint, struct error *err)
{
	cleanup_secret struct secret_buffer info = SECRET_BUFFER_INIT;
	struct json_writer writer;
	bool provide;

	if (secret_buffer_append_string(&info, "KUBERNETES_EXEC_INFO=", err) < 0)
		return -1;
	json_writer_init(&writer, &info);
	json_write_object(&writer);
	json_write_member(&writer, "apiVersion", plugin->version);
	json_write_member(&writer, "kind", "ExecCredential");
	json_write_name(&writer, "spec");
	json_write_object(&writer);
	json_write_name(&writer, "interactive");
	json_write_boolean(&writer, plugin->interactive);
	if (kubeconfig_boolean(plugin->exec, "provideClusterInfo", &provide, err) < 0 ||
	    (provide && write_cluster(&writer, endpoint, plugin, err) < 0))
		return -1;
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	if (json_writer_finish(&writer, err) < 0)
		return -1;
	return strings_append(&plugin->environment, info.data, err);
}

/* Return true if an earlier entry sets the same variable as this "NAME=value". */
static bool environment_has(const struct strings *environment, const char *entry)
{
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; i < environment->count; i++)
		if (strncmp(environment->items[i], entry, length) == 0 &&
		    environment->items[i][length] == '=')
			return true;
	return false;
}

/*
 * Add variables of the protocol, the kubeconfig and the environment, in this order.  The first
 * value of a variable is used.
 */
static int add_environment(
    struct plugin *plugin, const struct http_endpoint *endpoint, struct error *err)
{
	const struct json *document = plugin->document;

	if (add_exec_info(plugin, endpoint, err) < 0)
		return -1;
	json_each (document, plugin_member(plugin, "env"), node) {
		cleanup_free char *name = NULL, *value = NULL;
		if (json_copy_string(document, json_member(document, node, "name"), &name, err) <
			0 ||
		    json_copy_string(document, json_member(document, node, "value"), &value, err) <
			0)
			return -1;
		if (!name || !*name || strchr(name, '=') || !value)
			return error_set(err, ERROR_USAGE,
			    "each env must have a name and a value that are strings");
		cleanup_free char *entry = string_format(err, "%s=%s", name, value);
		if (!entry || (!environment_has(&plugin->environment, entry) &&
				  strings_append(&plugin->environment, entry, err) < 0))
			return -1;
	}
	/* A program named in a kubeconfig must not get credentials for Vault. */
	for (char **entry = environ; *entry; entry++)
		if (!credential_environment_entry(*entry) &&
		    !environment_has(&plugin->environment, *entry) &&
		    strings_append(&plugin->environment, *entry, err) < 0)
			return -1;
	return 0;
}

static int read_status(
    struct kube *kube, const struct json *document, json_node status, struct error *err)
{
	struct http_endpoint *endpoint = &kube->endpoint;
	json_node token = json_member(document, status, "token");
	json_node certificate = json_member(document, status, "clientCertificateData");
	json_node key = json_member(document, status, "clientKeyData");
	bool with_token = json_type(document, token) == JSON_STRING;
	bool with_certificate = json_type(document, certificate) == JSON_STRING;

	if ((!with_token && !with_certificate) ||
	    with_certificate != (json_type(document, key) == JSON_STRING))
		return error_set(err, ERROR_INVALID,
		    "its output: neither a token nor a client certificate with its key");
	if (with_token && (json_string(document, token, &kube->token, err) < 0 ||
			      http_credential_check(&kube->token, "token", err) < 0))
		return -1;
	if (!with_certificate)
		return 0;
	free(endpoint->certificate_pem);
	secret_buffer_reset(&endpoint->key_pem);
	if (json_copy_string(document, certificate, &endpoint->certificate_pem, err) < 0)
		return -1;
	if (!endpoint->certificate_pem)
		return error_set(
		    err, ERROR_INVALID, "its output: the client certificate is not plain text");
	return json_string(document, key, &endpoint->key_pem, err);
}

static int read_credential(struct kube *kube, const struct plugin *plugin,
    const struct secret_buffer *output, struct error *err)
{
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(output), output->length, "its output", err);

	if (!document)
		return -1;
	if (!json_string_is(document, json_member(document, JSON_ROOT, "kind"), "ExecCredential") ||
	    !json_string_is(
		document, json_member(document, JSON_ROOT, "apiVersion"), plugin->version))
		return error_set(
		    err, ERROR_INVALID, "its output: not an ExecCredential of %s", plugin->version);
	return read_status(kube, document, json_member(document, JSON_ROOT, "status"), err);
}

static int run_process(const struct plugin *plugin, int64_t deadline_ms,
    struct secret_buffer *output, struct error *err)
{
	cleanup_free char *hint =
	    json_strdup(plugin->document, plugin_member(plugin, "installHint"));

	if (kube_plugin_process(plugin->arguments.items, plugin->environment.items,
		plugin->interactive, deadline_ms, output, err) == 0)
		return 0;
	if (err->code != ERROR_NOT_FOUND)
		return -1;
	err->code = ERROR_USAGE;
	for (char *c = hint; c && *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	return error_hint(err, "%s", hint ? hint : "install it, or correct PATH");
}

static int run_plugin(struct kube *kube, struct plugin *plugin, struct error *err)
{
	cleanup_secret struct secret_buffer output = {.limit = OUTPUT_MAX};

	if (find_version(plugin, err) < 0 || find_mode(plugin, err) < 0 ||
	    add_arguments(plugin, err) < 0 || add_environment(plugin, &kube->endpoint, err) < 0 ||
	    run_process(plugin, kube->deadline_ms, &output, err) < 0)
		return -1;
	return read_credential(kube, plugin, &output, err);
}

int kubeconfig_run_exec_plugin(struct kube *kube, const struct kubeconfig_section *exec,
    const struct kubeconfig_section *cluster, struct error *err)
{
	struct plugin plugin = {.exec = exec, .cluster = cluster, .document = exec->file->document};
	int result = run_plugin(kube, &plugin, err);

	if (result < 0)
		error_wrap(err, "exec plugin%s%s", plugin.arguments.count ? " " : "",
		    plugin.arguments.count ? plugin.arguments.items[0] : "");
	strings_free(&plugin.arguments);
	strings_free(&plugin.environment);
	return result;
}
