#include <string.h>

#include "lib/base/log.h"
#include "lib/manifest/walk.h"
#include "lib/seal/check_run.h"

bool check_rules_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, MANIFEST_RULES) == 0;
}

/* Report the rules of the file that never match, the first time that the file is used. */
static int report_covered(struct check_run *run, struct rule_file *file, struct error *err)
{
	struct error problem = ERROR_INIT;

	for (size_t i = 0; !file->checked && i < file->count; i++) {
		const struct rule *rule = &file->rules[i];
		const struct rule *first = rule_file_covering(file, rule);

		if (!first)
			continue;
		error_set(&problem, ERROR_INVALID,
		    "%s:%zu: the rule never matches, because the rule of line %zu matches first; "
		    "remove one of them, or change their order",
		    rule->file, rule->line, first->line);
		if (check_run_report(run, &problem, err) < 0)
			return -1;
	}
	file->checked = true;
	return 0;
}

int check_rules_read(struct check_run *run, const char *path, struct error *err)
{
	struct error problem = ERROR_INIT;
	struct rule_file *file;

	if (rule_search_read(&run->rules, path, &file, &problem) < 0)
		return check_run_report(run, &problem, err);
	return report_covered(run, file, err);
}

int check_rules_find(struct check_run *run, const struct manifest_document *document,
    const char *namespace, const struct rule **rule, struct error *err)
{
	struct error problem = ERROR_INIT;
	struct rule_file *file;
	const char *path;

	*rule = NULL;
	if (document->file->is_stream)
		return 0;
	if (rule_search_find(&run->rules, document->file->name, &file, &path, &problem) < 0)
		return check_run_report(run, &problem, err);
	if (!file)
		return 0;
	if (rule_file_match(file, path, namespace, rule, &problem) < 0)
		log_write(LOG_DEBUG, "%s: not compared with a rule: %s", document->file->name,
		    problem.message);
	return report_covered(run, file, err);
}
