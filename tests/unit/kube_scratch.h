/* kube_scratch: a folder of files for a test, and the environment that lib/kube reads. */
#ifndef UNIT_KUBE_SCRATCH_H
#define UNIT_KUBE_SCRATCH_H

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/expect.h"

/* Like the output of `openssl ...`; the text in between is not parsed. */
#define CA_PEM "-----BEGIN CERTIFICATE-----\nY2E=\n-----END CERTIFICATE-----\n"
#define CA_BASE64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClkyRT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define KEY_PEM "-----BEGIN PRIVATE KEY-----\na2V5\n-----END PRIVATE KEY-----\n"
#define KEY_BASE64                                                                                 \
	"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCmEyVjUKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="

static char scratch[64];

/* Create a folder, set HOME to it, and remove cluster variables from the environment. */
static inline void scratch_make(void)
{
	strcpy(scratch, "/tmp/kube-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	setenv("HOME", scratch, 1);
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
}

static inline void scratch_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", scratch);
	ck_assert_int_eq(system(command), 0);
}

/* Return the path of a file in the folder; borrowed until the eighth call after this. */
static inline const char *scratch_path(const char *name)
{
	static char paths[8][256];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

/* Write a file; create folders in its name. */
static inline const char *scratch_write(const char *name, const char *text)
{
	const char *path = scratch_path(name);
	char folder[256];

	for (const char *slash = strchr(path + strlen(scratch) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		mkdir(folder, 0700);
	}
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

static inline const char *scratch_write_script(const char *name, const char *text)
{
	const char *path = scratch_write(name, text);

	ck_assert_int_eq(chmod(path, 0700), 0);
	return path;
}

#endif
