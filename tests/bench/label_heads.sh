#!/bin/bash
# MR to CT on heads simulated from label maps, several objectives from the weights of one regression:
#   label_heads.sh BIN MANIFEST FOLDER SPACING SEED...
# MANIFEST: label maps with splits (head-labels). A regression of FIRST (1600) steps, then NEXT (400) of regression (l1), of
# perceptual and SSIM (ps), and of gdm, in the same fixed filters. METHODS ("l1 ps gdm") may name gan and frechet as well; flow-
# reg and bridge-reg, processes from the first regression's output, for NEXT steps; flow and diffusion, from noise, for FIRST +
# NEXT; these are graded at each number of evaluations of NFE ("1 4 25"). FOLDER/seed-SEED/report.json has the grades of the
# test split, METRICS and tests against BASELINE (l1). What exists is not made again, and an interrupted run continues. A method
# may have options of gdm-drift-train behind it as in learned_ct.sh; SPLIT=val and PRECISION are as there. MISREGISTRATION (0)
# mm part MR and CT of the training heads, one value in one FOLDER; those of the other splits fit. With NEXT_S each method has
# so many seconds by the times of its own steps (from noise FIRST_S + NEXT_S), in FOLDER/time-seed-SEED, from the same
# regression.
set -euo pipefail
bin=$1 manifest=$(realpath "$2") folder=$3 spacing=$4
shift 4
. "$(dirname "$0")/steps_within.bash"
. "$(dirname "$0")/with_options.bash"
graders=$(realpath "$(dirname "$0")/../../share/gdm/encoders")
PATH=$(realpath "$bin"):$PATH
mkdir -p "$folder"
cd "$folder"
[ -f heads/manifest.json ] || gdm-phantom -o heads --labels "$manifest" --spacing "$spacing" --seed 1 --force -q
cases=heads/manifest.json moved=moved-${MISREGISTRATION:-0}
if [ "${MISREGISTRATION:-0}" != 0 ]; then
  cases=$moved/pairs.json
  [ -f "$moved/manifest.json" ] || gdm-phantom -o "$moved" --labels "$manifest" --spacing "$spacing" --seed 1 \
    --misregistration "$MISREGISTRATION" --force -q
  python3 -c 'import json, os, sys
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
  gdm-encoder scattering -o scattering.safetensors --statistics heads/manifest.json --patches-per-case 8 -q
[ -f bank.safetensors ] || gdm-featbank build heads/manifest.json --encoder scattering.safetensors -o bank.safetensors --seed 1 \
  --patches-per-case 40 -q
for seed in "$@"; do
  at=${NEXT_S:+time-}seed-$seed
  graded=$at
  [ "${SPLIT:-test}" = test ] || graded=$at/$SPLIT
  mkdir -p "$graded"
  [ -z "${NEXT_S:-}" ] || [ ! -f "seed-$seed/start.safetensors" ] || ln -sf "../seed-$seed/start.safetensors" "$at/"
  train() {
    local name=$1 steps=$2 seconds=${NEXT_S:-}
    shift 2
    if [ -n "$seconds" ] && [ "$name" != start ]; then
      case ${name%%,*} in flow | diffusion) seconds=$((FIRST_S + NEXT_S)) ;; esac
      [ -f "$at/$name.safetensors" ] || [ -s "$at/$name.steps" ] ||
        steps_within "$seconds" "$cases" --conditions mr -o "$at/never.safetensors" --seed "$seed" "$@" >"$at/$name.steps"
      [ ! -s "$at/$name.steps" ] || steps=$(cat "$at/$name.steps")
    fi
    [ -f "$at/$name.safetensors" ] || gdm-drift-train "$cases" --conditions mr -o "$at/$name.safetensors" \
      --seed "$seed" --steps "$steps" --validate-every "$steps" "$@"
  }
  methods=()
  predict() {  # predict NAME MODEL OPTIONS...
    [ -f "$graded/$1/manifest.json" ] || gdm-synth heads/manifest.json --model "$at/$2.safetensors" -o "$graded/$1" \
      --split "${SPLIT:-test}" -q --precision "${PRECISION:-fp32}" "${@:3}" >/dev/null
    methods+=("$1=$graded/$1/manifest.json")
  }
  train start "${FIRST:-1600}" --objective regression
  for name in ${METHODS-l1 ps gdm}; do
    kind=${name%%,*} begin=(--init "$at/start.safetensors") steps=${NEXT:-400}
    case $kind in
      l1) how=(--objective regression) ;;
      ps) how=(--objective perceptual --encoder scattering.safetensors --perceptual 0.2 --ssim 0.2 --drift-start 0) ;;
      gdm) how=(--bank bank.safetensors --drift-start 0) ;;
      gan) how=(--objective gan --drift-start 0) ;;
      frechet) how=(--objective frechet --bank bank.safetensors --drift-start 0) ;;
      flow-reg | bridge-reg) how=(--objective "${kind%-reg}" --source "$at/start.safetensors") begin=() ;;
      flow | diffusion) how=(--objective "$kind") begin=() steps=$((${FIRST:-1600} + steps)) ;;
      *) echo "unknown method $name" >&2; exit 2 ;;
    esac
    how+=(--learning-rate 5e-4)
    with_options "$name"
    train "$name" "$steps" "${begin[@]}" "${how[@]}"
    case $kind in
      flow* | bridge* | diffusion) for nfe in ${NFE:-1 4 25}; do predict "$name@$nfe" "$name" --nfe "$nfe"; done ;;
      *) predict "$name" "$name" ;;
    esac
  done
  gdm-metrics "${methods[@]}" --metrics "${METRICS:-mae_hu,psnr_db,ssim,bone_mae_hu,bone_dice,bias_hu}" \
    --baseline "${BASELINE:-l1}" --json -o "$graded/report.json" --force \
    --encoder "$graders/grader-ct.safetensors" --encoder "$graders/grader-labels.safetensors"
done
