#!/usr/bin/env bash
# What a step of gdm-drift-train may be made of: several batches, SSIM, shares that fade, the finest taps, bf16; and a
# training with all of them goes on exactly where it was stopped.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o phantoms --count 4 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-encoder pretrain phantoms/manifest.json -o e.safetensors --patch 16 --widths 8,8,8 --steps 2 --batch 2 \
  "${common[@]}"
gdm-featbank build phantoms/manifest.json --encoder e.safetensors -o b.safetensors --patch 16 --training-patch 16 --patches-per-case 4 \
  "${common[@]}"
train=(gdm-drift-train ../phantoms/manifest.json --patch 16 --widths 8,16 --force --threads 1 --seed 3
  --progress never)
mkdir one two whole cut bf16

# A step of two batches is the mean of what two steps see, if weights hardly move.
still=(--objective regression --learning-rate 1e-8 --validate-every 100 -o m.safetensors)
(cd one && "${train[@]}" "${still[@]}" --steps 4)
(cd two && "${train[@]}" "${still[@]}" --steps 2 --accumulate 2)
figures() { sed 's/.*"l1_hu":\([0-9.]*\).*"parameter_gradient_norm":\([0-9.]*\).*/\1 \2/' "$1"; }
paste -d ' ' <(figures one/m.log.jsonl | paste -d ' ' - -) <(figures two/m.log.jsonl) | awk '
  { difference = ($1 + $3) / 2 - $5; if (difference < 0) difference = -difference }
  difference > 1e-3 * $5 || $6 > 1.001 * ($2 + $4) / 2 { bad = 1 } END { exit bad || NR != 2 }' ||
  fail "two batches are not averaged: $(cat two/m.log.jsonl)"

# All of it at once, stopped after every step, gives the same bytes as without stops.
all=(--bank ../b.safetensors --perceptual 0.1 --ssim 0.2 --gradient-l1 0.3 --share-end 0.5 --batch 2 --taps 2
  --steps 3 --drift-start 0 -o m.safetensors --validate-every 2)
(cd whole && "${train[@]}" "${all[@]}" --accumulate 2)
for name in ssim gradient_l1 drift.1 perceptual.1; do
  grep -q "\"$name\":{" whole/m.log.jsonl || fail "the log lacks $name: $(tail -1 whole/m.log.jsonl)"
done
for _ in 1 2; do
  status=0
  (cd cut && "${train[@]}" "${all[@]}" --accumulate 2 --max-time 0.001) || status=$?
  [[ $status == 75 ]] || fail "--max-time: exit $status, expected 75"
done
(cd cut && "${train[@]}" "${all[@]}" --accumulate 2)
for file in m.log.jsonl m.safetensors; do
  cmp "whole/$file" "cut/$file" || fail "$file of the stopped training differs"
done
gdm-drift-train info whole/m.safetensors --json >info.json
for pattern in '"accumulate": 2' '"precision": "fp32"' '"share_end": 0.5' '"ssim": 0.2' '"gradient_l1": 0.3'; do
  grep -q "$pattern" info.json || fail "the model does not tell $pattern"
done
(cd cut && "${train[@]}" "${all[@]}" --accumulate 2 --max-time 0.001) || true
(cd cut && refused 1 "other options" "${train[@]}" "${all[@]}" --accumulate 1)

# Two threads add in another order, and nothing else.
mkdir threads
more=("${train[@]}")
for n in "${!more[@]}"; do if [[ ${more[n]} == --threads ]]; then more[n + 1]=2; fi; done
(cd threads && "${more[@]}" "${all[@]}" --accumulate 2)
paste -d ' ' <(figures whole/m.log.jsonl) <(figures threads/m.log.jsonl) | awk '
  { difference = $1 > $3 ? $1 - $3 : $3 - $1 } difference > 1e-5 * $1 { bad = 1 } END { exit bad || NR != 3 }' ||
  fail "two threads give another loss: $(figures threads/m.log.jsonl) instead of $(figures whole/m.log.jsonl)"

# bf16: a warning where the processor gains nothing, a result close to that of fp32 and yet another, weights of 4 bytes.
(cd bf16 && "${train[@]}" "${all[@]}" --accumulate 2 --precision bf16 2>warning.txt)
grep -qw avx512_bf16 /proc/cpuinfo && has=1 || has=0
[[ $(grep -c 'bf16 is slower' bf16/warning.txt) == $((1 - has)) ]] || fail "bf16 on a processor that has it: $has: $(cat bf16/warning.txt)"
cmp -s whole/m.safetensors bf16/m.safetensors && fail "--precision bf16 changes nothing"
paste -d ' ' <(figures whole/m.log.jsonl) <(figures bf16/m.log.jsonl) | awk '
  { difference = $1 > $3 ? $1 - $3 : $3 - $1 } difference > 0.03 * $1 { exit 1 }' || fail "losses of bf16 are far off"
[[ $(head -c 20000 bf16/m.safetensors | grep -ao '"dtype":"[A-Z0-9]*"' | sort -u) == '"dtype":"F32"' ]] ||
  fail "weights are not fp32"

refused 2 "precision" gdm-drift-train phantoms/manifest.json --objective regression -o x.safetensors --precision fp16

# Options that plain regression does not use are named; a file of options may hold them.
"${train[@]/#..\//}" --objective regression --share-end 0.5 --drift 0.2 --dry-run -o x.safetensors >plan.txt 2>warning.txt
grep -q 'regression does not use --drift, --share-end$' warning.txt || fail "unused options: $(cat warning.txt)"
for name in ssim gradient-l1; do
  "${train[@]/#..\//}" --objective regression --$name 0.1 --share-end 0.5 --dry-run -o x.safetensors >plan.txt 2>warning.txt
  grep -q 'does not use' warning.txt && fail "--$name uses --share-end: $(cat warning.txt)"
done
exit 0
