#include "lib/sealed/foreign.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sealed/sealed.h"

/* dotenvx: the prefix is followed by at least a public key and a tag, in base64. */
#define DOTENVX "encrypted:"
#define DOTENVX_BASE64_MIN 64

static const struct marker {
	const char *text;
	size_t length;
	bool anywhere; /* in the text; otherwise only at its beginning */
	const char *tool;
} markers[] = {
#define AT_START(text, tool)                                                                       \
	{                                                                                          \
		text, sizeof(text) - 1, false, tool                                                \
	}
#define ANYWHERE(text, tool)                                                                       \
	{                                                                                          \
		text, sizeof(text) - 1, true, tool                                                 \
	}
    ANYWHERE("ENC[AES256_GCM,", "SOPS"),
    ANYWHERE("ENC[PKCS7,", "eyaml"),
    ANYWHERE("ENC[GPG,", "eyaml"),
    ANYWHERE("ENC[KMS,", "eyaml"),
    ANYWHERE("$ANSIBLE_VAULT;", "Ansible Vault"),
    ANYWHERE("-----BEGIN AGE ENCRYPTED FILE-----", "age"),
    AT_START("age-encryption.org/v1", "age"),
    ANYWHERE("-----BEGIN PGP MESSAGE-----", "PGP"),
    AT_START("\0GITCRYPT\0", "git-crypt"),
    AT_START("EJ[1:", "ejson"),
    AT_START("Salted__", "OpenSSL"),
    AT_START("U2FsdGVkX1", "OpenSSL"),
    ANYWHERE("# kubesec:v:", "kubesec"),
#undef AT_START
#undef ANYWHERE
};

static bool contains(const char *bytes, size_t length, const char *text)
{
	return memmem(bytes, length, text, strlen(text)) != NULL;
}

/* Return true if a line begins with the text. */
static bool has_line(const char *bytes, size_t length, const char *text)
{
	const char *end = bytes + length;

	for (const char *at = bytes; at && at < end;) {
		if ((size_t)(end - at) >= strlen(text) && memcmp(at, text, strlen(text)) == 0)
			return true;
		at = memchr(at, '\n', (size_t)(end - at));
		if (at)
			at++;
	}
	return false;
}

/* Search for the metadata of SOPS, which does not encrypt all values but always adds metadata. */
static bool is_sops(const char *bytes, size_t length)
{
	if (has_line(bytes, length, "sops_version=") || has_line(bytes, length, "sops_mac="))
		return true;
	return (has_line(bytes, length, "sops:") || contains(bytes, length, "\"sops\":")) &&
	       contains(bytes, length, "version");
}

static bool is_sealed_secret(const char *bytes, size_t length)
{
	return contains(bytes, length, "SealedSecret") && contains(bytes, length, "encryptedData");
}

static bool is_dotenvx(const char *bytes, size_t length)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	size_t prefix = strlen(DOTENVX);

	if (length < prefix + DOTENVX_BASE64_MIN || memcmp(bytes, DOTENVX, prefix) != 0)
		return false;
	for (size_t i = prefix; i < length; i++)
		if (!strchr(letters, bytes[i]) || !bytes[i])
			return false;
	return true;
}

const char *foreign_tool(const char *bytes, size_t length)
{
	if (length == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++) {
		const struct marker *marker = &markers[i];

		if (marker->anywhere ? memmem(bytes, length, marker->text, marker->length) != NULL
				     : length >= marker->length &&
					   memcmp(bytes, marker->text, marker->length) == 0)
			return marker->tool;
	}
	if (is_sops(bytes, length))
		return "SOPS";
	if (is_sealed_secret(bytes, length))
		return "sealed-secrets";
	if (is_dotenvx(bytes, length))
		return "dotenvx";
	return sealed_is_ciphertext(bytes, length) ? "Vault's Transit engine" : NULL;
}

/* Return the tool if this member of a file is its metadata, or NULL. */
static const char *tool_of_member(const char *name, const char *value)
{
	if (strcmp(name, "sops_version") == 0 || strcmp(name, "sops_mac") == 0 ||
	    (strcmp(name, "sops") == 0 && value[0] == '{'))
		return "SOPS";
	return strcmp(name, "kind") == 0 && strcmp(value, "SealedSecret") == 0 ? "sealed-secrets"
									       : NULL;
}

static const char *value_tool(const char *name, const struct secret_buffer *value)
{
	const char *text = secret_buffer_string(value);
	const char *tool = foreign_tool(text, value->length);

	return tool ? tool : tool_of_member(name, text);
}

static int refuse_foreign(const char *source, const char *name, const char *tool, struct error *err)
{
	return error_set(err, ERROR_INVALID,
	    "%s: %s: encrypted with %s already; decrypt it with that tool first, or pass "
	    "--allow-encrypted to seal the ciphertext as it is",
	    source, name, tool);
}

int foreign_check(
    const char *source, const char *name, const struct secret_buffer *value, struct error *err)
{
	const char *tool = value_tool(name, value);

	return tool ? refuse_foreign(source, name, tool, err) : 0;
}

/* Set *context to the tool of the first encrypted member. */
static int find_tool(
    void *context, const char *name, struct secret_buffer *value, struct error *err)
{
	const char **tool = context;

	(void)err;
	if (!*tool)
		*tool = value_tool(name, value);
	return 0;
}

int foreign_check_document(
    const char *source, const char *name, const struct secret_buffer *document, struct error *err)
{
	const char *tool = value_tool(name, document);

	if (!tool && sealed_document_each(document, name, find_tool, &tool, err) < 0)
		return -1;
	return tool ? refuse_foreign(source, name, tool, err) : 0;
}

int foreign_check_file(int fd, const char *file, struct error *err)
{
	char start[64];
	ssize_t length = pread(fd, start, sizeof(start), 0);
	const char *tool = length > 0 ? foreign_tool(start, (size_t)length) : NULL;

	if (!tool)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "%s: encrypted with %s already; decrypt it with that tool first", file, tool);
}
