#include "lib/base/cleanup.h"
#include "lib/base/strings.h"
#include "lib/manifest/manifest.h"
#include "lib/sealed/sealed.h"
#include "tests/unit/expect.h"

static struct error err;
static struct kube_secret secret;

static void make_secret(void)
{
	secret.namespace = strdup("demo");
	secret.name = strdup("app");
}

static void add_bytes(const char *key, const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&value, bytes, length, &err), err);
	expect_ok(kube_secret_add(&secret, key, &value, &err), err);
}

static void add_data(const char *key, const char *value)
{
	add_bytes(key, value, strlen(value));
}

static const struct {
	const char *text;
	int64_t version;
} ciphertexts[] = {
    {"vault:v1:Zg==", 1},
    {"vault:v2:Zm9vYmFy", 2},
    {"vault:v10:Zm8=", 10},
    {"vault:v999999999999999999:Zg==", 999999999999999999},
};

START_TEST(a_ciphertext_has_a_version)
{
	const char *text = ciphertexts[_i].text;
	int64_t version = 0;

	ck_assert(sealed_is_ciphertext(text, strlen(text)));
	expect_ok(sealed_version(text, strlen(text), &version, &err), err);
	ck_assert_int_eq(version, ciphertexts[_i].version);
}
END_TEST

static const struct {
	const char *text, *message;
} garbled[] = {
    {"", "not sealed"},
    {"hunter2", "not sealed"},
    {"vault:", "not sealed"},
    {" vault:v1:Zg==", "not sealed"},
    {"Vault:v1:Zg==", "not sealed"},
    {"vault:v", "not sealed"},
    {"vault:v1", "not sealed"},
    {"vault:v:Zg==", "not sealed"},
    {"vault:v-1:Zg==", "not sealed"},
    {"vault:v+1:Zg==", "not sealed"},
    {"vault:v1x:Zg==", "not sealed"},
    {"vault:v2/data/app#x", "not sealed"},
    {"vault:v0:Zg==", "invalid key version"},
    {"vault:v01:Zg==", "invalid key version"},
    {"vault:v9999999999999999999:Zg==", "invalid key version"},
    {"vault:v1:", "not base64"},
    {"vault:v1:Zg", "not base64"},
    {"vault:v1:hunter2!", "not base64"},
    {"vault:v1:Zg==\n", "ends in a newline"},
    {"vault:v1:Zg== ", "not base64"},
};

START_TEST(a_garbled_ciphertext_is_refused)
{
	int64_t version = 0;

	expect_failure(sealed_version(garbled[_i].text, strlen(garbled[_i].text), &version, &err),
	    err, ERROR_INVALID, garbled[_i].message);
	ck_assert(sealed_is_ciphertext(garbled[_i].text, strlen(garbled[_i].text)) ==
		  (strcmp(garbled[_i].message, "not sealed") != 0));
	expect_lacks(err.message, "hunter2");
}
END_TEST

static const struct {
	enum sealed_scope scope;
	const char *name, *context; /* base64 of demo/app/KEY, demo//KEY, //KEY */
} scopes[] = {
    {SEALED_STRICT, "strict", "ZGVtby9hcHAvS0VZ"},
    {SEALED_NAMESPACE_WIDE, "namespace-wide", "ZGVtby8vS0VZ"},
    {SEALED_CLUSTER_WIDE, "cluster-wide", "Ly9LRVk="},
};

START_TEST(a_scope_makes_the_context)
{
	enum sealed_scope scope;
	cleanup_free char *context = sealed_context(scopes[_i].scope, "demo", "app", "KEY", &err);

	ck_assert_str_eq(context, scopes[_i].context);
	ck_assert_str_eq(sealed_scope_name(scopes[_i].scope), scopes[_i].name);
	expect_ok(sealed_scope_parse(scopes[_i].name, &scope, &err), err);
	ck_assert_int_eq(scope, scopes[_i].scope);
}
END_TEST

static const char *const no_scopes[] = {"", "Strict", "unbound", "strict ", "namespace"};

START_TEST(an_unknown_scope_is_refused)
{
	enum sealed_scope scope;

	expect_failure(
	    sealed_scope_parse(no_scopes[_i], &scope, &err), err, ERROR_INVALID, "is not a scope");
}
END_TEST

START_TEST(label_and_annotations_are_read_back)
{
	enum sealed_scope scope;

	make_secret();
	expect_ok(sealed_secret_mark(&secret, "transit/k", SEALED_NAMESPACE_WIDE, true, &err), err);
	ck_assert_str_eq(kube_secret_label(&secret, SEALED_LABEL), "true");
	ck_assert_str_eq(kube_secret_annotation(&secret, SEALED_ANNOTATION_KEY), "transit/k");
	expect_ok(sealed_secret_scope(&secret, &scope, &err), err);
	ck_assert_int_eq(scope, SEALED_NAMESPACE_WIDE);
	ck_assert(sealed_secret_is_document(&secret, "anything"));
	kube_secret_free(&secret);
}
END_TEST

START_TEST(without_an_annotation_the_name_decides_the_layout)
{
	enum sealed_scope scope;

	make_secret();
	expect_ok(sealed_secret_scope(&secret, &scope, &err), err);
	ck_assert_int_eq(scope, SEALED_UNBOUND);
	ck_assert(sealed_secret_is_document(&secret, "secrets.json"));
	ck_assert(!sealed_secret_is_document(&secret, "PASSWORD"));
	ck_assert(!sealed_secret_is_document(&secret, ".json"));
	kube_secret_free(&secret);
}
END_TEST

START_TEST(an_unknown_scope_in_an_annotation_names_the_secret)
{
	enum sealed_scope scope;

	make_secret();
	expect_ok(kube_secret_add_annotation(&secret, SEALED_ANNOTATION_SCOPE, "loose", &err), err);
	expect_failure(sealed_secret_scope(&secret, &scope, &err), err, ERROR_INVALID,
	    "Secret demo/app: annotation secretmanager/scope: \"loose\" is not a scope");
	kube_secret_free(&secret);
}
END_TEST

static const struct {
	const char *option, *annotation, *key, *message;
} keys[] = {
    {"k", NULL, "k", NULL},
    {NULL, "team/k", "team/k", NULL},
    {"k", "transit/k", "transit/k", NULL},
    {NULL, NULL, NULL, "no Transit key is known"},
    {"other", "transit/k", NULL, "sealed with Transit key transit/k, but other is requested"},
};

START_TEST(option_and_annotation_must_name_one_key)
{
	make_secret();
	if (keys[_i].annotation)
		expect_ok(kube_secret_add_annotation(
			      &secret, SEALED_ANNOTATION_KEY, keys[_i].annotation, &err),
		    err);
	const char *key = sealed_secret_key(&secret, keys[_i].option, &err);
	ck_assert_pstr_eq(key, keys[_i].key);
	if (keys[_i].message)
		expect_contains(err.message, keys[_i].message);
	kube_secret_free(&secret);
}
END_TEST

static const struct {
	const char *one, *two, *data_key;
	enum error_code code;
	const char *message;
} checks[] = {
    {"vault:v1:AA==", "vault:v1:AA==", NULL, ERROR_NONE, ""},
    {"vault:v1:AA==", "hunter2", "ONE", ERROR_NONE, ""},
    {"vault:v1:AA==", "hunter2", NULL, ERROR_INVALID, "half sealed: data key \"TWO\""},
    {"hunter2", "hunter2", NULL, ERROR_INVALID, "not sealed: data key \"ONE\""},
    {"vault:v1:AA==", "hunter2", "TWO", ERROR_INVALID, "not sealed: data key \"TWO\""},
    {"vault:v1:AA==", "", "THREE", ERROR_NOT_FOUND, "no data key \"THREE\""},
    {NULL, NULL, NULL, ERROR_INVALID, "empty"},
    {NULL, NULL, "ONE", ERROR_NOT_FOUND, "no data key \"ONE\""},
};

START_TEST(a_secret_is_sealed_half_sealed_or_not_sealed)
{
	make_secret();
	if (checks[_i].one)
		add_data("ONE", checks[_i].one);
	if (checks[_i].two)
		add_data("TWO", checks[_i].two);
	int result = sealed_secret_check(&secret, checks[_i].data_key, &err);
	ck_assert_int_eq(result, checks[_i].code == ERROR_NONE ? 0 : -1);
	ck_assert_int_eq(err.code, checks[_i].code);
	expect_contains(err.message, checks[_i].message);
	expect_lacks(err.message, "hunter2");
	kube_secret_free(&secret);
}
END_TEST

/* Append "NAME=value;" for a member. */
static int gather(void *context, const char *name, struct secret_buffer *value, struct error *error)
{
	struct secret_buffer *text = context;

	if (strcmp(name, "STOP") == 0)
		return error_set(error, ERROR_USAGE, "stopped");
	if (secret_buffer_append_string(text, name, error) < 0 ||
	    secret_buffer_append(text, "=", 1, error) < 0 ||
	    secret_buffer_append(text, secret_buffer_string(value), value->length, error) < 0)
		return -1;
	return secret_buffer_append(text, ";", 1, error);
}

static const struct {
	const char *document, *members;
} documents[] = {
    {"{}", ""},
    {" {\"A\" : \"1\"}\n", "A=1;"},
    {"{\"A\": \"it\\u0027s\\n\", \"\\u0042\": \"\\ud83d\\ude39\"}", "A=it's\n;B=\xF0\x9F\x98\xB9;"},
    {"{\"N\": 1.50e+07, \"T\": true, \"F\": false, \"Z\": null}", "N=1.50e+07;T=true;F=false;"},
    {"{\"O\": { \"a\" : [ 1, \"x y\" ] }, \"L\": [ ]}", "O={\"a\":[1,\"x y\"]};L=[];"},
    {"{\"E\": \"\"}", "E=;"},
};

START_TEST(the_members_of_a_document_are_variables)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, out = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&text, documents[_i].document, &err), err);
	expect_ok(sealed_document_check(&text, "secrets.json", &err), err);
	expect_ok(sealed_document_each(&text, "secrets.json", gather, &out, &err), err);
	ck_assert_str_eq(secret_buffer_string(&out), documents[_i].members);
}
END_TEST

static const struct {
	const char *document, *message;
} no_documents[] = {
    {"", "secrets.json: line 1"},
    {"hunter2", "secrets.json: line 1"},
    {"[\"hunter2\"]", "the document is not a JSON object"},
    {"\"hunter2\"", "the document is not a JSON object"},
    {"null", "the document is not a JSON object"},
    {"{\"A\":\"hunter2\",\"A\":\"hunter2\"}", "duplicate"},
    {"{\"A\":\"hunter2\"} x", "text after"},
    {"{\"a\\u0000b\":\"hunter2\"}", "contains a NUL byte"},
    {"{\"STOP\":\"hunter2\"}", "stopped"},
};

START_TEST(another_text_is_not_a_document)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, out = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&text, no_documents[_i].document, &err), err);
	ck_assert_int_eq(sealed_document_each(&text, "secrets.json", gather, &out, &err), -1);
	expect_contains(err.message, no_documents[_i].message);
	expect_lacks(err.message, "hunter2");
}
END_TEST

START_TEST(a_new_manifest_is_block_yaml_with_a_line_for_each_value)
{
	cleanup_secret struct secret_buffer yaml = SECRET_BUFFER_INIT;

	make_secret();
	expect_ok(sealed_secret_mark(&secret, "transit/k", SEALED_STRICT, false, &err), err);
	add_data("PASSWORD", "vault:v1:AA==");
	add_data("8080",
	    "vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	add_data("EMPTY", "");
	expect_ok(manifest_write(&secret, &yaml, &err), err);
	expect_text(yaml,
	    "apiVersion: v1\n"
	    "kind: Secret\n"
	    "metadata:\n"
	    "  name: \"app\"\n"
	    "  namespace: \"demo\"\n"
	    "  labels:\n"
	    "    secretmanager/sealed: \"true\"\n"
	    "  annotations:\n"
	    "    secretmanager/transit-key: \"transit/k\"\n"
	    "    secretmanager/layout: \"per-key\"\n"
	    "    secretmanager/scope: \"strict\"\n"
	    "type: Opaque\n"
	    "data:\n"
	    "  \"PASSWORD\": dmF1bHQ6djE6QUE9PQ==\n"
	    "  \"8080\": "
	    "dmF1bHQ6djE6QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
	    "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n"
	    "  \"EMPTY\": \"\"\n");
	kube_secret_free(&secret);
}
END_TEST

START_TEST(a_new_manifest_that_is_too_large_is_an_error)
{
	cleanup_secret struct secret_buffer yaml = {.limit = 8};
	char *value = malloc(70000);

	memset(value, 'x', 69999);
	value[69999] = '\0';
	make_secret();
	add_data("A", value);
	add_data("B", value);
	free(value);
	expect_failure(manifest_write(&secret, &yaml, &err), err, ERROR_TOO_LARGE, "8 bytes");
	kube_secret_free(&secret);
}
END_TEST

#define LETTERS "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
/* base64 of "vault:v2:" before LETTERS. */
#define ENCODED "dmF1bHQ6djI6UVVGQlFVRkJRVUZCUVVGQlFVRkJRVUZC"

static const struct {
	const char *text;
	int64_t version; /* 0: none */
	size_t at;
} mentions[] = {
    {"vault:v7:" LETTERS, 7, 0},
    {"a: vault:v12:" LETTERS "\n", 12, 3},
    {"vault:v1:ciphertext vault:v2: vvault:v3:" LETTERS, 3, 31},
    {"A: " ENCODED "\n", 2, 3},
    {"vault:v1:ciphertext", 0, 0},
    {"vault:v007:" LETTERS, 7, 0},
    {"vault:v:" LETTERS, 0, 0},
    {"vault:v0:" LETTERS, 0, 0},
    {"vault:v1", 0, 0},
    {"dmF1bHQ6", 0, 0},
    {"dmF1bHQ6djI6", 0, 0},
    {"", 0, 0},
};

START_TEST(ciphertext_is_found_inside_text)
{
	const char *text = mentions[_i].text;
	int64_t version;
	const char *found = sealed_find_mention(text, strlen(text), &version);

	ck_assert(found == (mentions[_i].version ? text + mentions[_i].at : NULL));
	if (found)
		ck_assert_int_eq(version, mentions[_i].version);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, ciphertext_is_found_inside_text, 0, COUNT(mentions));
	tcase_add_loop_test(tests, a_ciphertext_has_a_version, 0, COUNT(ciphertexts));
	tcase_add_loop_test(tests, a_garbled_ciphertext_is_refused, 0, COUNT(garbled));
	tcase_add_loop_test(tests, a_scope_makes_the_context, 0, COUNT(scopes));
	tcase_add_loop_test(tests, an_unknown_scope_is_refused, 0, COUNT(no_scopes));
	tcase_add_test(tests, label_and_annotations_are_read_back);
	tcase_add_test(tests, without_an_annotation_the_name_decides_the_layout);
	tcase_add_test(tests, an_unknown_scope_in_an_annotation_names_the_secret);
	tcase_add_loop_test(tests, option_and_annotation_must_name_one_key, 0, COUNT(keys));
	tcase_add_loop_test(tests, a_secret_is_sealed_half_sealed_or_not_sealed, 0, COUNT(checks));
	tcase_add_loop_test(tests, the_members_of_a_document_are_variables, 0, COUNT(documents));
	tcase_add_loop_test(tests, another_text_is_not_a_document, 0, COUNT(no_documents));
	tcase_add_test(tests, a_new_manifest_is_block_yaml_with_a_line_for_each_value);
	tcase_add_test(tests, a_new_manifest_that_is_too_large_is_an_error);
}

int main(void)
{
	return run_tests("sealed", add);
}
