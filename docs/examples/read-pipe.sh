#!/bin/sh
# Read the secrets that secret-exec hands over a pipe, in dotenv form, and print one of them.
#
#     secret-exec --secret app --fd 3:dotenv -- ./read-pipe.sh
#
# They become variables of this shell alone: nothing that it starts sees one that is not exported.
# (With --fd 3 to 9: a POSIX shell need not know numbers of two digits.)
set -eu

eval "$(cat <&"$SECRETS_FD")"
eval "exec $SECRETS_FD<&-"

printf '%s\n' "$PASSWORD"
