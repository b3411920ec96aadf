#include "lib/base/yaml_input.h"

#include <openssl/mem.h>
#include <string.h>

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

/* libyaml frees without wiping. */
void yaml_input_end(yaml_parser_t *parser)
{
	OPENSSL_cleanse(
	    parser->raw_buffer.start, (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
	OPENSSL_cleanse(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
	yaml_parser_delete(parser);
}
