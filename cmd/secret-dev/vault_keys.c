/* vault_keys: creating, reading, rotating, configuring and trimming Transit keys. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/secret-dev/vault_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

static struct keyring *key_of(const struct vault_call *call, struct error *err)
{
	cleanup_free char *name = strndup(call->name, call->name_length);

	if (!name) {
		error_memory(err);
		return NULL;
	}
	return vault_key_find(call->mount, name);
}

static void write_number(struct json_writer *writer, const char *name, int64_t value)
{
	json_write_name(writer, name);
	json_write_integer(writer, value);
}

static void write_flag(struct json_writer *writer, const char *name, bool value)
{
	json_write_name(writer, name);
	json_write_boolean(writer, value);
}

/* {"1": unix time, ...} of the versions that can still decrypt. */
static void write_versions(struct json_writer *writer, const struct keyring *keyring)
{
	json_write_name(writer, "keys");
	json_write_object(writer);
	for (size_t i = (size_t)keyring->min_decryption_version; i <= keyring->count; i++) {
		char version[24];

		snprintf(version, sizeof(version), "%zu", i);
		write_number(writer, version, keyring->versions[i - 1].created_s);
	}
	json_write_object_end(writer);
}

static int describe(struct vault_call *call, const struct keyring *keyring, struct error *err)
{
	struct json_writer writer;

	vault_data(call, &writer);
	json_write_object(&writer);
	write_flag(&writer, "allow_plaintext_backup", false);
	write_number(&writer, "auto_rotate_period", 0);
	write_flag(&writer, "deletion_allowed", keyring->deletion_allowed);
	write_flag(&writer, "derived", keyring->derived);
	write_flag(&writer, "exportable", keyring->exportable);
	write_flag(&writer, "imported_key", false);
	if (keyring->derived) {
		json_write_member(&writer, "kdf", "hkdf_sha256");
		write_flag(&writer, "convergent_encryption", false);
	}
	write_versions(&writer, keyring);
	write_number(&writer, "latest_version", (int64_t)keyring->count);
	write_number(&writer, "min_available_version", keyring->min_available_version);
	write_number(&writer, "min_decryption_version", keyring->min_decryption_version);
	write_number(&writer, "min_encryption_version", keyring->min_encryption_version);
	json_write_member(&writer, "name", keyring->name);
	write_flag(&writer, "supports_decryption", true);
	write_flag(&writer, "supports_derivation", true);
	write_flag(&writer, "supports_encryption", true);
	write_flag(&writer, "supports_signing", false);
	json_write_member(&writer, "type", "aes256-gcm96");
	json_write_object_end(&writer);
	return vault_data_end(&writer, "transit", err);
}

int vault_keys_list(struct vault_call *call, struct error *err)
{
	struct json_writer writer;

	if (call->mount->count == 0)
		return vault_refuse(call, 404, VAULT_NO_TEXT);
	vault_data(call, &writer);
	json_write_object(&writer);
	json_write_name(&writer, "keys");
	json_write_array(&writer);
	for (size_t i = 0; i < call->mount->count; i++)
		json_write_string(&writer, call->mount->keys[i].name);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return vault_data_end(&writer, "transit", err);
}

int vault_key_create(struct vault_call *call, struct error *err)
{
	json_node type = vault_member(call, "type");
	bool derived = json_boolean(call->body, vault_member(call, "derived"), false);
	struct keyring *keyring = key_of(call, err);

	if (err->code != ERROR_NONE)
		return -1;
	if (type != JSON_ABSENT && !json_string_is(call->body, type, "aes256-gcm96"))
		return vault_refuse(
		    call, 400, "unknown key type: secret-dev has aes256-gcm96 only");
	if (!keyring) {
		cleanup_free char *name = strndup(call->name, call->name_length);

		if (!name)
			return error_memory(err);
		keyring = vault_key_add(call->mount, name, derived, err);
		if (!keyring)
			return -1;
		keyring->exportable =
		    json_boolean(call->body, vault_member(call, "exportable"), false);
	}
	return describe(call, keyring, err);
}

int vault_key_read(struct vault_call *call, struct error *err)
{
	const struct keyring *keyring = key_of(call, err);

	if (err->code != ERROR_NONE)
		return -1;
	return keyring ? describe(call, keyring, err) : vault_refuse(call, 404, VAULT_NO_TEXT);
}

int vault_key_delete(struct vault_call *call, struct error *err)
{
	struct keyring *keyring = key_of(call, err);

	if (err->code != ERROR_NONE)
		return -1;
	if (!keyring)
		return vault_refuse(call, 400,
		    "error deleting policy %.*s: could not delete key; not found",
		    (int)call->name_length, call->name);
	if (!keyring->deletion_allowed)
		return vault_refuse(call, 400,
		    "error deleting policy %s: deletion is not allowed for this key",
		    keyring->name);
	keyring_free(keyring);
	*keyring = call->mount->keys[--call->mount->count];
	return vault_done(call);
}

int vault_key_rotate(struct vault_call *call, struct error *err)
{
	struct keyring *keyring = key_of(call, err);

	if (err->code != ERROR_NONE)
		return -1;
	if (!keyring)
		return vault_refuse(call, 400, "key not found");
	return keyring_rotate(keyring, err) < 0 ? -1 : describe(call, keyring, err);
}

/* Check a new minimum, and store it.  0 done or absent, 1 refused and answered. */
static int set_minimum(struct vault_call *call, const char *member, const char *words,
    int64_t lowest, int64_t latest, int64_t *minimum)
{
	json_node node = vault_member(call, member);
	int64_t asked = json_integer(call->body, node, -1);

	if (node == JSON_ABSENT)
		return 0;
	if (asked < 0) {
		vault_refuse(call, 400, "%s cannot be negative", words);
		return 1;
	}
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
	struct keyring *keyring = key_of(call, err);

	if (err->code != ERROR_NONE)
		return -1;
	if (!keyring)
		return vault_refuse(call, 400, "no existing key named %.*s could be found",
		    (int)call->name_length, call->name);
	int64_t latest = (int64_t)keyring->count;
	int64_t decryption = keyring->min_decryption_version;
	int64_t encryption = keyring->min_encryption_version;
	if (set_minimum(
		call, "min_decryption_version", "min decryption version", 1, latest, &decryption) ||
	    set_minimum(
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
	return describe(call, keyring, err);
}

/* Why a key can't be trimmed to this version, or NULL. */
static const char *trim_problem(const struct keyring *keyring, int64_t asked)
{
	if (asked < keyring->min_available_version)
		return "minimum available version cannot be decremented";
	if (keyring->min_encryption_version == 0)
		return "minimum available version cannot be set when minimum encryption version is "
		       "not "
		       "set";
	if (asked > keyring->min_encryption_version)
		return "minimum available version cannot be greater than minmum encryption version";
	if (asked > keyring->min_decryption_version)
		return "minimum available version cannot be greater than minimum decryption "
		       "version";
	if (asked == 0)
		return "minimum available version should be positive";
	return NULL;
}

int vault_key_trim(struct vault_call *call, struct error *err)
{
	struct keyring *keyring = key_of(call, err);
	json_node node = vault_member(call, "min_available_version");
	int64_t asked = json_integer(call->body, node, -1);

	if (err->code != ERROR_NONE)
		return -1;
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
	return describe(call, keyring, err);
}
