#!/bin/bash
# MR to CT on heads simulated from label maps, several objectives from the weights of one regression:
#   label_heads.sh BIN MANIFEST FOLDER SPACING SEED...
# MANIFEST: label maps with splits (head-labels). A regression of FIRST (1600) steps, then each of METHODS ("l1 ps gdm"), those of
# methods.bash that need neither rays nor the wide bank, for NEXT (400) from its weights; processes from noise for FIRST + NEXT.
# These are graded at each number of evaluations of NFE ("1 4 25"). Without a method volumes, filters and bank alone are made.
# FOLDER/seed-SEED/report.json has the grades of the test split, METRICS and tests against BASELINE (l1). What exists is not made
# again, and an interrupted run continues. SPLIT=val, PRECISION, TRAINING_PRECISION, NEXT_S and REPORT=no are as in
# learned_ct.sh. MISREGISTRATION (0) mm part MR and CT of the training heads, one value in one FOLDER; those of the other splits
# fit.
set -euo pipefail
bin=$1 manifest=$(realpath "$2") folder=$3 spacing=$4
shift 4
. "$(dirname "$0")/methods.bash"
graders=$(realpath "$(dirname "$0")/../../share/gdm/encoders")
PATH=$(realpath "$bin"):$PATH
mkdir -p "$folder"
cd "$folder"
at=.  # what all seeds share is noted in FOLDER/commands.txt
[ -f heads/manifest.json ] || said gdm-phantom -o heads --labels "$manifest" --spacing "$spacing" --seed 1 --force -q
cases=heads/manifest.json moved=moved-${MISREGISTRATION:-0}
if [ "${MISREGISTRATION:-0}" != 0 ]; then
  cases=$moved/pairs.json
  [ -f "$moved/manifest.json" ] || said gdm-phantom -o "$moved" --labels "$manifest" --spacing "$spacing" --seed 1 \
    --misregistration "$MISREGISTRATION" --force -q
  [ -f "$cases" ] || python3 -c 'import json, os, sys
heads, moved = (json.load(open(f"{folder}/manifest.json")) for folder in ("heads", sys.argv[1]))
pairs = f"{sys.argv[1]}/pairs.json"
for case, other in zip(heads["cases"], moved["cases"]):
    assert case["id"] == other["id"]
    case["inputs"] = other["inputs"] if case["split"] == "train" else {k: "../heads/" + v for k, v in case["inputs"].items()}
    case["target"], case["mask"] = "../heads/" + case["target"], "../heads/" + case["mask"]
json.dump(heads, open(pairs + ".part", "w"))
os.replace(pairs + ".part", pairs)' "$moved"
fi
[ -f scattering.safetensors ] ||
  said gdm-encoder scattering -o scattering.safetensors --statistics heads/manifest.json --patches-per-case 8 -q
[ -f bank.safetensors ] || said gdm-featbank build heads/manifest.json --encoder scattering.safetensors -o bank.safetensors --seed 1 \
  --patches-per-case 40 -q
[ -n "${METHODS-l1 ps gdm}" ] || exit 0
for seed in "$@"; do
  at=${NEXT_S:+time-}seed-$seed
  graded=$at
  [ "${SPLIT:-test}" = test ] || graded=$at/$SPLIT
  mkdir -p "$graded"
  [ -z "${NEXT_S:-}" ] || [ ! -f "seed-$seed/start.safetensors" ] || ln -sf "../seed-$seed/start.safetensors" "$at/"
  train() {  # train NAME STEPS OPTIONS...
    said gdm-drift-train "$cases" --conditions mr -o "$at/$1.safetensors" --seed "$seed" --steps "$2" --validate-every "$2" "${@:3}"
  }
  methods=()
  predict() {  # predict NAME MODEL OPTIONS...
    [ -f "$graded/$1/manifest.json" ] || said gdm-synth heads/manifest.json --resume --model "$at/$2.safetensors" -o "$graded/$1" \
      --split "${SPLIT:-test}" -q --precision "${PRECISION:-fp32}" "${@:3}" >/dev/null
    methods+=("$1=$graded/$1/manifest.json")
  }
  [ -f "$at/start.safetensors" ] || train start "${FIRST:-1600}" --objective regression --precision "${TRAINING_PRECISION:-fp32}"
  for name in ${METHODS-l1 ps gdm}; do
    method "$name" "$at/start.safetensors"
    if [ ! -f "$at/$name.safetensors" ]; then
      steps=$(steps_of "$name" "$name" "$cases" --conditions mr -o "$at/never-$BASHPID.safetensors" --seed "$seed" "${how[@]}")
      train "$name" "$steps" "${how[@]}"
    fi
    if is_process "$name"; then
      for nfe in ${NFE:-1 4 25}; do predict "$name@$nfe" "$name" --nfe "$nfe"; done
    else
      predict "$name" "$name"
    fi
  done
  [ "${REPORT:-}" != no ] || continue
  said gdm-metrics "${methods[@]}" --metrics "${METRICS:-mae_hu,psnr_db,ssim,bone_mae_hu,bone_dice,bias_hu}" \
    --baseline "${BASELINE:-l1}" --json -o "$graded/report.json" --force \
    --encoder "$graders/grader-ct.safetensors" --encoder "$graders/grader-labels.safetensors"
done
