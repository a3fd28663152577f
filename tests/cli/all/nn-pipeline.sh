#!/usr/bin/env bash
# Tiny end-to-end run of both tasks through pipes (row F3): phantoms, encoder, bank, training, synthesis, metrics; what
# a rerun gives; and every refusal that needs a trained file.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o phantoms --count 5 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-recon project phantoms/manifest.json -o sino --views 12 --photons 1e5 -q | gdm-recon fbp - -o fbp -q >fbp.json
gdm-encoder pretrain phantoms/manifest.json -o e.safetensors --patch 16 --widths 8,8,8 --steps 4 --batch 2 "${common[@]}"
gdm-encoder pretrain phantoms/manifest.json -o s.safetensors --task segment --stem conv --patch 16 --widths 8,8,8 \
  --steps 4 --batch 2 "${common[@]}"
gdm-featbank build phantoms/manifest.json --encoder e.safetensors -o b.safetensors --patch 16 --training-patch 16 --patches-per-case 4 \
  "${common[@]}"
gdm-featbank info b.safetensors | found spatial.s1 || fail "bank info lacks the spatial level"
tiny=(gdm-drift-train --patch 16 --widths 8,16 --batch 2 "${common[@]}")
train=("${tiny[@]}" --steps 8)

for task in mr2ct:phantoms:mr sparse-ct:fbp:fbp; do
  IFS=: read -r name source input <<<"$task"
  "${train[@]}" "$source/manifest.json" --bank b.safetensors --perceptual 0.2 --drift-start 0.2 \
    -o "$name.safetensors"
  [[ $(wc -l <"$name.log.jsonl") == 8 ]] || fail "the log has not one line per step"
  grep -q raw_force_rms "$name.log.jsonl" || fail "no force in the log"
  grep -q perceptual.1 "$name.log.jsonl" || fail "no perceptual objective in the log"
  [[ ! -e $name.safetensors.checkpoint ]] || fail "the checkpoint of a finished run is left"
  gdm-synth "$source/manifest.json" --model "$name.safetensors" -o "$name" --split test -q |
    gdm-metrics - --input "$input" --encoder s.safetensors --json -q >"$name.json"
  grep -q '"frechet"' "$name.json" || fail "no distances in the report"
done

# Same seed and thread count: the same bytes.
cp -r mr2ct first
gdm-synth phantoms/manifest.json --model mr2ct.safetensors -o mr2ct --split test -q --force >/dev/null
sed -i '/--force/d' mr2ct/*.json  # the one difference: it was asked for
diff <(sed 's/"-q",$/"-q"/' first/*.json) <(sed 's/"-q",$/"-q"/' mr2ct/*.json) || fail "two runs describe themselves differently"
for file in first/*.nii.gz; do cmp "$file" "mr2ct/${file#first/}" || fail "$file differs between two runs"; done
"${train[@]}" phantoms/manifest.json --bank b.safetensors --perceptual 0.2 --drift-start 0.2 -o twice.safetensors
cmp mr2ct.log.jsonl twice.log.jsonl || fail "two trainings with one seed differ"

# The learned reconstruction of a sinogram equals FBP and synthesis in two steps, up to the FBP's rounding to int16.
test_id=$(basename sparse-ct/*_pred.nii.gz _pred.nii.gz)
gdm-recon gdm "sino/${test_id}_sinogram.nii.gz" --model sparse-ct.safetensors -o one.nii.gz -q
volume-diff one.nii.gz "sparse-ct/${test_id}_pred.nii.gz" 2 || fail "one step gives another volume than two"
gdm-recon gdm sino/manifest.json --model sparse-ct.safetensors -o recon --split test -q | gdm-metrics - -q >/dev/null
refused 1 "already exists\|exists" gdm-recon gdm "sino/${test_id}_sinogram.nii.gz" --model sparse-ct.safetensors -o one.nii.gz

# On from a trained generator, with the features of another network; every mode of coordination trains.
for mode in fixed norm pcgrad mgda cagrad; do
  "${tiny[@]}" phantoms/manifest.json --steps 3 --init mr2ct.safetensors --objective perceptual --encoder s.safetensors \
    --coordination "$mode" --conflict-edge 8 --drift-start 0 -o further.safetensors --force --restart
done
refused 1 "another task or architecture" "${train[@]}" fbp/manifest.json --init mr2ct.safetensors --objective regression \
  -o x.safetensors

# A stopped training exits 75 and continues to the same model, byte for byte, drift state of two banks included; other options
# are refused. Both runs have the same names in different folders, so that even their provenance agrees.
gdm-featbank build phantoms/manifest.json --encoder s.safetensors -o b2.safetensors --patch 16 --training-patch 16 --patches-per-case 4 \
  "${common[@]}"
long=(gdm-drift-train ../phantoms/manifest.json --bank ../b.safetensors --bank ../b2.safetensors --patch 16
  --widths 8,16 --batch 2 --drift-start 0.1 "${common[@]}" -o m.safetensors)
mkdir whole cut
(cd whole && "${long[@]}" --steps 40)
cd cut
"${long[@]}" --steps 40 &
trainer=$!
while ! grep -qs raw_force m.log.jsonl && kill -0 "$trainer" 2>/dev/null; do sleep 0.02; done
kill -TERM "$trainer" 2>/dev/null || true
status=0
wait "$trainer" || status=$?
[[ $status == 75 ]] || fail "SIGTERM: exit $status, expected 75"
[[ -e m.safetensors.checkpoint && ! -e m.safetensors ]] || fail "exit 75 without a checkpoint"
refused 1 "other options" "${long[@]}" --steps 39
"${long[@]}" --steps 40
cd ..
for file in m.log.jsonl m.safetensors; do cmp "whole/$file" "cut/$file" || fail "$file of the resumed training differs"; done

# What a newcomer gets wrong.
refused 1 "no-such" gdm-encoder pretrain no-such.json -o x.safetensors
refused 2 "safetensors" gdm-encoder pretrain phantoms/manifest.json -o x.pt
refused 2 "multiple" gdm-encoder pretrain phantoms/manifest.json -o x.safetensors --patch 20
refused 2 "needs --bank" gdm-drift-train phantoms/manifest.json -o x.safetensors
refused 2 "needs --perceptual" gdm-drift-train phantoms/manifest.json --bank b.safetensors --encoder s.safetensors \
  --perceptual 0 -o x.safetensors
refused 2 "leaves nothing" gdm-drift-train phantoms/manifest.json --objective perceptual --encoder s.safetensors \
  --perceptual 0 -o x.safetensors
refused 1 "encoder" gdm-drift-train phantoms/manifest.json --bank e.safetensors -o x.safetensors
refused 1 "bank" gdm-synth phantoms/manifest.json --model b.safetensors -o x
refused 1 "fbp" gdm-synth phantoms/manifest.json --model sparse-ct.safetensors -o x
refused 2 "cannot be its output" gdm-drift-train phantoms/manifest.json --bank b.safetensors --log b.safetensors -o x.safetensors
refused 2 "cannot be its output" gdm-featbank build phantoms/manifest.json --encoder e.safetensors -o e.safetensors --force
refused 1 "exists" gdm-drift-train phantoms/manifest.json --bank b.safetensors -o mr2ct.safetensors
head -c 2000 b.safetensors >cut-bank.safetensors
refused 1 "cut-bank" gdm-featbank info cut-bank.safetensors
sed 's/"train"/"val"/' phantoms/manifest.json >phantoms/no-train.json
refused 1 "train" gdm-encoder pretrain phantoms/no-train.json -o x.safetensors
head -c 3000 phantoms/head-0001_ct.nii.gz >phantoms/cut.nii.gz 2>/dev/null || head -c 3000 phantoms/*1_ct.nii.gz >phantoms/cut.nii.gz
/bin/sed 's/"target": "[^"]*"/"target": "cut.nii.gz"/' phantoms/manifest.json >phantoms/cut.json
refused 1 "cut.nii.gz" gdm-drift-train phantoms/cut.json --objective regression -o x.safetensors "${common[@]}"
gdm-phantom -o small --count 3 --kind head --shape 24 --spacing 7 -q
first=$(ls small/*_mask.nii.gz | head -n 1)
/bin/sed "s#\"mask\": \"[^\"]*\"#\"mask\": \"../$first\"#" phantoms/manifest.json >phantoms/other-mask.json
refused 1 "mask" gdm-drift-train phantoms/other-mask.json --objective regression -o x.safetensors "${common[@]}"
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
