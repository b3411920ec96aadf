#include "lib/kube/exec_plugin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/credential_environment.h"
#include "lib/base/json_writer.h"
#include "lib/kube/config.h"
#include "lib/kube/credential.h"
#include "lib/kube/plugin_process.h"

/* A token, a certificate with its chain and a key are a few KiB. */
#define OUTPUT_MAX ((size_t)256 * 1024)

#define CLUSTER_EXTENSION "client.authentication.k8s.io/exec"
#define VERSION_1 "client.authentication.k8s.io/v1"
#define VERSION_1_BETA "client.authentication.k8s.io/v1beta1"

/* What is to be run. */
struct run {
	const struct exec_plugin *plugin;
	const char *version; /* of the protocol; a literal */
	bool interactive;
	struct strings arguments;
	struct strings environment;
};

static json_node exec_member(const struct exec_plugin *plugin, const char *name)
{
	return json_member(plugin->document, plugin->exec, name);
}

static int find_version(struct run *run, struct error *err)
{
	const struct json *document = run->plugin->document;
	json_node version = exec_member(run->plugin, "apiVersion");

	if (json_string_is(document, version, VERSION_1))
		run->version = VERSION_1;
	else if (json_string_is(document, version, VERSION_1_BETA))
		run->version = VERSION_1_BETA;
	else
		return error_set(err, ERROR_USAGE,
		    "its apiVersion must be " VERSION_1 " or v1beta1: have the kubeconfig written "
		    "anew by a current version of the plugin");
	return 0;
}

static int find_mode(struct run *run, struct error *err)
{
	const struct json *document = run->plugin->document;
	json_node mode = exec_member(run->plugin, "interactiveMode");

	run->interactive = !json_string_is(document, mode, "Never") && isatty(STDIN_FILENO);
	if (json_string_is(document, mode, "Always") && !run->interactive)
		return error_set(err, ERROR_USAGE,
		    "it wants to ask a person (interactiveMode: Always), and stdin is no terminal");
	return 0;
}

/* A command with a slash is a path, from the kubeconfig's folder; one without is looked up in PATH.
 */
static int add_command(struct run *run, struct error *err)
{
	cleanup_free char *command = NULL;

	if (json_copy_string(
		run->plugin->document, exec_member(run->plugin, "command"), &command, err) < 0)
		return -1;
	if (!command || !*command)
		return error_set(err, ERROR_USAGE, "it names no command");
	if (command[0] == '/' || !strchr(command, '/'))
		return strings_append(&run->arguments, command, err);
	cleanup_free char *path = string_format(err, "%s/%s", run->plugin->directory, command);
	return path ? strings_append(&run->arguments, path, err) : -1;
}

static int add_arguments(struct run *run, struct error *err)
{
	const struct json *document = run->plugin->document;

	if (add_command(run, err) < 0)
		return -1;
	json_each (document, exec_member(run->plugin, "args"), node) {
		cleanup_free char *argument = NULL;
		if (json_copy_string(document, node, &argument, err) < 0)
			return -1;
		if (!argument)
			return error_set(err, ERROR_USAGE, "each of its args must be a string");
		if (strings_append(&run->arguments, argument, err) < 0)
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

/* What the cluster's entry in the kubeconfig holds for plugins. */
static void write_cluster_config(struct json_writer *writer, const struct exec_plugin *plugin)
{
	const struct json *document = plugin->cluster_document;
	size_t length;

	json_each (document, json_member(document, plugin->cluster, "extensions"), node) {
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
    const struct exec_plugin *plugin, struct error *err)
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

/* KUBERNETES_EXEC_INFO: an ExecCredential that says what is wanted. */
static int add_exec_info(struct run *run, const struct http_endpoint *endpoint, struct error *err)
{
	cleanup_secret struct secret_buffer info = SECRET_BUFFER_INIT;
	const struct exec_plugin *plugin = run->plugin;
	struct json_writer writer;
	bool provide;

	if (secret_buffer_append_string(&info, "KUBERNETES_EXEC_INFO=", err) < 0)
		return -1;
	json_writer_init(&writer, &info);
	json_write_object(&writer);
	json_write_member(&writer, "apiVersion", run->version);
	json_write_member(&writer, "kind", "ExecCredential");
	json_write_name(&writer, "spec");
	json_write_object(&writer);
	json_write_name(&writer, "interactive");
	json_write_boolean(&writer, run->interactive);
	if (kube_config_boolean(
		plugin->document, plugin->exec, "provideClusterInfo", &provide, err) < 0 ||
	    (provide && write_cluster(&writer, endpoint, plugin, err) < 0))
		return -1;
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	if (json_writer_finish(&writer, err) < 0)
		return -1;
	return strings_append(&run->environment, info.data, err);
}

/* "NAME=value" is for a name that an earlier entry sets. */
static bool environment_has(const struct strings *environment, const char *entry)
{
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; i < environment->count; i++)
		if (strncmp(environment->items[i], entry, length) == 0 &&
		    environment->items[i][length] == '=')
			return true;
	return false;
}

/* What the protocol gives wins over what the kubeconfig gives, and that over our own environment.
 */
static int add_environment(struct run *run, const struct http_endpoint *endpoint, struct error *err)
{
	const struct json *document = run->plugin->document;

	if (add_exec_info(run, endpoint, err) < 0)
		return -1;
	json_each (document, exec_member(run->plugin, "env"), node) {
		cleanup_free char *name = NULL, *value = NULL;
		if (json_copy_string(document, json_member(document, node, "name"), &name, err) <
			0 ||
		    json_copy_string(document, json_member(document, node, "value"), &value, err) <
			0)
			return -1;
		if (!name || !*name || strchr(name, '=') || !value)
			return error_set(err, ERROR_USAGE,
			    "each of its env must have a name and a value that are "
			    "strings");
		cleanup_free char *entry = string_format(err, "%s=%s", name, value);
		if (!entry || (!environment_has(&run->environment, entry) &&
				  strings_append(&run->environment, entry, err) < 0))
			return -1;
	}
	/* What logs in to Vault is no business of a program that a kubeconfig names. */
	for (char **entry = environ; *entry; entry++)
		if (!credential_environment_entry(*entry) &&
		    !environment_has(&run->environment, *entry) &&
		    strings_append(&run->environment, *entry, err) < 0)
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
		    "it printed neither a token nor a client certificate with its key");
	if (with_token && (json_string(document, token, &kube->token, err) < 0 ||
			      kube_token_check(&kube->token, err) < 0))
		return -1;
	if (!with_certificate)
		return 0;
	free(endpoint->certificate_pem);
	secret_buffer_reset(&endpoint->key_pem);
	if (json_copy_string(document, certificate, &endpoint->certificate_pem, err) < 0)
		return -1;
	if (!endpoint->certificate_pem)
		return error_set(err, ERROR_INVALID, "its client certificate is not plain text");
	return json_string(document, key, &endpoint->key_pem, err);
}

static int read_credential(
    struct kube *kube, const char *version, const struct secret_buffer *output, struct error *err)
{
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(output), output->length, "what it printed", err);

	if (!document)
		return -1;
	if (!json_string_is(document, json_member(document, JSON_ROOT, "kind"), "ExecCredential") ||
	    !json_string_is(document, json_member(document, JSON_ROOT, "apiVersion"), version))
		return error_set(err, ERROR_INVALID, "it printed no ExecCredential of %s", version);
	return read_status(kube, document, json_member(document, JSON_ROOT, "status"), err);
}

static int run_process(
    const struct run *run, int64_t deadline_ms, struct secret_buffer *output, struct error *err)
{
	const struct exec_plugin *plugin = run->plugin;
	cleanup_free char *hint = json_strdup(plugin->document, exec_member(plugin, "installHint"));

	if (kube_plugin_process(run->arguments.items, run->environment.items, run->interactive,
		deadline_ms, output, err) == 0)
		return 0;
	if (err->code != ERROR_NOT_FOUND)
		return -1;
	err->code = ERROR_USAGE;
	for (char *c = hint; c && *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	return error_hint(err, "%s", hint ? hint : "install it, or correct PATH");
}

static int run_plugin(struct kube *kube, struct run *run, struct error *err)
{
	cleanup_secret struct secret_buffer output = {.limit = OUTPUT_MAX};

	if (find_version(run, err) < 0 || find_mode(run, err) < 0 || add_arguments(run, err) < 0 ||
	    add_environment(run, &kube->endpoint, err) < 0 ||
	    run_process(run, kube->deadline_ms, &output, err) < 0)
		return -1;
	return read_credential(kube, run->version, &output, err);
}

int kube_run_exec_plugin(struct kube *kube, const struct exec_plugin *plugin, struct error *err)
{
	struct run run = {.plugin = plugin};
	int result = run_plugin(kube, &run, err);

	if (result < 0)
		error_wrap(
		    err, "exec plugin %s", run.arguments.count ? run.arguments.items[0] : "");
	strings_free(&run.arguments);
	strings_free(&run.environment);
	return result;
}
