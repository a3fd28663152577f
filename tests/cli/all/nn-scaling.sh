#!/usr/bin/env bash
# Values of inputs through a training and a synthesis: nothing is lost below 0, the scaling is stated, kept and chosen,
# and a CT that is not in HU is refused by every program that reads it, until the user says that it is.
set -euo pipefail
. "$(dirname "$0")/../nifti.bash"
. "$(dirname "$0")/../scratch.bash"
gdm-phantom -o p --count 3 --kind head --seed 3 --shape 32 --spacing 7 -q >/dev/null
train() { gdm-drift-train "$@" --objective regression --patch 16 --widths 8,16 --batch 1 --steps 2 --threads 1; }

# The default is stated, `info` shows it, and it is the training's at synthesis.
train p/manifest.json -o m.safetensors 2>err.txt
grep -q "input 'mr': values from 0 to .*scaling percentile" err.txt || fail "nothing of the scaling: $(cat err.txt)"
gdm-drift-train info m.safetensors | found 'conditions  *mr (percentile)' || fail "info: $(gdm-drift-train info m.safetensors)"

# Two z-scored images that differ below 0 give two CT, and the model says that its training had no such values.
low='(i + j + k) % 2 ? 0xbf800000 : 0x3f800000' lower='(i + j + k) % 2 ? 0xc0400000 : 0x3f800000'
write_nifti za.nii 16 16 16 float32 "$low" 0
write_nifti zb.nii 16 16 16 float32 "$lower" 0
cat >z.json <<'M'
{"gdm_manifest": 1, "task": "mr2ct", "cases": [
  {"id": "a", "split": "test", "inputs": {"mr": "za.nii"}}, {"id": "b", "split": "test", "inputs": {"mr": "zb.nii"}}]}
M
gdm-synth z.json --model m.safetensors -o z --dtype float32 --resample never --threads 1 2>err.txt >/dev/null
! volume-diff z/a_pred.nii.gz z/b_pred.nii.gz || fail "what lies below 0 does not matter"
grep -q "za.nii: input 'mr' has values below 0 (from -1)" err.txt || fail "no word of values below 0: $(cat err.txt)"

# A CT has no place where the training had an MR.
refused 1 "input 'mr' looks like a CT in HU (values from -[0-9]* to [0-9]*)" gdm-synth p/head0001_ct.nii.gz --model m.safetensors \
  -o x.nii.gz --resample never -q

# A given scaling reaches the model, and what it cuts off is told case by case.
train p/manifest.json -o r.safetensors --scaling mr=range:0:50 2>err.txt
grep -q "head000._mr.nii.gz: input 'mr': [0-9.]* % of the voxels lie outside -12.5 to 62.5" err.txt ||
  fail "silent about what is clamped: $(cat err.txt)"
gdm-drift-train info r.safetensors | found 'mr (range \[0.0,50.0\])' || fail "info lacks the range"
train p/manifest.json -o q.safetensors --scaling mr=zscore -q
gdm-drift-train info q.safetensors | found 'mr (zscore)' || fail "info lacks zscore"
refused 1 'another task or architecture' train p/manifest.json -o x.safetensors --init q.safetensors -q
for wrong in mr mr=log mr=range:3 mr=range:3:1 =hu; do
  refused 2 "--scaling" gdm-drift-train p/manifest.json -o x.safetensors --objective regression --scaling "$wrong"
done
refused 2 "'t1' is no condition" train p/manifest.json -o x.safetensors --scaling t1=hu -q

# A CBCT in HU is scaled as HU, also with a constant background, and is no label map.
write_nifti cbct.nii 16 16 16 int16 '(i * 37 + j * 11 + k * 5) % 97 - 30' -1024
write_nifti ct.nii 16 16 16 int16 '(i * 31 + j * 7 + k * 3) % 89 - 30' -1000
write_nifti body.nii 16 16 16 int16 1 0
write_nifti parts.nii 16 16 16 int16 '1 + (k > 7)' 0
case='"split": "train", "target": "ct.nii", "mask": "body.nii"'
cat >c.json <<M
{"gdm_manifest": 1, "task": "mr2ct", "cases": [
  {"id": "a", $case, "inputs": {"cbct": "cbct.nii", "parts": "parts.nii"}}]}
M
train c.json -o c.safetensors 2>err.txt
gdm-drift-train info c.safetensors | found 'conditions  *cbct (hu)$' || fail "$(gdm-drift-train info c.safetensors)"
grep -q "warning: input 'parts' holds labels" err.txt || fail "a label map is dropped in silence: $(cat err.txt)"

# HU + 1024: named by all programs that read it, and taken by --assume-hu.
write_nifti plus.nii 16 16 16 int16 '(i * 31 + j * 7 + k * 3) % 89 + 994' 24
sed 's/ct\.nii/plus.nii/; s/"inputs"/"prediction": "plus.nii", "inputs"/' c.json >plus.json
says='not in HU: values from 24 to 1082, none below 0.*--assume-hu'
refused 1 "$says" train plus.json -o x.safetensors --conditions cbct -q
refused 1 "$says" gdm-metrics plus.json -q
refused 1 "$says" gdm-recon project plus.nii -o s.nii -q
refused 1 "$says" gdm-encoder scattering -o e.safetensors --statistics plus.json --patches-per-case 1 -q
gdm-encoder scattering -o e.safetensors --statistics p/manifest.json --patches-per-case 1 --patch 16 --threads 1 -q
refused 1 "$says" gdm-featbank build plus.json --encoder e.safetensors -o b.safetensors --patch 16 -q
status=0
gdm-prep info --check -q plus.json >out.txt 2>err.txt || status=$?
[[ $status == 1 ]] && grep -q "$says" err.txt || fail "the check passes: $(cat err.txt)"
gdm-metrics plus.json -q --assume-hu >/dev/null
gdm-recon project plus.nii -o s.nii -q --assume-hu
gdm-prep info --check -q plus.json --assume-hu >/dev/null
sed 's/"target": "plus.nii"/"target": "ct.nii"/' plus.json >predicted.json
gdm-metrics predicted.json 2>err.txt >/dev/null
grep -q 'warning: .*the prediction is not in HU' err.txt || fail "a prediction that is not in HU: $(cat err.txt)"

# Voxels of two sizes in one training.
gdm-phantom -o big --count 1 --kind head --seed 4 --shape 16 --spacing 14 -q >/dev/null
first=$(cd p && ls | sed -n 's/_mr.nii.gz//p' | head -1) large=$(cd big && ls | sed -n 's/_mr.nii.gz//p')
cat >mixed.json <<M
{"gdm_manifest": 1, "task": "mr2ct", "cases": [
  {"id": "a", "split": "train", "inputs": {"mr": "p/${first}_mr.nii.gz"}, "target": "p/${first}_ct.nii.gz"},
  {"id": "b", "split": "train", "inputs": {"mr": "big/${large}_mr.nii.gz"}, "target": "big/${large}_ct.nii.gz"}]}
M
train mixed.json -o mixed.safetensors 2>err.txt
grep -q 'warning: voxels of the training cases have edges of 7 to 14 mm' err.txt || fail "mixed voxels: $(cat err.txt)"
