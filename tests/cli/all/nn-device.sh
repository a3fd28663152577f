#!/usr/bin/env bash
# Devices that are not there, memory that is not enough: one line each, exit 1, nothing written.
set -euo pipefail
. "$(dirname "$0")/../skip.bash"
. "$(dirname "$0")/../scratch.bash"
gdm-phantom -o pairs --count 3 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-encoder scattering -o encoder.safetensors --statistics pairs/manifest.json -q
train=(gdm-drift-train pairs/manifest.json --objective regression --patch 16 --widths 8,16 --batch 2 --steps 1 --threads 1)
"${train[@]}" -o model.safetensors -q

for device in cuda cuda:77; do
  if [[ $device == cuda ]] && nvidia-smi -L >/dev/null 2>&1; then
    skip "this machine has a CUDA device"
    continue
  fi
  reason='without CUDA\|no CUDA device\|CUDA devices\? is cuda\|CUDA devices is'
  refused 1 "--device $device: .*\($reason\)" "${train[@]}" -o none.safetensors --device "$device"
  refused 1 "--device $device: .*\($reason\)" gdm-synth pairs/manifest.json --model model.safetensors -o none --device "$device"
  refused 1 "--device $device: .*\($reason\)" gdm-featbank build pairs/manifest.json --encoder encoder.safetensors \
    -o none.safetensors --device "$device"
  refused 1 "--device $device: .*\($reason\)" gdm-encoder pretrain pairs/manifest.json --steps 1 --patch 16 \
    --widths 8,8 -o none.safetensors --device "$device"
done
for device in gpu cuda:x cuda:-1 mps ''; do
  refused 2 "is not cpu, cuda, cuda:N or auto" "${train[@]}" -o none.safetensors --device "$device"
done

# What auto took is said, to all who may wonder, or with -v where there was no choice.
gdm-synth pairs/manifest.json --model model.safetensors -o out -v >/dev/null 2>said.txt
grep -q -e '--device auto: \(the CPU, as\|cuda:0\)' said.txt || fail "nothing of the device: $(cat said.txt)"

# The address space stands for a machine's memory. A training that has begun leaves its log.
short() { (ulimit -v 3000000 && "$@"); }
refused 1 'out of memory.*--patch.*--batch.*--accumulate' short gdm-drift-train pairs/manifest.json --threads 1 --device cpu \
  --objective regression --patch 128 --widths 64,64 --batch 16 --steps 1 -o none.safetensors -q
compgen -G 'none*' | grep -v 'lock$\|log.jsonl$' && fail "a refused command left $(compgen -G 'none*')"
end_of_test
