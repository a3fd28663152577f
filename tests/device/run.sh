#!/usr/bin/env bash
# Everything that is to be known of a GPU, in one command for a bare machine: no network, no packages of ours, a Python
# that holds the same torch as tests/device/pack.sh built against.
#   tests/device/run.sh OUT
# OUT gets summary.md (also if parts fail), log.txt, and the model in training with its checkpoint. Each part stands
# alone: one that fails or runs out of time is reported and the next one runs. Called again with the OUT of before, or
# with its files in PACK/resume, the training goes on.
# Environment: DEVICE (cuda), MINUTES (8) in all, PACK (tests/device/pack), PYTHON (python3), and for rehearsals
# DEVICE=cpu with smaller EDGE (512: of the volume that is synthesised), ROUNDS (20), PRESETS, PRECISIONS, TRAIN_OPTIONS.
set -uo pipefail
(($# == 1)) || { echo "usage: tests/device/run.sh OUT" >&2; exit 2; }
mkdir -p "$1"
OUT=$(realpath "$1")
cd "$(dirname "$0")/../.." || exit 1
PACK=$(realpath "${PACK:-tests/device/pack}")
export GDM_TEST_DEVICE=${DEVICE:-cuda}
device=$GDM_TEST_DEVICE python=${PYTHON:-python3} edge=${EDGE:-512} rounds=${ROUNDS:-20}
end=$((SECONDS + 60 * ${MINUTES:-8}))
work=$(mktemp -d)
trap 'rm -rf "$work"; kill %% 2>/dev/null' EXIT
export PYTHONWARNINGS=ignore
torch=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))') || exit 1
export LD_LIBRARY_PATH=$PACK/lib:$torch/lib PATH=$PACK/bin:$PATH
summary=$OUT/summary.md log=$OUT/log.txt
failed=0

say() { echo "$*" | tee -a "$summary"; }
# part NAME SECONDS FUNCTION: its output goes to the log; its result and time to the summary.
part() {
  local name=$1 limit=$2 start=$SECONDS code=0
  ((limit > end - SECONDS)) && limit=$((end - SECONDS))
  if ((limit < 5)); then
    say "- $name: did not run, no time was left"
    failed=1
    return
  fi
  echo "== $name" >>"$log"
  rm -f "$work/memory"
  timeout --signal=TERM --kill-after=20 "$limit" bash "$work/parts.sh" "$3" >>"$log" 2>&1 || code=$?
  local text="exit $code"
  ((code == 0)) && text="passed"
  ((code == 124 || code == 137)) && text="stopped after its $limit s"
  ((code == 0)) || failed=1
  say "- $name: $text, $((SECONDS - start)) s$(memory)"
  [[ ! -s $work/note ]] || { say ""; cat "$work/note" | tee -a "$summary"; say ""; rm -f "$work/note"; }
}

# The card's memory in use, watched twice a second.
watch_memory() {
  command -v nvidia-smi >/dev/null || return 0
  while sleep 0.5; do
    nvidia-smi --query-gpu=memory.used,utilization.gpu --format=csv,noheader,nounits >>"$work/memory" 2>/dev/null || return 0
  done &
}
memory() {
  [[ -s $work/memory ]] || return 0
  awk -F', *' '{if ($1 > most) most = $1; sum += $2} END {printf ", at most %d MiB on the card, busy %d %% of the time", most, sum / NR}' \
    "$work/memory"
}

cat >"$work/parts.sh" <<PARTS
set -euo pipefail
PACK=$PACK OUT=$OUT work=$work device=$device edge=$edge rounds=$rounds
presets="${PRESETS:-base large}" precisions="${PRECISIONS:-fp32 tf32 bf16}" train_options="${TRAIN_OPTIONS:-}"
left=$((end - SECONDS))
. tests/device/parts.bash
"\$1"
PARTS

: >"$log"
: >"$summary"
watch_memory
card=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -1)
say "## ${card:-no card: $device, $(nproc) CPUs} ($(date -u +%F), gdm $(cat "$PACK/version" 2>/dev/null), torch $("$python" -c 'import torch; print(torch.__version__)'))"
say ""
part "device tests" 120 operators
part "programs on $device beside the CPU" 120 pipeline
part "training steps" 150 steps
part "synthesis of $edge^3 voxels" 100 synthesis
sed -i "s/^left=.*/left=$((end - SECONDS))/" "$work/parts.sh"
part "training" $((end - SECONDS)) training
say ""
((failed == 0)) && say "All parts passed." || say "Not all parts passed: log.txt tells."
exit "$failed"
