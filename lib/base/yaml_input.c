#include "lib/base/yaml_input.h"

#include <openssl/mem.h>
#include <string.h>

#include "lib/base/utf8.h"

/* Return the encoding by a byte order mark, or by ASCII in units of two or four bytes; or NULL. */
static const char *find_encoding(const char *text, size_t length)
{
	static const struct {
		const char *encoding, *mark;
		size_t length;
	} marks[] = {{"UTF-32", "\xFF\xFE\0\0", 4}, {"UTF-32", "\0\0\xFE\xFF", 4},
	    {"UTF-32", "\0\0\0", 3}, {"UTF-16", "\xFF\xFE", 2}, {"UTF-16", "\xFE\xFF", 2}};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (length >= marks[i].length && memcmp(text, marks[i].mark, marks[i].length) == 0)
			return marks[i].encoding;
	if (length >= 4 && text[0] && memcmp(text + 1, "\0\0\0", 3) == 0)
		return "UTF-32";
	if (length >= 4 && !text[0] != !text[1] && !text[0] == !text[2] && !text[1] == !text[3])
		return "UTF-16";
	return NULL;
}

int yaml_check_encoding(const char *text, size_t length, const char *what, struct error *err)
{
	const char *encoding = find_encoding(text, length);

	if (!encoding)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "%s: text in %s; convert it to UTF-8 (iconv -f %s -t UTF-8)", what, encoding, encoding);
}

const char *yaml_find_mark(const char *text, size_t length)
{
	const char *at = text, *end = text + length;

	while ((at = memmem(at, (size_t)(end - at), UTF8_BYTE_ORDER_MARK,
		    strlen(UTF8_BYTE_ORDER_MARK))) != NULL) {
		if (at == text || strchr("\r\n", at[-1]))
			return at;
		at += strlen(UTF8_BYTE_ORDER_MARK);
	}
	return NULL;
}

static int read_text(void *context, unsigned char *buffer, size_t size, size_t *count)
{
	struct yaml_input *input = context;
	size_t left = input->length - input->at;

	*count = left < size ? left : size;
	memcpy(buffer, input->text + input->at, *count);
	input->at += *count;
	if (input->break_due && *count < size) {
		buffer[(*count)++] = '\n';
		input->break_due = false;
	}
	return 1;
}

bool yaml_input_begin(
    struct yaml_input *input, yaml_parser_t *parser, const char *text, size_t length)
{
	*input = (struct yaml_input){text, length, 0, length > 0 && text[length - 1] != '\n'};
	if (!yaml_parser_initialize(parser))
		return false;
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(parser, read_text, input);
	return true;
}

bool yaml_is_out_of_memory(const yaml_parser_t *parser)
{
	return parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR;
}

void yaml_input_free_event(yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		OPENSSL_cleanse(event->data.scalar.value, event->data.scalar.length);
	yaml_event_delete(event);
}

/* Wipe the buffers, because libyaml frees without wiping. */
void yaml_input_end(yaml_parser_t *parser)
{
	OPENSSL_cleanse(
	    parser->raw_buffer.start, (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
	OPENSSL_cleanse(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
	yaml_parser_delete(parser);
}
