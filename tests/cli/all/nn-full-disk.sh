#!/usr/bin/env bash
# Every output of the tools with a network (encoder, bank, model, checkpoint, log, synthesis, learned reconstruction) on
# a full disk, a read-only one, /dev/full, in a missing folder and in a "folder" that is a file.
set -euo pipefail
bin=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
. "$here/../full-disk.bash" "$0" "$@"
PATH="$bin:$PATH"
first=4 growth=12  # each start loads LibTorch: none, room for a part of the first file, for most, for all
most_lines=4  # three failed cases and their manifest
common=(-q --threads 1 --seed 3)

gdm-phantom -o pairs --count 3 --kind head --seed 3 --shape 16 --spacing 12 -q
gdm-recon project pairs/manifest.json -o sino --views 8 -q | gdm-recon fbp - -o fbp -q >/dev/null
encoder=(gdm-encoder pretrain pairs/manifest.json --patch 16 --widths 8,8,8 --steps 1 --batch 1 "${common[@]}")
bank=(gdm-featbank build pairs/manifest.json --encoder e.safetensors --patch 16 --patches-per-case 2 "${common[@]}")
model=(gdm-drift-train fbp/manifest.json --objective regression --patch 16 --widths 8,16 --steps 2 --batch 1
  "${common[@]}")
"${encoder[@]}" -o e.safetensors
"${bank[@]}" -o b.safetensors
"${model[@]}" -o m.safetensors
synth=(gdm-synth fbp/manifest.json --model m.safetensors -q --threads 1)

for command in "${encoder[*]}" "${bank[*]}" "${model[*]}" "${model[*]} --log $work/log.jsonl -f" \
  "gdm-recon gdm sino/head0001_sinogram.nii.gz --model m.safetensors -q"; do
  name=x.safetensors
  [[ $command != gdm-recon* ]] || name=x.nii.gz
  # shellcheck disable=SC2086
  sweep $command -o "$disk/$name"
  # shellcheck disable=SC2086
  read_only $command -o "$disk/$name"
  for folder in none file; do
    # shellcheck disable=SC2086
    refused "$work/$folder/" $command -o "$work/$folder/$name"
  done
  [ ! -e none ] && [ "$(cat file)" = text ] || fail "a folder was made or a file replaced: $command"
done
for command in "${synth[*]}" "gdm-recon gdm sino/manifest.json --model m.safetensors -q"; do
  # shellcheck disable=SC2086
  sweep $command -o "$disk/made" --keep-going
  # shellcheck disable=SC2086
  read_only $command -o "$disk/made"
  # shellcheck disable=SC2086
  refused "$work/file" $command -o "$work/file"
done

# The log alone on a full disk or a full stream; nothing of the model is left.
if has_mount; then
  sweep "${model[@]}" -f -o n.safetensors --log "$disk/log.jsonl"
  rm n.safetensors
fi
refused '/dev/full: No space left on device' "${model[@]}" -o n.safetensors -f --log /dev/full
[ -z "$(compgen -G 'n.*')" ] || fail "left: $(compgen -G 'n.*')"
# A log that fills the disk before the first checkpoint: once there is room, the same command works.
if has_mount; then
  mount -o remount,size=24k disk
  full=(gdm-drift-train fbp/manifest.json --objective regression --patch 16 --widths 8,8 --steps 100000 --batch 1
    --checkpoint-every 100000 --validate-every 100000 --threads 1 -q -o "$disk/f.safetensors" --log "$disk/own.jsonl")
  refused "own.jsonl: No space left on device" "${full[@]}"
  whole disk
  mount -o remount,size=${disk_kb}k disk
  code=0
  "${full[@]}" --max-time 0.1 2>err.txt || code=$?
  [ "$code" = 75 ] || fail "exit $code instead of 75 with room again"
fi
find disk -mindepth 1 -delete
mkdir disk/made
code=0
"${synth[@]}" -o "$disk/made" 2>err.txt >/dev/full || code=$?
[ "$code" = 1 ] && grep -q 'standard output: No space left on device' err.txt || fail "a manifest on /dev/full: exit $code"
for command in "gdm-encoder info e.safetensors" "gdm-featbank info b.safetensors"; do
  code=0
  $command 2>err.txt >/dev/full || code=$?
  [ "$code" = 1 ] && grep -q 'standard output: No space left on device' err.txt || fail "exit $code: $command"
done
end_of_test
