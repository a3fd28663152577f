#!/bin/bash
# MR to CT on heads simulated from label maps, three objectives from the weights of one regression:
#   label_heads.sh BIN MANIFEST FOLDER SPACING SEED...
# MANIFEST: label maps with splits (head-labels). A regression of FIRST (1600) steps, then NEXT (400) of regression (l1), of
# perceptual and SSIM (ps), and of gdm, in the same fixed filters. FOLDER/seed-SEED/report.json has the grades of the test
# split. What exists is not made again, and an interrupted run continues.
set -euo pipefail
bin=$1 manifest=$(realpath "$2") folder=$3 spacing=$4
shift 4
graders=$(realpath "$(dirname "$0")/../../share/gdm/encoders")
PATH=$(realpath "$bin"):$PATH
mkdir -p "$folder"
cd "$folder"
[ -f heads/manifest.json ] || gdm-phantom -o heads --labels "$manifest" --spacing "$spacing" --seed 1 --force -q
[ -f scattering.safetensors ] ||
  gdm-encoder scattering -o scattering.safetensors --statistics heads/manifest.json --patches-per-case 8 -q
[ -f bank.safetensors ] || gdm-featbank build heads/manifest.json --encoder scattering.safetensors -o bank.safetensors --seed 1 \
  --patches-per-case 40 -q
for seed in "$@"; do
  at=seed-$seed
  mkdir -p "$at"
  train() {
    local name=$1 steps=$2
    shift 2
    [ -f "$at/$name.safetensors" ] || gdm-drift-train heads/manifest.json --conditions mr -o "$at/$name.safetensors" \
      --seed "$seed" --steps "$steps" --validate-every "$steps" "$@"
  }
  next() { train "$1" "${NEXT:-400}" --init "$at/start.safetensors" --learning-rate 5e-4 "${@:2}"; }
  train start "${FIRST:-1600}" --objective regression
  next l1 --objective regression
  next ps --objective perceptual --encoder scattering.safetensors --perceptual 0.2 --ssim 0.2 --drift-start 0
  next gdm --bank bank.safetensors --drift-start 0
  methods=()
  for name in l1 ps gdm; do
    [ -f "$at/$name/manifest.json" ] || gdm-synth heads/manifest.json --model "$at/$name.safetensors" -o "$at/$name" \
      --split test -q >/dev/null
    methods+=("$name=$at/$name/manifest.json")
  done
  gdm-metrics "${methods[@]}" --metrics mae_hu,psnr_db,ssim,bone_mae_hu,bone_dice,bias_hu --baseline l1 --json \
    --encoder "$graders/grader-ct.safetensors" --encoder "$graders/grader-labels.safetensors" -o "$at/report.json" --force
done
