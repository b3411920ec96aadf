/*
 * floor: the lower bound of a launcher's time: the same calls, and nothing else.
 *
 * Log in and GET one Secret concurrently, decrypt all its values in one request, setenv, exec; a
 * static program with the same libraries.  It has no checks, no wiping and no messages, and is only
 * for comparison in tests/bench/run.
 *
 *   floor SECRET-PATH DECRYPT-PATH COMMAND...    SECRET-PATH "-": ciphertext of the environment
 *
 * Environment: VAULT_ADDR VAULT_CACERT VAULT_ROLE SERVICE_ACCOUNT_DIR KUBE_URL
 */
#include <curl/curl.h>
#include <openssl/base64.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

#define VALUES_MAX 1000

struct answer {
	char bytes[1024 * 1024];
	size_t length;
};

static char *names[VALUES_MAX], *ciphertexts[VALUES_MAX];
static size_t count;

static size_t on_body(char *bytes, size_t size, size_t times, void *context)
{
	struct answer *answer = context;

	memcpy(answer->bytes + answer->length, bytes, size * times);
	answer->length += size * times;
	return size * times;
}

static void read_file(const char *folder, const char *name, char *text, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	if (!file)
		exit(1);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Return the string after the next `introduction` in *json, and advance *json beyond it. */
static char *string_after(char **json, const char *introduction)
{
	char *at = strstr(*json, introduction);

	if (!at)
		exit(2);
	at += strlen(introduction);
	char *end = strchr(at, '"');
	*end = '\0';
	*json = end + 1;
	return at;
}

static char *decoded(const char *base64)
{
	size_t length = strlen(base64), got;
	char *bytes = malloc(length + 1);

	EVP_DecodeBase64(
	    (unsigned char *)bytes, &got, length, (const unsigned char *)base64, length);
	bytes[got] = '\0';
	return bytes;
}

/* Read all members of the Secret's compact "data". */
static void take_secret(char *json)
{
	char *at = strstr(json, "\"data\":{");

	if (!at)
		exit(2);
	at += strlen("\"data\":{");
	while (*at == '"' || *at == ',') {
		names[count] = string_after(&at, "\"");
		ciphertexts[count++] = decoded(string_after(&at, "\""));
	}
}

static void take_environment(void)
{
	for (char **entry = environ; *entry; entry++) {
		char *equals = strchr(*entry, '=');
		if (strncmp(equals, "=vault:v", 8) != 0)
			continue;
		names[count] = strndup(*entry, (size_t)(equals - *entry));
		ciphertexts[count++] = equals + 1;
	}
}

static CURL *request(
    const char *url, const char *ca, const char *body, const char *header, struct answer *answer)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, curl_slist_append(NULL, header));
	if (body)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	return easy;
}

static void run(CURLM *multi)
{
	int running = 1;

	while (running) {
		curl_multi_perform(multi, &running);
		if (running)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
}

static char *batch_of_ciphertexts(void)
{
	static char body[1024 * 1024];
	char *end = stpcpy(body, "{\"batch_input\":[");

	for (size_t i = 0; i < count; i++) {
		end = stpcpy(
		    stpcpy(end, i ? ",{\"ciphertext\":\"" : "{\"ciphertext\":\""), ciphertexts[i]);
		end = stpcpy(end, "\"}");
	}
	strcpy(end, "]}"); // NOLINT
	return body;
}

int main(int argc, char **argv)
{
	static struct answer login, secret, decrypt;
	static char token[16384], body[65536], header[20000], url[1024];
	const char *folder = getenv("SERVICE_ACCOUNT_DIR"), *vault = getenv("VAULT_ADDR");
	const char *vault_ca = getenv("VAULT_CACERT");
	char kube_ca[512];

	if (argc < 4)
		return 1;
	bool from_api = strcmp(argv[1], "-") != 0;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	read_file(folder, "token", token, sizeof(token));
	snprintf(kube_ca, sizeof(kube_ca), "%s/ca.crt", folder);
	snprintf(
	    body, sizeof(body), "{\"role\":\"%s\",\"jwt\":\"%s\"}", getenv("VAULT_ROLE"), token);
	snprintf(url, sizeof(url), "%s/v1/auth/kubernetes/login", vault);
	curl_multi_add_handle(multi, request(url, vault_ca, body, "Accept: */*", &login));
	snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
	snprintf(url, sizeof(url), "%s%s", getenv("KUBE_URL"), argv[1]);
	if (from_api)
		curl_multi_add_handle(multi, request(url, kube_ca, NULL, header, &secret));
	run(multi);

	if (from_api)
		take_secret(secret.bytes);
	else
		take_environment();
	char *answer = login.bytes;
	snprintf(header, sizeof(header), "X-Vault-Token: %s",
	    string_after(&answer, "\"client_token\":\""));
	snprintf(url, sizeof(url), "%s%s", vault, argv[2]);
	curl_multi_add_handle(
	    multi, request(url, vault_ca, batch_of_ciphertexts(), header, &decrypt));
	run(multi);
	answer = decrypt.bytes;
	for (size_t i = 0; i < count; i++)
		setenv(names[i], decoded(string_after(&answer, "\"plaintext\":\"")), 1);
	execvp(argv[3], argv + 3);
	return 126;
}
