#!/bin/bash
# Trains what follows a regression in several ways at equal steps, for several seeds, and grades all of them together.
#   compare_objectives.sh BIN MANIFEST FOLDER "SEEDS" FIRST_STEPS STEPS SPLIT "GRADER GRADER..." < VARIANTS
# Each line of VARIANTS is a name and options of gdm-drift-train; lines that begin with # are left out. For each seed a
# regression of FIRST_STEPS steps is trained (TRAIN_OPTIONS from the environment hold for all trainings), then each
# variant goes on from it for STEPS steps with that seed. FOLDER/seed-N/SPLIT/report.json holds the grades of SPLIT, and
# compare_objectives.py makes a table of them. What exists is not made again, and an interrupted run continues.
set -euo pipefail
bin=$1 manifest=$2 folder=$3 seeds=$4 first=$5 steps=$6 split=$7 graders=$8
read -ra common <<< "${TRAIN_OPTIONS:-}"
mapfile -t variants < <(grep -v '^ *\(#\|$\)')
encoders=()
for grader in $graders; do encoders+=(--encoder "$grader"); done

train() {  # train OUTPUT OPTIONS...: a model of other options than these is made anew
  local output=$1
  shift
  [ -f "$output" ] && [ "$(cat "$output.made-with" 2>/dev/null)" = "$*" ] && return
  rm -rf "${output%.safetensors}" "$at"/*/"$(basename "$output" .safetensors)"
  "$bin/gdm-drift-train" "$manifest" -o "$output" --force --seed "$seed" "${common[@]}" "$@"
  echo "$*" > "$output.made-with"
}

for seed in $seeds; do
  at=$folder/seed-$seed
  mkdir -p "$at/$split"
  train "$at/start.safetensors" --objective regression --steps "$first" --validate-every "$first"
  methods=()
  for variant in "${variants[@]}"; do
    read -r name options <<< "$variant"
    read -ra options <<< "$options"
    train "$at/$name.safetensors" --init "$at/start.safetensors" --steps "$steps" --validate-every "$steps" "${options[@]}"
    [ -f "$at/$split/$name/manifest.json" ] ||
      "$bin/gdm-synth" "$manifest" --model "$at/$name.safetensors" -o "$at/$split/$name" --split "$split" --force > /dev/null
    methods+=("$name=$at/$split/$name/manifest.json")
  done
  "$bin/gdm-metrics" "${methods[@]}" --metrics "${METRICS:-mae_hu,mae_interior_hu,mae_edge_hu,psnr_db,ssim,bone_mae_hu,bone_dice,power_high_db,wasserstein_hu,bias_hu}" \
    "${encoders[@]}" --json -o "$at/$split/report.json" --force
done
"$(dirname "$0")/compare_objectives.py" "$folder"/seed-*/"$split"/report.json
