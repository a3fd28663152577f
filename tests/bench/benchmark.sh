#!/bin/bash
# All objectives on equal terms, once with equal steps and once with equal wall time, then tables and plots:
#   benchmark.sh BIN TASK MANIFEST FOLDER BUDGET SEED...
# TASK sparse-ct: MANIFEST has CT with splits; VIEWS (8) and STRENGTH (.01414 mm) of the total variation that all begin from,
# and data consistency after all of them. TASK mr2ct: MANIFEST has label maps; SPACING (2 mm); with TEST so many of them are
# kept for the test and two for validation, instead of its splits. BUDGET: seconds of a whole training here, the regression
# before it included, of which FIRST_SHARE (.6) goes to that regression; steps follow from a dry run of a regression, once for a
# folder. METHODS are variants of methods.bash, as chosen on validation (share/doc/gdm/rivals.md); NFE ("1 4 25") the numbers of
# steps of processes. FOLDER gets table.md, the plots that benchmark_report.py tells of, montage.png, settings.txt with what all of its
# runs must have in common, and each folder of a seed commands.txt with what was trained, predicted and graded. What exists is not
# made again, and an interrupted run continues.
set -euo pipefail
bin=$(realpath "$1") task=$2 manifest=$(realpath "$3") folder=$4 budget=$5
shift 5
here=$(realpath "$(dirname "$0")")
export METRICS=mae_hu,psnr_db,ssim,ms_ssim,bone_mae_hu,bone_dice,bone_hd95_mm,bias_hu,power_high_db
export JUDGES="grader-ct grader-labels"
PATH=$bin:$PATH
. "$here/methods.bash"
mkdir -p "$folder"
folder=$(realpath "$folder")
cd "$folder"

case $task in
  sparse-ct)
    METHODS=${METHODS:-l1 ps,perceptual,0.4,ssim,0.4 gan,adversarial,0.6,ssim,0.4 frechet,frechet,0.3,ssim,0.4
      gdm,drift,0.3,ssim,0.4 flow-reg bridge-reg flow-input flow bridge diffusion}
    cell() { CONSISTENT=all "$here/learned_ct.sh" "$bin" "$manifest" "$folder" "${VIEWS:-8}" "${STRENGTH:-0.01414}" "$1" "$2" ""; }
    cases=(tv/manifest.json --conditions tv) input=tv prefix=tv- ;;
  mr2ct)
    METHODS=${METHODS:-l1 ps,perceptual,0.6,ssim,0.6 gan,adversarial,0.9,ssim,0.6 frechet,frechet,0.45,ssim,0.6
      gdm,drift,0.45,ssim,0.6 flow-reg bridge-reg flow diffusion}
    if [ -n "${TEST:-}" ]; then
      [ -f labels.json ] || gdm-prep split "$manifest" --split "rest,2,$TEST" --seed 1 -o labels.json -q
      manifest=$folder/labels.json
    fi
    cell() { METHODS=$2 "$here/label_heads.sh" "$bin" "$manifest" "$folder" "${SPACING:-2}" "$1"; }
    cases=(heads/manifest.json --conditions mr) input=mr prefix= ;;
  *) echo "unknown task $task" >&2; exit 2 ;;
esac
all=($METHODS)
export BASELINE=$prefix${all[0]}  # whom all are tested against: the first gdm where it takes part, else the first of all
for method in "${all[@]}"; do
  [[ $method != gdm* ]] || { BASELINE=$prefix$method && break; }
done
first_s=$(awk -v b="$budget" -v s="${FIRST_SHARE:-.6}" 'BEGIN { print int(b * s) }')
next_s=$((budget - first_s))

# What another run in this folder would silently not get, as models and volumes that exist are kept.
settings=$(printf '%s\n' "task $task" "manifest $manifest" "seconds $first_s + $next_s" "views ${VIEWS:-8}" \
  "strength ${STRENGTH:-0.01414} mm" "spacing ${SPACING:-2} mm" "training cases ${TRAIN_CASES:-56}" "test cases ${TEST:-of the splits}" \
  "arithmetic ${PRECISION:-fp32}, of trainings ${TRAINING_PRECISION:-fp32}" "misregistration ${MISREGISTRATION:-0} mm")
if [[ -f settings.txt && $settings != "$(cat settings.txt)" || -f first.steps && ! -f settings.txt ]]; then
  echo "$folder is of other settings (settings.txt): take another folder" >&2
  diff settings.txt <(echo "$settings") >&2 || true
  exit 2
fi
echo "$settings" >settings.txt

unset REPORT
cell 0 "" >/dev/null  # makes the volumes alone
shared_steps() {  # shared_steps FILE SECONDS prints the steps of a regression in so many seconds, measured once
  if [ ! -s "$1" ]; then
    steps_within "$2" "${cases[@]}" --objective regression -o never.safetensors --seed 1 >"$1.part" || exit
    mv "$1.part" "$1"
  fi
  cat "$1"
}
export FIRST NEXT
FIRST=$(shared_steps first.steps "$first_s")
NEXT=$(shared_steps next.steps "$next_s")
for seed in "$@"; do
  cell "$seed" "$METHODS"
  FIRST_S=$first_s NEXT_S=$next_s cell "$seed" "$METHODS"
done
python3 "$here/benchmark_report.py" "$folder" "$task: $FIRST + $NEXT steps, or $first_s + $next_s s" "$BASELINE" "$@"
pictures=() steps=${NFE:-1 4 25}
for method in "${all[@]}"; do
  if is_process "$method"; then method+=@${steps##* }; fi
  pictures+=("$method=seed-$1/$prefix$method/manifest.json")
done
gdm-metrics montage "${pictures[@]}" --input "$input" --cases 3 -o montage.png --force
