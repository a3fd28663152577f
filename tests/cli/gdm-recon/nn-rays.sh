#!/usr/bin/env bash
# Rays in a training and in use: slabs that hold whole slices, data consistency behind the network, the projection
# objective, coordination in the null space; models with several inputs; and what each of them refuses.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 3 --kind head --shape 24 --spacing 8 --seed 4 -q
gdm-recon project pairs/manifest.json -o scans --views 12 --photons 1e5 --oversample 3 --seed 1 -q >/dev/null
gdm-recon fbp scans/manifest.json -o fbp --cutoff 0.7 --mask-fov -1000 -q >/dev/null
gdm-recon iterative fbp/manifest.json -o tv --method tv --strength 0.01 --iterations 20 -q >/dev/null
train=(gdm-drift-train tv/manifest.json --widths 8,16 --steps 4 --validate-every 4 --batch 1 --threads 1 --seed 3
  --learning-rate 1e-6 --force -q)
value() { sed -nE "s/^ *\"$1\": ([^,]*),?$/\\1/p" "$2" | head -n 1; }

# Consistency: recorded, in validation and in use; after the network it is what the command makes of its output.
"${train[@]}" --objective regression --conditions tv,fbp --patch 24x24x8 --consistency 4 --consistency-pull 0.5 -o dc.safetensors
gdm-drift-train info dc.safetensors >info.txt
grep -q 'consistency  *4 iterations towards the measured rays follow the network, pull 0.5 mm' info.txt || fail "info: $(cat info.txt)"
grep -q 'patch  *24x24x8 voxels' info.txt || fail "info: $(cat info.txt)"
grep -q 'method tv, strength 0.01 mm, 20 iterations' info.txt || fail "info: $(cat info.txt)"
"${train[@]}" --objective regression --conditions tv,fbp --patch 24x24x8 -o plain.safetensors
gdm-synth tv/manifest.json --model dc.safetensors -o dc --split test -q >/dev/null
gdm-synth tv/manifest.json --model plain.safetensors -o plain --split test --dtype float32 -q >/dev/null
id=$(basename dc/*_pred.nii.gz _pred.nii.gz)
grep -q '"pull_mm2": 0.5' dc/${id}_pred.json || fail "the sidecar tells nothing of consistency"
awk -v a="$(value residual dc/${id}_pred.json)" -v b="$(value residual_of_start dc/${id}_pred.json)" 'BEGIN { exit !(a < b) }' ||
  fail "the residual grew"
gdm-recon consistency scans/${id}_sinogram.nii.gz --start plain/${id}_pred.nii.gz -o after.nii.gz --iterations 4 --pull 0.5 -q
# Weights hardly move at this rate, so both trainings end where they began.
volume-diff after.nii.gz dc/${id}_pred.nii.gz 2 >diff.txt || fail "not what the command makes: $(cat diff.txt)"

# One volume instead of the case: its sinogram is an input, too.
one=(gdm-synth --input tv=tv/${id}_tv.nii.gz --input fbp=fbp/${id}_fbp.nii.gz --model dc.safetensors -o one.nii.gz -q)
"${one[@]}" --input sinogram=scans/${id}_sinogram.nii.gz
volume-diff one.nii.gz dc/${id}_pred.nii.gz || fail "one volume is not what the case gives"
refused 2 "sinogram=FILE is missing; the model takes tv, fbp, sinogram" "${one[@]}" --force

# From the sinogram alone: both inputs are made as those of the training were.
gdm-recon gdm scans/manifest.json --model dc.safetensors -o whole --split test -q >/dev/null
volume-diff whole/${id}_pred.nii.gz dc/${id}_pred.nii.gz 2 >diff.txt || fail "gdm-recon gdm differs: $(cat diff.txt)"
grep -q '"strength_mm": 0.01' whole/${id}_pred.json || fail "the sidecar tells nothing of the second input"
before=$(stat -c %i whole/${id}_pred.nii.gz)
gdm-recon gdm scans/manifest.json --model dc.safetensors -o whole --split test --resume -q >/dev/null
gdm-recon gdm scans/manifest.json --model dc.safetensors -o planned --split test --dry-run >plan.txt 2>&1
grep -q "${id}_sinogram.nii.gz: .* voxels of .* about [0-9]* MiB of memory for the network" plan.txt || fail "no memory in the plan: $(cat plan.txt)"
[[ ! -e planned ]] || fail "a dry run made a folder"
[ "$(stat -c %i whole/${id}_pred.nii.gz)" = "$before" ] || fail "--resume made again what was there"

# The objectives that know the rays, with cubes; a stopped training goes on to the same bytes.
"${train[@]}" --objective regression --conditions tv --patch 16 --projection 0.3 --ssim 0.2 --drift-start 0 \
  --coordination null-space -o null.safetensors
for name in projection ssim; do
  grep -q "\"$name\":{" null.log.jsonl || fail "the log lacks $name: $(tail -1 null.log.jsonl)"
done
"${train[@]}" --objective regression --conditions tv --patch 16 --projection 0.3 --ssim 0.2 --drift-start 0 -o seen.safetensors
[ "$(tail -n 1 null.log.jsonl | sed 's/.*"ssim":{//; s/}.*//')" != "$(tail -n 1 seen.log.jsonl | sed 's/.*"ssim":{//; s/}.*//')" ] ||
  fail "the null space takes nothing from SSIM"
mkdir cut whole-run
both=(--objective regression --conditions tv --patch 24x24x8 --projection 0.3 --consistency 2 --drift-start 0 -o m.safetensors)
again=("${train[@]/tv\/manifest.json/../tv/manifest.json}" "${both[@]}")
for _ in 1 2; do
  status=0
  (cd cut && "${again[@]}" --max-time 0.001) || status=$?
  [[ $status == 75 ]] || fail "--max-time: exit $status, expected 75"
done
gdm-recon project pairs/manifest.json -o fewer --views 9 --photons 1e5 --oversample 3 --seed 1 -q >/dev/null
cp -r scans kept
cp fewer/*_sinogram.* scans/
(cd cut && refused 1 'rays' "${again[@]}")
cp kept/* scans/
(cd cut && "${again[@]}")
(cd whole-run && "${again[@]}")
cmp whole-run/m.safetensors cut/m.safetensors || fail "a training that was stopped ends elsewhere"

refused 2 'hold whole slices' "${train[@]}" --objective regression --conditions tv --patch 16 --consistency 3 -o none.safetensors
refused 2 'augment turns patients away' gdm-drift-train scans/manifest.json --conditions mr --scaling mr=zscore --objective regression --augment light --projection 0.2 -o none.safetensors -q
refused 1 "no input 'sinogram'" gdm-drift-train pairs/manifest.json --objective regression --projection 0.2 -o none.safetensors -q
refused 2 'neither the edge of a cube nor a shape' "${train[@]}" --patch 24x24 -o none.safetensors
refused 2 'is not a multiple of 4' "${train[@]}" --objective regression --patch 24x24x10 -o none.safetensors
refused 2 'filter is for back-projections' gdm-recon gdm scans/manifest.json --model null.safetensors --filter hann -o none
sed 's|"sinogram": "[^"]*",\?||; s|"tv": \("[^"]*"\),$|"tv": \1|' tv/manifest.json >tv/without.json
refused 1 "no input 'sinogram'" gdm-synth tv/without.json --model dc.safetensors -o none --split test
refused 1 '9 views, the model was trained on 12 views' gdm-recon gdm fewer/manifest.json --model dc.safetensors -o none --split test
sed 's|../scans/|../fewer/|' tv/manifest.json >tv/other-rays.json
refused 1 'sinogram.nii.gz: 9 views, the model was trained on 12 views' gdm-synth tv/other-rays.json --model dc.safetensors -o none --split test
sed 's|../scans/|../nowhere/|' tv/manifest.json >tv/no-rays.json
refused 1 'no such file' gdm-synth tv/no-rays.json --model dc.safetensors -o none --split test --dry-run
compgen -G 'none*' >/dev/null && fail "a refused command left $(sed 's|../scans/|../fewer/|' tv/manifest.json >tv/other-rays.json
refused 1 'sinogram.nii.gz: 9 views, the model was trained on 12 views' gdm-synth tv/other-rays.json --model dc.safetensors -o none --split test
sed 's|../scans/|../nowhere/|' tv/manifest.json >tv/no-rays.json
refused 1 'no such file' gdm-synth tv/no-rays.json --model dc.safetensors -o none --split test --dry-run
compgen -G 'none*')"
exit 0
