#!/usr/bin/env bash
# phantom -> project -> fbp through pipes: products, manifests, refusals to overwrite, repeatability, shards, failed cases.
set -euo pipefail
. "$(dirname "$0")/../refused.bash"
bin=$1 diff=$1/../tests/volume-diff
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "FAIL: $*" >&2; exit 1; }
expect() {  # expect CODE command...: exit code, and for failures a silent stdout and 1 to 3 lines on stderr
  local code=$1 got=0
  shift
  "$@" >out.txt 2>err.txt || got=$?
  [ "$got" = "$code" ] || { cat err.txt >&2; fail "exit $got instead of $code: $*"; }
  [ "$code" = 0 ] || [ "$code" = 3 ] || [ ! -s out.txt ] || fail "stdout is not empty: $*"
  [ "$code" = 0 ] || { [ "$(wc -l <err.txt)" -ge 1 ] && [ "$(wc -l <err.txt)" -le 3 ]; } || fail "stderr lines: $*"
}

expect 0 "$bin/gdm-phantom" -q -o pairs --count 3 --kind head --seed 5 --shape 32 --spacing 6
[ ! -s out.txt ] && [ ! -s err.txt ] || fail "gdm-phantom -q printed something"
for kind in mr ct mask; do
  for id in head0001 head0002 head0003; do [ -s pairs/${id}_$kind.nii.gz ] && [ -s pairs/${id}_$kind.json ] || fail "no $id $kind"; done
done
for split in train val test; do grep -q "\"split\": \"$split\"" pairs/manifest.json || fail "no case in $split"; done
expect 1 "$bin/gdm-phantom" -o pairs --count 3 --kind head --shape 32
grep -q 'complete already' err.txt || fail "a rerun does not say that the set is complete"

# The same seed gives the same bytes with one thread and with two.
for threads in 1 2; do
  SOURCE_DATE_EPOCH=1 "$bin/gdm-phantom" -q -o again$threads --count 1 --seed 9 --shape 24 --threads $threads
  SOURCE_DATE_EPOCH=1 "$bin/gdm-recon" project -q again$threads/manifest.json -o again$threads/s --views 9 --photons 1e4 --threads $threads >/dev/null
done
cmp again1/head0001_ct.nii.gz again2/head0001_ct.nii.gz
cmp again1/head0001_mr.nii.gz again2/head0001_mr.nii.gz
cmp again1/s/head0001_sinogram.nii.gz again2/s/head0001_sinogram.nii.gz

# One ray for each detector element is what there is without --oversample; three change the data, are recorded, and
# follow from the seed whatever the threads.
for n in 1 3; do
  SOURCE_DATE_EPOCH=1 "$bin/gdm-recon" project -q again1/manifest.json -o rays$n --views 9 --photons 1e4 --oversample $n >/dev/null
  grep -q "\"oversample\": $n" rays$n/head0001_sinogram.json || fail "the sidecar does not tell --oversample $n"
done
SOURCE_DATE_EPOCH=1 "$bin/gdm-recon" project -q again1/manifest.json -o rays --views 9 --photons 1e4 --oversample 3 --threads 1 >/dev/null
"$diff" rays1/head0001_sinogram.nii.gz again1/s/head0001_sinogram.nii.gz
"$diff" rays3/head0001_sinogram.nii.gz rays/head0001_sinogram.nii.gz
! "$diff" rays3/head0001_sinogram.nii.gz rays1/head0001_sinogram.nii.gz || fail "--oversample 3 changed nothing"

"$bin/gdm-recon" project -q pairs/manifest.json -o sinograms --views 24 --photons 1e5 --seed 1 |
  "$bin/gdm-recon" fbp -q - -o fbp --filter hann >piped.json
for id in head0001 head0002 head0003; do [ -s fbp/${id}_fbp.nii.gz ] && [ -s fbp/${id}_fbp.json ] || fail "no fbp of $id"; done
grep -q '"fbp": "fbp/head0001_fbp.nii.gz"' piped.json || fail "the piped manifest is not relative to the working folder"
grep -q '"fbp": "head0001_fbp.nii.gz"' fbp/manifest.json || fail "the manifest is not relative to its own folder"
grep -q '"mask": "../pairs/head0001_mask.nii.gz"' fbp/manifest.json || fail "the mask was lost"
grep -q '"simulated": true' fbp/manifest.json || fail "meta was lost"
header() {  # shape, type and spacing (bytes 40 to 107), transform codes, quaternion and sform (252 to 327)
  gzip -dc "$1" >raw.nii
  dd if=raw.nii bs=1 skip=40 count=68 status=none
  dd if=raw.nii bs=1 skip=252 count=76 status=none
}
header fbp/head0001_fbp.nii.gz >fbp.header
header pairs/head0001_ct.nii.gz >ct.header
cmp fbp.header ct.header || fail "the grid or type of the reconstruction differs from the CT"

# Overwriting is refused before anything is computed, and allowed with --force.
expect 1 "$bin/gdm-recon" fbp sinograms/manifest.json -o fbp
expect 0 "$bin/gdm-recon" fbp -q sinograms/manifest.json -o fbp --force
rm fbp/manifest.json
before=$(cat fbp/*.nii.gz | cksum)
expect 1 "$bin/gdm-recon" fbp sinograms/manifest.json -o fbp --filter ram-lak
[ "$before" = "$(cat fbp/*.nii.gz | cksum)" ] && [ ! -e fbp/manifest.json ] || fail "a refused run changed its outputs"

# Shards cut the cases into parts that together are the whole.
for i in 1 2; do expect 0 "$bin/gdm-recon" fbp -q sinograms/manifest.json -o parts --shard $i/2; done
[ "$(ls parts/*_fbp.nii.gz | wc -l)" = 3 ] && [ -s parts/manifest-1-of-2.json ] && [ -s parts/manifest-2-of-2.json ] || fail "shards"
slurm() {  # slurm ID MIN MAX COUNT SHARD: part of a batch as a task of that array
  env SLURM_ARRAY_TASK_ID=$1 SLURM_ARRAY_TASK_MIN=$2 SLURM_ARRAY_TASK_MAX=$3 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=$4 \
    "$bin/gdm-recon" fbp -q sinograms/manifest.json -o slurm --shard "$5"
}
expect 2 slurm 2 2 2 1 auto
expect 2 slurm 1 1 3 2 auto
expect 2 slurm 3 1 3 2 auto
expect 2 slurm 0 0 2 3 auto/3
[ ! -e slurm ] || fail "a refused array made something"
expect 0 slurm 1 1 3 3 auto
[ "$(ls slurm/*_fbp.nii.gz)" = slurm/head0001_fbp.nii.gz ] || fail "--shard auto"
expect 0 slurm 2 2 2 1 auto/3
[ "$(ls slurm/*_fbp.nii.gz)" = "slurm/head0001_fbp.nii.gz
slurm/head0002_fbp.nii.gz" ] && [ -s slurm/manifest-2-of-3.json ] || fail "--shard auto/3"
expect 0 "$bin/gdm-recon" fbp -q sinograms/manifest.json -o one --split val
[ "$(ls one/*_fbp.nii.gz | wc -l)" = 1 ] || fail "--split val"

# A failed case: without --keep-going nothing is made; with it the rest is, and the reason is recorded.
rm sinograms/head0002_sinogram.json
expect 1 "$bin/gdm-recon" fbp sinograms/manifest.json -o broken
grep -q 'sidecar' err.txt || fail "the missing sidecar is not named"
expect 3 "$bin/gdm-recon" fbp -q sinograms/manifest.json -o rest --keep-going
[ "$(ls rest/*_fbp.nii.gz | wc -l)" = 2 ] && [ "$(grep -c '"error"' rest/manifest.json)" = 1 ] || fail "--keep-going"
rm pairs/head0003_ct.nii.gz
expect 1 "$bin/gdm-recon" project pairs/manifest.json -o none
[ ! -e none ] || fail "a run with a missing input left a folder"

# Single volumes.
expect 0 "$bin/gdm-recon" project -q pairs/head0001_ct.nii.gz -o sino.nii.gz --views 60
expect 0 "$bin/gdm-recon" fbp -q sino.nii.gz -o volume.nii.gz
"$bin/gdm-recon" fbp -q sino.nii.gz -o - >stream.nii
gzip -dc volume.nii.gz | cmp - stream.nii || fail "the stream on stdout is not the volume"
expect 0 "$bin/gdm-recon" fbp --dry-run sino.nii.gz -o dry.nii.gz
expect 0 "$bin/gdm-recon" fbp --dry-run sinograms/manifest.json -o dry --split train
[ ! -e dry.nii.gz ] && [ ! -e dry ] || fail "--dry-run wrote something"
rm sino.json
expect 1 "$bin/gdm-recon" fbp sino.nii.gz -o volume2.nii.gz
grep -q 'sino.json is missing' err.txt && [ ! -e volume2.nii.gz ] || fail "a sinogram without sidecar"
! find . -name '.*gdm-tmp*' | found . || fail "temporary files were left"
