#!/usr/bin/env bash
# The models that gdm comes with: each tells what it is, fits its size, and goes through to a CT.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
share=$(realpath "$(dirname "$(command -v gdm-synth)")/../share/gdm/models")

for model in "$share"/*.safetensors; do
  name=$(basename "$model" .safetensors)
  (($(stat -c %s "$model") < 12000000)) || fail "$name is larger than 12 MB"
  gdm-drift-train info "$name" >info.txt
  cmp <(tail -n "$(wc -l <"$share/$name.txt")" info.txt) "$share/$name.txt" || fail "$name does not carry its card"
  grep -q '/home\|/root\|/tmp\|/work' "$model" && fail "$name holds a path of the machine that made it"
done

gdm-phantom -o p --count 1 --kind head --shape 48 --spacing 4 --seed 2 -q
gdm-recon project p/*_ct.nii.gz -o scan.nii.gz --views 24 --photons 1e5 --oversample 3 --seed 1 -q
gdm-recon gdm scan.nii.gz --model ct-hn-24 -o ct.nii.gz -q
gdm-recon iterative scan.nii.gz -o tv.nii.gz --method tv --strength 0.005 -q
gdm-synth p/*_mr.nii.gz --model sim-head-t1 -o from-mr.nii.gz -q
error() { gdm-metrics --target p/*_ct.nii.gz --prediction "$1" --metrics mae_hu --json -q | grep -o '"mean": *[0-9.]*' | grep -m1 -o '[0-9.]*$'; }
echo "TV $(error tv.nii.gz), ct-hn-24 $(error ct.nii.gz), sim-head-t1 $(error from-mr.nii.gz)"
# A drawn head is like nothing that they were trained on: what is asked is that they do no harm, and make a head.
awk -v tv="$(error tv.nii.gz)" -v ct="$(error ct.nii.gz)" 'BEGIN { exit ct > 1.2 * tv }' || fail "ct-hn-24 is far behind what it begins with"
awk -v ct="$(error from-mr.nii.gz)" 'BEGIN { exit ct > 400 }' || fail "sim-head-t1 makes no head"
gdm-recon project p/*_ct.nii.gz -o few.nii.gz --views 12 --photons 1e5 --seed 1 -q
refused 1 "views" gdm-recon gdm few.nii.gz --model ct-hn-24 -o few-ct.nii.gz
