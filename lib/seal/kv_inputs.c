#include "lib/seal/kv_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/sealed/sealed.h"
#include "lib/vault/kv.h"

struct kv_input {
	char *name; /* NULL: the name of the key */
	struct kv_ref ref;
	struct secret_buffer object; /* JSON; empty if an earlier input has the same path */
};

static void inputs_free(struct kv_input *inputs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(inputs[i].name);
		kv_ref_free(&inputs[i].ref);
		secret_buffer_free(&inputs[i].object);
	}
	free(inputs);
}

static int input_parse(struct kv_input *input, const char *text, struct error *err)
{
	size_t name = strcspn(text, "=:/#");
	const char *path = text;

	if (text[name] == '=') {
		input->name = strndup(text, name);
		if (!input->name)
			return error_memory(err);
		path += name + 1;
	}
	if (strncmp(path, KV_REF_PREFIX, strlen(KV_REF_PREFIX)) == 0)
		path += strlen(KV_REF_PREFIX);
	if (kv_ref_parse(&input->ref, path, err) < 0)
		return error_wrap(err, "--from-vault %s", text);
	if (input->name && (!*input->name || !input->ref.key))
		return error_set(err, ERROR_USAGE,
		    "--from-vault %s: a name is for one key; write NAME=PATH#KEY", text);
	return 0;
}

/* Return the secret of the last input, which is read unless an earlier input has read it. */
static const struct secret_buffer *read_secret(
    struct seal_session *session, struct kv_input *inputs, size_t last, struct error *err)
{
	struct kv_input *input = &inputs[last];

	for (size_t i = 0; i < last; i++)
		if (kv_ref_compare_secrets(&inputs[i].ref, &input->ref) == 0)
			return &inputs[i].object;
	if (seal_session_log_in(session, err) < 0 ||
	    kv_read(session->client, &session->vault, &input->ref, &input->object, err) < 0)
		return NULL;
	return &input->object;
}

struct add_ctx {
	const struct kv_input *input;
	const char *source;
	struct variables *values;
	bool found;
};

static int add_key(void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	struct add_ctx *ctx = context;
	const struct kv_input *input = ctx->input;

	if (input->ref.key && strcmp(input->ref.key, name) != 0)
		return 0;
	ctx->found = true;
	return variables_add(
	    ctx->values, input->name ? input->name : name, value, ctx->source, err);
}

/* Add the values of an input from its secret. */
static int add_values(const struct kv_input *input, const struct secret_buffer *secret,
    struct variables *values, struct error *err)
{
	cleanup_free char *source = string_format(err, "KV path %s", input->ref.path);
	struct add_ctx ctx = {input, source, values, false};

	if (!source || sealed_document_each(secret, source, add_key, &ctx, err) < 0)
		return -1;
	if (ctx.found || !input->ref.key)
		return 0;
	return error_set(err, ERROR_NOT_FOUND, "%s: key \"%s\" not found; check the text after #",
	    source, input->ref.key);
}

int kv_inputs_read(struct seal_session *session, const struct strings *references,
    struct variables *values, struct error *err)
{
	size_t count = references->count;
	struct kv_input *inputs = calloc(count + 1, sizeof(*inputs));
	int result = inputs ? 0 : error_memory(err);

	for (size_t i = 0; result == 0 && i < count; i++)
		result = input_parse(&inputs[i], references->items[i], err);
	for (size_t i = 0; result == 0 && i < count; i++) {
		const struct secret_buffer *secret = read_secret(session, inputs, i, err);
		result = secret ? add_values(&inputs[i], secret, values, err) : -1;
	}
	if (inputs)
		inputs_free(inputs, count);
	return result;
}
