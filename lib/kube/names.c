#include <string.h>

#include "lib/kube/kube.h"

#define LABEL_MAX 63
#define NAME_MAX_LENGTH 253

static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char label_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char key_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				  "-._";

/* [a-z0-9]([-a-z0-9]*[a-z0-9])? */
static bool is_label(const char *text, size_t length)
{
	if (length == 0 || !memchr(alphanumeric, text[0], sizeof(alphanumeric) - 1) ||
	    !memchr(alphanumeric, text[length - 1], sizeof(alphanumeric) - 1))
		return false;
	return strspn(text, label_letters) >= length;
}

bool kube_valid_namespace(const char *name)
{
	return name && strlen(name) <= LABEL_MAX && is_label(name, strlen(name));
}

bool kube_valid_name(const char *name)
{
	if (!name || strlen(name) > NAME_MAX_LENGTH)
		return false;
	for (;;) {
		size_t length = strcspn(name, ".");
		if (!is_label(name, length))
			return false;
		if (name[length] == '\0')
			return true;
		name += length + 1;
	}
}

bool kube_valid_data_key(const char *key)
{
	if (!key)
		return false;
	size_t length = strlen(key);
	return length > 0 && length <= NAME_MAX_LENGTH && strspn(key, key_letters) == length &&
	       strcmp(key, ".") != 0 && strncmp(key, "..", 2) != 0;
}
