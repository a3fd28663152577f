#!/usr/bin/env bash
# A model in half precision: half the file, hardly another CT, and found by its name among those that gdm comes with.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o p --count 3 --kind head --seed 3 --shape 24 --spacing 8 -q
gdm-drift-train p/manifest.json --objective regression --steps 4 --patch 16 --widths 16,32 --batch 1 --threads 1 --seed 3 -q \
  -o m.safetensors
echo "For tests alone." >card.txt
mkdir -p share/models
gdm-drift-train half m.safetensors -o share/models/small-heads.safetensors --card card.txt
whole=$(stat -c %s m.safetensors) half=$(stat -c %s share/models/small-heads.safetensors)
((half < whole * 6 / 10)) || fail "$half of $whole bytes"
export GDM_SHARE=$PWD/share
gdm-drift-train info small-heads >info.txt
grep -q '^half precision *of [0-9a-f]\{64\}$' info.txt || fail "info says nothing of it: $(cat info.txt)"
[[ $(tail -n 1 info.txt) == "For tests alone." ]] || fail "info does not end with the card"

synth=(gdm-synth p/manifest.json --threads 1 -q --dtype float32 --split test)
"${synth[@]}" --model m.safetensors -o whole >/dev/null
"${synth[@]}" --model small-heads -o half >/dev/null
values() { gzip -cdf "$1" | tail -c +353 | od -An -v -w4 -t f4; }
volume=$(cd whole && ls ./*_pred.nii.gz)
paste <(values "whole/$volume") <(values "half/$volume") | awk '
  { d = $1 - $2; if (d < 0) d = -d; sum += d; if (d > most) most = d }
  END { printf "mean %g, most %g HU\n", sum / NR, most; exit !(sum / NR < 0.5 && most > 0) }' || fail "another CT"
gdm-drift-train p/manifest.json --objective regression --init small-heads --steps 1 --patch 16 --widths 16,32 --batch 1 --threads 1 \
  -q -o later.safetensors || fail "no training from it"

refused 2 "neither a file nor one of the models" "${synth[@]}" --model large-heads -o x
refused 2 "there is small-heads" "${synth[@]}" --model large-heads -o x
refused 1 "is in half precision already" gdm-drift-train half small-heads -o x.safetensors
refused 1 "exists" gdm-drift-train half m.safetensors -o later.safetensors
refused 1 "nothing.txt" gdm-drift-train half m.safetensors -o x.safetensors --card nothing.txt
refused 1 "card.txt: is no safetensors file" gdm-drift-train half card.txt -o x.safetensors
[[ ! -e x.safetensors && ! -e x ]] || fail "a refused command left files"
