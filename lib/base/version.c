#include "lib/base/version.h"

#include <openssl/base.h>
#include <yaml.h>

#define TEXT(value) #value
#define TEXT_OF(macro) TEXT(macro)

/* BoringSSL has only an API version; the recipes define Debian's version. */
#ifndef BORINGSSL_VERSION_OF_RECIPE
#define BORINGSSL_VERSION_OF_RECIPE "API " TEXT_OF(BORINGSSL_API_VERSION)
#endif

const char *version_boringssl(void)
{
	return BORINGSSL_VERSION_OF_RECIPE;
}

const char *version_libyaml(void)
{
	return yaml_get_version_string();
}
