#!/bin/bash
# secret-seal reads a written Secret back, because a webhook may change Secrets.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

# An API server that stores another value: visible in the answer ("answer"), only visible when it is
# read ("later"), or the right value, which another process changes before it is read ("other").
# "patch": the Secret exists, and each PATCH stores another value.
cat >"$TAP_WORK/server" <<'PYTHON'
import http.server, json, sys
how, address = sys.argv[1], sys.argv[2]
stored = {}
if how == "patch":
    stored.update(apiVersion="v1", kind="Secret", metadata={"name": "app", "namespace": "demo", "resourceVersion": "1"})
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments):
        pass
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if not stored:
            return self.answer(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404})
        self.answer(200, stored)
    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent["metadata"].update(namespace="demo", resourceVersion="1")
        right = json.loads(json.dumps(sent))
        sent["data"]["A"] = "b3RoZXI="
        if how == "other":
            sent["metadata"]["resourceVersion"] = "2"
        stored.update(sent)
        self.answer(201, sent if how == "answer" else right)
    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        stored["data"] = {"A": "dmF1bHQ6djE6b3RoZXI="}
        stored["metadata"]["resourceVersion"] += "1"
        self.answer(200, stored)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(address, "w") as out:
    out.write("%d\n" % server.server_address[1])
server.serve_forever()
PYTHON
mkfifo "$TAP_WORK/address"
# seal_to HOW: seal with such a server.
seal_to() {
	local server
	/usr/bin/python3 -I "$TAP_WORK/server" "$1" "$TAP_WORK/address" &
	server=$!
	at_end "kill $server 2>/dev/null"
	read -r port <"$TAP_WORK/address"
	cat >"$TAP_WORK/kubeconfig" <<-YAML
		apiVersion: v1
		kind: Config
		current-context: here
		clusters: [{name: here, cluster: {server: "http://127.0.0.1:$port"}}]
		users: [{name: anonymous, user: {}}]
		contexts: [{name: here, context: {cluster: here, user: anonymous, namespace: demo}}]
	YAML
	run "$BIN/secret-seal" --kubeconfig "$TAP_WORK/kubeconfig" --transit-key aes256-key --set A=1 app
}

seal_to answer
fails_with 1 'Secret demo/app: data key "A" was stored with another value.*webhooks' "the answer has another value: exit 1"
seal_to later
fails_with 1 'Secret demo/app: data key "A" was stored with another value' "the Secret read back has another value: exit 1"
seal_to other
status_is 0 "another process changed the Secret afterwards: exit 0"
out_is "secret/app created" "another process changed the Secret afterwards: created"
seal_to patch
fails_with 1 'Secret demo/app: data key "A" was stored with another value' "a PATCH stores another value: exit 1"
run curl -s "http://127.0.0.1:$port/api/v1/namespaces/demo/secrets/app"
out_like '"resourceVersion": "11"' "a PATCH stores another value: it is not sent again"

done_testing
