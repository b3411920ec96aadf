#!/bin/bash
# deploy/kustomize/admission/sealed-only: in a labelled namespace the API server stores only sealed Secrets.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/deploy.sh"
. "$(dirname "$0")/admission.sh"

policy=$kustomize/admission/sealed-only/policy.yaml

# secret NAME TYPE [KEY BASE64]...: print a Secret as JSON.
secret() {
	/usr/bin/python3 -IS -c '
import json, sys
name, kind, *data = sys.argv[1:]
print(json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind,
                  "data": dict(zip(data[::2], data[1::2]))}))' "$@"
}
encoded() { printf %s "$1" | base64 -w 0; }
seal() { "$BIN/secret-seal" --transit-key derived-key -n "$@"; }
in_namespace() { kubectl -n sealed "$@"; }
letters=$(printf 'A%.0s' {1..40})

# -- the form of ciphertext ---------------------------------------------------------------------------

# The policy's expression and "^vault:v[1-9][0-9]*:" accept the same bytes: for many versions, and with every other byte in
# every place.
run /usr/bin/python3 -I - "$policy" <<'PY'
import base64, re, sys, yaml
variables = {each["name"]: each["expression"] for each in next(yaml.safe_load_all(open(sys.argv[1])))["spec"]["variables"]}
encoded = re.compile(re.search(r"matches\( *'([^']*)' *\)", variables["unsealed"]).group(1))
plain = re.compile(b"vault:v[1-9][0-9]*:", re.S)
count = 0
def compare(value):
    global count
    count += 1
    if bool(encoded.match(base64.b64encode(value).decode())) != bool(plain.match(value)):
        print(value)
for version in [*range(20000), *(7 ** power for power in range(60))]:
    for text in "%d:", "0%d:", "%d", "%dx", "-%d:", "%d::":
        compare(b"vault:v" + (text % version).encode() + b"A" * 40)
for digits in range(20):
    value = b"vault:v" + b"12345678901234567890"[:digits] + b":+/=="
    for at in range(len(value)):
        for other in range(256):
            compare(value[:at] + bytes([other]) + value[at + 1:])
    for length in range(len(value)):
        compare(value[:length])
print(count, "compared", file=sys.stderr)
PY
is "$STATUS $OUT" "0 " "the policy's expression accepts exactly vault:vN:"
err_like '^[0-9]{6} compared' "the policy's expression is compared with many values"

# -- before the namespace has the label ---------------------------------------------------------------

labelled sealed
policies sealed-only
secret probe Opaque PROBE "$(encoded plain)" >"$TAP_WORK/probe.json"
for name in old old-edited; do
	in_namespace create secret generic $name --from-literal A=plain --from-literal B=plain >/dev/null
done
seal sealed --from-literal A=value half >/dev/null
in_namespace patch secret half -p '{"stringData":{"PLAIN":"plain"}}' >/dev/null
kubectl label namespace sealed secretmanager/sealed-only=true >/dev/null
until_refused sealed "$TAP_WORK/probe.json"

# -- plaintext ----------------------------------------------------------------------------------------

message='Secret app: not sealed: (PASSWORD, TOKEN|TOKEN, PASSWORD); seal the values with secret-seal'
printf '%s\n' 'apiVersion: v1' 'kind: Secret' 'metadata: {name: app}' 'stringData: {PASSWORD: hunter2, TOKEN: t}' >"$TAP_WORK/app.yaml"
denied "$message" "kubectl create secret: refused" in_namespace create secret generic app --from-literal PASSWORD=a --from-literal TOKEN=t
denied "$message" "a server-side dry run: refused" in_namespace create secret generic app --from-literal PASSWORD=a --from-literal TOKEN=t --dry-run=server
denied "$message" "kubectl create with stringData: refused" in_namespace create -f "$TAP_WORK/app.yaml"
denied "$message" "kubectl apply with stringData: refused" in_namespace apply -f "$TAP_WORK/app.yaml"
denied "$message" "server-side apply with stringData: refused" in_namespace apply --server-side -f "$TAP_WORK/app.yaml"
denied "$message" "a server-side dry run of kubectl apply: refused" in_namespace apply --dry-run=server -f "$TAP_WORK/app.yaml"
err_unlike hunter2 "the message does not contain the value"
sed -i 's/{name: app}/{generateName: app-}/' "$TAP_WORK/app.yaml"
denied 'Secret app-[a-z0-9]+: not sealed' "generateName: refused" in_namespace create -f "$TAP_WORK/app.yaml"
# shellcheck disable=SC2046 # words
denied 'Secret many: not sealed: [^;]{200}…; seal' "many keys: the message has 200 characters of their names" \
	in_namespace create secret generic many $(printf -- '--from-literal=KEY_%s=plain ' {1..100})
denied 'Secret app: not sealed: MIXED;' "a plaintext beside ciphertext: refused, and only its key is named" \
	in_namespace create -f <(secret app Opaque A "$(encoded "vault:v1:$letters")" MIXED "$(encoded plain)")
denied 'Secret app: not sealed: A' "a type that is not exempt: refused" \
	in_namespace create -f <(secret app example.com/other A "$(encoded plain)")
denied 'Secret app: not sealed: password' "kubernetes.io/basic-auth: refused" \
	in_namespace create -f <(secret app kubernetes.io/basic-auth password "$(encoded plain)")
denied 'Secret app: not sealed: A' "an empty value: refused" in_namespace create -f <(secret app Opaque A "")
denied 'Secret app: not sealed: A' "a null value: refused" in_namespace create --validate=false -f <(
	secret app Opaque A "" | sed 's/"A": ""/"A": null/')
is "$(in_namespace get secret app 2>&1)" 'Error from server (NotFound): secrets "app" not found' "nothing was stored"

# -- values that resemble ciphertext ------------------------------------------------------------------

while IFS= read -r value; do
	denied 'Secret near: not sealed: A;' "$value: refused" \
		in_namespace create --dry-run=server -f <(secret near Opaque A "$(encoded "$value")")
done <<VALUES
vault:v1:
vault:v1:hunter2
vault:v:$letters
vault:vx:$letters
vault:v1x:$letters
vault:v1
vault:v1$letters
vault:v0:$letters
vault:v01:$letters
vault:v1 :$letters
vault:v123456789;$letters
vault:V1:$letters
Vault:v1:$letters
 vault:v1:$letters
"vault:v1:$letters"
hvault:v1:$letters
{"A":"vault:v1:$letters"}
VALUES

# -- ciphertext ---------------------------------------------------------------------------------------

values=()
for version in {1..120} 999 1000 9999 12345 123456 1234567 12345678 999999999 123456789012345678; do
	values+=("V$version" "$(encoded "vault:v$version:$letters")")
done
admitted "ciphertext of many versions: accepted" in_namespace create -f <(secret versions Opaque "${values[@]}")
admitted "a Secret without values: accepted" in_namespace create -f <(secret empty Opaque)
admitted "a Secret without data: accepted" in_namespace create secret generic none
head -c 700000 /dev/zero >"$TAP_WORK/large"
seal sealed --from-file "A=$TAP_WORK/large" large >/dev/null
is "$(in_namespace get secret large -o jsonpath='{.metadata.name}')" large "a value of 700 kB: accepted"
values=()
sealed=$(encoded "vault:v1:$letters")
for number in {1..2000}; do values+=("K$number" "$sealed"); done
admitted "2,000 values: accepted" in_namespace create -f <(secret numerous Opaque "${values[@]}")
denied 'Secret app: 2001 data keys, more than 2,000; split it, or use the document layout' "2,001 values: refused" \
	in_namespace create -f <(secret app Opaque "${values[@]}" ONE "$sealed")
denied 'Secret numerous: 2001 data keys' "one more value for a Secret of 2,000: refused" \
	in_namespace patch secret numerous --type merge -p "{\"data\":{\"ONE\":\"$sealed\"}}"

run seal sealed --from-literal A=value --from-literal B=value app
status_is 0 "secret-seal creates a Secret: exit 0"
run seal sealed --set A=other --rename B=C --from-literal D=value app
status_is 0 "secret-seal changes a Secret: exit 0"
run seal sealed --layout document --from-literal A=value --from-literal B=2 document
status_is 0 "secret-seal creates a document: exit 0"
run seal sealed --set A=other document
status_is 0 "secret-seal changes a document: exit 0"
run "$BIN/secret-seal" -n sealed --transit-key derived-key --type kubernetes.io/basic-auth --from-literal password=value typed
status_is 0 "secret-seal with a type: exit 0"

# -- changes ------------------------------------------------------------------------------------------

before=$(in_namespace get secret app -o jsonpath='{.data}')
denied 'Secret app: not sealed: A;' "a merge patch of data: refused" \
	in_namespace patch secret app --type merge -p "{\"data\":{\"A\":\"$(encoded plain)\"}}"
denied 'Secret app: not sealed: NEW;' "a patch with stringData: refused" \
	in_namespace patch secret app -p '{"stringData":{"NEW":"plain"}}'
denied 'Secret app: not sealed: NEW;' "a JSON patch: refused" \
	in_namespace patch secret app --type json -p "[{\"op\":\"add\",\"path\":\"/data/NEW\",\"value\":\"$(encoded plain)\"}]"
denied 'Secret app: not sealed: NEW;' "a server-side apply by another manager: refused" \
	in_namespace apply --server-side --field-manager other -f <(secret app Opaque NEW "$(encoded plain)")
denied 'Secret app: not sealed: A' "kubectl replace: refused" in_namespace replace -f <(secret app Opaque A "$(encoded plain)")
is "$(in_namespace get secret app -o jsonpath='{.data}')" "$before" "the Secret has not changed"
admitted "a patch that adds ciphertext and removes a key: accepted" \
	in_namespace patch secret app --type merge -p "{\"data\":{\"NEW\":\"$(encoded "vault:v1:$letters")\",\"C\":null}}"
admitted "a patch that removes a key: accepted" in_namespace patch secret app -p '{"data":{"NEW":null}}'

# -- a Secret from before the label -------------------------------------------------------------------

admitted "a label on an old Secret: accepted" in_namespace label secret old team=red
admitted "an annotation on an old Secret: accepted" in_namespace annotate secret old example.com/note=x
admitted "an owner of an old Secret: accepted" in_namespace patch secret old -p '{"metadata":{"ownerReferences":[
	{"apiVersion":"v1","kind":"Secret","name":"app","uid":"00000000-0000-0000-0000-000000000000"}]}}'
admitted "a finalizer on an old Secret: accepted" in_namespace patch secret old -p '{"metadata":{"finalizers":["example.com/wait"]}}'
denied 'Secret old: not sealed: (A, B|B, A);' "a changed value of an old Secret: refused" \
	in_namespace patch secret old -p '{"stringData":{"A":"changed"}}'
denied 'Secret old: not sealed: B;' "sealing one of two values: refused" \
	in_namespace patch secret old -p "{\"data\":{\"A\":\"$(encoded "vault:v1:$letters")\"}}"
denied 'Secret old: not sealed: B;' "removing one of two values: refused" in_namespace patch secret old -p '{"data":{"A":null}}'
admitted "deletion of an old Secret that has a finalizer: accepted" in_namespace delete secret old --wait=false
admitted "removing the finalizer: accepted" in_namespace patch secret old -p '{"metadata":{"finalizers":null}}'
is "$(in_namespace get secret old 2>&1)" 'Error from server (NotFound): secrets "old" not found' "an old Secret can be deleted despite a finalizer"
run seal sealed --adopt old-edited
status_is 0 "secret-seal --adopt of an old Secret: exit 0"
like "$(in_namespace get secret old-edited -o jsonpath='{.data.A}' | base64 -d)" '^vault:v1:' "secret-seal --adopt seals an old Secret"

# -- secret-rotate ------------------------------------------------------------------------------------

vault_call POST transit/keys/derived-key/rotate
in_namespace delete secret versions numerous >/dev/null
run as_pod rotator "$BIN/secret-rotate" -n sealed --phase rewrap --role secret-rotate
like "$STATUS $ERR" '^1 .*Secret sealed/half: data key "PLAIN": not sealed' "secret-rotate on a half sealed Secret: reports it"
run seal sealed --adopt half
status_is 0 "secret-seal --adopt of a half sealed Secret: exit 0"
run as_pod rotator "$BIN/secret-rotate" -n sealed --phase rewrap --role secret-rotate
status_is 0 "secret-rotate: exit 0"
like "$(in_namespace get secret half -o jsonpath='{.data.A}' | base64 -d)" '^vault:v2:' "secret-rotate rewraps"

# -- exempt types -------------------------------------------------------------------------------------

exempt=(
	helm.sh/release.v1 release "$(encoded plain)"
	kubernetes.io/tls tls.crt "$(base64 -w 0 "$STAGE_DIR/kube-apiserver.crt")"
	kubernetes.io/dockerconfigjson .dockerconfigjson "$(encoded '{"auths":{}}')"
	kubernetes.io/dockercfg .dockercfg "$(encoded '{}')"
)
for ((i = 0; i < ${#exempt[@]}; i += 3)); do
	extra=()
	[ "${exempt[i]}" != kubernetes.io/tls ] || extra=(tls.key "$(base64 -w 0 "$STAGE_DIR/kube-apiserver.key")")
	admitted "${exempt[i]}: accepted" in_namespace create -f <(secret "exempt-$i" "${exempt[@]:i:3}" "${extra[@]}")
done
admitted "kubernetes.io/service-account-token: accepted" in_namespace create -f <(secret token kubernetes.io/service-account-token |
	sed 's,"name": "token",&\, "annotations": {"kubernetes.io/service-account.name": "default"},')
admitted "kubernetes.io/service-account-token with a token: accepted" in_namespace patch secret token -p '{"stringData":{"token":"plain"}}'


# As docs/how-to/sealed-only.md describes.
secret tls kubernetes.io/tls tls.crt "${exempt[5]}" tls.key "$(base64 -w 0 "$STAGE_DIR/kube-apiserver.key")" >"$TAP_WORK/tls.json"
mkdir "$TAP_WORK/exempt"
cat >"$TAP_WORK/exempt/kustomization.yaml" <<YAML
resources: [$(realpath --relative-to "$TAP_WORK/exempt" "$kustomize/admission/sealed-only")]
patches:
  - target: {kind: ValidatingAdmissionPolicy}
    patch: |-
      - op: replace
        path: /spec/matchConditions/0/expression
        value: "!(object.type in ['kubernetes.io/service-account-token', 'helm.sh/release.v1'])"
YAML
kubectl apply -k "$TAP_WORK/exempt" >/dev/null
until_refused sealed "$TAP_WORK/tls.json"
denied 'Secret tls: not sealed: tls.(crt, tls.key|key, tls.crt);' "a type that is not exempt any more: refused" \
	in_namespace create -f "$TAP_WORK/tls.json"
admitted "a type that is still exempt: accepted" in_namespace create --dry-run=server -f <(secret other "${exempt[@]:0:3}")

# -- other namespaces -----------------------------------------------------------------------------------

labelled free
admitted "a namespace without the label: accepted" kubectl create -n free -f "$TAP_WORK/probe.json"
labelled audited secretmanager/sealed-only=warn
until_warned audited "$TAP_WORK/probe.json"
run kubectl create -n audited -f "$TAP_WORK/app.yaml"
is "$STATUS $(sed 's/app-[a-z0-9]*/app/' <<<"$OUT")" "0 secret/app created" "a namespace with the label warn: accepted"
err_like "^Warning: Validation failed for ValidatingAdmissionPolicy 'secretmanager-sealed-only' with binding 'secretmanager-sealed-only-warn': Secret app-[a-z0-9]+: not sealed: [^;]*; seal the values with secret-seal$" \
	"a namespace with the label warn: kubectl prints a warning"
run seal audited --from-literal A=value sealed
is "$STATUS $ERR" "0 " "secret-seal in a namespace with the label warn: no warning"
run grep '"resource":"secrets"' "$STAGE_DIR/audit.log"
out_like '"annotations":\{[^}]*"validation.policy.admission.k8s.io/validation_failure":"[^}]*Secret app-[a-z0-9]+: not sealed: ' \
	"a namespace with the label warn: the audit log has the message"
out_unlike hunter2 "the audit log does not contain the value"

# -- removal --------------------------------------------------------------------------------------------

kubectl delete -k "$kustomize/admission/sealed-only" >/dev/null
until_accepted sealed "$TAP_WORK/probe.json"
admitted "after removal of the policy: accepted" in_namespace create -f "$TAP_WORK/probe.json"
done_testing
