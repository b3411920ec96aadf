/* vault_keys: create, read, rotate, configure, trim and delete Transit keys. */
#include <stdio.h>
#include <string.h>

#include "cmd/secret-dev/vault_server.h"

static struct keyring *key_of(const struct vault_call *call)
{
	return vault_key_find(call->mount, call->values.name);
}

static int answer_key(struct vault_call *call, const struct keyring *keyring, struct error *err)
{
	struct json_writer writer;

	vault_data_begin(call, &writer);
	json_format(&writer,
	    "{'allow_plaintext_backup':false,'auto_rotate_period':0,'deletion_allowed':%d,"
	    "'derived':%d,'exportable':%d,'imported_key':false,'latest_version':%" PRId64
	    ",'min_available_version':%" PRId64 ",'min_decryption_version':%" PRId64
	    ",'min_encryption_version':%" PRId64
	    ",'name':%s,'supports_decryption':true,'supports_derivation':true,"
	    "'supports_encryption':true,'supports_signing':false,'type':'aes256-gcm96',",
	    keyring->deletion_allowed, keyring->derived, keyring->exportable,
	    (int64_t)keyring->count, keyring->min_available_version,
	    keyring->min_decryption_version, keyring->min_encryption_version, keyring->name);
	if (keyring->derived)
		json_format(&writer, "'kdf':'hkdf_sha256','convergent_encryption':false,");
	/* The versions that can be decrypted, with their creation times. */
	json_format(&writer, "'keys':");
	json_write_object(&writer);
	for (size_t i = (size_t)keyring->min_decryption_version; i <= keyring->count; i++) {
		char version[24];

		snprintf(version, sizeof(version), "%zu", i);
		json_write_name(&writer, version);
		json_write_integer(&writer, keyring->versions[i - 1].created_s);
	}
	json_write_object_end(&writer);
	json_format(&writer, "}");
	return vault_data_end(&writer, "transit", err);
}

int vault_keys_list(struct vault_call *call, struct error *err)
{
	const struct vault_mount *mount = call->mount;
	struct json_writer writer;

	if (mount->count == 0)
		return vault_refuse(call, 404, VAULT_NO_TEXT);
	vault_data_begin(call, &writer);
	json_write_object(&writer);
	json_write_name(&writer, "keys");
	json_write_array(&writer);
	for (size_t i = 0; i < mount->count; i++)
		json_write_string(&writer, mount->keys[i].name);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return vault_data_end(&writer, "transit", err);
}

int vault_key_create(struct vault_call *call, struct error *err)
{
	json_node type = vault_member(call, "type");
	struct keyring *keyring = key_of(call);

	if (type != JSON_ABSENT && !json_string_is(call->body, type, "aes256-gcm96"))
		return vault_refuse(
		    call, 400, "unknown key type: secret-dev has aes256-gcm96 only");
	if (!keyring) {
		keyring = vault_key_add(call->mount, call->values.name,
		    json_boolean(call->body, vault_member(call, "derived"), false), err);
		if (!keyring)
			return -1;
		keyring->exportable =
		    json_boolean(call->body, vault_member(call, "exportable"), false);
	}
	return answer_key(call, keyring, err);
}

int vault_key_read(struct vault_call *call, struct error *err)
{
	const struct keyring *keyring = key_of(call);

	return keyring ? answer_key(call, keyring, err) : vault_refuse(call, 404, VAULT_NO_TEXT);
}

int vault_key_delete(struct vault_call *call, struct error *err)
{
	struct keyring *keyring = key_of(call);

	(void)err;
	if (!keyring)
		return vault_refuse(call, 400,
		    "error deleting policy %s: could not delete key; not found", call->values.name);
	if (!keyring->deletion_allowed)
		return vault_refuse(call, 400,
		    "error deleting policy %s: deletion is not allowed for this key",
		    keyring->name);
	keyring_free(keyring);
	*keyring = call->mount->keys[--call->mount->count];
	return vault_answer_empty(call);
}

int vault_key_rotate(struct vault_call *call, struct error *err)
{
	struct keyring *keyring = key_of(call);

	if (!keyring)
		return vault_refuse(call, 400, "key not found");
	return keyring_rotate(keyring, err) < 0 ? -1 : answer_key(call, keyring, err);
}

/* Read a new minimum, if the body has it.  Return 0, or 1 after it was refused. */
static int read_minimum(struct vault_call *call, const char *member, const char *words,
    int64_t lowest, int64_t latest, int64_t *minimum)
{
	json_node node = vault_member(call, member);
	int64_t asked = json_integer(call->body, node, -1);

	if (node == JSON_ABSENT)
		return 0;
	if (asked < 0)
		return vault_refuse(call, 400, "%s cannot be negative", words), 1;
	if (asked > latest) {
		vault_refuse(call, 400,
		    "cannot set %s of %" PRId64 ", latest key version is %" PRId64, words, asked,
		    latest);
		return 1;
	}
	*minimum = asked < lowest ? lowest : asked;
	return 0;
}

int vault_key_config(struct vault_call *call, struct error *err)
{
	struct keyring *keyring = key_of(call);

	if (!keyring)
		return vault_refuse(
		    call, 400, "no existing key named %s could be found", call->values.name);
	int64_t latest = (int64_t)keyring->count;
	int64_t decryption = keyring->min_decryption_version;
	int64_t encryption = keyring->min_encryption_version;
	if (read_minimum(
		call, "min_decryption_version", "min decryption version", 1, latest, &decryption) ||
	    read_minimum(
		call, "min_encryption_version", "min encryption version", 0, latest, &encryption))
		return 0;
	if (encryption > 0 && encryption < decryption)
		return vault_refuse(call, 400,
		    "cannot set min encryption/decryption values; min encryption version of "
		    "%" PRId64
		    " must be greater than or equal to min decryption version of %" PRId64,
		    encryption, decryption);
	if (keyring->min_available_version > encryption)
		return vault_refuse(call, 400,
		    "min encryption version should not be less than min available version");
	if (keyring->min_available_version > decryption)
		return vault_refuse(call, 400,
		    "min decryption version should not be less then min available version");
	keyring->min_decryption_version = decryption;
	keyring->min_encryption_version = encryption;
	keyring->deletion_allowed = json_boolean(
	    call->body, vault_member(call, "deletion_allowed"), keyring->deletion_allowed);
	keyring->exportable |= json_boolean(call->body, vault_member(call, "exportable"), false);
	return answer_key(call, keyring, err);
}

/* Return the reason why a key cannot be trimmed to this version, or NULL. */
static const char *trim_problem(const struct keyring *keyring, int64_t asked)
{
	if (asked < keyring->min_available_version)
		return "minimum available version cannot be decremented";
	if (keyring->min_encryption_version == 0)
		return "minimum available version cannot be set when minimum encryption version is not set";
	if (asked > keyring->min_encryption_version)
		return "minimum available version cannot be greater than minmum encryption version";
	if (asked > keyring->min_decryption_version)
		return "minimum available version cannot be greater than minimum decryption version";
	if (asked == 0)
		return "minimum available version should be positive";
	return NULL;
}

int vault_key_trim(struct vault_call *call, struct error *err)
{
	struct keyring *keyring = key_of(call);
	json_node node = vault_member(call, "min_available_version");
	int64_t asked = json_integer(call->body, node, -1);

	if (!keyring)
		return vault_refuse(call, 400, "invalid key name");
	if (node == JSON_ABSENT)
		return vault_refuse(call, 400, "missing min_available_version");
	const char *problem = trim_problem(keyring, asked);
	if (problem)
		return vault_refuse(call, 400, "%s", problem);
	keyring->min_available_version = asked;
	for (int64_t version = 1; version < asked; version++)
		secret_buffer_free(&keyring->versions[version - 1].key);
	return answer_key(call, keyring, err);
}
