#include "lib/launch/source.h"
#include "tests/unit/expect.h"

static struct error err;

static const struct {
	const char *text, *path, *key;
	int64_t version;
} references[] = {
    {"vault:secret/data/app#password", "secret/data/app", "password", 0},
    {"vault:secret/data/app#password#2", "secret/data/app", "password", 2},
    {"vault:v2/data/app#password", "v2/data/app", "password", 0},
    {"vault:v1/app#a:b", "v1/app", "a:b", 0},
    {"vault:8200/app#password", "8200/app", "password", 0},
    {"vault:kv/app#user name", "kv/app", "user name", 0},
};

START_TEST(a_reference_names_a_key)
{
	struct source source = {.kind = &source_environment};
	struct source_value *value = source_add(&source, "A", strdup("variable A"), &err);

	ck_assert(source_kv_is_reference(references[_i].text));
	expect_ok(source_value_set_reference(value, references[_i].text, &err), err);
	ck_assert_int_eq(value->form, SOURCE_REFERENCE);
	ck_assert_str_eq(value->ref.path, references[_i].path);
	ck_assert_str_eq(value->ref.key, references[_i].key);
	ck_assert_int_eq(value->ref.version, references[_i].version);
	expect_text(value->bytes, references[_i].text);
	source_free(&source);
}
END_TEST

#define UNCHANGED "or pass --exclude A to leave it unchanged"

static const struct {
	const char *text, *message;
} refused[] = {
    {"vault:secret/data/app", "a reference to Vault without a key"},
    {"vault:v2/data/app", "a reference to Vault without a key"},
    {"vault:#password", "write a path such as"},
    {"vault:secret#password", "write a path such as"},
    {"vault:secret/data/app#", "write a path such as"},
    {"vault:secret/data/app#password#latest", "must be a number from 1"},
    {"vault:auth/token/lookup-self#id", "not the path of a KV engine"},
    {"vault:secret/data/app#${.user}:${.password}", "templates in place of a key"},
    {">>vault:pki/issue/app#certificate", ">>vault: is not supported"},
    {"${vault:secret/data/app#password}", "references within other text"},
    {"${>>vault:pki/issue/app#certificate}", "references within other text"},
    {"postgres://${vault:db/app#user}:x@db/", "references within other text"},
    {"${HOME} and ${vault:db/app#user}", "references within other text"},
    {"vault:8200 ${vault:db/app#user}", "references within other text"},
    {"x ${vault:v1:AAAA}", "references within other text"},
};

START_TEST(other_references_of_vault_env_are_refused)
{
	struct source source = {.kind = &source_environment};
	struct source_value *value = source_add(&source, "A", strdup("variable A"), &err);

	ck_assert(source_kv_is_reference(refused[_i].text));
	expect_failure(source_value_set_reference(value, refused[_i].text, &err), err, ERROR_USAGE,
	    refused[_i].message);
	expect_contains(err.message, "variable A: ");
	expect_contains(err.message, UNCHANGED);
	source_free(&source);
}
END_TEST

static const char *const other_texts[] = {"", "plain", "vault", "vault:", "vault:8200",
    "vault:8200/ui/vault", "vault:latest", "vault:1.21.0", "vault:v1", "vault:v1.2", "vault:login",
    "vault:verbatim", "vault:v1:AAAA", "vault:v9:a/b#c", " vault:secret/data/app#password",
    "https://vault:8200/ui#x", "Vault:secret/data/app#password", "${vault}", "${vault:-default}",
    "${vault:8200}", "${vault:secret#x", "$vault:secret/data/app#x", "${ vault:a/b#c}"};

START_TEST(other_texts_are_not_references)
{
	ck_assert(!source_kv_is_reference(other_texts[_i]));
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, a_reference_names_a_key, 0, COUNT(references));
	tcase_add_loop_test(tests, other_references_of_vault_env_are_refused, 0, COUNT(refused));
	tcase_add_loop_test(tests, other_texts_are_not_references, 0, COUNT(other_texts));
}

int main(void)
{
	return run_tests("source_kv", add);
}
