#include "tests/fuzz/normal_json.h"

#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/utf8.h"
#include "tests/fuzz/fuzz.h"

static struct error err;

/* The depth is bounded by json_parse. */
static void write_again(struct json_writer *writer, const struct json *document, json_node node)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t length;
	const char *raw = json_raw(document, node, &length);

	switch (json_type(document, node)) {
	case JSON_OBJECT:
		json_write_object(writer);
		json_each (document, node, member) {
			cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
			FUZZ_MUST(json_name(document, member, &name, &err), &err);
			/* The names are unique; those with a NUL are not for look-ups. */
			if (!memchr(secret_buffer_string(&name), '\0', name.length))
				FUZZ_CHECK(json_member(document, node,
					       secret_buffer_string(&name)) == member);
			json_write_name_bytes(writer, secret_buffer_string(&name), name.length);
			write_again(writer, document, member);
		}
		json_write_object_end(writer);
		break;
	case JSON_ARRAY:
		json_write_array(writer);
		json_each (document, node, element)
			write_again(writer, document, element);
		json_write_array_end(writer);
		break;
	case JSON_STRING:
		FUZZ_MUST(json_string(document, node, &text, &err), &err);
		FUZZ_CHECK(utf8_is_valid(secret_buffer_string(&text), text.length));
		json_write_string_bytes(writer, secret_buffer_string(&text), text.length);
		break;
	case JSON_BOOLEAN:
		json_write_boolean(writer, json_boolean(document, node, false));
		break;
	case JSON_NULL:
		json_write_null(writer);
		break;
	default:
		json_write_raw(writer, raw, length);
	}
}

void fuzz_normalize_json(const struct secret_buffer *text, struct secret_buffer *out)
{
	struct json_writer writer;
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(text), text->length, "a text", &err);

	FUZZ_TRY(document ? 0 : -1, &err);
	json_writer_init(&writer, out);
	write_again(&writer, document, JSON_ROOT);
	if (!fuzz_is_out_of_memory())
		FUZZ_MUST(json_writer_finish(&writer, &err), &err);
}
