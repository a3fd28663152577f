#!/usr/bin/env bash
# Where a synthesis lies far from a bank: a volume beside the CT, the farthest place in its sidecar, a warning.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o p --count 5 --kind head --seed 3 --shape 24 --spacing 9 -q
gdm-encoder scattering -o filters.safetensors --octaves 1 --statistics p/manifest.json --patches-per-case 2 --patch 16 -q
gdm-featbank build p/manifest.json --encoder filters.safetensors -o bank.safetensors --split train --patch 16 --training-patch 16 \
  --patches-per-case 8 "${common[@]}"
gdm-drift-train p/manifest.json --objective regression --steps 2 --patch 16 --widths 8,16 --batch 1 -o model.safetensors "${common[@]}"
id=$(basename "$(ls p/*_mr.nii.gz | head -n 1)" _mr.nii.gz)
mr=p/${id}_mr.nii.gz
synth=(gdm-synth --model model.safetensors --threads 1)

"${synth[@]}" "$mr" -o ct.nii.gz --bank bank.safetensors --bank-map map.nii.gz --mask "p/${id}_mask.nii.gz" 2>err.txt
found 'ct: out of the bank.s distribution: .*output near -\?[0-9]*, .* mm (RAS; .* times, no patch of the bank more than' <err.txt ||
  fail "no place in the warning: $(cat err.txt)"
tr -d ' \n' <ct.json | found '"farthest_place":{"ratio":[1-9]' || fail "no farthest place in $(cat ct.json)"
gdm-prep info map.nii.gz | found '24 x 24 x 24 voxels' || fail "the map is not on the grid of its CT: $(gdm-prep info map.nii.gz)"
"${synth[@]}" "$mr" -o plain.nii.gz --bank bank.safetensors --mask "p/${id}_mask.nii.gz" -q
volume-diff ct.nii.gz plain.nii.gz || fail "the map changes the CT"
! grep -q farthest_place plain.json || fail "a place that nobody asked for"

# Of a manifest, and again where one is missing.
"${synth[@]}" p/manifest.json -o out --bank bank.safetensors --bank-map maps -q >/dev/null
! volume-diff "maps/${id}_bank.nii.gz" map.nii.gz >/dev/null || fail "a case is held against its own patient's entries"
cp "maps/${id}_bank.nii.gz" before.nii.gz
rm "maps/${id}_bank.nii.gz"
"${synth[@]}" p/manifest.json -o out --bank bank.safetensors --bank-map maps --resume 2>err.txt >/dev/null
found '4 of 5 cases were finished already' <err.txt || fail "resuming: $(cat err.txt)"
[[ -s maps/${id}_bank.nii.gz ]] || fail "the missing map was not made again"
volume-diff "maps/${id}_bank.nii.gz" before.nii.gz || fail "the map made again is another"

refused 2 "bank-map needs --bank" "${synth[@]}" "$mr" -o x.nii.gz --bank-map x-map.nii.gz
refused 2 "bank-map: 'map' is not a NIfTI name" "${synth[@]}" "$mr" -o x.nii.gz --bank bank.safetensors --bank-map map
refused 2 "bank-map: a manifest needs a folder" "${synth[@]}" p/manifest.json -o x --bank bank.safetensors --bank-map x.nii.gz
refused 2 "two outputs are this one file" "${synth[@]}" "$mr" -o x.nii.gz --bank bank.safetensors --bank-map x.nii.gz
refused 1 "exists" "${synth[@]}" "$mr" -o x.nii.gz --bank bank.safetensors --bank-map map.nii.gz
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
