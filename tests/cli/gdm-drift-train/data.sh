#!/usr/bin/env bash
# The data of gdm-drift-train: the cache changes nothing, augmentation and fresh noise do and resume exactly, and a file
# that breaks in the middle of a training is an error that names it.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
gdm-phantom -o phantoms --count 4 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-recon project phantoms/manifest.json -o sino --views 12 -q | gdm-recon fbp - -o fbp -q >/dev/null
train() { gdm-drift-train "$@" --objective regression --patch 16 --widths 8,16 --batch 2 --threads 1 --seed 3; }
weights() { gdm-drift-train info "$1" --json | grep '^ "sha256"'; }

# Read again for every patch or kept: the same log and the same weights, and the user is told.
steps=4
train fbp/manifest.json -o kept.safetensors --steps $steps -v 2>kept.txt
grep -q 'kept in memory' kept.txt || fail "nothing of the cache: $(cat kept.txt)"
grep -q 'waited .* s for patches' kept.txt || fail "nothing of the waiting: $(cat kept.txt)"
train fbp/manifest.json -o read.safetensors --steps $steps --cache 0 2>read.txt
grep -q '0 of . cases are kept.*read again' read.txt || fail "silent about cases that are not kept: $(cat read.txt)"
cmp kept.log.jsonl read.log.jsonl || fail "the cache changes the training"
[[ $(weights kept.safetensors) == "$(weights read.safetensors)" ]] || fail "the cache changes the weights"

# Each change is in the model's description, gives other weights, and a stopped training resumes to the same ones.
changed() {  # changed NAME MANIFEST LOG PATTERN OPTIONS...: LOG is that of the training without them
  local name=$1 manifest=$2 plain=$3 pattern=$4
  shift 4
  mkdir "$name"
  train "$manifest" -o "$name/whole.safetensors" --steps $steps -q "$@"
  cmp -s "$plain" "$name/whole.log.jsonl" && fail "$*: changes nothing"
  gdm-drift-train info "$name/whole.safetensors" | found "$pattern" || fail "$*: info says nothing of it"
  local status=75 runs=0
  while [[ $status == 75 ]]; do
    status=0
    train "$manifest" -o "$name/cut.safetensors" --steps $steps -q "$@" --max-time 1e-6 || status=$?
    runs=$((runs + 1))
  done
  [[ $status == 0 ]] || fail "$*: the stopped training exited $status"
  ((runs == steps)) || fail "$*: $runs runs, expected one for each step"
  cmp "$name/whole.log.jsonl" "$name/cut.log.jsonl" || fail "$*: another log after stops"
  [[ $(weights "$name/whole.safetensors") == "$(weights "$name/cut.safetensors")" ]] || fail "$*: other weights"
}
train phantoms/manifest.json -o mr.safetensors --steps $steps -q
changed mr phantoms/manifest.json mr.log.jsonl 'augmentation *strong' --augment strong
changed ct fbp/manifest.json kept.log.jsonl 'fresh noise *30.0 HU' --fresh-noise 30

# A checkpoint is not continued with other data.
train fbp/manifest.json -o c.safetensors --steps 6 -q --max-time 1e-6 && fail "not stopped"
refused 1 'other options or data' train fbp/manifest.json -o c.safetensors --steps 6 -q --fresh-noise 30

# Reconstructions are not turned.
refused 2 'streaks' train fbp/manifest.json -o x.safetensors --augment light

# A file that breaks while the training needs it.
train fbp/manifest.json -o broken.safetensors --steps 1000000 --cache 0 -q 2>err.txt &
trainer=$!
for _ in $(seq 600); do [[ -s broken.log.jsonl ]] && break; sleep 0.1; done
for file in fbp/*_fbp.nii.gz; do : >"$file"; done
status=0
wait "$trainer" || status=$?
[[ $status == 1 ]] || fail "a broken file: exit $status: $(cat err.txt)"
grep -q "case '.*_fbp.nii.gz" err.txt || fail "the error does not name case and file: $(cat err.txt)"

# What a newcomer gets wrong.
refused 2 "'fbp'" train phantoms/manifest.json -o x.safetensors --fresh-noise 5
refused 2 "12Q" train phantoms/manifest.json -o x.safetensors --cache 12Q
refused 2 "augment" train phantoms/manifest.json -o x.safetensors --augment much
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
