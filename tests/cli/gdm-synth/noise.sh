#!/usr/bin/env bash
# Size and noise of the generator from end to end: presets, depth, several conditions (two MR contrasts and an FBP),
# draws that are the same in any order of work, and exact resuming of a training with noise.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o p --count 5 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-recon project p/manifest.json -o sino --views 12 -q | gdm-recon fbp - -o fbp --filter cosine -q >/dev/null
mkdir t2
for mr in p/*_mr.nii.gz; do cp "$mr" "t2/$(basename "$mr")"; done
# The manifest of the reconstructions names mr as ../p/ID_mr.nii.gz; the second contrast lies beside.
sed 's|"mr": "\(.*\)/p/\([^"]*\)"|"mr": "\1/p/\2", "t2": "\1/t2/\2"|; s/"task": "[^"]*"/"task": "mr2ct"/' \
  fbp/manifest.json >fbp/three.json
grep -q '"t2"' fbp/three.json || fail "no second contrast in $(cat fbp/three.json)"

# A training with noise tells what it is, and a stopped one ends at the same weights and log.
tiny=(--patch 16 --widths 8,16 --blocks 2 --noise-channels 2 --batch 2)
train=(gdm-drift-train "$folder/fbp/three.json" --objective regression --conditions mr,t2,fbp -o m.safetensors --steps 8
  --validate-every 4 --checkpoint-every 1 "${tiny[@]}" "${common[@]}")
mkdir whole cut
(cd whole && "${train[@]}")
(cd cut && status=0 && "${train[@]}" --max-time 0.0001 || status=$?
  [[ $status == 75 ]] || fail "a stopped training: exit $status"
  "${train[@]}")
for file in m.log.jsonl m.safetensors; do cmp "whole/$file" "cut/$file" || fail "$file of the resumed training differs"; done
gdm-drift-train info whole/m.safetensors >info.txt
for pattern in '2 residual blocks a level' 'receptive  *94 voxels' 'noise  *2 channels' 'mr (percentile), t2 (perc' \
  'fbp (hu)$' 'patch  *16 voxels.*GFLOP'; do
  grep -q -- "$pattern" info.txt || fail "info lacks '$pattern': $(cat info.txt)"
done

# Draws depend on seed and case alone: not on the order of the cases, on shards, or on what was drawn before.
synth=(gdm-synth fbp/three.json --model whole/m.safetensors --threads 1 -q --dtype float32)
"${synth[@]}" -o a --seed 1 >/dev/null
"${synth[@]}" -o b --seed 1 --shard 2/2 >/dev/null
"${synth[@]}" -o c --seed 2 >/dev/null
drawn=(b/*_pred.nii.gz)
((${#drawn[@]} == 2)) || fail "not two cases in a shard: ${drawn[*]}"
for volume in "${drawn[@]}"; do
  name=$(basename "$volume")
  volume-diff "a/$name" "$volume" || fail "$name depends on the cases before it"
  ! volume-diff "a/$name" "c/$name" || fail "$name: two seeds give one draw"
done
sidecar=$(basename "${drawn[0]}" .nii.gz)
tr -d ' \n' <"b/$sidecar.json" | found "\"noise\":{\"channels\":2,\"seed\":1,\"draw\":\"${sidecar%_pred}\"}" ||
  fail "the sidecar does not tell the draw: $(cat "b/$sidecar.json")"

# Several draws of a case are cases of one patient.
"${synth[@]}" -o many --samples 2 --split test --seed 1 >/dev/null
one=$(basename many/*_s1_pred.nii.gz) two=$(basename many/*_s2_pred.nii.gz)
! volume-diff "many/$one" "many/$two" || fail "two samples are equal"
tr -d ' \n' <many/manifest.json | found '"patient":"[^"]*","sample":2' || fail "no sample in $(cat many/manifest.json)"

# A preset gives way to what is given, in a file of options too; a model without noise has no samples.
gdm-drift-train p/manifest.json --objective regression -o s.safetensors --preset small --steps 2 --patch 16 --batch 1 \
  "${common[@]}"
gdm-drift-train info s.safetensors --json >s.json
tr -d ' \n' <s.json >s.flat
for part in '"widths":[[]16,32,64[]],"blocks":1,"noise_channels":0,"patch_voxels":16' '"preset":"small"' \
  '"widths":"16,32,64"' '"batch":1,'; do
  grep -q "$part" s.flat || fail "the model of a preset lacks $part: $(cat s.json)"
done
echo '{"preset": "large", "widths": "8,8", "blocks": 1, "patch": 16, "batch": 1}' >large.json
gdm-drift-train p/manifest.json --objective regression -o l.safetensors --config large.json --steps 1 "${common[@]}"
gdm-drift-train info l.safetensors | found 'widths \[8,8\], 1 residual block a' || fail "a preset wins over a file"
refused 2 "noise" gdm-synth p/manifest.json --model s.safetensors -o x --samples 2
refused 2 "preset" gdm-drift-train p/manifest.json --objective regression -o x.safetensors --preset huge
refused 2 "noise channels, --noise-channels asks for 0" gdm-drift-train fbp/three.json --objective regression --conditions mr,t2,fbp \
  --init whole/m.safetensors -o x.safetensors --patch 16 --widths 8,16 --blocks 2
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
