/* vault_transit: encrypt, decrypt and rewrap single values and batches. */
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/vault_server.h"
#include "lib/base/base64.h"

enum vault_operation { ENCRYPT, DECRYPT, REWRAP };

struct transit_ctx {
	struct vault_call *call;
	enum vault_operation operation;
	const struct keyring *keyring;
	int failed, succeeded;
};

/* Return the offset that Go's decoder reports in its error message. */
static size_t base64_fault(const char *text, size_t length)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t valid = strspn(text, alphabet);

	if (valid == length)
		return length - length % 4;
	return valid;
}

/* Decode the base64 of a member.  If that is absent or empty, the buffer stays empty. */
static int read_base64(
    const struct json *body, json_node node, struct secret_buffer *out, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (json_type(body, node) != JSON_STRING)
		return 0;
	if (json_string(body, node, &text, err) < 0)
		return -1;
	if (text.length && base64_decode(out, text.data, text.length, err) < 0)
		return error_set(err, ERROR_INVALID, "illegal base64 data at input byte %zu",
		    base64_fault(text.data, text.length));
	return 0;
}

static int read_binding(const struct transit_ctx *transit, json_node item,
    struct keyring_binding *binding, struct error *err)
{
	const struct json *body = transit->call->body;

	if (read_base64(body, json_member(body, item, "context"), &binding->context, err) < 0)
		return -1;
	/* Vault's rewrap ignores associated data. */
	if (transit->operation == REWRAP)
		return 0;
	return read_base64(
	    body, json_member(body, item, "associated_data"), &binding->associated_data, err);
}

static int read_ciphertext(
    const struct json *body, json_node item, struct secret_buffer *out, struct error *err)
{
	json_node node = json_member(body, item, "ciphertext");

	if (json_type(body, node) == JSON_STRING && json_string(body, node, out, err) < 0)
		return -1;
	if (out->length == 0)
		return error_set(err, ERROR_INVALID, "missing ciphertext to decrypt");
	return 0;
}

static int encrypt_item(const struct transit_ctx *transit, json_node item,
    const struct keyring_binding *binding, struct secret_buffer *out, struct error *err)
{
	cleanup_secret struct secret_buffer plaintext = SECRET_BUFFER_INIT;
	const struct json *body = transit->call->body;
	json_node node = json_member(body, item, "plaintext");

	if (json_type(body, node) != JSON_STRING)
		return error_set(err, ERROR_INVALID, "missing plaintext to encrypt");
	if (read_base64(body, node, &plaintext, err) < 0)
		return -1;
	return keyring_encrypt(transit->keyring,
	    json_integer(body, json_member(body, item, "key_version"), 0), binding, &plaintext, out,
	    err);
}

/* Decrypt the item.  For a rewrap, encrypt it again. */
static int decrypt_item(const struct transit_ctx *transit, json_node item,
    const struct keyring_binding *binding, struct secret_buffer *out, struct error *err)
{
	cleanup_secret struct secret_buffer ciphertext = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer plaintext = SECRET_BUFFER_INIT;

	if (read_ciphertext(transit->call->body, item, &ciphertext, err) < 0)
		return -1;
	if (transit->operation == DECRYPT)
		return keyring_decrypt(transit->keyring, binding, &ciphertext, out, err);
	if (keyring_decrypt(transit->keyring, binding, &ciphertext, &plaintext, err) < 0)
		return -1;
	return keyring_encrypt(transit->keyring, 0, binding, &plaintext, out, err);
}

/* Append the plaintext or ciphertext of an item. */
static int process_item(
    const struct transit_ctx *transit, json_node item, struct secret_buffer *out, struct error *err)
{
	struct keyring_binding binding = {SECRET_BUFFER_INIT, SECRET_BUFFER_INIT};
	int result = read_binding(transit, item, &binding, err);

	if (result == 0)
		result = transit->operation == ENCRYPT
			     ? encrypt_item(transit, item, &binding, out, err)
			     : decrypt_item(transit, item, &binding, out, err);
	keyring_binding_free(&binding);
	return result;
}

/* Return the version of "vault:vN:...". */
static int64_t version_of(const struct secret_buffer *ciphertext)
{
	return strtoll(ciphertext->data + strlen("vault:v"), NULL, 10);
}

static void write_output(
    const struct transit_ctx *transit, struct json_writer *writer, const struct secret_buffer *out)
{
	if (transit->operation == DECRYPT) {
		json_write_name(writer, "plaintext");
		json_write_base64(writer, out->data, out->length);
		return;
	}
	json_write_name(writer, "ciphertext");
	json_write_string_bytes(writer, out->data, out->length);
	json_write_name(writer, "key_version");
	json_write_integer(writer, version_of(out));
}

static void write_item_error(
    const struct transit_ctx *transit, struct json_writer *writer, const char *text)
{
	json_write_member(writer, "error", text);
	if (transit->operation == DECRYPT)
		json_write_member(writer, "plaintext", "");
}

static int write_item(
    struct transit_ctx *transit, json_node item, struct json_writer *writer, struct error *err)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
	const struct json *body = transit->call->body;
	json_node reference = json_member(body, item, "reference");
	size_t length = 0;
	const char *raw = json_raw(body, reference, &length);

	json_write_object(writer);
	if (process_item(transit, item, &out, err) == 0) {
		transit->succeeded++;
		write_output(transit, writer, &out);
	} else if (err->code == ERROR_INVALID) {
		transit->failed++;
		write_item_error(transit, writer, err->message);
	} else {
		return -1;
	}
	json_write_name(writer, "reference");
	if (json_type(body, reference) == JSON_STRING)
		json_write_raw(writer, raw, length);
	else
		json_write_string(writer, "");
	json_write_object_end(writer);
	return 0;
}

/* Return the status of a batch.  Failed items change it, except in a rewrap. */
static unsigned int batch_status(const struct transit_ctx *transit)
{
	int64_t asked = json_integer(
	    transit->call->body, vault_member(transit->call, "partial_failure_response_code"), 0);

	if (!transit->failed || transit->operation == REWRAP)
		return 200;
	return transit->succeeded && asked >= 1 && asked <= 599 ? (unsigned int)asked : 400;
}

static int answer_batch(struct transit_ctx *transit, json_node batch, struct error *err)
{
	struct json_writer writer;

	vault_data_begin(transit->call, &writer);
	json_write_object(&writer);
	json_write_name(&writer, "batch_results");
	json_write_array(&writer);
	json_each (transit->call->body, batch, item)
		if (write_item(transit, item, &writer, err) < 0)
			return -1;
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	transit->call->answer->status = batch_status(transit);
	return vault_data_end(&writer, "transit", err);
}

static int answer_single(struct transit_ctx *transit, struct error *err)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
	json_node item = transit->call->body ? JSON_ROOT : JSON_ABSENT;
	struct json_writer writer;

	if (process_item(transit, item, &out, err) < 0)
		return err->code == ERROR_INVALID
			   ? vault_refuse(transit->call, 400, "%s", err->message)
			   : -1;
	vault_data_begin(transit->call, &writer);
	json_write_object(&writer);
	write_output(transit, &writer, &out);
	json_write_object_end(&writer);
	return vault_data_end(&writer, "transit", err);
}

static bool is_nonempty_string(const struct json *body, json_node node)
{
	return json_type(body, node) == JSON_STRING && !json_string_is(body, node, "");
}

static bool contexts_agree(const struct json *body, json_node batch)
{
	bool first =
	    is_nonempty_string(body, json_member(body, json_first(body, batch), "context"));

	json_each (body, batch, item)
		if (is_nonempty_string(body, json_member(body, item, "context")) != first)
			return false;
	return true;
}

/* Return Vault's name for the type of an invalid batch or item, or NULL. */
static const char *wrong_batch_type(const struct json *body, json_node batch)
{
	static const char *const names[] = {[JSON_NULL] = "nil",
	    [JSON_BOOLEAN] = "bool",
	    [JSON_NUMBER] = "json.Number",
	    [JSON_STRING] = "string",
	    [JSON_ARRAY] = "slice",
	    [JSON_OBJECT] = "map"};

	if (batch == JSON_ABSENT)
		return NULL;
	if (json_type(body, batch) != JSON_ARRAY)
		return names[json_type(body, batch)];
	json_each (body, batch, item)
		if (json_type(body, item) != JSON_OBJECT)
			return names[json_type(body, item)];
	return NULL;
}

/* Find the key.  Encrypting creates a missing key, which is derived if there is a context. */
static struct keyring *key_for(const struct vault_call *call, enum vault_operation operation,
    json_node batch, struct error *err)
{
	struct keyring *keyring = vault_key_find(call->mount, call->values.name);
	json_node context = batch == JSON_ABSENT
				? vault_member(call, "context")
				: json_member(call->body, json_first(call->body, batch), "context");

	if (!keyring && operation == ENCRYPT)
		keyring = vault_key_add(
		    call->mount, call->values.name, is_nonempty_string(call->body, context), err);
	return keyring;
}

static int transit_run(struct vault_call *call, enum vault_operation operation, struct error *err)
{
	json_node batch = vault_member(call, "batch_input");

	if (json_type(call->body, batch) == JSON_NULL)
		batch = JSON_ABSENT;
	const char *wrong = wrong_batch_type(call->body, batch);
	if (wrong)
		return vault_refuse(call, 500,
		    "1 error occurred:\n\t* failed to parse batch input: expected a map, got '%s'\n\n",
		    wrong);
	if (batch != JSON_ABSENT && json_count(call->body, batch) == 0)
		return vault_refuse(call, 400, "missing batch input to process");
	if (batch != JSON_ABSENT && !contexts_agree(call->body, batch))
		return vault_refuse(
		    call, 400, "context should be set either in all the request blocks or in none");
	struct transit_ctx transit = {
	    .call = call, .operation = operation, .keyring = key_for(call, operation, batch, err)};
	if (err->code != ERROR_NONE)
		return -1;
	if (!transit.keyring)
		return vault_refuse(call, 400, "encryption key not found");
	return batch == JSON_ABSENT ? answer_single(&transit, err)
				    : answer_batch(&transit, batch, err);
}

int vault_encrypt(struct vault_call *call, struct error *err)
{
	return transit_run(call, ENCRYPT, err);
}

int vault_decrypt(struct vault_call *call, struct error *err)
{
	return transit_run(call, DECRYPT, err);
}

int vault_rewrap(struct vault_call *call, struct error *err)
{
	return transit_run(call, REWRAP, err);
}
