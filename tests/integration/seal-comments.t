#!/bin/bash
# A change of a manifest keeps every comment, or is refused.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

file=$TAP_WORK/app.yaml
comments() { grep -o '# [a-z0-9]*' "$1" | sort; }
# keeps TEXT [OPTION...]: seal a manifest that ends with TEXT (a format of printf); every comment is kept, or it is refused.
keeps() {
	local text=$1 status=0
	shift
	printf "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\n$text" >"$file"
	comments "$file" >"$TAP_WORK/wanted"
	"$BIN/secret-seal" --transit-key aes256-key -n demo -i -f "$file" "$@" >/dev/null 2>"$TAP_WORK/err" || status=$?
	[ "$status" = 0 ] || grep -q ': line [0-9]*, column [0-9]*: ' "$TAP_WORK/err" || echo "# status $status"
	is "$(comments "$file")" "$(cat "$TAP_WORK/wanted")" "$* ${text//$'\n'/\\n} (status $status)"
	refused=$((refused + (status != 0)))
}
refused=0

# data and stringData become one.
for section in '{A: a}' '{A: a} # three' '{} # three' 'A: a # three' 'A: a # three\n  # four'; do
	for between in ' # one\n  ' ' # one\n  # two\n  ' '\n  # one\n  '; do
		keeps "stringData:$between$section\n"
		keeps "data:\n  C: YQ==\nstringData:$between$section\n"
		keeps "stringData:$between$section\ndata:\n  C: YQ== # end\n"
		keeps "data: {C: YQ==} # zero\nstringData:$between$section\n# end\n"
		keeps "data:$between{C: YQ==}\nstringData:\n  A: a # end\n"
		keeps "data: {} # zero\nstringData:$between$section\n"
	done
done
# A value is removed, or gets another name.
for value in 'YQ==' '"YQ=="' '|\n    YQ==' '| # head\n    YQ=='; do
	for between in ' # one\n    ' ' # one\n    # two\n    ' '\n    # one\n    ' ' '; do
		case $value in *head*) ;; *) keeps "data:\n  B: Yg==\n  A:$between$value\n  # end\n" --unset A ;; esac
		keeps "data:\n  A:$between$value\n  B: |\n    Yg==\n  # end\n" --unset B
		keeps "data:\n  A:$between$value\n  # end\n" --rename A=NEW
		keeps "data:\n  A:$between$value\n  # end\n" --set A=new --set B=more
	done
done
ok "most changes are not refused: $refused of $TAP_COUNT" [ "$refused" -lt $((TAP_COUNT / 3)) ]

done_testing
