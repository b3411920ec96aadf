#include "lib/manifest/manifest.h"

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/sealed/sealed.h"
#include "tests/unit/expect.h"

#define SEALED "dmF1bHQ6djE6QUFBQQ==" /* base64 of vault:v1:AAAA */
#define METADATA_2                                                                                 \
	"  labels:\n    secretmanager/sealed: \"true\"\n"                                          \
	"  annotations:\n    secretmanager/transit-key: \"transit/k\"\n"

static struct error err;

static int read_text(struct manifest *manifest, const char *text, size_t length)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&copy, text, length, &err), err);
	return manifest_read(manifest, &copy, 1, "app.yaml", &err);
}

/* Seal the values that are not sealed, and set label and annotation, as secret-seal does. */
static int seal_secret(const struct manifest_secret *secret, struct kube_secret *set)
{
	for (size_t i = 0; i < secret->object.data_count; i++) {
		const struct kube_entry *entry = &secret->object.data[i];
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (sealed_is_ciphertext(secret_buffer_string(&entry->value), entry->value.length))
			continue;
		expect_ok(secret_buffer_append_string(&value, "vault:v1:AAAA", &err), err);
		expect_ok(kube_secret_add(set, entry->key, &value, &err), err);
	}
	expect_ok(kube_secret_add_label(set, SEALED_LABEL, SEALED_LABEL_VALUE, &err), err);
	return kube_secret_add_annotation(set, SEALED_ANNOTATION_KEY, "transit/k", &err);
}

static int seal_manifest(const struct manifest *manifest, struct secret_buffer *out)
{
	struct kube_secret *sets = calloc(manifest->count + 1, sizeof(*sets));
	struct manifest_change *changes = calloc(manifest->count + 1, sizeof(*changes));

	for (size_t i = 0; i < manifest->count; i++) {
		expect_ok(seal_secret(&manifest->secrets[i], &sets[i]), err);
		changes[i] = (struct manifest_change){&manifest->secrets[i], &sets[i], true};
	}
	int result = manifest_change(manifest, changes, manifest->count, out, &err);
	for (size_t i = 0; i < manifest->count; i++)
		kube_secret_free(&sets[i]);
	free(sets);
	free(changes);
	return result;
}

static int seal_text(const char *text, struct secret_buffer *out)
{
	struct manifest manifest;

	int result = read_text(&manifest, text, strlen(text));
	if (result == 0)
		result = seal_manifest(&manifest, out);
	manifest_free(&manifest);
	return result;
}

#define JSON_HEAD "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\""
#define JSON_METADATA                                                                              \
	",\"labels\":{\"secretmanager/sealed\":\"true\"},\"annotations\":{"                        \
	"\"secretmanager/transit-key\":\"transit/k\"}"

static const struct {
	const char *before, *after;
} texts[] = {
    /* Documents without a Secret. */
    {"", ""},
    {"# nothing\n", "# nothing\n"},
    {"just text\n", "just text\n"},
    {"- a\n- b\n", "- a\n- b\n"},
    {"kind: ConfigMap\napiVersion: v1\ndata: {a: &x b, c: *x}\n",
	"kind: ConfigMap\napiVersion: v1\ndata: {a: &x b, c: *x}\n"},
    {"kind: Template\napiVersion: template.openshift.io/v1\nobjects: [{kind: Role}, x, {}]\n",
	"kind: Template\napiVersion: template.openshift.io/v1\nobjects: [{kind: Role}, x, {}]\n"},
    {"kind: Secret\napiVersion: example.com/v1\n", "kind: Secret\napiVersion: example.com/v1\n"},
    /* Block style. */
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  A: YQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n  A: " SEALED
	"\n"},
    {"# top\napiVersion: v1\nkind: Secret # kind\nmetadata:\n  # the name\n  name: app # name\n"
     "# between\ntype: Opaque\ndata:\n  # first\n  A: YQ== # a\n\n  # second\n  B: \"Yg==\" # b\n"
     "# end\n",
	"# top\napiVersion: v1\nkind: Secret # kind\nmetadata:\n  # the name\n  name: app # "
	"name\n" METADATA_2 "# between\ntype: Opaque\ndata:\n  # first\n  A: " SEALED
	" # a\n\n  # second\n  B: \"" SEALED "\" # b\n# end\n"},
    {"apiVersion: 'v1'\n\"kind\": \"Secret\"\nmetadata:\n    'name': \"app\"\n    namespace: demo\n"
     "'data':\n    'A': 'YQ=='\n    \"B\": \"Yg==\"\n",
	"apiVersion: 'v1'\n\"kind\": \"Secret\"\nmetadata:\n    'name': \"app\"\n    namespace: "
	"demo\n"
	"    labels:\n        secretmanager/sealed: \"true\"\n"
	"    annotations:\n        secretmanager/transit-key: \"transit/k\"\n"
	"'data':\n    'A': '" SEALED "'\n    \"B\": \"" SEALED "\"\n"},
    /* No line break at the end. */
    {"apiVersion: v1\nkind: Secret\ndata:\n  A: YQ==\nmetadata:\n  name: app",
	"apiVersion: v1\nkind: Secret\ndata:\n  A: " SEALED "\nmetadata:\n  name: app\n"
	"  labels:\n    secretmanager/sealed: \"true\"\n"
	"  annotations:\n    secretmanager/transit-key: \"transit/k\""},
    {"apiVersion: v1\nkind: Secret\nmetadata: {name: app}\ndata:\n  A: YQ==",
	"apiVersion: v1\nkind: Secret\nmetadata: {name: app, labels: {secretmanager/sealed: "
	"\"true\"}, annotations: {secretmanager/transit-key: \"transit/k\"}}\ndata:\n  A: " SEALED},
    /* CRLF. */
    {"apiVersion: v1\r\nkind: Secret\r\nmetadata:\r\n  name: app\r\ndata:\r\n  A: YQ==\r\n",
	"apiVersion: v1\r\nkind: Secret\r\nmetadata:\r\n  name: app\r\n  labels:\r\n"
	"    secretmanager/sealed: \"true\"\r\n  annotations:\r\n"
	"    secretmanager/transit-key: \"transit/k\"\r\ndata:\r\n  A: " SEALED "\r\n"},
    {"apiVersion: v1\r\nkind: Secret\r\nmetadata:\r\n  name: app\r\nstringData:\r\n  A: |\r\n"
     "    one\r\n    two\r\n\r\n  B: b\r\n",
	"apiVersion: v1\r\nkind: Secret\r\nmetadata:\r\n  name: app\r\n  labels:\r\n"
	"    secretmanager/sealed: \"true\"\r\n  annotations:\r\n"
	"    secretmanager/transit-key: \"transit/k\"\r\ndata:\r\n  A: " SEALED
	"\r\n\r\n  B: " SEALED "\r\n"},
    /* A byte order mark, document marks and directives. */
    {"\xEF\xBB\xBF"
     "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  A: YQ==\n",
	"\xEF\xBB\xBF"
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n  A: " SEALED
	"\n"},
    {"%YAML 1.1\n--- # begin\napiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n"
     "  A: YQ==\n... # end\n",
	"%YAML 1.1\n--- # begin\napiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2
	"data:\n  A: " SEALED "\n... # end\n"},
    {"---\n\xEF\xBB\xBF"
     "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  A: YQ==\n",
	"---\n\xEF\xBB\xBF"
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n  A: " SEALED
	"\n"},
    /* Existing labels and annotations. */
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  labels:\n    app: x # l\n"
     "  annotations:\n    a: b\n    # last\ndata:\n  A: YQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  labels:\n    app: x # l\n"
	"    secretmanager/sealed: \"true\"\n  annotations:\n    a: b\n"
	"    secretmanager/transit-key: \"transit/k\"\n    # last\ndata:\n  A: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  labels: {app: x, tier: z}\n  annotations:\n"
     "  name: app\ndata:\n  A: YQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  labels: {app: x, tier: z, "
	"secretmanager/sealed: \"true\"}\n  annotations: {secretmanager/transit-key: "
	"\"transit/k\"}\n  name: app\ndata:\n  A: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  labels: {}\n  annotations: ~\n  name: app\ndata:\n"
     "  A: YQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  labels: {secretmanager/sealed: \"true\"}\n"
	"  annotations: {secretmanager/transit-key: \"transit/k\"}\n  name: app\ndata:\n"
	"  A: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  labels:\n"
     "    secretmanager/sealed: \"false\"\n  annotations:\n    secretmanager/transit-key: other\n"
     "data:\n  A: YQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  labels:\n"
	"    secretmanager/sealed: \"true\"\n  annotations:\n    secretmanager/transit-key: "
	"\"transit/k\"\ndata:\n  A: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  annotations:\n    a: b\n  # last\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  annotations:\n    a: b\n"
	"    secretmanager/transit-key: \"transit/k\"\n  labels:\n    secretmanager/sealed: \"true\"\n"
	"  # last\n"},
    /* Scalars over several lines. */
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  A: | # a\n    YWJj\n    ZGVm\n"
     "\n  # b\n  B: >-\n    YWJj\n  C: \"YWJj\\n\\\n    ZGVm\"\n  D: |+\n    YWJj\n\n  E: ZQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n  A: " SEALED
	" # a\n\n  # b\n  B: " SEALED "\n  C: \"" SEALED "\"\n  D: " SEALED "\n  E: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  A: one\n    two\n"
     "  B: 'it''s\n\n    one'\n  C: |2\n      indented\n  D: \"\"\n  E: |\n    last\n\n\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n  A: " SEALED
	"\n  B: '" SEALED "'\n  C: " SEALED "\n  D: \"" SEALED "\"\n  E: " SEALED "\n\n\n"},
    /* data and stringData become one. */
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData: # plain\n    # about a\n"
     "    A: a # a\n\n    B: |\n      b\ntype: Opaque\ndata:\n  C: Yw==\n  D: " SEALED "\n# end\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "type: Opaque\ndata:\n"
	"  C: " SEALED "\n  D: " SEALED "\n  # plain\n  # about a\n  A: " SEALED
	" # a\n\n  B: " SEALED "\n# end\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n    C: Yw==\nstringData:\n"
     "  A: a\n  # b\n  B: b",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n"
	"    C: " SEALED "\n    A: " SEALED "\n    # b\n    B: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata: {} # none\nstringData:\n  A: a\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2
	"stringData: {} # none\ndata:\n  A: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData: {A: a, B: 'b'}\ndata:\n"
     "  C: Yw==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n"
	"  C: " SEALED "\n  A: " SEALED "\n  B: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  vault: vault:v1:AAAA\n"
     "  A: a\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n"
	"  vault: " SEALED "\n  A: " SEALED "\n"},
    /* Flow style. */
    {"{apiVersion: v1, kind: Secret, metadata: {name: app}, # c\n  data: {A: YQ==, B: 'Yg==',}}\n",
	"{apiVersion: v1, kind: Secret, metadata: {name: app, labels: {secretmanager/sealed: "
	"\"true\"}, annotations: {secretmanager/transit-key: \"transit/k\"}}, # c\n"
	"  data: {A: " SEALED ", B: '" SEALED "',}}\n"},
    /* JSON. */
    {"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\"},"
     "\"stringData\":{\"A\":\"\\ud83d\\ude00\\/\"}}\n",
	"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\",\"labels\":{"
	"\"secretmanager/sealed\":\"true\"},\"annotations\":{\"secretmanager/transit-key\":"
	"\"transit/k\"}},\"data\":{\"A\":\"" SEALED "\"}}\n"},
    {"{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Secret\",\n  \"metadata\": {\n"
     "    \"name\": \"app\",\n    \"labels\": {\n      \"a\": \"b\",\n      \"c\": \"d\"\n    }\n"
     "  },\n  \"data\": {\n    \"A\": \"YQ==\",\n    \"B\": \"Yg==\"\n  },\n  \"stringData\": {\n"
     "    \"C\": \"c\"\n  }\n}\n",
	"{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Secret\",\n  \"metadata\": {\n"
	"    \"name\": \"app\",\n    \"labels\": {\n      \"a\": \"b\",\n      \"c\": \"d\",\n"
	"      \"secretmanager/sealed\": \"true\"\n    },\n    \"annotations\": "
	"{\"secretmanager/transit-key\": \"transit/k\"}\n  },\n  \"data\": {\n    \"A\": \"" SEALED
	"\",\n    \"B\": \"" SEALED "\",\n    \"C\": \"" SEALED "\"\n  }\n}\n"},
    {"\xEF\xBB\xBF# c\n--- # d\n" JSON_HEAD "},\"stringData\":{\"A\":\"}\\\"{\"}} # }\n# {\n",
	"\xEF\xBB\xBF# c\n--- # d\n" JSON_HEAD JSON_METADATA "},\"data\":{\"A\":\"" SEALED
	"\"}} # }\n# {\n"},
    /* Lists. */
    {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  data: {a: b}\n"
     "- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: app\n  data:\n    A: YQ==\n"
     "-   data:\n      C: Yw==\n    stringData:\n      # a\n      A: a\n    kind: Secret\n"
     "    apiVersion: v1\n    metadata:\n      name: app\n"
     "- stringData:\n    A: a\n  data:\n      C: Yw==\n  kind: Secret\n  apiVersion: v1\n"
     "  metadata:\n    name: app\n",
	"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  data: {a: b}\n"
	"- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: app\n    labels:\n"
	"      secretmanager/sealed: \"true\"\n    annotations:\n      secretmanager/transit-key: "
	"\"transit/k\"\n  data:\n    A: " SEALED "\n"
	"-   data:\n      C: " SEALED "\n      # a\n      A: " SEALED "\n    kind: Secret\n"
	"    apiVersion: v1\n    metadata:\n      name: app\n      labels:\n"
	"        secretmanager/sealed: \"true\"\n      annotations:\n"
	"        secretmanager/transit-key: \"transit/k\"\n"
	"- data:\n    A: " SEALED "\n    C: " SEALED "\n  kind: Secret\n  apiVersion: v1\n"
	"  metadata:\n    name: app\n    labels:\n      secretmanager/sealed: \"true\"\n"
	"    annotations:\n      secretmanager/transit-key: \"transit/k\"\n"},
    {"{\"apiVersion\": \"v1\", \"kind\": \"SecretList\", \"items\": [{\"metadata\": {\"name\": "
     "\"app\"}, \"data\": {\"A\": \"YQ==\"}}]}",
	"{\"apiVersion\": \"v1\", \"kind\": \"SecretList\", \"items\": [{\"metadata\": {\"name\": "
	"\"app\", \"labels\": {\"secretmanager/sealed\": \"true\"}, \"annotations\": "
	"{\"secretmanager/transit-key\": \"transit/k\"}}, \"data\": {\"A\": \"" SEALED "\"}}]}"},
    /* Plain scalars that are strings to every reader, as kubectl and kustomize write them. */
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: 1.2.3\n  namespace: 2024-beta\n  labels:\n"
     "    app.kubernetes.io/version: 1.27.4-rc.1\n  annotations:\n    a: +49-30-1234\n    b: "
     "0beef\n"
     "    c: 10.0.0.0/8\ntype: 1.2.3/4\nstringData:\n  A: 10.0.0.1:6379\n  1.2.3: 2024-beta\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: 1.2.3\n  namespace: 2024-beta\n  "
	"labels:\n"
	"    app.kubernetes.io/version: 1.27.4-rc.1\n    secretmanager/sealed: \"true\"\n"
	"  annotations:\n    a: +49-30-1234\n    b: 0beef\n    c: 10.0.0.0/8\n"
	"    secretmanager/transit-key: \"transit/k\"\ntype: 1.2.3/4\ndata:\n  A: " SEALED
	"\n  1.2.3: " SEALED "\n"},
    /* Keys. */
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  8080: YQ==\n  .dockerjson: "
     "YQ==\n"
     "  tls.crt: YQ==\n  \"on\": YQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "data:\n  8080: " SEALED
	"\n  .dockerjson: " SEALED "\n  tls.crt: " SEALED "\n  \"on\": " SEALED "\n"},
    /* A NUL byte in a key. */
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n\"data\\0\": a\n\"stringData\\0x\": a\n"
     "data:\n  A: YQ==\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" METADATA_2 "\"data\\0\": a\n"
	"\"stringData\\0x\": a\ndata:\n  A: " SEALED "\n"},
    {"apiVersion: v1\nkind: Secret\nmetadata:\n  # \xE2\x82\xAC\n  annotations: {n: \xE2\x82\xAC}\n"
     "  name: app\nstringData:\n  A: \"\xE2\x82\xAC\" # \xE2\x82\xAC\n  B: \xF0\x9F\x98\x80\n",
	"apiVersion: v1\nkind: Secret\nmetadata:\n  # \xE2\x82\xAC\n  annotations: {n: "
	"\xE2\x82\xAC, secretmanager/transit-key: \"transit/k\"}\n  name: app\n  labels:\n"
	"    secretmanager/sealed: \"true\"\ndata:\n  A: \"" SEALED
	"\" # \xE2\x82\xAC\n  B: " SEALED "\n"},
};

START_TEST(sealing_changes_only_the_values_and_the_metadata)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_ok(seal_text(texts[_i].before, &out), err);
	expect_text(out, texts[_i].after);
}
END_TEST

#define SECRET "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n"

static const struct {
	const char *text, *message;
} refused[] = {
    {SECRET "data:\n  A: &x YQ==\n", "line 6, column 6: an anchor or a tag"},
    {SECRET "data:\n  A: !!binary YQ==\n", "line 6, column 6: an anchor or a tag"},
    {SECRET "data: &d\n  A: YQ==\n", "line 5, column 7: an anchor or a tag"},
    {"x: &x YQ==\n" SECRET "data:\n  A: *x\n", "line 7, column 6: a value in data is an alias"},
    {"x: &x {A: YQ==}\n" SECRET "data: *x\n", "line 6, column 7: data of a Secret is an alias"},
    {"x: &x {A: YQ==}\n" SECRET "data:\n  <<: *x\n", "line 7, column 3: a merge key"},
    {"kind: &k Secret\napiVersion: v1\nmetadata: {name: app}\ndata: {A: YQ==}\n",
	"line 1, column 7: an anchor or a tag in a Secret that is to be changed"},
    {"x: &x Secret\napiVersion: v1\nkind: *x\n", "line 3, column 7: kind may come from an alias"},
    {"x: &x {kind: Secret}\napiVersion: v1\n<<: *x\n",
	"line 3, column 1: kind may come from a merge key"},
    {"x: &x kind\napiVersion: v1\n*x : Secret\n", "line 3, column 1: kind may come from an alias"},
    {"kind: !!binary U2VjcmV0\napiVersion: v1\n", "line 1, column 7: kind may come from a tag"},
    {"!!binary a2luZA==: Secret\napiVersion: v1\n", "line 1, column 1: kind may come from a tag"},
    {"apiVersion: v1\nkind: ConfigMap\nkind: Secret\n", "line 3, column 1: duplicate key kind"},
    {"apiVersion: v1\nkind: List\nitems: [&x {a: b}, *x]\n", "an alias in a List"},
    {"kind: Secret\nmetadata: {name: app}\n", "a Secret without apiVersion"},
    {"apiVersion: v1\nkind: Secret\n", "a Secret without metadata"},
    {"apiVersion: v1\nkind: Secret\nmetadata: {}\n", "a Secret without metadata.name"},
    {"apiVersion: v1\nkind: Secret\nmetadata: [a]\n", "metadata of a Secret is not a mapping"},
    {"apiVersion: v1\nkind: Secret\nmetadata: {name: 1}\n", "name is not a string"},
    {SECRET "  labels: {a: true}\n", "labels is not a string"},
    {SECRET "immutable: yes\n", "immutable is neither true nor false"},
    {SECRET "data: [YQ==]\n", "data of a Secret is not a mapping"},
    {SECRET "data:\n  A: YQ==\n  B: Yg==\n  A: YQ==\n", "line 8, column 3: duplicate key"},
    {SECRET "data:\n  A: YQ==\ndata:\n  B: Yg==\n", "line 7, column 1: duplicate key"},
    {SECRET "data:\n  A: YQ==\nstringData:\n  A: a\n", "a key in both data and stringData"},
    {SECRET "data:\n  A: YQ\n", "line 6, column 6: a value in data is not base64"},
    {SECRET "data:\n  A: YWJj\n    ZGVm\n", "not base64"},
    {SECRET "data:\n  A: 1234\n", "a value in data is not a string"},
    {SECRET "data:\n  A:\n", "a value in data is not a string"},
    {SECRET "data:\n  A: [a]\n", "a value in data is not a string"},
    {SECRET "stringData:\n  A: yes\n", "line 6, column 6: a value in stringData is not a string"},
    {SECRET "stringData:\n  A: 1e3\n", "put it in quotes"},
    {SECRET "stringData:\n  A: 2001-12-14\n", "put it in quotes"},
    {SECRET "stringData:\n  A: 1:30\n", "put it in quotes"},
    {SECRET "stringData:\n  A: 1_000\n", "put it in quotes"},
    {SECRET "stringData:\n  A: 0777\n", "put it in quotes"},
    {SECRET "  namespace: 1e3\n", "namespace is not a string"},
    {SECRET "  labels: {a: 1.2}\n", "labels is not a string"},
    {SECRET "stringData:\n  yes: a\n", "line 6, column 3: a data key is not a string"},
    {SECRET "stringData:\n  1.0: a\n", "a data key is not a string"},
    {SECRET "stringData:\n  \"a b\": a\n", "not a data key"},
    {SECRET "stringData:\n  ? [a]\n  : a\n", "a key that is not a string"},
    {SECRET "stringData:\n  A: a\ndata: {B: Yg==}\n", "data and stringData cannot be joined"},
    {SECRET "data:\n  A: a\n\tB: b\n", "line 7, column 1"},
    {SECRET "data:\n  A: \"YQ==\n", "line 7, column 1"},
    {SECRET "data:\n  A: {{ .Values.a }}\n", "app.yaml: line 6"},
    {"kind: \xFF\n", "line 1, column 7: invalid leading UTF-8 octet"},
    {"kind: a\rkind: b\r--- \rkind: Secret\r", "a second document"},
    {"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"app\"},\"data\":{\"A\":"
     "12}}",
	"a value in data is not a string"},
    /* Not a document, or not white space, to kubectl's reader. */
    {SECRET "data: {A: YQ==}\n...\n" SECRET,
	"line 7, column 1: did not find expected <document start>"},
    {"--- {kind: Secret, apiVersion: v1}\n", "line 1, column 1: text on the line of"},
    {"--- # c\n" SECRET "\xEF\xBB\xBF  namespace: demo\n", "line 6, column 1: a byte order mark"},
    {"\xC2\xA0\xE2\x80\xA8" JSON_HEAD "}}", "line 1, column 1"},
    /* Templates. */
    {SECRET "data:\n  A: \"{{ .Values.a | b64enc }}\"\n", "Helm template"},
    {SECRET "data:\n  A: {{ .Values.a }}\n", "Helm template"},
    {SECRET "data:\n  \"{{ .Values.key }}\": YQ==\n", "Helm template"},
    {"{{- if .Values.a }}\n" SECRET "data: {}\n{{- end }}\n", "Helm template"},
    {"apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- kind: Role\n- apiVersion: "
     "v1\n"
     "  kind: Secret\n  metadata: {name: \"${NAME}\"}\n  stringData: {A: \"${A}\"}\n",
	"line 5, column 3: a Secret in an OpenShift Template"},
    {"{\"kind\":\"Template\",\"apiVersion\":\"v1\",\"objects\":[{\"kind\":\"Secret\"}]}",
	"a Secret in an OpenShift Template"},
    /* Broken JSON, though kubectl reads some of it as YAML. */
    {"\n" JSON_HEAD "},\"stringData\":{\"A\":\"b\n c\"}}", "line 2, column"},
    {"---\n" JSON_HEAD "},\"stringData\":{\"A\":b}}", "line 2, column"},
    {"\xEF\xBB\xBF" JSON_HEAD "},\"stringData\":{\"A\":\"b\"},}", "line 1, column"},
    {JSON_HEAD "},\"stringData\":{\"A\":\"b\"}}\nx: y\n", "line 2, column 1"},
    {"{ \"a\": &x b, \"c\": *x }\n", "line 1, column 8"},
    {"{}}\n", "line 1, column 3"},
};

START_TEST(a_secret_that_cannot_be_changed_safely_is_refused)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_failure(seal_text(refused[_i].text, &out), err, ERROR_INVALID, refused[_i].message);
	expect_contains(err.message, "app.yaml: line ");
}
END_TEST

/* "K": set it; "-K": remove it; "K>L": rename it and set it; "~K": remove the annotation;
 * "@K": add the annotation. */
static void make_set(const char *words, struct kube_secret *set)
{
	cleanup_free char *copy = strdup(words);
	char *rest = NULL;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		expect_ok(secret_buffer_append_string(&value, "vault:v2:BBBB", &err), err);
		char *new_name = strchr(word, '>');
		if (new_name) {
			*new_name++ = '\0';
			expect_ok(kube_secret_rename(set, word, new_name, &err), err);
			expect_ok(kube_secret_add(set, new_name, &value, &err), err);
		} else if (*word == '-')
			expect_ok(kube_secret_remove(set, word + 1, &err), err);
		else if (*word == '~')
			expect_ok(kube_secret_remove_annotation(set, word + 1, &err), err);
		else if (*word == '@')
			expect_ok(kube_secret_add_annotation(set, word + 1, "new", &err), err);
		else
			expect_ok(kube_secret_add(set, word, &value, &err), err);
	}
}

static const struct {
	const char *text;
	bool template;
} templates[] = {
    {SECRET "stringData:\n  A: \"{{ .Values.a }}\"\n", true},
    {SECRET "stringData:\n  A: |\n    {{- $x := 1 }}\n    a: {{ .Release.Name | quote }}\n", true},
    {SECRET "stringData:\n  A: x {{ include \"app.password\" . }}\n", true},
    {SECRET "# {{- if $.Values.enabled }}\nstringData:\n  A: a\n# {{- end }}\n", true},
    {SECRET "stringData:\n  A: \"{{ password }}\"\n", true},
    {SECRET "stringData:\n  A: |\n    {{ password }}\n", true},
    {SECRET "  labels: {app: \"{{ x }}\"}\nstringData:\n  A: a\n", true},
    {"apiVersion: v1\nkind: Secret\nmetadata: {name: \"{{ x }}-app\"}\ndata: {A: YQ==}\n", true},
    /* Alertmanager's and Go's own templates are ordinary values. */
    {SECRET "stringData:\n  A: |\n    text: '{{ range .Alerts }}{{ .CommonLabels.Values.x }}{{ end "
	    "}}'\n",
	false},
    {SECRET "stringData:\n  A: |\n    {{ define \"x\" }}{{ template \"y\" . }}{{ end }}\n", false},
    {SECRET "stringData:\n  A: \"a{{b}}\"\n  B: \"{{\"\n  C: \"}}\"\n", false},
    {SECRET "stringData:\n  A: .Values.a\n", false},
};

START_TEST(a_template_is_recognised)
{
	struct manifest manifest;

	expect_ok(read_text(&manifest, templates[_i].text, strlen(templates[_i].text)), err);
	ck_assert_uint_eq(manifest.count, 1);
	if (templates[_i].template)
		expect_failure(manifest_check_rendered(manifest.secrets, &err), err, ERROR_INVALID,
		    "a template");
	else
		expect_ok(manifest_check_rendered(manifest.secrets, &err), err);
	manifest_free(&manifest);
}
END_TEST

static const struct {
	const char *text, *value;
} last_lines[] = {
    {"stringData:\n  A: |\n    one", "one\n"},
    {"stringData:\r\n  A: |\r\n    one\r", "one\n"},
    {"stringData:\n  A: |+\n    one", "one\n"},
    {"stringData:\n  A: |+\n    one\n\n  ", "one\n\n\n"},
    {"stringData:\n  A: >\n    one\n    two", "one two\n"},
    {"stringData:\n  A: |-\n    one", "one"},
    {"stringData:\n  A: one", "one"},
    {"stringData:\n  A: |", ""},
    {"data:\n  A: |\n    YQ==", "a"},
};

START_TEST(a_last_line_without_a_break_is_read_as_by_kubectl)
{
	static const char letters[] = "vault:v2:BBBB";
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, out = SECRET_BUFFER_INIT;
	struct manifest manifest;
	struct kube_secret set = {0};

	expect_ok(
	    secret_buffer_append_format(&text, &err, "%s%s", SECRET, last_lines[_i].text), err);
	expect_ok(read_text(&manifest, text.data, text.length), err);
	ck_assert_uint_eq(manifest.secrets->object.data_count, 1);
	expect_text(manifest.secrets->object.data->value, last_lines[_i].value);
	/* A new line below does not change the value. */
	make_set("B", &set);
	struct manifest_change change = {manifest.secrets, &set, false};
	expect_ok(manifest_change(&manifest, &change, 1, &out, &err), err);
	manifest_free(&manifest);
	expect_ok(read_text(&manifest, out.data, out.length), err);
	expect_text(kube_secret_entry(&manifest.secrets->object, "A")->value, last_lines[_i].value);
	expect_text(kube_secret_entry(&manifest.secrets->object, "B")->value, letters);
	kube_secret_free(&set);
	manifest_free(&manifest);
}
END_TEST

#define OLD "dmF1bHQ6djE6QUFBQQ==" /* base64 of vault:v1:AAAA */
#define NEW "dmF1bHQ6djI6QkJCQg==" /* of vault:v2:BBBB */

static const struct {
	const char *before, *set, *after;
} changed[] = {
    {SECRET "data: {A: " OLD "}\n", "", SECRET "data: {A: " OLD "}\n"},
    /* stringData stays. */
    {SECRET "stringData:\n  A: vault:v1:AAAA # a\n  B: 'vault:v1:AAAA'\n  C: plain\n", "A B",
	SECRET "stringData:\n  A: vault:v2:BBBB # a\n  B: 'vault:v2:BBBB'\n  C: plain\n"},
    {SECRET "stringData: {A: 'vault:v1:AAAA'}\ndata:\n  B: " OLD "\n", "A B",
	SECRET "stringData: {A: 'vault:v2:BBBB'}\ndata:\n  B: " NEW "\n"},
    /* Ciphertext for ciphertext: a block scalar stays one, and its lines as long as they were. */
    {SECRET "stringData:\n  A: |-  # a\n    vault:v1:AAAA\n  # b\n  B: >-\n      vault:v1:AAAA\n\n"
	    "  C: vault:v1:AAAA",
	"A B C",
	SECRET
	"stringData:\n  A: |-  # a\n    vault:v2:BBBB\n  # b\n  B: >-\n      vault:v2:BBBB\n\n"
	"  C: vault:v2:BBBB"},
    {SECRET "data:\r\n  A: |2+\r\n    dmF1bHQ6d\r\n    jE6QUFBQQ\r\n    ==\r\n\r\n  B: b25l\r\n",
	"A",
	SECRET
	"data:\r\n  A: |2+\r\n    dmF1bHQ6d\r\n    jI6QkJCQg\r\n    ==\r\n\r\n  B: b25l\r\n"},
    {SECRET "data:\n  A: >\n    dmF1bHQ6\n\n    djE6QUFBQQ==\n", "A",
	SECRET "data:\n  A: >\n    " NEW "\n"},
    {SECRET "data:\n  A: |\n    b25l\n", "A", SECRET "data:\n  A: " NEW "\n"},
    /* New values. */
    {SECRET "data:\n  A: |+\n    " OLD "\n\n  ", "B",
	SECRET "data:\n  A: |+\n    " OLD "\n\n  \n  B: " NEW},
    {SECRET "data:\n  A: " OLD " # a\n# end", "B C.x 80",
	SECRET "data:\n  A: " OLD " # a\n  B: " NEW "\n  C.x: " NEW "\n  \"80\": " NEW "\n# end"},
    {SECRET, "A", SECRET "data:\n  A: " NEW "\n"},
    {SECRET "data:\n", "A", SECRET "data: {A: " NEW "}\n"},
    {SECRET "data: {}\n", "A", SECRET "data: {A: " NEW "}\n"},
    {JSON_HEAD "},\"data\":{\"A\":\"" OLD "\"}}", "B",
	JSON_HEAD "},\"data\":{\"A\":\"" OLD "\",\"B\":\"" NEW "\"}}"},
    {JSON_HEAD "}}", "A", JSON_HEAD "},\"data\":{\"A\":\"" NEW "\"}}"},
    /* Removed values. */
    {SECRET "data:\n  # a\n  A: " OLD "\n  B: |\n    " OLD "\n\n  C: " OLD " # c\n  D: " OLD "\n",
	"-A -B -C", SECRET "data:\n  # a\n\n  # c\n  D: " OLD "\n"},
    {SECRET "data:\n  A: " OLD "\n", "-A B", SECRET "data:\n  B: " NEW "\n"},
    {SECRET "data:\n  A: " OLD "\n", "-A", SECRET "data:\n"},
    {SECRET "data: {A: " OLD ", B: " OLD ", C: " OLD "}\n", "-A",
	SECRET "data: {B: " OLD ", C: " OLD "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD ", C: " OLD "}\n", "-B",
	SECRET "data: {A: " OLD ", C: " OLD "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD ", C: " OLD "}\n", "-C",
	SECRET "data: {A: " OLD ", B: " OLD "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD ", C: " OLD "}\n", "-B -C D",
	SECRET "data: {A: " OLD ", D: " NEW "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD ", C: " OLD "}\n", "-A -B", SECRET "data: {C: " OLD "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD ", C: " OLD "}\n", "-A -C", SECRET "data: {B: " OLD "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD ", C: " OLD "}\n", "-A -B -C", SECRET "data: {}\n"},
    {JSON_HEAD "},\"data\":{\"A\":\"" OLD "\",\"B\":\"" OLD "\",\"C\":\"" OLD "\"}}", "-B -C",
	JSON_HEAD "},\"data\":{\"A\":\"" OLD "\"}}"},
    /* A value that is renamed keeps its place and its comments. */
    {SECRET "data:\n  # a\n  A: " OLD " # why\n  B: |\n    " OLD "\n", "B>D A>C",
	SECRET "data:\n  # a\n  C: " NEW " # why\n  D: |\n    " NEW "\n"},
    {SECRET "data:\n  A: " OLD " # a\n", "A>8080 C",
	SECRET "data:\n  \"8080\": " NEW " # a\n  C: " NEW "\n"},
    {SECRET "stringData:\n  A: |- # why\n    vault:v1:AAAA\n", "A>B",
	SECRET "stringData:\n  B: |- # why\n    vault:v2:BBBB\n"},
    {SECRET "data:\n  ? A\n  : " OLD "\n", "A>B", SECRET "data:\n  ? B\n  : " NEW "\n"},
    {SECRET "data:\n  \"A\" : '" OLD "' # a", "A>B", SECRET "data:\n  \"B\" : '" NEW "' # a"},
    {SECRET "stringData:\n  A: vault:v1:AAAA # a\n", "A>B",
	SECRET "stringData:\n  B: vault:v2:BBBB # a\n"},
    {SECRET "data: {A: " OLD "}\n", "-A B", SECRET "data: {B: " NEW "}\n"},
    {SECRET "data: {A: " OLD "}\n", "A>B", SECRET "data: {B: " NEW "}\n"},
    {SECRET "data: {A: " OLD ",}\n", "A>B C", SECRET "data: {B: " NEW ", C: " NEW ",}\n"},
    {SECRET "data: {A: " OLD ", # a\n  B: " OLD "} # b\n", "B>C D",
	SECRET "data: {A: " OLD ", # a\n  C: " NEW ", D: " NEW "} # b\n"},
    {SECRET "data: {A: 'b25l', B: " OLD "}\n", "-A C", SECRET "data: {B: " OLD ", C: " NEW "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD "}\n", "-A B>C", SECRET "data: {C: " NEW "}\n"},
    {SECRET "data: {A: " OLD ", B: " OLD "}\n", "A>Z -B", SECRET "data: {Z: " NEW "}\n"},
    {SECRET "data: {A: " OLD "}\n", "-A B C D",
	SECRET "data: {B: " NEW ", C: " NEW ", D: " NEW "}\n"},
    {JSON_HEAD "},\"data\":{\"A\":\"" OLD "\"}}", "A>B",
	JSON_HEAD "},\"data\":{\"B\":\"" NEW "\"}}"},
    {JSON_HEAD "},\"data\":{\n  \"A\": \"" OLD "\"\n}}", "-A B C",
	JSON_HEAD "},\"data\":{\n  \"B\": \"" NEW "\", \"C\": \"" NEW "\"\n}}"},
    /* Labels and annotations. */
    {SECRET "  annotations:\n    a: x # a\n    b: z\n", "~a",
	SECRET "  annotations:\n    # a\n    b: z\n"},
    {SECRET "  annotations:\n    a: x # a\n    b: |\n      z\n", "~a ~b @c",
	SECRET "  annotations:\n    # a\n    c: \"new\"\n"},
    {JSON_HEAD ",\"annotations\":{\"a\":\"x\"}}}", "~a @c @d",
	JSON_HEAD ",\"annotations\":{\"c\":\"new\",\"d\":\"new\"}}}"},
    {JSON_HEAD ",\"annotations\":{\"a\":\"x\"}}}", "~a", JSON_HEAD ",\"annotations\":{}}}"},
};

/* stringData becomes data, as with secret-seal. */
static const struct {
	const char *before, *set, *after;
} moved[] = {
    {SECRET "stringData:\n  # a\n  A: a # why\n", "A>B",
	SECRET "data:\n  # a\n  B: " NEW " # why\n"},
    {SECRET "stringData: {A: a}\n", "A>B", SECRET "data: {B: " NEW "}\n"},
    {SECRET "stringData: {A: a}\n", "-A B", SECRET "data: {B: " NEW "}\n"},
    {SECRET "stringData: {A: a}\ndata: {}\n", "-A B",
	SECRET "data: {B: " NEW "}\nstringData: {}\n"},
    {SECRET "stringData:\n  A: a\n", "-A B", SECRET "data:\n  B: " NEW "\n"},
    {SECRET "stringData: {}\n", "A", SECRET "stringData: {}\ndata:\n  A: " NEW "\n"},
    {SECRET "data: {A: " OLD "}\nstringData: {B: b}\n", "-A B", SECRET "data: {B: " NEW "}\n"},
    {SECRET "data: {A: " OLD "}\nstringData: {B: b}\n", "-A B>C", SECRET "data: {C: " NEW "}\n"},
    {SECRET "data: {A: " OLD "}\nstringData: {B: b}\n", "A>C B",
	SECRET "data: {C: " NEW ", B: " NEW "}\n"},
    {SECRET "data:\n  A: " OLD " # a\nstringData:\n  B: b # b\n", "A>C B>D",
	SECRET "data:\n  C: " NEW " # a\n  D: " NEW " # b\n"},
    {JSON_HEAD "},\"stringData\":{\"A\":\"a\"}}", "A>B",
	JSON_HEAD "},\"data\":{\"B\":\"" NEW "\"}}"},
    {JSON_HEAD "},\"data\":{\"A\":\"" OLD "\"},\"stringData\":{\"B\":\"b\"}}", "-A B>C",
	JSON_HEAD "},\"data\":{\"C\":\"" NEW "\"}}"},
};

static int change_text(
    const char *before, const char *words, bool move_text, struct secret_buffer *out)
{
	struct manifest manifest;
	struct kube_secret set = {0};

	expect_ok(read_text(&manifest, before, strlen(before)), err);
	make_set(words, &set);
	struct manifest_change change = {manifest.secrets, &set, move_text};
	int result = manifest_change(&manifest, &change, 1, out, &err);
	kube_secret_free(&set);
	manifest_free(&manifest);
	return result;
}

START_TEST(values_are_added_changed_and_removed)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_ok(change_text(changed[_i].before, changed[_i].set, false, &out), err);
	expect_text(out, changed[_i].after);
}
END_TEST

START_TEST(values_are_added_changed_and_removed_while_string_data_moves)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_ok(change_text(moved[_i].before, moved[_i].set, true, &out), err);
	expect_text(out, moved[_i].after);
}
END_TEST

static const struct {
	const char *before, *set, *message;
} unchangeable[] = {
    {SECRET "data: {A: " OLD ", # a\n  B: " OLD "}\n", "-B", "among comments in braces"},
    {SECRET "data: {A: " OLD ", # a\n  B: " OLD "}\n", "-A C", "among comments in braces"},
    {SECRET "data:\n  ? A\n  : " OLD "\n  B: " OLD "\n", "-A", "does not begin its line"},
};

START_TEST(a_removal_that_would_break_the_text_is_refused)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_failure(change_text(unchangeable[_i].before, unchangeable[_i].set, false, &out), err,
	    ERROR_INVALID, unchangeable[_i].message);
}
END_TEST

START_TEST(a_document_nested_too_deep_is_refused)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct manifest manifest;

	for (int i = 0; i < 100000; i++)
		expect_ok(secret_buffer_append_string(&text, "[", &err), err);
	expect_failure(read_text(&manifest, text.data, text.length), err, ERROR_TOO_LARGE,
	    "nested deeper than 200 levels");
	manifest_free(&manifest);
}
END_TEST

START_TEST(a_nul_is_refused)
{
	static const char text[] = "kind: a\0b\n";
	struct manifest manifest;

	expect_failure(read_text(&manifest, text, sizeof(text) - 1), err, ERROR_INVALID,
	    "line 1, column 8: control characters are not allowed");
	manifest_free(&manifest);
}
END_TEST

/*
 * Random manifests: many forms of text surround the values, and only values change.
 */

static unsigned seed;

static unsigned below(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

#define PICK(words) ((words)[below(COUNT(words))])

/* A text, and the expected text after the change. */
struct pair {
	struct secret_buffer before, after;
	const char *line_break;
};

static void put_one(const struct pair *pair, struct secret_buffer *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\n')
			expect_ok(secret_buffer_append_string(out, pair->line_break, &err), err);
		else
			expect_ok(secret_buffer_append(out, text, 1, &err), err);
}

static void put(struct pair *pair, const char *text)
{
	put_one(pair, &pair->before, text);
	put_one(pair, &pair->after, text);
}

static void put_noise(struct pair *pair)
{
	static const char *const noise[] = {"", "", "\n", "# a comment\n", " # odd: \"x\n",
	    "  # \xE2\x82\xAC\xF0\x9F\x98\x80\n\n", "#\n#  x: |\n"};

	put(pair, PICK(noise));
}

static void put_behind(struct pair *pair)
{
	static const char *const ends[] = {
	    "\n", "\n", " # x: y\n", "   \n", "\t# \xC3\xA9\n", " #\"\n"};

	put(pair, PICK(ends));
}

static void put_value(struct pair *pair, bool changes)
{
	static const char *const forms[][2] = {
	    {OLD, NEW},
	    {"\"" OLD "\"", "\"" NEW "\""},
	    {"'" OLD "'", "'" NEW "'"},
	    {"\"dmF1bHQ6\\\n      djE6QUFBQQ==\"", "\"" NEW "\""},
	    {"\"dmF1bHQ6\\x64jE6QUFBQQ==\"", "\"" NEW "\""},
	    {"|\n    dmF1bHQ6djE6\n    QUFBQQ==", "|\n    dmF1bHQ6djI6\n    QkJCQg=="},
	    {"|-  # why\n    " OLD, "|-  # why\n    " NEW},
	    {">\n      " OLD, ">\n      " NEW},
	    {"\n      " OLD, "\n      " NEW},
	};
	const char *const *form = PICK(forms);

	put_one(pair, &pair->before, form[0]);
	put_one(pair, &pair->after, form[changes ? 1 : 0]);
	/* A comment after the text of a block scalar would be part of it. */
	if (form[0][0] == '|' || form[0][0] == '>')
		put(pair, "\n");
	else
		put_behind(pair);
}

static void put_manifest(struct pair *pair, bool changes[4])
{
	static const char *const starts[] = {"", "---\n", "%YAML 1.1\n--- # x\n", "# x\n\n---\n"};
	static const char *const others[] = {"immutable: false", "type: Opaque",
	    "other: {a: [1, 'b', \"c\"], ? d : e}", "spec:\n- a: |2\n    # no comment\n- b"};

	pair->line_break = below(4) ? "\n" : "\r\n";
	put(pair, PICK(starts));
	put_noise(pair);
	put(pair, "apiVersion: v1\n");
	put_noise(pair);
	put(pair, below(2) ? "kind: Secret" : "\"kind\":   'Secret'");
	put_behind(pair);
	put(pair, below(2) ? "metadata: {name: app, # c\n  labels: {\xC3\xA9: x}}\n"
			   : "metadata:\n    name: app\n");
	put(pair, below(2) ? "data:\n" : "'data': # d\n");
	for (int i = 0; i < 4; i++) {
		char key[16];
		snprintf(key, sizeof(key), below(2) ? "  K%d: " : "  \"K%d\":   ", i);
		put_noise(pair);
		changes[i] = below(2);
		put(pair, key);
		put_value(pair, changes[i]);
	}
	put_noise(pair);
	put(pair, PICK(others));
	put_behind(pair);
}

static void add_new(struct kube_secret *set, int index)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	char key[16];

	snprintf(key, sizeof(key), "K%d", index);
	expect_ok(secret_buffer_append_string(&value, "vault:v2:BBBB", &err), err);
	expect_ok(kube_secret_add(set, key, &value, &err), err);
}

START_TEST(a_change_of_values_keeps_all_other_bytes)
{
	for (unsigned round = 0; round < 2000; round++) {
		struct pair pair = {0};
		struct manifest manifest;
		struct kube_secret set = {0};
		cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
		bool changes[4];

		seed = round;
		put_manifest(&pair, changes);
		if (read_text(&manifest, pair.before.data, pair.before.length) < 0)
			ck_abort_msg("%u: %s\n%s", round, err.message, pair.before.data);
		ck_assert_uint_eq(manifest.count, 1);
		for (int i = 0; i < 4; i++)
			if (changes[i])
				add_new(&set, i);
		struct manifest_change change = {manifest.secrets, &set, false};
		if (manifest_change(&manifest, &change, 1, &out, &err) < 0)
			ck_abort_msg("%u: %s\n%s", round, err.message, pair.before.data);
		if (!secret_buffer_equal(&out, &pair.after))
			ck_abort_msg("%u: from:\n%s\nto:\n%s\nwanted:\n%s", round, pair.before.data,
			    out.data, pair.after.data);
		kube_secret_free(&set);
		manifest_free(&manifest);
		secret_buffer_free(&pair.before);
		secret_buffer_free(&pair.after);
	}
}
END_TEST

/* manifest_change reads its own result again, so that it never returns a wrong text. */
START_TEST(a_damaged_manifest_is_refused_or_sealed)
{
	static const char letters[] = "{}[]:,#&*!|>'\"%@`-? \n\t\r\\ax~\xEF\xBB\xBF";
	unsigned sealed = 0;

	for (unsigned round = 0; round < 20000; round++) {
		cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
		cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

		seed = round;
		const char *from = texts[below(COUNT(texts))].before;
		expect_ok(secret_buffer_append_string(&text, from, &err), err);
		for (unsigned i = 0; text.length && i <= below(3); i++)
			text.data[below((unsigned)text.length)] =
			    letters[below(sizeof(letters) - 1)];
		struct manifest manifest;
		int result = read_text(&manifest, text.data, text.length);
		if (result == 0)
			result = seal_manifest(&manifest, &out);
		manifest_free(&manifest);
		if (result < 0)
			ck_assert(err.code == ERROR_INVALID || err.code == ERROR_TOO_LARGE);
		sealed += result == 0;
	}
	ck_assert_uint_gt(sealed, 1000);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, a_change_of_values_keeps_all_other_bytes);
	tcase_add_test(tests, a_damaged_manifest_is_refused_or_sealed);
	tcase_add_loop_test(
	    tests, sealing_changes_only_the_values_and_the_metadata, 0, COUNT(texts));
	tcase_add_loop_test(
	    tests, a_secret_that_cannot_be_changed_safely_is_refused, 0, COUNT(refused));
	tcase_add_loop_test(tests, values_are_added_changed_and_removed, 0, COUNT(changed));
	tcase_add_loop_test(
	    tests, values_are_added_changed_and_removed_while_string_data_moves, 0, COUNT(moved));
	tcase_add_loop_test(tests, a_template_is_recognised, 0, COUNT(templates));
	tcase_add_loop_test(
	    tests, a_removal_that_would_break_the_text_is_refused, 0, COUNT(unchangeable));
	tcase_add_loop_test(
	    tests, a_last_line_without_a_break_is_read_as_by_kubectl, 0, COUNT(last_lines));
	tcase_add_test(tests, a_document_nested_too_deep_is_refused);
	tcase_add_test(tests, a_nul_is_refused);
}

int main(void)
{
	return run_tests("manifest", add_tests);
}
