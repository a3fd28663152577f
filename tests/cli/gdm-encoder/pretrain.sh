#!/usr/bin/env bash
# gdm-encoder pretrain, probe and info from the command line: label maps, MR, resuming, encoders by name, refusals.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
unset GDM_SHARE
common=(--threads 1 --seed 3 -q)
tiny=(--patch 16 --widths 8,8,8 --batch 2 "${common[@]}")

gdm-phantom -o phantoms --count 5 --kind head --seed 3 --shape 32 --spacing 7 -q
# The body masks serve as label maps with the labels 0 and 1.
sed 's/"mr": "\([^"]*\)_mr.nii.gz"/"mr": "\1_mr.nii.gz", "labels": "\1_mask.nii.gz"/' phantoms/manifest.json \
  >phantoms/labels.json
echo '{"body": [1]}' >classes.json
gdm-encoder pretrain phantoms/labels.json -o labels.safetensors --task segment --classes classes.json --steps 4 "${tiny[@]}"
gdm-encoder info labels.safetensors --json >labels.info
grep -q '"body"' labels.info || fail "the classes are not in the description"
grep -q '"background"' labels.info || fail "label 0 has no class"
[[ $(wc -l <labels.log.jsonl) == 4 ]] || fail "the log has not one line per step"
grep -q validation labels.log.jsonl || fail "no validation in the log"
gdm-encoder pretrain phantoms/labels.json -o hu.safetensors --task segment --volumes target --steps 2 "${tiny[@]}"
gdm-encoder info hu.safetensors --json | found upper_bounds_hu || fail "--volumes target did not choose classes of HU"
gdm-encoder pretrain phantoms/manifest.json -o places.safetensors --task segment+contrast --steps 2 "${tiny[@]}"
gdm-encoder info places.safetensors | found 'segment+contrast' || fail "info does not tell the task"
gdm-encoder pretrain phantoms/manifest.json -o mr.safetensors --volumes mr --steps 2 "${tiny[@]}"
gdm-encoder info mr.safetensors --json | found percentile || fail "MR is not scaled by percentile"

# An encoder by its name, and what it tells.
mkdir -p share/encoders
echo 'Made in a test.' >card.txt
gdm-encoder pretrain phantoms/manifest.json -o share/encoders/ct-default.safetensors --card card.txt --steps 4 "${tiny[@]}"
export GDM_SHARE=$PWD/share
gdm-encoder info default >info.txt
grep -q 'Made in a test' info.txt || fail "info does not show the card"
grep -q 'probe .*retrieval' info.txt || fail "info does not show what the probe found"
gdm-encoder probe default phantoms/manifest.json --split all --patch 16 "${common[@]}" | found 'tissue fractions' ||
  fail "no figures from probe"
gdm-encoder probe labels.safetensors phantoms/manifest.json --patch 16 --json "${common[@]}" | found untrained_r2 ||
  fail "no JSON from probe"
gdm-featbank build phantoms/manifest.json --encoder default -o bank.safetensors --patch 16 --patches-per-case 2 "${common[@]}"
refused 2 "ct-default" gdm-encoder info no-such-encoder
refused 2 "ct-default" gdm-featbank build phantoms/manifest.json --encoder no-such-encoder -o x.safetensors

# A stopped run continues to the same bytes.
long=(gdm-encoder pretrain ../phantoms/manifest.json -o m.safetensors --validate-every 7 --steps 60 "${tiny[@]}")
mkdir whole cut
(cd whole && "${long[@]}")
cd cut
"${long[@]}" &
trainer=$!
while ! grep -qs validation m.log.jsonl && kill -0 "$trainer" 2>/dev/null; do sleep 0.02; done
kill -TERM "$trainer" 2>/dev/null || true
status=0
wait "$trainer" || status=$?
[[ $status == 75 ]] || fail "SIGTERM: exit $status, expected 75"
refused 1 "other options" "${long[@]}" --augment none
"${long[@]}"
cd ..
for file in m.log.jsonl m.safetensors; do cmp "whole/$file" "cut/$file" || fail "$file of the resumed training differs"; done

# What a newcomer gets wrong.
pretrain=(gdm-encoder pretrain -o x.safetensors "${common[@]}")
refused 2 "larger than --patch" "${pretrain[@]}" phantoms/manifest.json --patch 16 --widths 8,8 --mask-cube 32
refused 2 "multiple" "${pretrain[@]}" phantoms/manifest.json --patch 20
refused 1 "no input 'labels'" "${pretrain[@]}" phantoms/manifest.json --task segment --volumes labels
refused 2 "not label maps" "${pretrain[@]}" phantoms/manifest.json --task segment --classes classes.json
echo '{"skin": [2]}' >other.json
refused 1 "label 1 of the cases is in no class" "${pretrain[@]}" phantoms/labels.json --task segment --classes other.json
echo '{"body": 1}' >other.json
refused 1 "expected an array" "${pretrain[@]}" phantoms/labels.json --task segment --classes other.json
refused 2 "neither a file" "${pretrain[@]}" phantoms/labels.json --task segment --classes no-such-classes
refused 2 "label maps" "${pretrain[@]}" phantoms/labels.json --volumes labels
refused 2 "neither" "${pretrain[@]}" phantoms/manifest.json --task segment --volumes mr
refused 2 "segment+contrast needs" "${pretrain[@]}" phantoms/manifest.json --task segment+contrast --volumes mr
refused 2 "cannot be its output" "${pretrain[@]}" phantoms/manifest.json --log phantoms/manifest.json --force
refused 2 "multiple" gdm-encoder probe default phantoms/manifest.json --patch 20
refused 1 "encoder" gdm-encoder probe bank.safetensors phantoms/manifest.json
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
