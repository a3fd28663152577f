#!/usr/bin/env bash
# gdm-encoder scattering: an encoder without training serves banks, the drift, the perceptual objective and grading; the
# one that gdm comes with is the one that the command makes; bad ranges are refused.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o p --count 5 --kind head --seed 3 --shape 48 --spacing 4 -q
gdm-encoder scattering -o s.safetensors --range -1024,3071 --range -200,300 --statistics p/manifest.json "${common[@]}"
gdm-encoder info s.safetensors >s.txt
grep -q '^architecture *scattering$' s.txt || fail "$(cat s.txt)"
grep -q '^normalisation *none in the layers, features standardised$' s.txt || fail "$(cat s.txt)"
grep -q '^input *-1024.0 to 3071.0 HU become -1024.0 to 3071.0' s.txt || fail "$(cat s.txt)"
grep -q '^parameters *none$' s.txt || fail "$(cat s.txt)"
grep -q '^e8 *52 *8 *12$' s.txt || fail "taps: $(cat s.txt)"
cp s.safetensors first.safetensors
gdm-encoder scattering -o s.safetensors --range -1024,3071 --range -200,300 --statistics p/manifest.json "${common[@]}" --force
gdm-encoder scattering -o again.safetensors --statistics p/manifest.json "${common[@]}"
digest() { gdm-encoder info "$1" | grep '^weights'; }
[[ $(digest first.safetensors) == $(digest s.safetensors) ]] || fail "not reproducible"
[[ $(digest s.safetensors) == $(digest again.safetensors) ]] || fail "the default ranges are others"
gdm-encoder scattering -o fine.safetensors --octaves 1 --range 0,1000 "${common[@]}"
gdm-encoder info fine.safetensors >fine.txt
grep -q '^e4 *13 *4 *6$' fine.txt || fail "one octave and range: $(cat fine.txt)"
gdm-encoder scattering -o shipped.safetensors "${common[@]}"
same() { gdm-encoder info "$1" --json | sed -n '/"ranges"/,/"input"/p'; }
diff <(same shipped.safetensors) <(same scattering-ct) || fail "scattering-ct is not what the defaults make"

gdm-featbank build p/manifest.json --encoder s.safetensors -o bank.safetensors --patch 16 --patches-per-case 2 "${common[@]}"
train() { gdm-drift-train p/manifest.json --patch 24 --batch 1 --widths 8,16 --steps 3 --drift-start 0 "${common[@]}" "$@"; }
train -o gdm.safetensors --bank bank.safetensors --perceptual 0.1
grep -q '"drift.1".*"used":true' gdm.log.jsonl || fail "no drift: $(cat gdm.log.jsonl)"
grep -q '"ssim".*"used":true' gdm.log.jsonl || fail "no SSIM beside the drift: $(cat gdm.log.jsonl)"
grep -q '"perceptual.1".*"used":true' gdm.log.jsonl || fail "no perceptual objective: $(cat gdm.log.jsonl)"
train -o perceptual.safetensors --objective perceptual
gdm-drift-train info perceptual.safetensors --json >perceptual.json
grep -q '"encoder": *\[\?$' perceptual.json && grep -q '^ *"scattering-ct"$' perceptual.json || fail "the perceptual objective has another encoder"
sed 's/"target": "\([^"]*\)_ct.nii.gz"/&, "prediction": "\1_mr.nii.gz"/' p/manifest.json >p/graded.json
gdm-metrics p/graded.json --encoder fine.safetensors --json --threads 1 -q >grades.json
grep -q '"frechet": 0\.[0-9]*[1-9]' grades.json || fail "no distance: $(grep frechet grades.json)"

refused 1 'needs a scattering encoder made with --statistics' gdm-featbank build p/manifest.json --encoder fine.safetensors \
  -o bad.safetensors --patch 16 -q
gdm-encoder scattering -o metal.safetensors --range 20000,30000 --statistics p/manifest.json --threads 1 --progress never 2>metal.txt
grep -q 'warning: tap e4: 26 of 26 channels do not vary' metal.txt || fail "constant channels: $(cat metal.txt)"
for range in 1 3,1 1,1 a,b 1,2,3 ,5 5, nan,5 -9000,0; do
  refused 2 'range' gdm-encoder scattering -o bad.safetensors --range "$range"
done
refused 2 'octaves' gdm-encoder scattering -o bad.safetensors --octaves 4
refused 1 'exists' gdm-encoder scattering -o s.safetensors
refused 1 'none.json' gdm-encoder scattering -o bad.safetensors --statistics none.json
[[ ! -e bad.safetensors ]] || fail "a refused command wrote its output"
