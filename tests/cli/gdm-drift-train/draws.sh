#!/usr/bin/env bash
# Draws of the noise: stopped and resumed to the same bytes, begun from a model without noise, told of, and refused
# where they mean nothing.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o phantoms --count 4 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-recon project phantoms/manifest.json -o scans --views 12 --photons 1e5 --seed 1 -q >/dev/null
gdm-recon fbp scans/manifest.json -o fbp -q >/dev/null
train=(gdm-drift-train ../fbp/manifest.json --objective regression --patch 24 --widths 8,16 --force --threads 1 --seed 3
  --steps 3 -q --validate-every 2 -o m.safetensors)
draws=(--noise-channels 2 --draws 3 --batch 1 --init ../l1/m.safetensors --ssim 0.1 --drift-start 0)
mkdir l1 whole cut
(cd l1 && "${train[@]}")
(cd whole && "${train[@]}" "${draws[@]}")
status=0
(cd cut && "${train[@]}" "${draws[@]}" --max-time 0.001) || status=$?
[[ $status == 75 ]] || fail "--max-time: exit $status, expected 75"
(cd cut && refused 1 "other options or data.*draws" "${train[@]}" "${draws[@]/#3/2}") || fail "another number of draws resumes"
(cd cut && "${train[@]}" "${draws[@]}")
for file in m.log.jsonl m.safetensors; do cmp "whole/$file" "cut/$file" || fail "$file of the stopped training differs"; done
for key in energy_score_hu l1_hu spread_hu; do
  (($(grep -c "\"$key\":[0-9]" whole/m.log.jsonl) >= 3)) || fail "no $key in the log: $(cat whole/m.log.jsonl)"
done
gdm-drift-train info whole/m.safetensors --json | grep -q '"draws": 3' || fail "the model does not tell its draws"

# It draws: another seed is another volume, and the spread of draws has a size.
gdm-synth fbp/manifest.json --split test --threads 1 -q --model whole/m.safetensors --samples 3 -o mean --spread mean >/dev/null
grep -q '"mean_in_body": [0-9.]*[1-9]' mean/*_spread.json || fail "no spread of the draws"

cd whole
refused 2 "draws needs --noise-channels" gdm-drift-train ../fbp/manifest.json --objective regression -o x.safetensors --draws 2 --steps 1
refused 2 "has 2 noise channels, --noise-channels asks for 0" gdm-drift-train ../fbp/manifest.json --objective regression \
  -o x.safetensors --init m.safetensors --patch 24 --widths 8,16 --steps 1
