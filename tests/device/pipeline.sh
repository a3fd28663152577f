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

# Losses of the same steps: fp32 on both, sums in another order, and what that makes of 20 steps.
python3 - cpu.log.jsonl device.log.jsonl <<'PYTHON' || fail "losses of CPU and $device differ"
import json, sys
a, b = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
assert len(a) == len(b) == 20, (len(a), len(b))
def losses(line):
    yield "l1_hu", line["l1_hu"]
    for name, part in line.get("objectives", {}).items():
        if "loss" in part: yield name, part["loss"]
worst = 0.0
for p, q in zip(a, b):
    for (name, x), (other, y) in zip(losses(p), losses(q)):
        assert name == other
        worst = max(worst, abs(x - y) / abs(x))
print(f"largest relative difference of a loss in 20 steps: {worst:.1e}")
assert len(list(losses(a[-1]))) > 1, "no drift"
sys.exit(worst > 1e-3)
PYTHON

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

synth() { gdm-synth phantoms/manifest.json --model cpu.safetensors --split test --device "$1" -o "$2" -q >list.txt; }
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
