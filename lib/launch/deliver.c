#include "lib/launch/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/launch/environment_rules.h"
#include "lib/sealed/sealed.h"

/* Below are stdin, stdout and stderr. */
#define FD_MIN 3
#define FD_MAX 1023

int deliver_parse_fd(const char *text, int *fd, enum deliver_format *format, struct error *err)
{
	static const char *const names[] = {"json", "dotenv", "nul"};
	char *end;
	long number = strtol(text, &end, 10);

	*format = DELIVER_JSON;
	if (*text < '0' || *text > '9' || number < FD_MIN || number > FD_MAX ||
	    (*end && *end != ':'))
		return error_set(err, ERROR_USAGE,
		    "--fd \"%s\": write N[:json|dotenv|nul] with N from %d to %d", text, FD_MIN,
		    FD_MAX);
	*fd = (int)number;
	if (*end == '\0')
		return 0;
	for (int i = 0; i < 3; i++)
		if (strcmp(end + 1, names[i]) == 0) {
			*format = (enum deliver_format)i;
			return 0;
		}
	return error_set(err, ERROR_USAGE, "--fd \"%s\": the format is json, dotenv or nul", text);
}

static bool is_name(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

static const struct variable *find(const struct variables *variables, const char *entry)
{
	for (size_t i = 0; i < variables->count; i++)
		if (is_name(entry, variables->items[i].name))
			return &variables->items[i];
	return NULL;
}

/* Whether an entry of our own environment is the application's too. */
static int keeps(const char *entry, const struct variables *variables,
    const struct deliver_settings *settings, struct error *err)
{
	const char *equals = strchr(entry, '=');
	const struct variable *replacing = find(variables, entry);

	if (!equals)
		return 1;
	cleanup_free char *name = strndup(entry, (size_t)(equals - entry));
	if (!name)
		return error_memory(err);
	if (sealed_is_ciphertext(equals + 1, strlen(equals + 1)))
		return 0;
	/* Another's number would come first, and so be the one that counts. */
	if (settings->fd >= 0 && strcmp(name, DELIVER_FD_VARIABLE) == 0)
		return 0;
	if (!settings->keep_config && options_own_variable(settings->options, name))
		return 0;
	if (!replacing || settings->fd >= 0)
		return 1;
	if (!settings->override)
		return error_set(err, ERROR_INVALID,
		    "%s: variable %s is set already: take it out of the pod, or say --override",
		    replacing->source, name);
	return 0;
}

static int add_variable(
    struct deliver_environment *result, const struct variable *variable, struct error *err)
{
	struct secret_buffer *string = &result->owned[result->owned_count++];

	if (secret_buffer_append_string(string, variable->name, err) < 0 ||
	    secret_buffer_append(string, "=", 1, err) < 0 ||
	    secret_buffer_append(
		string, secret_buffer_string(&variable->value), variable->value.length, err) < 0)
		return -1;
	result->strings[result->count++] = string->data;
	return 0;
}

static int fill_environment(struct deliver_environment *result, char *const *environment,
    const struct variables *variables, const struct deliver_settings *settings, struct error *err)
{
	for (char *const *entry = environment; *entry; entry++) {
		int keep = keeps(*entry, variables, settings, err);
		if (keep < 0)
			return -1;
		if (keep)
			result->strings[result->count++] = *entry;
	}
	if (settings->fd >= 0) {
		struct secret_buffer *string = &result->owned[result->owned_count++];
		if (secret_buffer_append_format(
			string, err, "%s=%d", DELIVER_FD_VARIABLE, settings->fd) < 0)
			return -1;
		result->strings[result->count++] = string->data;
		return 0;
	}
	for (size_t i = 0; i < variables->count; i++)
		if (add_variable(result, &variables->items[i], err) < 0)
			return -1;
	return 0;
}

int deliver_environment(struct deliver_environment *result, char *const *environment,
    const struct variables *variables, const struct deliver_settings *settings, struct error *err)
{
	size_t count = 0;

	memset(result, 0, sizeof(*result));
	if (settings->fd < 0 && environment_check(variables, settings->allow, err) < 0)
		return -1;
	/* Both forms are made to be taken into an environment by whoever reads them. */
	if (settings->fd >= 0 && settings->format != DELIVER_JSON &&
	    environment_check_names(variables, settings->allow, err) < 0)
		return -1;
	while (environment[count])
		count++;
	result->strings = calloc(count + variables->count + 2, sizeof(*result->strings));
	result->owned = calloc(variables->count + 1, sizeof(*result->owned));
	if (!result->strings || !result->owned) {
		deliver_environment_free(result);
		return error_memory(err);
	}
	if (fill_environment(result, environment, variables, settings, err) < 0) {
		deliver_environment_free(result);
		return -1;
	}
	return 0;
}

void deliver_environment_free(struct deliver_environment *result)
{
	for (size_t i = 0; i < result->owned_count; i++)
		secret_buffer_free(&result->owned[i]);
	free(result->owned);
	free(result->strings);
	memset(result, 0, sizeof(*result));
}

static int write_json(
    const struct variables *variables, struct secret_buffer *out, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_write_object(&writer);
	for (size_t i = 0; i < variables->count; i++) {
		const struct variable *variable = &variables->items[i];
		if (!json_is_utf8(secret_buffer_string(&variable->value), variable->value.length))
			return error_set(err, ERROR_INVALID,
			    "%s: the value of %s is no UTF-8 text, which JSON needs: use --fd "
			    "N:nul",
			    variable->source, variable->name);
		json_write_name(&writer, variable->name);
		json_write_string_bytes(
		    &writer, secret_buffer_string(&variable->value), variable->value.length);
	}
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/* NAME='value' as a shell and dotenv readers take it; a quote in it is closed, escaped, opened. */
static int write_dotenv(
    const struct variable *variable, struct secret_buffer *out, struct error *err)
{
	const char *value = secret_buffer_string(&variable->value);

	if (!environment_valid_name(variable->name))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" can't be a name in dotenv form, which a shell may read: use --fd "
		    "N:json",
		    variable->source, variable->name);
	if (memchr(value, '\0', variable->value.length))
		return error_set(err, ERROR_INVALID,
		    "%s: the value of %s holds a NUL byte: use --fd N:json", variable->source,
		    variable->name);
	if (secret_buffer_append_string(out, variable->name, err) < 0 ||
	    secret_buffer_append_string(out, "='", err) < 0)
		return -1;
	for (; *value; value++)
		if (secret_buffer_append_string(
			out, *value == '\'' ? "'\\''" : (const char[]){*value, '\0'}, err) < 0)
			return -1;
	return secret_buffer_append_string(out, "'\n", err);
}

/* NAME=value NUL, as in /proc/PID/environ. */
static int write_nul(const struct variable *variable, struct secret_buffer *out, struct error *err)
{
	if (!*variable->name || strchr(variable->name, '='))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" can't be a name before \"=\": use --fd N:json", variable->source,
		    variable->name);
	if (variable->value.length && memchr(variable->value.data, '\0', variable->value.length))
		return error_set(err, ERROR_INVALID,
		    "%s: the value of %s holds a NUL byte: use --fd N:json", variable->source,
		    variable->name);
	if (secret_buffer_append_string(out, variable->name, err) < 0 ||
	    secret_buffer_append(out, "=", 1, err) < 0 ||
	    secret_buffer_append(
		out, secret_buffer_string(&variable->value), variable->value.length, err) < 0)
		return -1;
	return secret_buffer_append(out, "", 1, err);
}

static int write_all(const struct variables *variables, enum deliver_format format,
    struct secret_buffer *out, struct error *err)
{
	if (format == DELIVER_JSON)
		return write_json(variables, out, err);
	for (size_t i = 0; i < variables->count; i++) {
		const struct variable *variable = &variables->items[i];
		int result = format == DELIVER_DOTENV ? write_dotenv(variable, out, err)
						      : write_nul(variable, out, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* Fill the pipe at once: nobody reads yet, so a write that would wait is one that doesn't fit. */
static int fill_pipe(int fd, const struct secret_buffer *text, struct error *err)
{
	if (text->length && fcntl(fd, F_SETPIPE_SZ, (int)text->length) < 0)
		return error_set(err, ERROR_TOO_LARGE,
		    "--fd: the kernel gives no pipe of %zu bytes (%s): raise fs.pipe-max-size or "
		    "fs.pipe-user-pages-soft",
		    text->length, strerror(errno));
	for (size_t done = 0; done < text->length;) {
		ssize_t written = write(fd, text->data + done, text->length - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_system(err, "--fd: filling the pipe");
		done += (size_t)written;
	}
	return 0;
}

int deliver_pipe(
    const struct variables *variables, const struct deliver_settings *settings, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	int ends[2];

	if (fcntl(settings->fd, F_GETFD) >= 0)
		return error_set(
		    err, ERROR_USAGE, "--fd %d: this descriptor is open already", settings->fd);
	if (write_all(variables, settings->format, &text, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_system(err, "--fd: pipe");
	cleanup_close int reader = ends[0];
	cleanup_close int writer = ends[1];
	if (fill_pipe(writer, &text, err) < 0)
		return -1;
	/* It may have the very number that the reader is to get. */
	close(writer);
	writer = -1;
	/* The reader must block like any other pipe's; dup2 drops close-on-exec. */
	if (fcntl(reader, F_SETFL, 0) < 0)
		return error_system(err, "--fd: fcntl");
	if (reader == settings->fd) {
		reader = -1;
		return fcntl(settings->fd, F_SETFD, 0) < 0 ? error_system(err, "--fd: fcntl") : 0;
	}
	if (dup2(reader, settings->fd) < 0)
		return error_system(err, "--fd %d", settings->fd);
	return 0;
}
