#!/bin/bash
# deploy/kustomize: the real API server accepts all overlays and components.
. "$(dirname "$0")/../tap.sh"
. "$(dirname "$0")/../stage.sh"
stage_start
. "$(dirname "$0")/deploy.sh"
schemas_start
namespaces secretmanager team-a
kubectl apply -f "$kustomize/base/service-accounts.yaml" >/dev/null

for overlay in overlays/cluster-wide overlays/namespaced application; do
	rendered "$kustomize/$overlay" >"$TAP_WORK/$(basename "$overlay").yaml"
	taken "$TAP_WORK/$(basename "$overlay").yaml" "$overlay"
	is "$(kubectl kustomize "$kustomize/$overlay")" "$(<"$TAP_WORK/$(basename "$overlay").yaml")" "$overlay: kubectl builds the same"
done
# Folders with every component.
for folder in shards namespaced settings; do
	rendered "$given/$folder" >"$TAP_WORK/$folder.yaml"
	taken "$TAP_WORK/$folder.yaml" "$folder"
done
for component in "$kustomize"/components/*; do
	ok "the component $(basename "$component") is in a folder" \
		grep -qs "components/$(basename "$component")\$" "$given"/*/kustomization.yaml
done

# -- these checks can fail ----------------------------------------------------------------------

sed 's/^  schedule:/  scheduel:/' "$TAP_WORK/cluster-wide.yaml" >"$TAP_WORK/wrong.yaml"
run conforms "$TAP_WORK/wrong.yaml"
like "$STATUS $OUT" "^1 .*scheduel" "kubeconform rejects an unknown field"
run accepted "$TAP_WORK/wrong.yaml"
like "$STATUS $ERR" '^1 .*scheduel' "the API server rejects an unknown field"
sed 's/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/' "$TAP_WORK/cluster-wide.yaml" | objects pods >"$TAP_WORK/pods.json"
run kubectl create --dry-run=server -f "$TAP_WORK/pods.json"
like "$STATUS $ERR" '^1 .*violates PodSecurity "restricted' "the API server rejects a pod that allows privilege escalation"

# -- the instructions in the comments ----------------------------------------------------------------

cp -r "$kustomize" "$TAP_WORK/kustomize"
cd "$TAP_WORK/kustomize/overlays/namespaced" || exit
cp -r team-a team-b
sed -i s/team-a/team-b/ team-b/*.yaml
kustomize edit add resource team-b
is "$(kustomize build . | objects names | sed -n 's/team-b/team-a/p')" "$(kustomize build . | objects names | grep team-a)" \
	"a second namespace is a copy of the first"
is "$(kustomize build . | objects arguments secret-rotate-team-b | sed -n 1p)" --namespace=team-b "a second namespace: its rotation has only that namespace"
is "$(grep -rn team-a team-b)" '' "a second namespace: the first is not in it"

is "$(objects arguments secret-rotate <"$TAP_WORK/settings.yaml")" "$(objects arguments secret-rotate <"$TAP_WORK/cluster-wide.yaml")" \
	"other settings: the same arguments"
is "$(sed -n 's/^  address: //p; s/^ *- image: //p; s/^ *image: //p' "$TAP_WORK/settings.yaml")" "https://vault.example.com:8200
$(sed -n 's/^  repository: //p' "$given/settings/values.yaml")@$(sed -n 's/^  digest: //p' "$given/settings/values.yaml")" "Vault's address and the image are set in one place each"
done_testing
