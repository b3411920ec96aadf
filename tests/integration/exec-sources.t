#!/bin/bash
# Several sources in one start: each kind more than once, and which of them is the stronger.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec
cd "$TAP_WORK" || exit 1
umask 077

# seal NAME OPTION...: as secret-seal prints nothing when all is well.
seal() {
	local name=$1
	shift
	"$BIN/secret-seal" --transit-key aes256-key "$@" "$name" >/dev/null
}
# volume DIR SECRET: the files that the kubelet would mount, without its links.
volume() {
	local key
	mkdir "$1"
	kube_call GET "/api/v1/namespaces/demo/secrets/$2"
	for key in $(field data | tr -d '{}",' | tr ' ' '\n' | sed -n 's/:$//p'); do stored "$2" "$key" >"$1/$key"; done
}
launch() { run "$BIN/secret-exec" --transit-key aes256-key "$@"; }

seal one --from-literal A=a1 --from-literal B=b1
seal two --from-literal C=c2
seal app --from-literal D=d3 --from-literal E=e3
volume three app
seal four --from-literal F=f4
volume four four
seal five --from-literal G=g5
g=$(stored five G)
launch --secret one --secret two --secret-dir three --secret-dir four -- sh -c 'echo "$A $B $C $D $E $F"'
out_is "a1 b1 c2 d3 e3 f4" "two Secrets of the API and two volumes"
launch --secret one:A --secret two -- sh -c 'echo "$A $C ${B-none}"'
out_is "a1 c2 none" "one data key of one Secret, all of another"
run env "G=$g" "$BIN/secret-exec" --transit-key aes256-key --secret demo/one --secret-dir four -- sh -c 'echo "$A $F $G"'
out_is "a1 f4 g5" "our own environment and Secrets of the API"
run as_pod app "$BIN/secret-exec" --secret app --secret two -- true
fails_with 125 'Secret demo/two.*forbidden' "a Secret without the right to read it: exit 125"
run as_pod app env VAULT_ROLE=single-use "$BIN/secret-exec" --secret app:D --secret app:E=F -- sh -c 'echo "$D $F"'
out_is "d3 e3" "all values are decrypted in one request: a token for a single use is enough"

# Two sources of one name.
launch --secret one --secret one:B -- true
fails_with 125 'Secret demo/one, data key B: duplicate name B.*--override' "the same value from two sources: exit 125"
launch --secret one --secret two:C=B -- true
fails_with 125 'variable B comes from both Secret demo/one, data key B and Secret demo/two, data key C.*--override to use the stronger' \
	"one name from two sources: exit 125, with both sources"
launch --override --secret one --secret two:C=B -- sh -c 'echo "$A $B"'
out_is "a1 c2" "one name from two sources with --override: the later is used"
launch --override --secret two:C=B --secret one -- sh -c 'echo "$A $B"'
out_is "a1 b1" "one name from two sources with --override: the later is used, in any order"

# X from everywhere, weakest first.
printf '{"X": "document"}' >x.json
printf 'X: document-2\n' >x.yaml
printf 'X=env-file\nY=defined\n' >x.env
printf '{"X": "Y"}' >definition
kube_call POST /api/v1/namespaces/demo/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain"},"stringData":{"X":"plain-secret"}}'
kube_call POST /api/v1/namespaces/demo/configmaps '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"map"},"data":{"X":"config-map"}}'
seal x1 --from-literal X=environment
seal x2 --from-literal X=volume
volume x2 x2
seal x3 --from-literal X=secret
x=$(stored x1 X)

sources=(--secret x3 --secret-dir x2 ENVIRONMENT '' --definition definition --from-config-map map --from-secret plain
	--from-env-file x.env --from-document x.yaml --from-document x.json)
wanted=(secret volume environment defined config-map plain-secret env-file document-2 document)
# strongest N: without the N strongest ones; our own environment is the third of them.
strongest() {
	local i options=() environment=()
	for ((i = 2 * $1; i < ${#sources[@]}; i += 2)); do
		if [ "${sources[i]}" = ENVIRONMENT ]; then
			environment=("X=$x")
		else
			options=("${sources[i]}" "${sources[i + 1]}" "${options[@]}")
		fi
	done
	run env "${environment[@]}" "$BIN/secret-exec" --override --allow-plaintext --transit-key aes256-key "${options[@]}" -- printenv X
	out_is "${wanted[$1]}" "the strongest source of ${#wanted[@]} less $1 is: ${wanted[$1]}"
}
for ((i = 0; i < ${#wanted[@]}; i++)); do strongest "$i"; done

# Many of them take no time that one feels.
printf '{' >many.json
for ((i = 0; i < 9999; i++)); do printf '"NAME_%d": "%d", ' "$i" "$i" >>many.json; done
printf '"LAST": "1"}' >>many.json
launch --allow-plaintext --from-document many.json --override -- sh -c 'echo "$NAME_0 $NAME_9998 $LAST"'
out_is "0 9998 1" "10,000 variables"
printf 'MORE=1\n' >more.env
launch --allow-plaintext --from-document many.json --from-env-file more.env -- true
fails_with 125 'more.env: more than 10000 values; select values with --only$' "10,001 variables: exit 125"
launch --allow-plaintext --from-document many.json --from-env-file more.env --only 'NAME_99*' --only MORE -- sh -c 'echo "$NAME_9998 $MORE"'
out_is "9998 1" "10,001 variables, some of them selected: the application starts"

done_testing
