#include "lib/seal/check_run.h"

#include <string.h>

#include "lib/sealed/foreign.h"
#include "lib/sealed/sealed.h"

size_t check_run_line(struct check_run *run, const struct manifest_document *document, size_t byte)
{
	const char *text = document->manifest.tree.text, *end = text + byte;

	if (byte < run->byte || run->line == 0) {
		run->byte = 0;
		run->line = document->manifest.tree.line;
	}
	for (const char *at = text + run->byte; (at = memchr(at, '\n', (size_t)(end - at))) != NULL;
	     at++)
		run->line++;
	run->byte = byte;
	return run->line;
}

int check_run_report(struct check_run *run, const struct error *problem, struct error *err)
{
	run->summary->problems++;
	return run->print(problem->message, err);
}

bool check_run_value(const char *bytes, size_t length, struct error *problem)
{
	int64_t version;

	if (sealed_is_ciphertext(bytes, length))
		return sealed_version(bytes, length, &version, problem) == 0;
	if (foreign_tool(bytes, length))
		return true;
	error_set(problem, ERROR_INVALID, "plaintext");
	return false;
}
