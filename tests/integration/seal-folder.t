#!/bin/bash
# secret-seal -f FOLDER: the manifests in a folder, as kubectl selects them.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start

folder=$TAP_WORK/folder
secret() {
	mkdir -p "$(dirname "$folder/$1")"
	printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {A: "hunter2"}\n' "$2" >"$folder/$1"
}
make_folder() {
	rm -rf "$folder"
	secret b.yaml b
	secret a.yml a
	printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"c"},"stringData":{"A":"hunter2"}}\n' >"$folder/c.json"
	secret notes.txt notes
	secret in/d.yaml d
	secret .git/e.yaml e
}
seal() { run "$BIN/secret-seal" --transit-key derived-key -n demo "$@"; }

make_folder
seal -f "$folder"
out_is $'secret/a created\nsecret/b created\nsecret/c created' "a folder to the API: in the order of names"
seal -f "$folder" -R
out_is $'secret/a updated\nsecret/b updated\nsecret/c updated\nsecret/d created' "-R: also folders in it, but not hidden folders"
seal -f "$folder/in" -f - < <(printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: f}\nstringData: {A: a}\n')
out_is $'secret/d updated\nsecret/f created' "a folder and standard input"
seal -f "$folder" -o yaml
like "$OUT" $'name: a,.*\n---\n.*name: b,.*\n---\n.*"name":"c"' "a folder printed: one stream of documents"
unlike "$OUT" hunter2 "a folder printed: no plaintext"
seal -i -R -f "$folder"
is "$(grep -l hunter2 -r "$folder" | sort)" "$folder/.git/e.yaml"$'\n'"$folder/notes.txt" "a folder in place: manifests are sealed, other files are unchanged"
err_like "in/d.yaml: 1 Secret sealed" "a folder in place: each file is reported"

mkdir "$TAP_WORK/empty"
seal -f "$TAP_WORK/empty"
fails_with 1 "$TAP_WORK/empty: no manifest in this folder \(\*.yaml, \*.yml, \*.json\); pass -R" "an empty folder: exit 1"
seal -R --set A=a app
fails_with 2 '--recursive: only with -f' "-R without -f: exit 2"
make_folder
secret z.yaml 'Not_A_Name'
seal -f "$folder"
status_is 1 "an error in the last file: exit 1"
err_like "^secret-seal: (no Secret was|[0-9] Secrets were) written.*$folder/z.yaml: line 1: " "an error in the last file: names the file"

# Three files, and a stream that takes several requests.
. "$(dirname "$0")/../faults.sh"
creates() { grep -c "POST /v1/transit/keys/$1 " "$BAD_LOG"; }
make_folder
bad_vault relay
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA run "$BIN/secret-seal" --create-key --transit-key fresh -n demo -i -f "$folder"
status_is 0 "--create-key with a folder: exit 0"
is "$(creates fresh)" 1 "--create-key with a folder: one request creates the key"
for name in d e f g; do
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData:\n  A: "%0700000d"\n' "$name" 1
done >"$TAP_WORK/large.yaml"
bad_vault relay
VAULT_ADDR=$BAD_URL VAULT_CACERT=$BAD_CA run "$BIN/secret-seal" --create-key --transit-key fresher -n demo -i -f "$TAP_WORK/large.yaml"
status_is 0 "--create-key with several requests: exit 0"
is "$(creates fresher)" 1 "--create-key with several requests: one request creates the key"

done_testing
