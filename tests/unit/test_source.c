/* The sources on this machine, from the settings to named variables; nothing is asked of a server.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/launch/source.h"
#include "tests/unit/expect.h"
#include "tests/unit/kube_scratch.h"

/* Well formed; it is not decrypted here. */
#define CIPHERTEXT "vault:v1:AAAA"

static struct error err;
static struct launch_settings settings;
static struct variables variables;

static void set_up(void)
{
	error_clear(&err);
	memset(&settings, 0, sizeof(settings));
	settings.sources.allow_plaintext = true;
	settings.timeout_ms = 60000;
	scratch_make();
}

static void tear_down(void)
{
	variables_free(&variables);
	strings_free(&settings.sources.documents);
	strings_free(&settings.sources.env_files);
	strings_free(&settings.sources.directories);
	strings_free(&settings.names.only);
	strings_free(&settings.names.exclude);
	scratch_remove();
}

static void add_file(struct strings *list, const char *name, const char *text)
{
	const char *path = scratch_write(name, text);

	ck_assert_int_eq(chmod(path, 0600), 0);
	expect_ok(strings_append(list, path, &err), err);
}

static int run(void)
{
	variables_free(&variables);
	return collect(&settings, &variables, &err);
}

static void expect_variable(const char *name, const char *value)
{
	const struct variable *variable = variables_find(&variables, name);

	if (!variable)
		ck_abort_msg("%s is missing", name);
	expect_text(variable->value, value);
}

static const struct {
	const char *text, *json;
} documents[] = {
    {"{\"A\": 1.50, \"B\": \"x\"}", "{\"A\": 1.50, \"B\": \"x\"}"},
    {"A: 1.50\nB: x\n", "{\"A\":1.50,\"B\":\"x\"}"},
    {"A: 1\nB: [x, y]", "{\"A\":1,\"B\":[\"x\",\"y\"]}"},
    {" \n{}\n", " \n{}\n"},
    {"# only a comment\n", "null"},
};

START_TEST(a_document_is_read_as_json_or_yaml)
{
	struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&text, documents[_i].text, &err), err);
	expect_ok(source_document_to_json(&text, "it", &err), err);
	expect_text(text, documents[_i].json);
	secret_buffer_free(&text);
}
END_TEST

static const struct {
	const char *text, *message;
} no_documents[] = {
    {"{\"A\": hunter2", "app.conf: line 1, column 7"},
    {"{A: hunter2}", "app.conf: line 1, column 2"},
    {"A: 1\nA: hunter2\n", "app.conf: line 2"},
    {"- hunter2\n", "app.conf: the document is not a JSON object"},
    {"hunter2", "app.conf: the document is not a JSON object"},
    {"", "app.conf: the document is not a JSON object"},
};

START_TEST(an_invalid_document_is_refused_with_the_position)
{
	add_file(&settings.sources.documents, "app.conf", no_documents[_i].text);
	expect_failure(run(), err, ERROR_INVALID, no_documents[_i].message);
	expect_lacks(err.message, "hunter2");
}
END_TEST

START_TEST(plaintext_needs_no_server)
{
	add_file(&settings.sources.documents, "app.json", "{\"A\": \"1\", \"N\": null}");
	add_file(&settings.sources.documents, "app.yaml", "B: true\nC: [1, x]\n");
	add_file(&settings.sources.env_files, ".env", "export D='d d'\n");
	expect_ok(run(), err);
	ck_assert_uint_eq(variables.count, 4);
	expect_variable("A", "1");
	expect_variable("B", "true");
	expect_variable("C", "[1,\"x\"]");
	expect_variable("D", "d d");
}
END_TEST

START_TEST(plaintext_is_refused_unless_allowed)
{
	settings.sources.allow_plaintext = false;
	add_file(&settings.sources.env_files, ".env", "A=1\n");
	expect_failure(run(), err, ERROR_USAGE, "pass --allow-plaintext");
	expect_contains(err.message, "--from-env-file ");
}
END_TEST

START_TEST(the_later_of_two_files_is_used_only_with_override)
{
	add_file(&settings.sources.env_files, "one.env", "A=1\nB=1\n");
	add_file(&settings.sources.env_files, "two.env", "A=2\n");
	add_file(&settings.sources.documents, "app.json", "{\"A\": \"0\", \"B\": \"0\"}");
	expect_failure(run(), err, ERROR_INVALID, "variable A comes from both ");
	expect_contains(err.message, "app.json, member A and ");
	expect_contains(err.message, "--override");
	expect_contains(err.message, "one.env; remove one of them");
	settings.override = true;
	expect_ok(run(), err);
	ck_assert_uint_eq(variables.count, 2);
	expect_variable("A", "2");
	expect_variable("B", "1");
}
END_TEST

START_TEST(two_names_that_become_one_are_an_error_with_both)
{
	add_file(&settings.sources.documents, "app.json", "{\"a-b\": \"1\", \"a.b\": \"2\"}");
	settings.names.sanitize = true;
	settings.override = true; /* which is about sources */
	expect_failure(run(), err, ERROR_INVALID, "variable (name not shown) comes from both ");
	expect_contains(err.message, ", member 1 (name not shown) and ");
	expect_contains(err.message, ", member 2 (name not shown); remove one of them");
}
END_TEST

START_TEST(excluding_all_values_is_an_error)
{
	add_file(&settings.sources.documents, "app.json", "{\"A\": \"1\"}");
	add_file(&settings.sources.env_files, ".env", "B=2\n");
	expect_ok(strings_append(&settings.names.only, "C*", &err), err);
	expect_failure(run(), err, ERROR_INVALID, "--only and --exclude exclude all 2 values");
	expect_ok(strings_append(&settings.names.only, "B", &err), err);
	expect_ok(run(), err);
	ck_assert_uint_eq(variables.count, 1);
}
END_TEST

/* Our own environment, and a definition that names its variables. */
static void define(const char *definition, char **environment)
{
	settings.sources.environment = environment;
	settings.sources.definition = scratch_write("definition", definition);
}

START_TEST(a_definition_takes_and_renames_variables)
{
	char *environment[] = {"DBHOST=outside", "OTHER=x", "EMPTY=", NULL};

	add_file(&settings.sources.env_files, ".env", "DBHOST=inside\nDBPASS=secret\nREST=y\n");
	define("{\"db_host\": \"DBHOST\", \"db_pass\": \"DBPASS\", \"e\": \"EMPTY\"}", environment);
	settings.names.upper_case = true; /* not of names that are chosen */
	expect_ok(run(), err);
	ck_assert_uint_eq(variables.count, 3);
	expect_variable("db_host", "outside");
	expect_variable("db_pass", "secret");
	expect_variable("e", "");
}
END_TEST

START_TEST(a_definition_can_be_yaml)
{
	char *environment[] = {"A=1", NULL};

	define("b: A\nc: A\n", environment);
	expect_ok(run(), err);
	expect_variable("b", "1");
	expect_variable("c", "1");
}
END_TEST

static const struct {
	const char *definition;
	enum error_code code;
	const char *message;
} no_definitions[] = {
    {"{\"a\": \"MISSING\"}", ERROR_NOT_FOUND,
	"name a: variable \"MISSING\": set neither in the environment"},
    {"{\"a\": 1}", ERROR_INVALID, "name a: must be a string"},
    {"[\"A\"]", ERROR_INVALID, "not an object"},
    {"{\"a\": \"A\", \"a\": \"A\"}", ERROR_INVALID, "duplicate"},
    {"{\"a\": \"SEALED\"}", ERROR_INVALID, "Vault ciphertext"},
};

START_TEST(an_invalid_definition_is_refused)
{
	char *environment[] = {"A=1", "SEALED=" CIPHERTEXT, NULL};

	settings.sources.transit_key = "k";
	define(no_definitions[_i].definition, environment);
	expect_failure(run(), err, no_definitions[_i].code, no_definitions[_i].message);
	expect_contains(err.message, "definition");
}
END_TEST

START_TEST(ciphertext_as_plaintext_is_refused)
{
	add_file(&settings.sources.documents, "app.json", "{\"A\": \"" CIPHERTEXT "\"}");
	expect_failure(run(), err, ERROR_INVALID, "member A: Vault ciphertext");
	expect_contains(err.message, "--secret");
}
END_TEST

START_TEST(ciphertext_requires_vault)
{
	char *environment[] = {"A=" CIPHERTEXT, NULL};

	settings.sources.environment = environment;
	settings.sources.transit_key = "k";
	expect_failure(run(), err, ERROR_USAGE, "no Vault address");
	expect_ok(strings_append(&settings.names.exclude, "A", &err), err);
	expect_failure(run(), err, ERROR_INVALID, "exclude all");
}
END_TEST

static bool replaces(const char *name, const char *text)
{
	return source_replaces_variable(&settings.names, name, text);
}

START_TEST(patterns_select_the_variables_to_replace)
{
	static const char *const texts[] = {CIPHERTEXT, "vault:secret/data/app#x"};

	ck_assert(!replaces("A", "plain"));
	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert(replaces("A", texts[i]));
	expect_ok(strings_append(&settings.names.only, "B*", &err), err);
	expect_ok(strings_append(&settings.names.exclude, "BC", &err), err);
	for (size_t i = 0; i < COUNT(texts); i++) {
		ck_assert(!replaces("A", texts[i]));
		ck_assert(replaces("B", texts[i]));
		ck_assert(!replaces("BC", texts[i]));
		ck_assert(replaces("secrets.json", texts[i]));
	}
}
END_TEST

static void digest(uint8_t *into)
{
	expect_ok(collect_fingerprint(&settings, into, &err), err);
}

START_TEST(a_fingerprint_changes_with_the_values)
{
	uint8_t before[COLLECT_DIGEST_SIZE], after[COLLECT_DIGEST_SIZE];
	char *environment[] = {"A=" CIPHERTEXT, NULL};

	settings.sources.environment = environment;
	settings.sources.transit_key = "k";
	scratch_write("volume/B", CIPHERTEXT);
	expect_ok(strings_append(&settings.sources.directories, scratch_path("volume"), &err), err);
	digest(before);
	digest(after);
	ck_assert_mem_eq(before, after, sizeof(after));
	scratch_write("volume/B", "vault:v1:AAAB");
	digest(after);
	ck_assert_mem_ne(before, after, sizeof(after));
	scratch_write("volume/B", CIPHERTEXT);
	digest(after);
	ck_assert_mem_eq(before, after, sizeof(after));
	scratch_write("volume/C", CIPHERTEXT);
	digest(after);
	ck_assert_mem_ne(before, after, sizeof(after));
	settings.sources.scope = "cluster-wide";
	digest(before);
	ck_assert_mem_ne(before, after, sizeof(after));
}
END_TEST

/*
 * A volume that the kubelet changes while it is read: another generation of its files each time it
 * is asked for, and the old one removed.
 */
#define FILES 20
#define CHANGES 50

static struct {
	sem_t ready, wanted;
} kubelet;

static const char *volume_path(int generation, const char *file)
{
	char name[64];

	snprintf(name, sizeof(name), "volume/..%d%s%s", generation, *file ? "/" : "", file);
	return scratch_path(name);
}

static void prepare_generation(int generation)
{
	char name[64], text[64], target[16];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "volume/..%d/F%d", generation, i);
		snprintf(text, sizeof(text), "vault:v%d:AAAA", generation);
		scratch_write(name, text);
	}
	snprintf(target, sizeof(target), "..%d", generation);
	ck_assert_int_eq(symlink(target, scratch_path("volume/..data_tmp")), 0);
}

static void remove_generation(int generation)
{
	char file[16];

	for (int i = 0; i < FILES; i++) {
		snprintf(file, sizeof(file), "F%d", i);
		ck_assert_int_eq(unlink(volume_path(generation, file)), 0);
	}
	ck_assert_int_eq(rmdir(volume_path(generation, "")), 0);
}

static void turn_round(void)
{
	ck_assert_int_eq(
	    rename(scratch_path("volume/..data_tmp"), scratch_path("volume/..data")), 0);
}

static void *change_volume(void *unused)
{
	for (int generation = 1; generation <= CHANGES; generation++) {
		prepare_generation(generation + 1);
		sem_post(&kubelet.ready);
		sem_wait(&kubelet.wanted);
		turn_round();
		remove_generation(generation);
	}
	sem_post(&kubelet.ready);
	return unused;
}

static void expect_one_generation(const struct source *source)
{
	if (source->count != FILES)
		ck_abort_msg("%zu files of %d", source->count, FILES);
	for (size_t i = 1; i < source->count; i++)
		if (!secret_buffer_equal(&source->values[0].bytes, &source->values[i].bytes))
			ck_abort_msg("%s and %s in one reading", source->values[0].bytes.data,
			    source->values[i].bytes.data);
}

START_TEST(a_changing_volume_is_read_from_one_generation)
{
	struct source_list list = {.settings = &settings, .quiet = true};
	pthread_t thread;
	char volume[128]; /* the paths of scratch_path are the other thread's from now on */

	snprintf(volume, sizeof(volume), "%s", scratch_path("volume"));
	settings.sources.transit_key = "k";
	sem_init(&kubelet.wanted, 0, 0);
	sem_init(&kubelet.ready, 0, 0);
	prepare_generation(1);
	turn_round();
	ck_assert_int_eq(pthread_create(&thread, NULL, change_volume, NULL), 0);
	for (int i = 0; i < CHANGES; i++) {
		struct source source = {.kind = &source_directory, .argument = volume};

		sem_wait(&kubelet.ready);
		sem_post(&kubelet.wanted);
		expect_ok(source_directory.read(&source, &list, &err), err);
		expect_one_generation(&source);
		source_free(&source);
	}
	pthread_join(thread, NULL);
}
END_TEST

/* Add the object of a reference, which must get this place. */
static void expect_place(struct source_objects *objects, struct kube *kube,
    enum source_resource resource, const char *text, size_t wanted)
{
	struct source_ref ref;
	size_t place;

	expect_ok(source_ref_parse(&ref, "--secret", text, &err), err);
	expect_ok(source_objects_add(objects, kube, resource, &ref, &place, &err), err);
	ck_assert_uint_eq(place, wanted);
	source_ref_free(&ref);
}

START_TEST(an_object_that_is_named_twice_is_read_once)
{
	struct source_objects objects = {NULL, 0};
	struct kube kube = {.namespace = strdup("demo")};

	http_endpoint_init(&kube.endpoint, "Kubernetes API");
	expect_place(&objects, &kube, API_SECRET, "app?", 0);
	expect_place(&objects, &kube, API_SECRET, "other/app", 1);
	expect_place(&objects, &kube, API_CONFIG_MAP, "demo/app?", 2);
	expect_place(&objects, &kube, API_CONFIG_MAP, "app?:KEY", 2);
	expect_place(&objects, &kube, API_SECRET, "demo/app", 0);
	expect_place(&objects, &kube, API_SECRET, "other/app?", 1);
	ck_assert_uint_eq(objects.count, 3);
	expect_text(objects.items[1].exchange.path, "/api/v1/namespaces/other/secrets/app");
	expect_text(objects.items[2].exchange.path, "/api/v1/namespaces/demo/configmaps/app");
	/* Optional only if all references are. */
	ck_assert(!objects.items[0].optional);
	ck_assert(!objects.items[1].optional);
	ck_assert(objects.items[2].optional);
	source_objects_free(&objects);
	kube_free(&kube);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_document_is_read_as_json_or_yaml, 0, COUNT(documents));
	tcase_add_loop_test(
	    tests, an_invalid_document_is_refused_with_the_position, 0, COUNT(no_documents));
	tcase_add_test(tests, plaintext_needs_no_server);
	tcase_add_test(tests, plaintext_is_refused_unless_allowed);
	tcase_add_test(tests, the_later_of_two_files_is_used_only_with_override);
	tcase_add_test(tests, two_names_that_become_one_are_an_error_with_both);
	tcase_add_test(tests, excluding_all_values_is_an_error);
	tcase_add_test(tests, a_definition_takes_and_renames_variables);
	tcase_add_test(tests, a_definition_can_be_yaml);
	tcase_add_loop_test(tests, an_invalid_definition_is_refused, 0, COUNT(no_definitions));
	tcase_add_test(tests, ciphertext_as_plaintext_is_refused);
	tcase_add_test(tests, ciphertext_requires_vault);
	tcase_add_test(tests, patterns_select_the_variables_to_replace);
	tcase_add_test(tests, a_fingerprint_changes_with_the_values);
	tcase_add_test(tests, an_object_that_is_named_twice_is_read_once);
	tcase_add_test(tests, a_changing_volume_is_read_from_one_generation);
}

int main(void)
{
	return run_tests("source", add);
}
