/* kubeconfigs: an accepted one names an https server and a credential of one line. */
#include <stdio.h>
#include <string.h>

#include "lib/kube/internal.h"
#include "tests/fuzz/fuzz.h"

static struct error err;

/* Replaces the library's function, so that no input runs a program. */
int kube_plugin_process(char *const *argv, char *const *environment, bool interactive,
    int64_t deadline_ms, struct secret_buffer *output, struct error *failure)
{
	(void)environment;
	(void)interactive;
	(void)deadline_ms;
	FUZZ_CHECK(argv[0] && *argv[0]);
	return secret_buffer_append_string(output,
	    "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
	    "\"status\":{\"token\":\"t\"}}",
	    failure);
}

static void use(const struct kube *kube)
{
	struct http_exchange exchange = {0};

	fuzz_note_string(kube->endpoint.url);
	fuzz_note_string(kube->namespace);
	fuzz_note_string(kube->endpoint.proxy);
	FUZZ_CHECK(kube->namespace && *kube->namespace);
	FUZZ_CHECK(strncmp(kube->endpoint.url, "https://", 8) == 0 ||
		   strncmp(kube->endpoint.url, "http://", 7) == 0);
	FUZZ_CHECK(!strpbrk(kube->endpoint.url, " \t\r\n"));
	/* A token file can be any file that the input names. */
	if (!kube->token_file && !fuzz_failed(kube_token_add(kube, &exchange, &err), &err)) {
		const char *line = secret_buffer_string(&exchange.credential);
		FUZZ_CHECK(strlen(line) == exchange.credential.length && !strpbrk(line, "\r\n"));
	}
	http_exchange_free(&exchange);
}

void fuzz_case(struct fuzz_input *input)
{
	char path[64];
	struct kube kube;
	struct kube_settings settings = {.kubeconfig = path};

	/* libcurl reports missing memory as an invalid name. */
	fuzz_do_not_compare();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fuzz_file(input->data, input->length));
	FUZZ_TRY(kube_init(&kube, &settings, &err), &err);
	use(&kube);
	kube_free(&kube);
}
