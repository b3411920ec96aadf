#!/bin/bash
# deploy/kustomize: its overlays and components are built, and the real API server takes what comes out.
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
	is "$(kubectl kustomize "$kustomize/$overlay")" "$(<"$TAP_WORK/$(basename "$overlay").yaml")" "kubectl builds the same"
done
# With every component, in one way or the other.
for folder in shards namespaced settings; do
	rendered "$given/$folder" >"$TAP_WORK/$folder.yaml"
	taken "$TAP_WORK/$folder.yaml" "$folder"
done
for component in "$kustomize"/components/*; do
	ok "the component $(basename "$component") is among them" \
		grep -qs "components/$(basename "$component")\$" "$given"/*/kustomization.yaml
done

# -- that all of this can fail ----------------------------------------------------------------------

sed 's/^  schedule:/  scheduel:/' "$TAP_WORK/cluster-wide.yaml" >"$TAP_WORK/wrong.yaml"
run conforms "$TAP_WORK/wrong.yaml"
like "$STATUS $OUT" "^1 .*scheduel" "kubeconform refuses a field that there is not"
run accepted "$TAP_WORK/wrong.yaml"
like "$STATUS $ERR" '^1 .*scheduel' "and so does the API server"
sed 's/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/' "$TAP_WORK/cluster-wide.yaml" | objects pods >"$TAP_WORK/pods.json"
run kubectl create --dry-run=server -f "$TAP_WORK/pods.json"
like "$STATUS $ERR" '^1 .*violates PodSecurity "restricted' "which does not admit a pod that could gain privileges"

# -- what the comments say how to do ----------------------------------------------------------------

cp -r "$kustomize" "$TAP_WORK/kustomize"
cd "$TAP_WORK/kustomize/overlays/namespaced" || exit
cp -r team-a team-b
sed -i s/team-a/team-b/ team-b/*.yaml
kustomize edit add resource team-b
is "$(kustomize build . | objects names | sed -n 's/team-b/team-a/p')" "$(kustomize build . | objects names | grep team-a)" \
	"a second namespace is a copy of the first"
is "$(kustomize build . | objects arguments secret-rotate-team-b | sed -n 1p)" --namespace=team-b "whose rotation looks at it alone"
is "$(grep -rn team-a team-b)" '' "and nothing of the first is left in it"

is "$(objects arguments secret-rotate <"$TAP_WORK/settings.yaml")" "$(objects arguments secret-rotate <"$TAP_WORK/cluster-wide.yaml")" \
	"settings of one's own leave the arguments as they are"
is "$(sed -n 's/^  address: //p; s/^ *- image: //p; s/^ *image: //p' "$TAP_WORK/settings.yaml")" "https://vault.example.com:8200
$(sed -n 's/^  repository: //p' "$given/settings/values.yaml")@$(sed -n 's/^  digest: //p' "$given/settings/values.yaml")" "Vault's address and the image are set in one place each"
done_testing
