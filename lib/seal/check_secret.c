#include <string.h>

#include "lib/base/strings.h"
#include "lib/seal/check_run.h"
#include "lib/sealed/sealed.h"

/* A Secret to name in messages, whose manifest may have no name. */
struct named_secret {
	const char *namespace, *name;
};

static struct named_secret name_secret(const struct kube_secret *object)
{
	return (struct named_secret){object->namespace, manifest_shown_name(object)};
}

/* Report a problem at the node of the Secret's manifest. */
static int report_at(struct check_run *run, const struct manifest_document *document,
    const struct manifest_secret *secret, uint32_t node, struct error *problem, struct error *err)
{
	const struct named_secret named = name_secret(&secret->object);
	const struct manifest_tree *tree = &document->manifest.tree;

	error_wrap(problem, "%s:%zu: Secret %s%s%s", document->file->name,
	    check_run_line(run, document, tree->nodes[node].start), KUBE_NAMED(&named));
	return check_run_report(run, problem, err);
}

static int check_entry(struct check_run *run, const struct manifest_document *document,
    const struct manifest_secret *secret, size_t index, struct error *err)
{
	const struct kube_entry *entry = &secret->object.data[index];
	struct error problem = ERROR_INIT;

	if (manifest_is_unknown(secret, entry) ||
	    check_run_value(secret_buffer_string(&entry->value), entry->value.length, &problem))
		return 0;
	error_wrap(&problem, "data key \"%s\"", entry->key);
	error_hint(&problem, "seal it with secret-seal --in-place -f FILE");
	return report_at(run, document, secret, secret->values[index].key, &problem, err);
}

/* Report ciphertext that secret-rotate does not select, or whose key it does not know. */
static int check_metadata(struct check_run *run, const struct manifest_document *document,
    const struct manifest_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->object;
	bool labelled = sealed_secret_is_labelled(object);
	bool annotated = kube_secret_annotation(object, SEALED_ANNOTATION_KEY) != NULL;
	struct error problem = ERROR_INIT;

	if (labelled && annotated)
		return 0;
	error_set(&problem, ERROR_INVALID,
	    "ciphertext that secret-rotate does not find; add %s%s%s",
	    labelled ? "" : "the label " SEALED_LABEL ": \"" SEALED_LABEL_VALUE "\"",
	    labelled || annotated ? "" : " and ",
	    annotated ? "" : "the annotation " SEALED_ANNOTATION_KEY);
	return report_at(run, document, secret, secret->node, &problem, err);
}

/* Report an annotation that contradicts the rule of the repository. */
static int check_rule(struct check_run *run, const struct manifest_document *document,
    const struct manifest_secret *secret, struct error *err)
{
	struct error problem = ERROR_INIT;
	const struct rule *rule;

	if (check_rules_find(run, document, secret->object.namespace, &rule, err) < 0)
		return -1;
	if (!rule || rule_check(rule, &secret->object, &problem) == 0)
		return 0;
	return report_at(run, document, secret, secret->node, &problem, err);
}

/* Report problems in the order of their lines, so that check_run_line never begins again. */
static int check_secret(struct check_run *run, const struct manifest_document *document,
    const struct manifest_secret *secret, struct error *err)
{
	run->summary->secrets++;
	if (sealed_secret_has_ciphertext(&secret->object) &&
	    (check_metadata(run, document, secret, err) < 0 ||
		check_rule(run, document, secret, err) < 0))
		return -1;
	for (size_t i = 0; i < secret->object.data_count; i++)
		if (check_entry(run, document, secret, i, err) < 0)
			return -1;
	return 0;
}

int check_secret_all(
    struct check_run *run, const struct manifest_document *document, struct error *err)
{
	for (size_t i = 0; i < document->manifest.count; i++)
		if (check_secret(run, document, &document->manifest.secrets[i], err) < 0)
			return -1;
	return 0;
}
