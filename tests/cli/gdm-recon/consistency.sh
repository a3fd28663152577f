#!/usr/bin/env bash
# gdm-recon consistency: a wrong prediction comes nearer to its rays and to the truth, of a single scan and of a manifest,
# and what means nothing is refused.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 2 --kind head --shape 32 --spacing 6 --seed 4 -q
gdm-recon project pairs/manifest.json -o scans --views 24 --photons 1e5 --oversample 3 --seed 1 -q >/dev/null
gdm-recon fbp scans/manifest.json -o fbp --filter hann -q >/dev/null
value() { sed -nE "s/^ *\"$1\": ([^,]*),?$/\\1/p" "$2" | head -n 1; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }' || fail "$1 is not less than $2: $3"; }

# Back-projections stand for predictions: entered as such, in the folder where they lie.
sed 's|"fbp": "\([^"]*\)"|"fbp": "\1"|; s|"target":|"prediction": "PREDICTION", "target":|' fbp/manifest.json >fbp/predicted.json
for id in head0001 head0002; do sed -i "0,/PREDICTION/s//${id}_fbp.nii.gz/" fbp/predicted.json; done
gdm-recon consistency fbp/predicted.json -o out -q >out.json
for id in head0001 head0002; do
  sidecar=out/${id}_pred.json
  [ -s "$sidecar" ] || fail "no sidecar of $id"
  less "$(value residual $sidecar)" "$(value residual_of_start $sidecar)" "the residual of $id"
done
grep -q '"prediction": "head0001_pred.nii.gz"' out/manifest.json || fail "no prediction in the manifest"
rmse() { gdm-metrics "$1" --json --metrics rmse_hu -q | sed -nE 's/^ *"mean": ([-0-9.e]+),?$/\1/p' | head -n 1; }
less "$(rmse out/manifest.json)" "$(rmse fbp/predicted.json)" "the error"

# One volume is the same as in a manifest; a strong pull leaves it where it was.
one=scans/head0001_sinogram.nii.gz
gdm-recon consistency $one --start fbp/head0001_fbp.nii.gz -o one.nii.gz -q
cmp one.nii.gz out/head0001_pred.nii.gz
gdm-recon consistency $one --start fbp/head0001_fbp.nii.gz -o held.nii.gz --pull 1e9 -q
gdm-recon consistency $one --start held.nii.gz -o again.nii.gz --pull 1e9 -q  # held: air below -1000 HU, cut
volume-diff again.nii.gz held.nii.gz 1 >diff.txt || fail "a strong pull lets go: $(cat diff.txt)"
gdm-recon consistency fbp/predicted.json -o out --resume -q >/dev/null

refused 2 'needs --start' gdm-recon consistency $one -o none.nii.gz
refused 2 'a manifest the predictions' gdm-recon consistency fbp/predicted.json --start one.nii.gz -o none
refused 1 'no prediction' gdm-recon consistency fbp/manifest.json -o none
refused 1 'no such file' gdm-recon consistency $one --start nothing.nii.gz -o none.nii.gz
compgen -G 'none*' >/dev/null && fail "a refused command left $(compgen -G 'none*')"
exit 0
