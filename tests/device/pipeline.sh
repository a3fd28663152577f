#!/usr/bin/env bash
# The programs on the device of GDM_TEST_DEVICE (cuda if it is not set) beside the CPU: the losses of a training, a
# stopped training, a synthesised volume. Argument: folder of programs. Skipped where there is no such device.
set -euo pipefail
. "$(dirname "$0")/../cli/skip.bash"
. "$(dirname "$0")/../cli/scratch.bash"
device=${GDM_TEST_DEVICE:-cuda}

gdm-phantom -o phantoms --count 6 --kind head --seed 3 --shape 48 --spacing 5 -q
gdm-encoder scattering -o encoder.safetensors --statistics phantoms/manifest.json -q
gdm-featbank build phantoms/manifest.json --encoder encoder.safetensors -o bank.safetensors --patch 16 --training-patch 24 \
  --patches-per-case 12 -q
train() {
  gdm-drift-train phantoms/manifest.json --bank bank.safetensors --steps 20 --drift-start 0.5 --patch 24 --batch 2 \
    --widths 16,32,64 --validate-every 10 --seed 3 -q "$@"
}
status=0
train --device "$device" -o device.safetensors 2>err.txt || status=$?
if [[ $status == 1 ]] && grep -q 'without CUDA\|no CUDA device' err.txt; then
  skip "$(cat err.txt)"
  end_of_test
fi
[[ $status == 0 ]] || fail "training on $device: exit $status: $(cat err.txt)"
train --device cpu -o cpu.safetensors

# alike CPU-LOG DEVICE-LOG STEPS LIMIT: losses of the same steps, fp32 on both, sums in another order, and what that makes of them.
alike() {
  python3 - "$@" <<'PYTHON' || fail "losses of CPU and $device differ: $1"
import json, sys
(a, b), steps, limit = ([json.loads(line) for line in open(path)] for path in sys.argv[1:3]), int(sys.argv[3]), float(sys.argv[4])
assert len(a) == len(b) == steps, (len(a), len(b))
def losses(line):
    for name in ("l1_hu", "process_loss"):
        if name in line: yield name, line[name]
    for name, part in line.get("objectives", {}).items():
        for key in ("loss", "discriminator_loss"):
            if key in part: yield name + " " + key, part[key]
worst = 0.0
for p, q in zip(a, b):
    for (name, x), (other, y) in zip(losses(p), losses(q)):
        assert name == other
        worst = max(worst, abs(x - y) / abs(x))
print(f"largest relative difference of a loss in {steps} steps of {sys.argv[1]}: {worst:.1e}")
assert len(list(losses(a[-1]))) > 1 or "process_loss" in a[-1], "nothing beside L1"
sys.exit(worst > limit)
PYTHON
}
alike cpu.log.jsonl device.log.jsonl 20 1e-3

# Stopped after each step and gone on with: the bits of the training that was never stopped.
status=75
while [[ $status == 75 ]]; do
  status=0
  train --device "$device" -o cut.safetensors --max-time 1e-6 || status=$?
done
[[ $status == 0 ]] || fail "the stopped training exited $status"
cmp device.log.jsonl cut.log.jsonl || fail "another log after stops"
weights() { gdm-drift-train info "$1" --json | grep '^ "sha256"'; }
[[ $(weights device.safetensors) == "$(weights cut.safetensors)" ]] || fail "other weights after stops"

# The rivals: the same losses on both, and the same bits after a stop.
rival() {  # rival NAME OPTIONS...
  local name=$1 where status
  shift
  run() { gdm-drift-train phantoms/manifest.json --steps 8 --patch 24 --batch 2 --widths 16,32,64 --validate-every 8 --seed 3 -q "$@"; }
  for where in cpu "$device"; do run "$@" --device "$where" -o "$name-on-${where/:/-}.safetensors" --force; done
  alike "$name-on-cpu.log.jsonl" "$name-on-${device/:/-}.log.jsonl" 8 5e-3
  status=0
  run "$@" --device "$device" -o "$name-cut.safetensors" --max-time 1e-6 || status=$?
  [[ $status == 75 ]] || fail "$name: exit $status, expected 75"
  run "$@" --device "$device" -o "$name-cut.safetensors"
  [[ $(weights "$name-on-${device/:/-}.safetensors") == "$(weights "$name-cut.safetensors")" ]] || fail "$name: other weights after a stop"
}
rival gan --objective gan --drift-start 0 --r1 0.5
rival frechet --objective frechet --bank bank.safetensors --drift-start 0
gdm-drift-train phantoms/manifest.json --objective regression --steps 4 --patch 24 --widths 16,32,64 --seed 3 -q --device cpu -o base.safetensors
rival flow --objective flow --source base.safetensors
rival bridge --objective bridge --source base.safetensors
rival diffusion --objective diffusion

synth() { gdm-synth phantoms/manifest.json --model cpu.safetensors --split test --device "$1" -o "$2" -q >list.txt; }
process() { gdm-synth phantoms/manifest.json --model flow-on-cpu.safetensors --nfe 3 --split test --device "$1" -o "$2" -q >/dev/null; }
process cpu flow-expected
process "$device" flow-found
for file in flow-expected/*.nii.gz; do
  volume-diff "$file" "flow-found/${file##*/}" 1 || fail "a flow on CPU and $device differs by more than 1 HU"
done
synth cpu expected
synth "$device" found
[[ -s list.txt ]] || fail "nothing was synthesised"
for file in expected/*.nii.gz; do
  volume-diff "$file" "found/${file##*/}" 0.5 || fail "synthesis on CPU and $device differ by more than 0.5 HU"
done

# What is not there is one line and exit 1.
for missing in cuda:77 $([[ $device == cpu ]] && echo cuda); do
  refused 1 "$missing" gdm-synth phantoms/manifest.json --model cpu.safetensors --device "$missing" -o none
done

# Memory that no card has: one line with the remedy, and the training before it goes on.
if [[ $device != cpu ]]; then
  refused 1 'out of memory.*--patch' gdm-drift-train phantoms/manifest.json --objective regression --steps 1 \
    --device "$device" -o large.safetensors --patch 48 --batch 1024 --widths 256,512,512
fi
end_of_test
