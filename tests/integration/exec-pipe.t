#!/bin/bash
# --fd N: the secrets come over an inherited pipe that is filled before the application starts.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

"$BIN/secret-seal" --transit-key aes256-key --from-literal A=plain --from-literal "B=it's \"two\" lines" app >/dev/null

run as_pod app "$BIN/secret-exec" --secret app --fd 5 -- sh -c 'cat <&5'
status_is 0 "an application reads the pipe to its end"
out_is '{"A":"plain","B":"it'\''s \"two\" lines"}' "it holds JSON"

run as_pod app "$BIN/secret-exec" --secret app --fd 5 -- sh -c 'echo "$SECRETS_FD ${A-unset}"'
out_is "5 unset" "SECRETS_FD names the pipe, and the environment holds no secret"

run as_pod app "$BIN/secret-exec" --secret app --fd 5:dotenv -- sh -c 'eval "$(cat <&5)"; echo "$A/$B"'
out_is "plain/it's \"two\" lines" "dotenv form is what a shell reads"

run as_pod app "$BIN/secret-exec" --secret app --fd 5:nul -- sh -c 'tr "\0" "\n" <&5'
out_is $'A=plain\nB=it\'s "two" lines' "nul form is that of /proc/PID/environ"

run as_pod app "$BIN/secret-exec" --secret app --fd 5 -- sh -c 'cat <&5 >/dev/null; cat <&5; echo end'
out_is end "what was read is gone"

head -c 700000 /dev/zero | tr '\0' x >"$TAP_WORK/large"
"$BIN/secret-seal" --transit-key aes256-key --from-file "LARGE=$TAP_WORK/large" large >/dev/null
run "$BIN/secret-exec" --secret large --fd 5 -- sh -c 'wc -c <&5'
out_is 700012 "700,000 bytes fit, without a writer that stays behind"
run "$BIN/secret-exec" --secret large -- true
fails_with 125 'LARGE has 700000 bytes.*--fd' "as a variable they are refused, and --fd is named"

"$BIN/secret-seal" --transit-key aes256-key --from-file "NUL=/dev/stdin" nul < <(printf 'a\0b') >/dev/null
run "$BIN/secret-exec" --secret nul -- true
fails_with 125 'NUL holds a NUL byte.*--fd' "a value with a NUL byte is refused as a variable"
run "$BIN/secret-exec" --secret nul --fd 5 -- sh -c 'cat <&5'
out_is '{"NUL":"a\u0000b"}' "and passes over the pipe"
run "$BIN/secret-exec" --secret nul --fd 5:nul -- true
fails_with 125 'NUL byte: use --fd N:json' "but not in a form that NUL bytes end"

"$BIN/secret-seal" --transit-key aes256-key --from-literal PATH=/tmp/evil path >/dev/null
for form in dotenv nul; do
	run "$BIN/secret-exec" --secret path --fd "5:$form" -- true
	fails_with 125 'refusing to set PATH.*--allow-env PATH' "$form, which becomes an environment, holds no dangerous name"
done
run "$BIN/secret-exec" --secret path --fd 5 -- sh -c 'cat <&5'
out_is '{"PATH":"/tmp/evil"}' "JSON is data"

for wrong in 2 1024 x 5:xml 5: ''; do
	run as_pod app "$BIN/secret-exec" --secret app --fd "$wrong" -- true
	fails_with 125 '--fd' "--fd '$wrong' is refused"
done
run as_pod app bash -c 'exec 5</dev/null; exec "$@"' - "$BIN/secret-exec" --secret app --fd 5 -- true
fails_with 125 '--fd 5: this descriptor is open already' "a descriptor in use is refused"

done_testing
