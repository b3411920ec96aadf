#include "lib/base/log.h"
#include "lib/vault/transit.h"
#include "tests/unit/expect.h"
#include "tests/unit/http_server.h"

static struct error err;
static struct vault vault;
static struct http_exchange exchange;
static struct transit_key key = {(char[]){"team/transit"}, (char[]){"app-key"}};

static void set_up(const char *address)
{
	struct vault_settings settings = {.address = address};

	log_init("test_transit", LOG_ERROR, LOG_TEXT);
	expect_ok(vault_init(&vault, &settings, &err), err);
	expect_ok(secret_buffer_append_string(&vault.token.value, "s.token", &err), err);
}

static void clean(struct transit_item *items, size_t count)
{
	transit_items_free(items, count);
	http_exchange_free(&exchange);
	vault_free(&vault);
}

static struct transit_item item(const char *input)
{
	return (struct transit_item){.input = input, .input_length = strlen(input)};
}

static void answered(int status, const char *body)
{
	http_exchange_free(&exchange);
	exchange.endpoint = &vault.endpoint;
	exchange.method = "POST";
	exchange.status = status;
	expect_ok(secret_buffer_append_string(&exchange.response, body, &err), err);
}

static const struct {
	const char *text, *mount, *name;
} keys[] = {
    {"aes256-key", "transit", "aes256-key"},
    {"transit/aes256-key", "transit", "aes256-key"},
    {"team/transit/app", "team/transit", "app"},
};

START_TEST(a_key_is_a_mount_and_a_name)
{
	struct transit_key parsed;

	expect_ok(transit_key_parse(&parsed, keys[_i].text, &err), err);
	ck_assert_str_eq(parsed.mount, keys[_i].mount);
	ck_assert_str_eq(parsed.name, keys[_i].name);
	ck_assert(transit_key_is(&parsed, keys[_i].text));
	ck_assert(!transit_key_is(&parsed, "other/aes256-key"));
	ck_assert(!transit_key_is(&parsed, "transit/other"));
	transit_key_free(&parsed);
}
END_TEST

static const char *const no_keys[] = {"", "/", "transit/", "/key", "//key", "transit//key",
    "a//b/key", "..", "a/.", "a/../b", "./b", "a b", "a?b", "a#b", "a%2Fb", "a\nb"};

START_TEST(invalid_keys_are_rejected)
{
	struct transit_key parsed;

	expect_failure(
	    transit_key_parse(&parsed, no_keys[_i], &err), err, ERROR_USAGE, "[MOUNT/]NAME");
	ck_assert_ptr_null(parsed.mount);
	ck_assert_ptr_null(parsed.name);
}
END_TEST

static const struct {
	enum transit_operation operation;
	const char *context, *path, *body;
} requests[] = {
    {TRANSIT_ENCRYPT, NULL, "/v1/team/transit/encrypt/app-key",
	"{\"batch_input\":[{\"plaintext\":\"Zm9v\"},{\"plaintext\":\"\"}]}"},
    {TRANSIT_DECRYPT, NULL, "/v1/team/transit/decrypt/app-key",
	"{\"batch_input\":[{\"ciphertext\":\"foo\"},{\"ciphertext\":\"\"}]}"},
    {TRANSIT_REWRAP, "Y3R4", "/v1/team/transit/rewrap/app-key",
	"{\"batch_input\":[{\"ciphertext\":\"foo\",\"context\":\"Y3R4\"},"
	"{\"ciphertext\":\"\",\"context\":\"Y3R4\"}]}"},
};

START_TEST(a_batch_is_one_request)
{
	struct transit_item items[] = {item("foo"), item("")};

	set_up("https://vault.example");
	items[0].context = items[1].context = requests[_i].context;
	memset(&exchange, 0xA5, sizeof(exchange));
	expect_ok(
	    transit_batch_request(&vault, &key, requests[_i].operation, items, 2, &exchange, &err),
	    err);
	expect_text(exchange.path, requests[_i].path);
	expect_text(exchange.body, requests[_i].body);
	expect_text(exchange.credential, "X-Vault-Token: s.token");
	ck_assert_str_eq(exchange.method, "POST");
	clean(items, 2);
}
END_TEST

START_TEST(plaintexts_are_returned_in_order)
{
	struct transit_item items[] = {item("vault:v1:a"), item("vault:v1:b"), item("vault:v1:c")};

	set_up("https://vault.example");
	answered(200, "{\"data\":{\"batch_results\":[{\"plaintext\":\"Zm9v\"},{\"plaintext\":\"\"},"
		      "{\"plaintext\":\"\\/\\/4=\"}]}}");
	expect_ok(transit_batch_result(TRANSIT_DECRYPT, &key, items, 3, &exchange, &err), err);
	expect_text(items[0].output, "foo");
	expect_text(items[1].output, "");
	expect_bytes(items[2].output, "\xff\xfe", 2);
	clean(items, 3);
}
END_TEST

/* Vault returns 400 and all other results for a batch in which an item fails. */
static const int partial[] = {200, 400};

START_TEST(a_failed_item_leaves_the_others)
{
	struct transit_item items[] = {item("vault:v1:a"), item("vault:v1:b")};

	set_up("https://vault.example");
	answered(partial[_i],
	    "{\"data\":{\"batch_results\":[{\"error\":\"message authentication failed\"},"
	    "{\"ciphertext\":\"vault:v2:B\"}]}}");
	expect_ok(transit_batch_result(TRANSIT_REWRAP, &key, items, 2, &exchange, &err), err);
	ck_assert_str_eq(items[0].error, "message authentication failed");
	ck_assert_uint_eq(items[0].output.length, 0);
	ck_assert_ptr_null(items[1].error);
	expect_text(items[1].output, "vault:v2:B");
	clean(items, 2);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum error_code code;
	const char *message;
} failures[] = {
    {200, "{\"data\":{\"batch_results\":[{\"plaintext\":\"Zm9v\"}]}}", ERROR_INVALID,
	"1 results for 2 values"},
    {200, "{\"data\":{}}", ERROR_INVALID, "0 results for 2 values"},
    {200, "{\"data\":{\"batch_results\":[{},{}]}}", ERROR_INVALID, "no plaintext"},
    {200, "{\"data\":{\"batch_results\":[{\"plaintext\":null},{}]}}", ERROR_INVALID,
	"no plaintext"},
    {200, "{\"data\":{\"batch_results\":[{\"plaintext\":\"Zm9\"},{}]}}", ERROR_INVALID,
	"Vault response to decrypt: plaintext: not base64"},
    {200, "not JSON", ERROR_INVALID, "Vault response"},
    {400, "{\"errors\":[\"encryption key not found\"]}", ERROR_NOT_FOUND, "check --transit-key"},
    {400, "{\"errors\":[\"invalid \\\"batch_results\\\"\"]}", ERROR_REJECTED,
	"status 400: invalid"},
    {403, "{\"errors\":[\"permission denied\"]}", ERROR_DENIED,
	"must allow \"update\" on team/transit/decrypt/app-key"},
    {403, "{\"errors\":[\"2 errors occurred: permission denied, invalid token\"]}", ERROR_DENIED,
	"invalid token; get another Vault token; this one is not valid, or has expired"},
    {404, "{\"errors\":[]}", ERROR_NOT_FOUND, "transit engine is mounted at team/transit/"},
    {500, "{\"errors\":[\"JSON string value exceeds allowed length\"]}", ERROR_TOO_LARGE,
	"decrypt with Transit key team/transit/app-key: "},
};

START_TEST(a_failed_batch_reports_the_cause)
{
	struct transit_item items[] = {item("vault:v1:a"), item("vault:v1:b")};

	set_up("https://vault.example");
	answered(failures[_i].status, failures[_i].body);
	expect_failure(transit_batch_result(TRANSIT_DECRYPT, &key, items, 2, &exchange, &err), err,
	    failures[_i].code, failures[_i].message);
	clean(items, 2);
}
END_TEST

/* Vault's JSON limits have status 500, but a retry cannot help: the exchange marks it as permanent.
 */
START_TEST(a_response_about_a_limit_is_permanent)
{
	struct transit_item items[] = {item("vault:v1:a")};

	set_up("https://vault.example");
	expect_ok(
	    transit_batch_request(&vault, &key, TRANSIT_DECRYPT, items, 1, &exchange, &err), err);
	bool (*permanent)(const struct http_exchange *) = exchange.permanent;
	answered(500, "{\"errors\":[\"JSON array exceeds allowed element count\"]}");
	ck_assert(permanent(&exchange));
	answered(500, "{\"errors\":[\"internal error\"]}");
	ck_assert(!permanent(&exchange));
	answered(500, "");
	ck_assert(!permanent(&exchange));
	clean(items, 1);
}
END_TEST

static const struct {
	enum transit_operation operation;
	size_t length;
	bool fits;
} sizes[] = {
    {TRANSIT_ENCRYPT, 786000, true},
    {TRANSIT_ENCRYPT, 786400, false}, /* Vault encrypts it, and never decrypts it again */
    {TRANSIT_DECRYPT, TRANSIT_CIPHERTEXT_MAX, true},
    {TRANSIT_DECRYPT, TRANSIT_CIPHERTEXT_MAX + 1, false},
    {TRANSIT_REWRAP, TRANSIT_CIPHERTEXT_MAX + 1, false},
};

START_TEST(a_value_that_vault_could_not_decrypt_is_rejected)
{
	char *text = malloc(sizes[_i].length + 1);
	struct transit_item items[1] = {{.input = text, .input_length = sizes[_i].length}};

	memset(text, 'x', sizes[_i].length);
	set_up("https://vault.example");
	int result =
	    transit_batch_request(&vault, &key, sizes[_i].operation, items, 1, &exchange, &err);
	ck_assert_int_eq(result, sizes[_i].fits ? 0 : -1);
	if (!sizes[_i].fits)
		ck_assert_int_eq(err.code, ERROR_TOO_LARGE);
	clean(items, 1);
	free(text);
}
END_TEST

static const struct {
	enum transit_operation operation;
	const char *first, *second;    /* inputs */
	const char *results, *problem; /* NULL: none */
} repeated[] = {
    {TRANSIT_REWRAP, "vault:v1:a", "vault:v1:b",
	"{\"ciphertext\":\"vault:v2:B\"},{\"ciphertext\":\"vault:v2:B\"}",
	"same ciphertext for two values"},
    {TRANSIT_ENCRYPT, "one", "another",
	"{\"ciphertext\":\"vault:v2:B\"},{\"ciphertext\":\"vault:v2:B\"}",
	"same ciphertext for two values"},
    /* A convergent key's, and copies. */
    {TRANSIT_REWRAP, "vault:v1:a", "vault:v2:b",
	"{\"ciphertext\":\"vault:v3:B\"},{\"ciphertext\":\"vault:v3:B\"}", NULL},
    {TRANSIT_REWRAP, "vault:v1:a", "vault:v1:a",
	"{\"ciphertext\":\"vault:v3:B\"},{\"ciphertext\":\"vault:v3:B\"}", NULL},
    {TRANSIT_REWRAP, "vault:v1:a", "vault:v1:b", "{\"error\":\"no\"},{\"error\":\"no\"}", NULL},
    {TRANSIT_DECRYPT, "vault:v1:a", "vault:v1:b",
	"{\"plaintext\":\"YQ==\"},{\"plaintext\":\"YQ==\"}", NULL},
    {TRANSIT_DECRYPT, "vault:v1:a", "vault:v1:b",
	"{\"plaintext\":\"YQ==\",\"reference\":\"\"},{\"plaintext\":\"YQ==\",\"reference\":null}",
	NULL},
    {TRANSIT_DECRYPT, "vault:v1:a", "vault:v1:b",
	"{\"plaintext\":\"YQ==\"},{\"plaintext\":\"YQ==\",\"reference\":\"7\"}", "another request"},
};

START_TEST(results_of_other_values_are_rejected)
{
	struct transit_item items[] = {item(repeated[_i].first), item(repeated[_i].second)};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	set_up("https://vault.example");
	expect_ok(secret_buffer_append_format(
		      &text, &err, "{\"data\":{\"batch_results\":[%s]}}", repeated[_i].results),
	    err);
	answered(200, text.data);
	int result = transit_batch_result(repeated[_i].operation, &key, items, 2, &exchange, &err);
	ck_assert_int_eq(result, repeated[_i].problem ? -1 : 0);
	if (repeated[_i].problem)
		expect_contains(err.message, repeated[_i].problem);
	clean(items, 2);
}
END_TEST

/* Return a response with `count` equal results. */
static char *results(size_t count)
{
	struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&text, "{\"data\":{\"batch_results\":[", &err), err);
	for (size_t i = 0; i < count; i++)
		expect_ok(secret_buffer_append_format(
			      &text, &err, "%s{\"ciphertext\":\"vault:v2:%zu\"}", i ? "," : "", i),
		    err);
	expect_ok(secret_buffer_append_string(&text, "]}}", &err), err);
	return text.data;
}

/* The items of each request of a run; 0: rejected for its size. */
static const struct {
	size_t count;
	bool bound;
	int64_t uses;
	int sent;
	size_t answered[6];
	int refusal;	    /* the status */
	const char *answer; /* to a request that is refused */
} batchings[] = {
    {499, false, 0, 1, {499}, 0, NULL},
    {5002, false, 0, 3, {499, 1999, 2504}, 0, NULL},
    {1000, true, 0, 2, {249, 751}, 0, NULL},
    {5000, true, 1, 1, {5000}, 0, NULL},
    {1200, false, 0, 4, {499, 0, 499, 202}, 400, "refused JSON input due to high complexity"},
    {1200, false, 0, 4, {499, 0, 499, 202}, 500, "JSON payload exceeds allowed token count"},
    {4, false, 0, 5, {0, 1, 1, 1, 1}, 413, "http: request body too large"},
    {4, false, 0, 3, {0, 2, 2}, 400, "refused JSON input due to high complexity"},
};

START_TEST(batches_grow_until_a_request_is_rejected)
{
	struct transit_item *items = calloc(batchings[_i].count, sizeof(*items));
	struct http_answer answers[6] = {{0}};
	char *texts[6] = {NULL};
	const int sent = batchings[_i].sent;

	for (int i = 0; i < sent; i++) {
		size_t answered = batchings[_i].answered[i];

		texts[i] = answered
			       ? results(answered)
			       : string_format(&err, "{\"errors\":[\"%s\"]}", batchings[_i].answer);
		answers[i] =
		    (struct http_answer){answered ? 200 : batchings[_i].refusal, NULL, texts[i]};
	}
	struct http_server *server = http_server_start(answers, (size_t)sent, NULL);
	struct http_client *client = http_client_new(0, &err);

	set_up(http_server_url(server));
	vault.token.num_uses = batchings[_i].uses;
	for (size_t i = 0; i < batchings[_i].count; i++) {
		items[i] = item("c");
		items[i].context = batchings[_i].bound ? "YQ==" : NULL;
	}
	expect_ok(
	    transit_batch(client, &vault, &key, TRANSIT_REWRAP, items, batchings[_i].count, &err),
	    err);
	ck_assert_int_eq(http_server_requests(server), sent);
	http_client_free(client);
	clean(items, batchings[_i].count);
	http_server_stop(server);
	free(items);
	for (int i = 0; i < sent; i++)
		free(texts[i]);
}
END_TEST

START_TEST(an_item_rejected_for_its_size_has_an_error)
{
	struct transit_item items[] = {item("c"), item("d")};
	char *second = results(1);
	const struct http_answer answers[] = {
	    {413, NULL, "<html>"}, {413, NULL, "<html>"}, {200, NULL, second}};
	struct http_server *server = http_server_start(answers, 3, NULL);
	struct http_client *client = http_client_new(0, &err);

	set_up(http_server_url(server));
	expect_ok(transit_batch(client, &vault, &key, TRANSIT_REWRAP, items, 2, &err), err);
	ck_assert_ptr_nonnull(strstr(items[0].error, "413"));
	expect_text(items[1].output, "vault:v2:0");
	http_client_free(client);
	clean(items, 2);
	http_server_stop(server);
	free(second);
}
END_TEST

START_TEST(without_items_no_request_is_sent)
{
	struct http_client *client = http_client_new(0, &err);

	set_up("https://vault.example");
	expect_ok(transit_batch(client, &vault, &key, TRANSIT_DECRYPT, NULL, 0, &err), err);
	http_client_free(client);
	clean(NULL, 0);
}
END_TEST

START_TEST(a_failed_request_leaves_no_memory)
{
	struct transit_item items[] = {{.input = "\xFF", .input_length = 1}};
	struct http_client *client = http_client_new(0, &err);

	set_up("https://vault.example");
	expect_failure(transit_batch(client, &vault, &key, TRANSIT_DECRYPT, items, 1, &err), err,
	    ERROR_INVALID, "not UTF-8");
	http_client_free(client);
	clean(items, 1);
}
END_TEST

static const char state_answer[] =
    "{\"data\":{\"latest_version\":3,\"min_decryption_version\":2,\"min_encryption_version\":2,"
    "\"min_available_version\":1,"
    "\"derived\":true,\"keys\":{\"2\":1700000000,\"3\":1700000100}}}";

START_TEST(the_state_of_a_key_is_read)
{
	const struct http_answer answers[] = {{200, NULL, state_answer}};
	struct http_server *server = http_server_start(answers, 1, NULL);
	struct http_client *client = http_client_new(0, &err);
	struct transit_key_state state;

	set_up(http_server_url(server));
	expect_ok(transit_key_read(client, &vault, &key, &state, &err), err);
	ck_assert_int_eq(state.latest_version, 3);
	ck_assert_int_eq(state.min_decryption_version, 2);
	ck_assert_int_eq(state.min_encryption_version, 2);
	ck_assert_int_eq(state.min_available_version, 1);
	ck_assert_int_eq(state.latest_created_s, 1700000100);
	ck_assert(state.derived);
	expect_contains(http_server_request(server, 0), "GET /v1/team/transit/keys/app-key HTTP");
	http_client_free(client);
	clean(NULL, 0);
	http_server_stop(server);
}
END_TEST

START_TEST(rotating_and_retiring_post_to_the_key)
{
	const struct http_answer answers[] = {{200, NULL, state_answer}, {200, NULL, state_answer},
	    {200, NULL, state_answer}, {204, NULL, NULL}, {200, NULL, state_answer},
	    {204, NULL, NULL}};
	struct http_server *server = http_server_start(answers, 6, NULL);
	struct http_client *client = http_client_new(0, &err);
	struct transit_key_state state = {.latest_version = 2};

	set_up(http_server_url(server));
	expect_ok(transit_key_rotate(client, &vault, &key, &state, &err), err);
	ck_assert_int_eq(state.latest_version, 3);
	expect_ok(transit_key_retire(client, &vault, &key, 2, &err), err);
	expect_ok(transit_key_retire(client, &vault, &key, 3, &err), err);
	expect_contains(
	    http_server_request(server, 0), "POST /v1/team/transit/keys/app-key/rotate HTTP");
	expect_contains(http_server_request(server, 1), "GET /v1/team/transit/keys/app-key HTTP");
	expect_contains(
	    http_server_request(server, 3), "POST /v1/team/transit/keys/app-key/config HTTP");
	expect_contains(http_server_request(server, 3), "\r\n\r\n{\"min_decryption_version\":2}");
	/* The minimum for encryption is 2, and must not stay below the minimum for decryption. */
	expect_contains(http_server_request(server, 5),
	    "\r\n\r\n{\"min_decryption_version\":3,\"min_encryption_version\":3}");
	http_client_free(client);
	clean(NULL, 0);
	http_server_stop(server);
}
END_TEST

#define VERSION(version)                                                                           \
	{                                                                                          \
		200, NULL, "{\"data\":{\"latest_version\":" version "}}"                           \
	}
#define LOST                                                                                       \
	{                                                                                          \
		HANG_UP, NULL, NULL                                                                \
	}

/* The key before, a rotation with a lost response, and the key after. */
static const struct {
	struct http_answer answers[4];
	int requests;
	int64_t version;
	enum error_code code;
	const char *message;
} doubts[] = {
    {{VERSION("4"), LOST, VERSION("5")}, 3, 5, ERROR_NONE, NULL},
    {{VERSION("4"), {502, NULL, "<html>"}, VERSION("5")}, 3, 5, ERROR_NONE, NULL},
    {{VERSION("4"), {503, NULL, "disconnect/reset before headers"}, VERSION("5")}, 3, 5, ERROR_NONE,
	NULL},
    {{VERSION("4"), LOST, VERSION("4")}, 3, 4, ERROR_NETWORK,
	"run again, because the key still has version 4"},
    {{VERSION("4"), LOST, {403, NULL, NULL}}, 3, 4, ERROR_NETWORK,
	"read the key before running again, because it may have been rotated"},
    {{VERSION("4"), {403, NULL, NULL}}, 2, 4, ERROR_DENIED, "403"},
};

START_TEST(after_a_lost_response_the_key_is_read_and_not_rotated_again)
{
	struct http_server *server =
	    http_server_start(doubts[_i].answers, doubts[_i].requests, NULL);
	struct http_client *client = http_client_new(0, &err);
	struct transit_key_state state = {0};

	log_init("test_transit", LOG_ERROR, LOG_TEXT);
	set_up(http_server_url(server));
	vault.endpoint.retries = 4;
	if (doubts[_i].message)
		expect_failure(transit_key_rotate(client, &vault, &key, &state, &err), err,
		    doubts[_i].code, doubts[_i].message);
	else
		expect_ok(transit_key_rotate(client, &vault, &key, &state, &err), err);
	ck_assert_int_eq(state.latest_version, doubts[_i].version);
	ck_assert_int_eq(http_server_requests(server), doubts[_i].requests);
	http_client_free(client);
	clean(NULL, 0);
	http_server_stop(server);
}
END_TEST

START_TEST(trimming_raises_the_minimum_for_encryption_first_and_never_lowers_it)
{
	const struct http_answer answers[] = {{200, NULL, state_answer}, {204, NULL, NULL},
	    {204, NULL, NULL}, {200, NULL, state_answer}, {204, NULL, NULL}};
	struct http_server *server = http_server_start(answers, 5, NULL);
	struct http_client *client = http_client_new(0, &err);

	set_up(http_server_url(server));
	expect_ok(transit_key_trim(client, &vault, &key, 3, &err), err);
	expect_ok(transit_key_trim(client, &vault, &key, 1, &err), err);
	ck_assert_int_eq(http_server_requests(server), 5);
	expect_contains(http_server_request(server, 1), "\r\n\r\n{\"min_encryption_version\":3}");
	expect_contains(http_server_request(server, 2), "POST /v1/team/transit/keys/app-key/trim ");
	expect_contains(http_server_request(server, 2), "\r\n\r\n{\"min_available_version\":3}");
	expect_contains(http_server_request(server, 4), "\r\n\r\n{\"min_available_version\":1}");
	http_client_free(client);
	clean(NULL, 0);
	http_server_stop(server);
}
END_TEST

static const struct {
	int status;
	const char *body, *message;
} no_states[] = {
    {404, "{\"errors\":[]}", "no such key"},
    {403, "{\"errors\":[\"permission denied\"]}", "must allow it on team/transit/keys/app-key"},
    {403, "{\"errors\":[\"permission denied, invalid token\"]}", "invalid token; get another"},
    {200, "{\"data\":{}}", "no key version"},
};

START_TEST(an_unreadable_key_reports_the_cause)
{
	const struct http_answer answers[] = {{no_states[_i].status, NULL, no_states[_i].body}};
	struct http_server *server = http_server_start(answers, 1, NULL);
	struct http_client *client = http_client_new(0, &err);
	struct transit_key_state state;

	set_up(http_server_url(server));
	ck_assert_int_eq(transit_key_read(client, &vault, &key, &state, &err), -1);
	expect_contains(err.message, "Transit key team/transit/app-key: ");
	expect_contains(err.message, no_states[_i].message);
	http_client_free(client);
	clean(NULL, 0);
	http_server_stop(server);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, a_key_is_a_mount_and_a_name, 0, COUNT(keys));
	tcase_add_loop_test(tests, invalid_keys_are_rejected, 0, COUNT(no_keys));
	tcase_add_loop_test(tests, a_batch_is_one_request, 0, COUNT(requests));
	tcase_add_test(tests, plaintexts_are_returned_in_order);
	tcase_add_loop_test(tests, a_failed_item_leaves_the_others, 0, COUNT(partial));
	tcase_add_loop_test(tests, a_failed_batch_reports_the_cause, 0, COUNT(failures));
	tcase_add_test(tests, a_response_about_a_limit_is_permanent);
	tcase_add_loop_test(
	    tests, a_value_that_vault_could_not_decrypt_is_rejected, 0, COUNT(sizes));
	tcase_add_loop_test(tests, results_of_other_values_are_rejected, 0, COUNT(repeated));
	tcase_add_loop_test(tests, batches_grow_until_a_request_is_rejected, 0, COUNT(batchings));
	tcase_add_test(tests, an_item_rejected_for_its_size_has_an_error);
	tcase_add_test(tests, without_items_no_request_is_sent);
	tcase_add_test(tests, a_failed_request_leaves_no_memory);
	tcase_add_test(tests, the_state_of_a_key_is_read);
	tcase_add_test(tests, rotating_and_retiring_post_to_the_key);
	tcase_add_loop_test(
	    tests, after_a_lost_response_the_key_is_read_and_not_rotated_again, 0, COUNT(doubts));
	tcase_add_test(tests, trimming_raises_the_minimum_for_encryption_first_and_never_lowers_it);
	tcase_add_loop_test(tests, an_unreadable_key_reports_the_cause, 0, COUNT(no_states));
}

int main(void)
{
	return run_tests("transit", add);
}
