#include "lib/seal/check_run.h"

#include "lib/sealed/foreign.h"
#include "lib/sealed/sealed.h"

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
