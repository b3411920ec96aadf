/*
 * floor: what a launcher can't be faster than: the same calls, and nothing else.
 *
 * Login and the GET of one Secret at the same time, decrypt, setenv, exec; one static program on
 * the same libraries.  No checks, no wiping, no messages: a yardstick for tests/bench/run, not a
 * program to use.
 *
 *   floor SECRET-PATH DATA-KEY DECRYPT-PATH COMMAND...
 *
 * Environment: VAULT_ADDR VAULT_CACERT VAULT_ROLE SERVICE_ACCOUNT_DIR KUBE_URL
 */
#include <curl/curl.h>
#include <openssl/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct answer {
	char bytes[65536];
	size_t length;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct answer *answer = context;

	memcpy(answer->bytes + answer->length, bytes, size * count);
	answer->length += size * count;
	return size * count;
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

/* The string member `name` of flat JSON text. */
static char *member(char *json, const char *name)
{
	char quoted[128];

	snprintf(quoted, sizeof(quoted), "\"%s\":", name);
	char *at = strstr(json, quoted);
	if (!at)
		exit(2);
	at = strchr(at + strlen(quoted), '"') + 1;
	*strchr(at, '"') = '\0';
	return at;
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

static char *decoded(const char *base64)
{
	size_t length = strlen(base64), got;
	char *bytes = malloc(length + 1);

	EVP_DecodeBase64(
	    (unsigned char *)bytes, &got, length, (const unsigned char *)base64, length);
	bytes[got] = '\0';
	return bytes;
}

int main(int argc, char **argv)
{
	static struct answer login, secret, decrypt;
	static char token[16384], body[65536], header[20000], url[1024];
	const char *folder = getenv("SERVICE_ACCOUNT_DIR"), *vault = getenv("VAULT_ADDR");
	const char *vault_ca = getenv("VAULT_CACERT");
	char kube_ca[512];

	if (argc < 5)
		return 1;
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
	curl_multi_add_handle(multi, request(url, kube_ca, NULL, header, &secret));
	run(multi);

	static char second[65536];
	snprintf(second, sizeof(second), "{\"batch_input\":[{\"ciphertext\":\"%s\"}]}",
	    decoded(member(secret.bytes, argv[2])));
	snprintf(header, sizeof(header), "X-Vault-Token: %s", member(login.bytes, "client_token"));
	snprintf(url, sizeof(url), "%s%s", vault, argv[3]);
	curl_multi_add_handle(multi, request(url, vault_ca, second, header, &decrypt));
	run(multi);
	setenv(argv[2], decoded(member(decrypt.bytes, "plaintext")), 1);
	execvp(argv[4], argv + 4);
	return 126;
}
