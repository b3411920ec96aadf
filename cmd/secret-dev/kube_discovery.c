/* kube_discovery: what kubectl and the client libraries ask before the first real call. */
#include "cmd/secret-dev/kube_call.h"

static int answer_text(struct kube_call *call, const char *text, struct error *err)
{
	return secret_buffer_append_string(&call->answer->body, text, err);
}

int kube_version_read(struct kube_call *call, struct error *err)
{
	return answer_text(call,
	    "{\"major\":\"1\",\"minor\":\"35\",\"gitVersion\":\"v1.35.4\",\"gitCommit\":\"\","
	    "\"gitTreeState\":\"clean\",\"buildDate\":\"\",\"goVersion\":\"\",\"compiler\":\"\","
	    "\"platform\":\"\"}",
	    err);
}

int kube_ready_read(struct kube_call *call, struct error *err)
{
	call->answer->content_type = "text/plain; charset=utf-8";
	return answer_text(call, "ok", err);
}

int kube_api_versions(struct kube_call *call, struct error *err)
{
	return answer_text(call,
	    "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[]}",
	    err);
}

int kube_api_groups(struct kube_call *call, struct error *err)
{
	return answer_text(
	    call, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[]}", err);
}

int kube_api_resources(struct kube_call *call, struct error *err)
{
	return answer_text(call,
	    "{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":["
	    "{\"name\":\"configmaps\",\"singularName\":\"configmap\",\"namespaced\":true,"
	    "\"kind\":\"ConfigMap\",\"verbs\":[\"create\",\"delete\",\"get\",\"list\"],"
	    "\"shortNames\":[\"cm\"]},"
	    "{\"name\":\"namespaces\",\"singularName\":\"namespace\",\"namespaced\":false,"
	    "\"kind\":\"Namespace\",\"verbs\":[\"create\",\"get\",\"list\"],\"shortNames\":[\"ns\"]"
	    "},"
	    "{\"name\":\"secrets\",\"singularName\":\"secret\",\"namespaced\":true,"
	    "\"kind\":\"Secret\","
	    "\"verbs\":[\"create\",\"delete\",\"get\",\"list\",\"patch\",\"update\"]},"
	    "{\"name\":\"serviceaccounts\",\"singularName\":\"serviceaccount\","
	    "\"namespaced\":true,\"kind\":\"ServiceAccount\",\"verbs\":[\"get\"],"
	    "\"shortNames\":[\"sa\"]},"
	    "{\"name\":\"serviceaccounts/token\",\"singularName\":\"\",\"namespaced\":true,"
	    "\"group\":\"authentication.k8s.io\",\"version\":\"v1\",\"kind\":\"TokenRequest\","
	    "\"verbs\":[\"create\"]}]}",
	    err);
}
