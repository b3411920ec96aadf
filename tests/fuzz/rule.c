/* .secretmanager.yaml: the first line is a path, the second a namespace, the rest the file. */
#include "lib/seal/rule.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static struct error err;

static void note_rules(const struct rule_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct rule *rule = &file->rules[i];

		FUZZ_CHECK(rule->line > 0 && rule->transit_key);
		fuzz_note_string(rule->path);
		fuzz_note_string(rule->namespace);
		fuzz_note_string(rule->transit_key);
		fuzz_note_string(rule->scope);
		fuzz_note_string(rule->layout);
	}
}

/* A rule that another covers never matches. */
static void check_match(const struct rule_file *file, const char *path, const char *namespace)
{
	const struct rule *rule;

	FUZZ_TRY(rule_file_match(file, path, namespace, &rule, &err), &err);
	FUZZ_CHECK(!rule || !rule_file_covering(file, rule));
	fuzz_note_string(rule ? rule->transit_key : NULL);
}

static void read_and_match(
    struct rule_file *file, const struct fuzz_input *input, const char *path, const char *namespace)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	FUZZ_MUST(secret_buffer_append(&text, input->data, input->length, &err), &err);
	file->name = string_format(&err, "rules");
	FUZZ_MUST(file->name ? 0 : -1, &err);
	FUZZ_TRY(rule_file_parse(file, &text, &err), &err);
	note_rules(file);
	check_match(file, *path ? path : "app.yaml", namespace);
	check_match(file, *path ? path : "app.yaml", NULL);
}

void fuzz_case(struct fuzz_input *input)
{
	const char *path = fuzz_line(input), *namespace = fuzz_line(input);
	struct rule_file file = {0};

	read_and_match(&file, input, path, namespace);
	rule_file_free(&file);
}
