#!/usr/bin/env bash
# Files as other programs leave them: JSON beside volumes, zeros after gzip data, headers that do not say how a volume
# lies, pages and pointers in place of volumes, volumes in place of manifests and in place of manifests on a pipe.
set -euo pipefail
. "$(dirname "$0")/../nifti.bash"
. "$(dirname "$0")/../scratch.bash"

said() { grep -q -- "$1" err.txt || fail "stderr lacks '$1': $(cat err.txt)"; }
lines() { [ "$(wc -l <err.txt)" = "$1" ] || fail "$(wc -l <err.txt) lines instead of $1: $(cat err.txt)"; }
check() { gdm-prep info --check --progress never "$@" >out.txt 2>err.txt || fail "exit $?: $(cat err.txt)"; }
body='(i * 37 + j * 101 + k * 59) % 900 - 200'
for name in ct mr prediction; do write_nifti $name.nii 18 16 11 int16 "$body" -1000; done
write_nifti mask.nii 18 16 11 int16 1 0
cat >m.json <<'M'
{"gdm_manifest": 1, "task": "mr2ct", "cases": [
  {"id": "a", "split": "train", "inputs": {"mr": "mr.nii"}, "target": "ct.nii", "mask": "mask.nii"},
  {"id": "b", "split": "train", "inputs": {"mr": "mr.nii"}, "target": "ct.nii"}]}
M

# JSON of another program, valid or not, says nothing about the volume, which is looked at; gdm's own must be whole.
printf '{"EchoTime": 0.03}' >ct.json
printf '{"EchoTime": NaN}' >mr.json
check m.json
lines 2
said 'mr.json: not valid JSON: .*; ignored, as it is no sidecar of gdm'
[ "$(grep -c ' ok ' out.txt)" = 2 ] || fail "$(cat out.txt)"
check mr.nii -q
lines 0
grep -q '18 x 16 x 11 voxels' out.txt || fail "the volume was not looked at"
gdm-phantom -q -o heads --count 1 --shape 16
printf '{"GeneratedBy": [' >heads/head0001_ct.json
gdm-prep info --check -q heads/manifest.json >out.txt 2>err.txt && fail "a damaged sidecar of gdm passes"
said 'head0001_ct.json: not valid JSON'
rm mr.json ct.json

# Zeros after the last gzip member are no damage, another byte is.
gzip -c ct.nii >zeros.nii.gz
head -c 512 /dev/zero >>zeros.nii.gz
check zeros.nii.gz
lines 0
cp zeros.nii.gz other.nii.gz
printf x >>other.nii.gz
refused 1 'other.nii.gz: the gzip data are damaged' gdm-prep info other.nii.gz
refused 1 'the gzip data are damaged' gdm-prep info - <other.nii.gz
gdm-prep info - <zeros.nii.gz >out.txt

# What reading warns of is told for the cases of a manifest, too, once each.
cp ct.nii ct.known
printf 'more' >>ct.nii
check m.json
lines 2
said "warning: m.json:2: case 1 'a': ct.nii: 4 bytes after the last voxel are ignored"
mv ct.known ct.nii

# Both transform codes 0: one warning for a file and one for a batch.
for name in ct mr mask prediction; do
  cp $name.nii $name.known
  printf '\0\0\0\0' | dd of=$name.nii bs=1 seek=252 conv=notrunc status=none
done
check ct.nii
lines 1
said 'ct.nii: sform and qform both have code 0, so left and right are unknown'
check m.json
lines 1
said "m.json:2: case 1 'a': target: ct.nii (and of 4 other files): sform and qform both have code 0"
gdm-metrics -q --target ct.nii --prediction prediction.nii >out.txt
gdm-metrics --progress never --target ct.nii --prediction prediction.nii --mask mask.nii >out.txt 2>err.txt
lines 1
for name in ct mr mask prediction; do mv $name.known $name.nii; done

# A page or a pointer under the name of a volume, and a volume in place of a manifest.
echo '<!DOCTYPE html><html><body>Please log in</body></html>' >page.nii.gz
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n' >pointer.nii.gz
for program in 'gdm-prep info' 'gdm-recon project -o s.nii' 'gdm-metrics --prediction ct.nii --target'; do
  refused 1 'page.nii.gz: is an HTML page, expected a NIfTI volume' $program page.nii.gz
  refused 1 'pointer.nii.gz: is a git-lfs pointer (git lfs pull fetches the file)' $program pointer.nii.gz
done
gzip -c ct.nii >ct.nii.gz
for file in ct.nii ct.nii.gz; do
  refused 1 "$file: a NIfTI volume; expected a manifest: see gdm-manifest(5)" gdm-metrics $file
  refused 1 'standard input: a NIfTI volume; expected a manifest' gdm-metrics - <$file
done

# gdm-recon project takes a volume or a manifest from a pipe; a sinogram needs the file beside it.
gdm-recon project ct.nii -o file.nii --views 5
for file in ct.nii ct.nii.gz; do
  cat $file | gdm-recon project - -o pipe.nii --views 5 --force 2>err.txt
  lines 0
  volume-diff file.nii pipe.nii || fail "a volume from a pipe is projected otherwise"
done
gdm-recon project - -o none.nii --views 5 --dry-run <ct.nii 2>/dev/null
cat m.json | gdm-recon project -q - -o sinograms --views 5 >out.txt
volume-diff file.nii sinograms/a_sinogram.nii.gz || fail "a manifest from a pipe is projected otherwise"
for command in fbp; do
  refused 2 "a sinogram needs the sidecar beside it" gdm-recon $command - -o f.nii <file.nii
done
refused 1 'is empty' gdm-recon project - -o f.nii </dev/null

# A named pipe is read once.
sed 's/"mask": "mask.nii"}/"mask": "mask.nii", "prediction": "prediction.nii"}/' m.json >graded.json
mkfifo manifest.pipe
cat graded.json >manifest.pipe &
timeout 60 gdm-metrics -q manifest.pipe >out.txt || fail "a manifest from a named pipe"
wait

# One pair without a manifest is graded as a manifest of one case would be.
printf '{"gdm_manifest": 1, "task": "x", "cases": [{"id": "prediction", "target": "ct.nii", "prediction": "prediction.nii",
  "mask": "mask.nii"}]}' >one.json
gdm-metrics prediction=one.json --tsv - >manifest.tsv
gdm-metrics --target ct.nii --prediction prediction.nii --mask mask.nii --tsv - >pair.tsv
cmp manifest.tsv pair.tsv
gdm-metrics --target - --prediction prediction.nii --mask mask.nii --tsv - <ct.nii | cmp - manifest.tsv
gdm-metrics --target ct.nii --prediction - --json <prediction.nii | found '"id": "pair"' || fail "no pair from a pipe"
gdm-metrics --target ct.nii --prediction prediction.nii --json | found '"name": "ct.nii"' || fail "the target is no source"
refused 2 'go with no manifest' gdm-metrics one.json --target ct.nii --prediction prediction.nii
refused 2 'need each other' gdm-metrics --target ct.nii
refused 2 'need each other' gdm-metrics --mask mask.nii
refused 2 'read only once' gdm-metrics --target - --prediction - <ct.nii
refused 2 'html' gdm-metrics --target - --prediction ct.nii --html x.html <ct.nii
refused 2 'is read by this run' gdm-metrics --target ct.nii --prediction prediction.nii -o ct.nii --force
refused 2 'is read by this run' gdm-metrics --target ct.nii --prediction prediction.nii --tsv prediction.nii --force
