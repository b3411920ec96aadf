#!/bin/bash
# All deliveries together: each value is delivered where an option names it, the others together.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
export VAULT_ROLE=secret-exec

memory=$(mktemp -d /dev/shm/exec-mix.XXXXXX)
at_end "rm -rf $memory"
printf '\0\xff' >"$TAP_WORK/bytes"
"$BIN/secret-seal" --transit-key aes256-key --from-literal USER_NAME=matrix --from-literal DB_PASSWORD=correct \
	--from-literal DB_HOST=db --from-literal API_KEY=battery --from-file "key.bin=$TAP_WORK/bytes" app >/dev/null

# All values that the application gets, by any delivery.
cat >"$TAP_WORK/application" <<'END'
for argument; do printf 'argument %s: ' "$argument" | sed 's/fd\/[0-9]*/fd\/N/'; od -An -c "$argument" | tr -s ' \n' ' '; echo; done
printf 'fd5: %s\n' "$(cat <&5)"
printf 'fd6: %s\n' "$(cat <&6)"
env | grep -E '^(USER_NAME|DB_|API_KEY|SECRETS_FD|key)' | sort
END
run as_pod app "$BIN/secret-exec" --secret app --fd 5 --fd 6=API_KEY --memfd key.bin --file "USER_NAME=$memory/user" \
	--file "API_KEY=$memory/api" --env 'DB_P*' -- sh "$TAP_WORK/application" '{key.bin}' "$memory/user" "$memory/api"
status_is 0 "environment, two pipes, a memfd and two files"
out_is 'argument /proc/self/fd/N:  \0 377 
argument '"$memory"'/user:  m a t r i x 
argument '"$memory"'/api:  b a t t e r y 
fd5: {"DB_HOST":"db"}
fd6: battery
DB_PASSWORD=correct
SECRETS_FD=5' "each value is delivered where it is meant to, and only there"

run as_pod app "$BIN/secret-exec" --secret app --fd 5:nul --memfd :json --fd 6=key.bin -- sh -c 'tr "\0" "\n" <&5; cat "$1"; echo "${SECRETS_FD}"' - {}
out_is 'API_KEY=battery
DB_HOST=db
DB_PASSWORD=correct
USER_NAME=matrix
{"API_KEY":"battery","DB_HOST":"db","DB_PASSWORD":"correct","USER_NAME":"matrix"}5' "a pipe and a memfd for all: both get all values"

run as_pod app "$BIN/secret-exec" --secret app --memfd key.bin --env 'DB_*' -- sh -c 'cat "$1" | wc -c; env | grep -cE "^(USER_NAME|DB_HOST|DB_PASSWORD|API_KEY)="' - {}
out_is $'2\n4' "without one for all, all others go to the environment, with any --env"

run as_pod app "$BIN/secret-exec" --secret app --file "key.bin=$memory/key" --fd 5=key.bin --memfd key.bin --memfd :json -- \
	sh -c 'cmp "$1" "$3" && cmp /dev/fd/5 "$3" && cat "$2"' - '{key.bin}' {} "$memory/key"
status_is 0 "one value can have three deliveries"

run as_pod app "$BIN/secret-exec" --secret app:API_KEY --secret app:DB_HOST --fd 5 --env '*' -- sh -c 'cat <&5; echo "$API_KEY $DB_HOST"'
out_is "{}battery db" "--env '*' leaves the pipe empty"

# -- ciphertext in the environment

sealed=$(stored app API_KEY)
like "$sealed" '^vault:v1:' "the value that envFrom would set is ciphertext"
run as_pod app env "API_KEY=$sealed" "$BIN/secret-exec" --transit-key aes256-key --file "API_KEY=$memory/api" -- \
	sh -c 'cat "$1"; echo " ${API_KEY-unset}"' - "$memory/api"
out_is "battery unset" "a value that is delivered in another way: its ciphertext is removed from the environment"
run as_pod app env "API_KEY=$sealed" OTHER=vault:v1:AAAA "$BIN/secret-exec" --transit-key aes256-key --exclude OTHER -- \
	sh -c 'echo "$API_KEY $OTHER"'
out_is "battery vault:v1:AAAA" "excluded ciphertext stays in the environment"

# -- failures leave nothing

rm -f "$memory"/*
run as_pod app "$BIN/secret-exec" --secret app --fd 5 --memfd key.bin --file "API_KEY=$memory/api" --file "DB_HOST=$memory/no/host" -- cat {}
fails_with 125 "--file DB_HOST=$memory/no/host: $memory/no: No such file" "the last of many deliveries fails: exit 125"
is "$(ls -A "$memory")" "" "the last of many deliveries fails: the file of another is removed"
run as_pod app "$BIN/secret-exec" --secret app --fd 5 --file "API_KEY=$memory/api" -- true
fails_with 125 'the value of key.bin is not UTF-8' "a value that JSON cannot contain: exit 125"
is "$(ls -A "$memory")" "" "a value that JSON cannot contain: the file of another is removed"
run as_pod app "$BIN/secret-exec" --secret app --memfd :json --fd 5=nothing -- cat {}
fails_with 125 'no secret "nothing"; use one of: API_KEY, DB_HOST, DB_PASSWORD, USER_NAME, key.bin$' "an unknown key: one message with the names"
err_unlike 'correct|battery|matrix' "an unknown key: no value is printed"

done_testing
