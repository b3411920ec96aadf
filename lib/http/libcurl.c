#include <curl/curl.h>

#include "lib/http/http.h"

const char *http_curl_version(void)
{
#ifdef LIBCURL_VERSION_OF_RECIPE
	return LIBCURL_VERSION_OF_RECIPE;
#else
	return curl_version_info(CURLVERSION_NOW)->version;
#endif
}

const char *http_ares_version(void)
{
	const char *version = curl_version_info(CURLVERSION_NOW)->ares;

	return version ? version : "none";
}
