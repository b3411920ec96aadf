/*
 * manifest_secrets FILE...: print the Secrets that lib/manifest reads from manifests, in the form
 * of tests/e2e/modules/yaml.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/json_writer.h"
#include "lib/manifest/manifest.h"
#include "lib/manifest/stream.h"

static void write_pairs(
    struct json_writer *writer, const char *name, const struct kube_pair *pairs, size_t count)
{
	json_write_name(writer, name);
	json_write_object(writer);
	for (size_t i = 0; i < count; i++)
		json_write_member(writer, pairs[i].name, pairs[i].value);
	json_write_object_end(writer);
}

static void write_values(struct json_writer *writer, const struct kube_secret *object)
{
	json_write_name(writer, "values");
	json_write_object(writer);
	for (size_t i = 0; i < object->data_count; i++) {
		const struct secret_buffer *value = &object->data[i].value;
		json_write_name(writer, object->data[i].key);
		json_write_base64(writer, secret_buffer_string(value), value->length);
	}
	json_write_object_end(writer);
}

static void write_secret(struct json_writer *writer, const struct kube_secret *object)
{
	json_write_object(writer);
	json_write_member(writer, "name", object->name ? object->name : "");
	json_write_member(writer, "namespace", object->namespace ? object->namespace : "");
	json_write_member(writer, "type", object->type ? object->type : "");
	json_write_name(writer, "immutable");
	json_write_boolean(writer, object->immutable);
	write_pairs(writer, "labels", object->labels, object->label_count);
	write_pairs(writer, "annotations", object->annotations, object->annotation_count);
	write_values(writer, object);
	json_write_object_end(writer);
}

static int read_stream(int fd, const char *path, struct json_writer *writer, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct manifest_stream stream;
	size_t line;
	int result;

	manifest_stream_begin(&stream, fd, path);
	while ((result = manifest_stream_next(&stream, &text, &line, err)) == 1) {
		struct manifest manifest;

		result = manifest_read(&manifest, &text, line, path, err);
		for (size_t i = 0; result == 0 && i < manifest.count; i++)
			write_secret(writer, &manifest.secrets[i].object);
		manifest_free(&manifest);
		if (result < 0)
			break;
	}
	manifest_stream_end(&stream);
	return result;
}

/* Print one line: a list of Secrets, or an object with the reason why the file is refused. */
static int print_file(const char *path, struct error *err)
{
	cleanup_secret struct secret_buffer line = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer refusal = SECRET_BUFFER_INIT;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct json_writer writer;
	struct error reason = ERROR_INIT;

	if (fd < 0)
		return error_system(err, "%s", path);
	json_writer_init(&writer, &line);
	json_write_array(&writer);
	if (read_stream(fd, path, &writer, &reason) == 0) {
		json_write_array_end(&writer);
		return json_writer_finish(&writer, err) < 0 ? -1 : puts(line.data);
	}
	json_writer_init(&writer, &refusal);
	json_write_object(&writer);
	json_write_member(&writer, "refused", reason.message);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err) < 0 ? -1 : puts(refusal.data);
}

int main(int count, char **arguments)
{
	struct error err = ERROR_INIT;

	for (int i = 1; i < count; i++)
		if (print_file(arguments[i], &err) < 0) {
			fprintf(stderr, "manifest_secrets: %s\n", err.message);
			return 1;
		}
	return 0;
}
