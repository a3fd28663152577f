#!/usr/bin/env bash
# Trainings in a queue: killed before the first checkpoint, on a full disk, twice at the same time, or with other
# options; and a synthesis that was stopped.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 4 --shape 16 --spacing 12 --seed 3 -q
tiny=(--patch 16 --batch 1 --threads 1 --progress never --seed 3)
# until_log LOG PID: waits for lines of a training's log.
until_log() {
  for _ in $(seq 600); do
    if [[ -s $1 ]]; then return; fi
    kill -0 "$2" 2>/dev/null || fail "the training ended: $(cat run.txt)"
    sleep 0.05
  done
  fail "no log"
}
train=(gdm-drift-train pairs/manifest.json --objective regression --widths 8,16 --validate-every 2 "${tiny[@]}")
pretrain=(gdm-encoder pretrain pairs/manifest.json --widths 8,8 "${tiny[@]}")
for kind in "train k.log.jsonl" "train own.jsonl --log own.jsonl --plot k.png" "pretrain k.log.jsonl"; do
  read -r what log more <<<"$kind"
  mkdir run
  if [[ $what == train ]]; then command=("${train[@]}" -o run/k.safetensors); else command=("${pretrain[@]}" -o run/k.safetensors); fi
  for word in $more; do [[ $word == --* ]] && command+=("$word") || command+=("run/$word"); done
  "${command[@]}" --steps 100000 >run.txt 2>&1 &
  trainer=$!
  until_log "run/$log" $trainer
  # A second run on the same output, and one that would share its log.
  refused 1 "run/k.safetensors: another run is writing it (process $trainer on" "${command[@]}" --steps 100000
  refused 1 "another run is writing it" "${command[@]}" --steps 100000 --force
  if [[ $log == own.jsonl ]]; then
    refused 1 "own.jsonl: another run is writing it" "${train[@]}" -o run/j.safetensors --log run/own.jsonl --steps 1 --force
  fi
  kill -KILL $trainer
  wait $trainer 2>/dev/null || true
  [[ ! -e run/k.safetensors && ! -e run/k.safetensors.checkpoint ]] || fail "it was not killed early"
  # A log of that training is nobody else's.
  [[ $log != own.jsonl ]] || refused 1 "own.jsonl: exists already" "${train[@]}" -o run/j.safetensors --log run/own.jsonl --steps 1
  "${command[@]}" --steps 3 >run.txt 2>&1 || fail "the same command after SIGKILL: $(cat run.txt)"
  [[ $(wc -l <"run/$log") == 3 ]] || fail "the log is not that of the second run"
  compgen -G 'run/*.lock' >/dev/null && fail "left: $(ls run)"
  refused 1 "exists already" "${command[@]}" --steps 3
  rm -r run
done
# Nobody else's file is taken for a stray log, and the log of a model that is there stays.
echo notes >n.log.jsonl
refused 1 "n.log.jsonl: exists already" "${train[@]}" -o n.safetensors --steps 1
[[ $(cat n.log.jsonl) == notes && ! -e n.safetensors.lock ]] || fail "a foreign log was touched"
: >n.log.jsonl
"${train[@]}" -o n.safetensors --steps 1 2>/dev/null || fail "an empty log is in the way"

# The time that a training takes is told when it begins.
"${train[@]}" -o t.safetensors --steps 8 2>err.txt
grep -q 's a step at first, so 3 steps that are left take about' err.txt || fail "no estimate: $(cat err.txt)"

# A checkpoint of another run says what differs.
stopped() {  # stopped STEPS BATCH WIDTHS MORE...
  local steps=$1 batch=$2 widths=$3
  shift 3
  gdm-drift-train "$data" --objective regression -o c.safetensors --steps "$steps" --batch "$batch" --widths "$widths" \
    --patch 16 --threads 1 --progress never --max-time 0.001 -q "$@"
}
data=pairs/manifest.json
status=0
stopped 9 1 8,16 || status=$?
[[ $status == 75 ]] || fail "--max-time: exit $status"
refused 1 "data: --learning-rate 0.001 there, 0.002 here; give" stopped 9 1 8,16 --learning-rate 0.002
refused 1 "data: --batch 1 there, 2 here; give" stopped 9 2 8,16
refused 1 "data: --steps 9 there, 10 here; --augment not given there, light here; give" stopped 10 1 8,16 --augment light
refused 1 "data: --widths \[8,16\] there, \[8,8\] here; give" stopped 9 1 8,8
refused 1 "data: --seed 0 there, 4 here; give" stopped 9 1 8,16 --seed 4
sed 's/"split": "val"/"split": "train"/' pairs/manifest.json >pairs/other.json
data=pairs/other.json
refused 1 "data: the data (cases" stopped 9 1 8,16
"${train[@]}" -o c.safetensors --steps 2 --restart -q || fail "--restart after a stop"
encoder=("${pretrain[@]}" -o e.safetensors --steps 9)
status=0
"${encoder[@]}" --max-time 0.001 -q || status=$?
[[ $status == 75 ]] || fail "--max-time: exit $status"
refused 1 "data: --mask-ratio 0.5 there, 0.6 here; give" "${encoder[@]}" --mask-ratio 0.6
"${encoder[@]}" -q || fail "the encoder does not go on"

# A synthesis that was stopped: what is finished stays, unless model, input or options are others.
synth=(gdm-synth pairs/manifest.json --threads 1 -o out)
"${synth[@]}" --model n.safetensors -q >/dev/null
resume() {  # resume KEPT ARGUMENTS...
  local count=$1
  shift
  "${synth[@]}" --resume "$@" >/dev/null 2>err.txt || fail "--resume: $(cat err.txt)"
  grep -q ": $count of 4 cases were finished already" err.txt || fail "not $count kept: $(cat err.txt)"
}
rm out/manifest.json out/head0003_pred.*
resume 3 --model n.safetensors
[[ -s out/manifest.json ]] || fail "no manifest"
resume 4 --model n.safetensors
resume 0 --model t.safetensors
grep -q 'made with another model' err.txt || fail "no reason: $(cat err.txt)"
resume 0 --model t.safetensors --overlap 0.4
resume 4 --model t.safetensors --overlap 0.4
cp pairs/head0001_mr.nii.gz pairs/head0002_mr.nii.gz
resume 3 --model t.safetensors --overlap 0.4
refused 2 "cannot be its output" gdm-drift-train pairs/manifest.json --objective regression -o l.safetensors \
  --log pairs/head0001_ct.nii.gz --force
refused 2 "cannot be its output" gdm-drift-train pairs/manifest.json --objective regression -o l.safetensors \
  --plot pairs/head0001_ct.png --log pairs/head0001_ct.json --force
refused 2 "cannot be its output" gdm-encoder pretrain pairs/manifest.json -o l.safetensors --log pairs/head0001_mr.nii.gz --force
ln -s head0001_ct.nii.gz pairs/link.safetensors
refused 2 "cannot be its output" gdm-featbank build pairs/manifest.json --encoder e.safetensors -o pairs/link.safetensors --force
compgen -G 'l.*' >/dev/null && fail "a refused command left $(compgen -G 'l.*')"
exit 0
