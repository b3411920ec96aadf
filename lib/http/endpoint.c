#include <stdlib.h>
#include <string.h>

#include "lib/http/http.h"

void http_endpoint_init(struct http_endpoint *endpoint, const char *name)
{
	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->name = name;
	endpoint->connect_timeout_ms = HTTP_CONNECT_TIMEOUT_MS;
	endpoint->request_timeout_ms = HTTP_REQUEST_TIMEOUT_MS;
	endpoint->retries = HTTP_RETRIES_DEFAULT;
}

void http_endpoint_free(struct http_endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->ca_file);
	free(endpoint->ca_directory);
	free(endpoint->ca_pem);
	free(endpoint->certificate_file);
	free(endpoint->certificate_pem);
	free(endpoint->key_file);
	secret_buffer_free(&endpoint->key_pem);
	free(endpoint->tls_server_name);
	free(endpoint->proxy);
	strings_free(&endpoint->headers);
	memset(endpoint, 0, sizeof(*endpoint));
}
