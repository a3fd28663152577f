#!/usr/bin/env bash
# gdm-prep resample and reorient: volumes of a case on one grid and along one order of axes, types, what lies outside,
# single volumes and pipes, batches, and what must be refused.
set -euo pipefail
. "$(dirname "$0")/../nifti.bash"
. "$(dirname "$0")/../scratch.bash" "$1"
info() { gdm-prep info "$@" 2>&1; }
has() { grep -qF -- "$1" "$2" || fail "no '$1' in $(cat "$2")"; }

# The same head at two spacings: MR, mask and labels of the one go to the CT of the other.
gdm-phantom -q -o fine --count 2 --shape 32 --spacing 6 --seed 2
gdm-phantom -q -o coarse --count 2 --shape 20 --spacing 9 --seed 2
cp fine/head0001_mask.nii.gz fine/labels.nii.gz
cat >m.json <<'M'
{"gdm_manifest": 1, "task": "mr2ct", "cases": [
  {"id": "a", "split": "train", "inputs": {"mr": "fine/head0001_mr.nii.gz", "labels": "fine/labels.nii.gz"},
   "target": "coarse/head0001_ct.nii.gz", "mask": "fine/head0001_mask.nii.gz", "meta": {"site": "x"}},
  {"id": "b", "split": "test", "inputs": {"mr": "fine/head0002_mr.nii.gz", "cbct": "fine/head0002_ct.nii.gz", "sinogram": "none.nii.gz"},
   "target": "coarse/head0002_ct.nii.gz"}]}
M
! gdm-prep info -q --check m.json >/dev/null 2>&1 || fail "the set is good before"
gdm-prep resample m.json -o out >pipe.json 2>err.txt || fail "resample: $(cat err.txt)"
has "case 'b': inputs.sinogram does not belong" err.txt
cmp -s <(gdm-prep info --check -q pipe.json | sed 1d) <(gdm-prep info --check -q out/manifest.json | sed 1d) || fail "stdout is another manifest"
gdm-prep info -q --check out/manifest.json >out.txt || fail "not good: $(cat out.txt)"
has '"site": "x"' out/manifest.json
! grep -q sinogram out/manifest.json || fail "the sinogram is still there"
for file in out/a/{mr,labels,ct,mask}.nii.gz out/b/{mr,cbct,ct}.nii.gz; do
  [ -e "$file" ] && [ -e "${file%.nii.gz}.json" ] || fail "$file or its sidecar is missing"
  info "$file" >info.txt
  has '20 x 20 x 20 voxels of 9 x 9 x 9 mm' info.txt
done
has '"interpolation": "linear, mean where coarser"' out/a/mr.json
has '"interpolation": "nearest, majority where coarser"' out/a/labels.json
has '"SpatialReference": "../../coarse/head0001_ct.nii.gz"' out/a/mr.json
volume-diff out/a/ct.nii.gz coarse/head0001_ct.nii.gz || fail "a CT on its own grid has changed"
for file in out/a/ct out/b/cbct; do info $file.nii.gz >info.txt; has int16 info.txt; done
info out/a/mr.nii.gz >info.txt && has float32 info.txt
info out/a/mask.nii.gz >info.txt && has uint8 info.txt
# The field: 180 mm lie inside 192 mm, and not the other way round.
! grep -q outside err.txt || fail "something lies outside: $(cat err.txt)"
gdm-prep resample m.json -o like --like mr --split train --fill target=-900 2>err.txt >/dev/null
has "case 'a': target: 5768 of 32768 voxels (17.6 %) lie outside its field and are set to -900" err.txt
gdm-prep resample m.json -o like --force --like mr --split train 2>err.txt >/dev/null
has 'are set to -1024' err.txt
has '"outside_voxels": 5768' like/a/ct.json

# Spacing, cubic, a label map by name; the same bytes again.
gdm-prep resample -q m.json -o iso --spacing 4.5 --interpolation cubic --labels mr >/dev/null
info iso/a/ct.nii.gz >info.txt && has '40 x 40 x 40 voxels of 4.5 x 4.5 x 4.5 mm' info.txt
info iso/a/mr.nii.gz >info.txt && has int16 info.txt
gdm-prep resample -q m.json -o aniso --spacing 9,4.5,10 --threads 1 >/dev/null
gdm-prep resample -q m.json -o again --spacing 9,4.5,10 --threads 2 >/dev/null
info aniso/a/ct.nii.gz >info.txt && has '20 x 40 x 18 voxels of 9 x 4.5 x 10 mm' info.txt
cmp aniso/a/mr.nii.gz again/a/mr.nii.gz || fail "the number of threads changes the volume"

# Reorient: each code and back is the same file; all volumes of a case; pipes.
for code in LPI SRA PIR AIL; do
  gdm-prep reorient fine/head0001_ct.nii.gz -o turned.nii.gz --force --to $code
  info turned.nii.gz >info.txt && has "$code" info.txt
  gdm-prep reorient turned.nii.gz -o back.nii.gz --force --to LAS
  volume-diff back.nii.gz fine/head0001_ct.nii.gz || fail "$code and back is not the same"
done
gdm-prep reorient - -o - --to RPS <fine/head0001_ct.nii.gz | gdm-prep reorient - -o - --to LAS | gzip >piped.nii.gz
volume-diff piped.nii.gz fine/head0001_ct.nii.gz || fail "a pipe changes voxels"
gdm-prep reorient -q out/manifest.json -o turned --to RSP --split train >/dev/null
for file in turned/a/{mr,labels,ct,mask}.nii.gz; do info "$file" >info.txt && has 'RSP' info.txt; done
gdm-prep info -q --check turned/manifest.json >/dev/null || fail "a turned set is not good"
# Resampling in another order of axes is the same as turning the result.
sed 's#coarse/head0001_ct#turned_ct#' m.json >m2.json
gdm-prep reorient -q coarse/head0001_ct.nii.gz -o turned_ct.nii.gz --to PIR
gdm-prep resample -q m2.json -o out2 --split train >/dev/null
gdm-prep reorient -q out2/a/mr.nii.gz -o back.nii.gz --force --to LAS
volume-diff back.nii.gz out/a/mr.nii.gz || fail "the order of axes changes the result"

# Integers beyond a CT's range are moved, not clamped; resampling says what it clamps.
gzip -dc fine/labels.nii.gz >near.nii
{ head -c 352 near.nii; head -c 32768 /dev/zero | tr '\0' '\5'; } >five.nii
printf '\4\0' | dd of=five.nii bs=1 seek=70 conv=notrunc status=none  # int16 of 0x0505 = 1285
printf '\20\0' | dd of=five.nii bs=1 seek=72 conv=notrunc status=none
{ cat five.nii; head -c 16384 /dev/zero; printf '%16384s' '' | tr ' ' '\177'; } >wide.nii  # 0x7f7f = 32639
gdm-prep reorient -q wide.nii -o wide2.nii --to LAS
volume-diff wide.nii wide2.nii || fail "wide integers have changed"
gdm-prep resample -q wide.nii -o wide3.nii --like fine/head0001_ct.nii.gz --kind ct
has '"clamped_voxels": 8192' wide3.json

gdm-prep resample fine/labels.nii.gz -o wide3.nii --force --like coarse/head0001_ct.nii.gz 2>err.txt
has 'holds few whole numbers in areas, as label maps do' err.txt

# One volume, a batch in parts, a failed case.
gdm-prep resample -q fine/head0001_mr.nii.gz -o one.nii.gz --like coarse/head0001_ct.nii.gz
volume-diff one.nii.gz out/a/mr.nii.gz || fail "one volume is not as in a batch"
gdm-prep resample -q fine/head0001_mask.nii.gz -o one_mask.nii.gz --spacing 12 --kind mask
info one_mask.nii.gz >info.txt && has '16 x 16 x 16' info.txt
gdm-prep resample -q - -o - --like coarse/head0001_ct.nii.gz <fine/head0001_mr.nii.gz | gzip >piped.nii.gz
volume-diff piped.nii.gz one.nii.gz || fail "a pipe is not as a file"
gdm-prep resample -q m.json -o parts --shard 2/2 >/dev/null
[ -e parts/manifest-2-of-2.json ] && [ ! -e parts/a ] && [ -e parts/b/mr.nii.gz ] || fail "--shard"
gdm-prep resample -q - -o fromstdin --spacing 20 <m.json >/dev/null || fail "a manifest on stdin"
sed 's#fine/head0001_mr#gone#' m.json >broken.json
refused 1 "case 'a': inputs.mr: gone.nii.gz: no such file" gdm-prep resample -q broken.json -o broken
[ ! -e broken ] || fail "a refused batch leaves a folder"
code=0 && gdm-prep resample -q broken.json -o broken --keep-going >/dev/null 2>err.txt || code=$?
[ $code = 3 ] && [ -e broken/b/mr.nii.gz ] && grep -q '"error"' broken/manifest.json || fail "--keep-going: $code"
gdm-prep resample m.json -o dry --dry-run >out.txt && [ ! -e dry ] && has 'dry/a -> 20 x 20 x 20' out.txt

# A CBCT of raw values is no CT in HU: nothing of it is cut off, and the user hears of it.
write_nifti raw.nii 8 8 8 int16 '500 * k + 100 * i' 0
write_nifti hu.nii 8 8 8 int16 '(i * 31 + j * 7 + k * 3) % 89 - 30' -1000
write_nifti bright.nii 8 8 8 int16 'k == 7 && i == 4 && j == 4 ? 9000 : 40' -1000
cat >raw.json <<'M'
{"gdm_manifest": 1, "task": "mr2ct", "cases": [{"id": "a", "inputs": {"cbct": "raw.nii"}, "target": "hu.nii"}]}
M
gdm-prep resample raw.json -o rawout >/dev/null 2>err.txt
grep -q 'inputs.cbct: is taken for an image of another kind, as it is not in HU' err.txt || fail "raw CBCT: $(cat err.txt)"
gdm-prep info rawout/a/cbct.nii.gz | found 'to 4000' || fail "raw CBCT is cut off: $(gdm-prep info rawout/a/cbct.nii.gz)"
gdm-prep resample bright.nii --kind ct -o bright.nii.gz --spacing 1 2>err.txt
grep -q '1 voxels lie beyond -1024 to 3071 HU and were clamped' err.txt || fail "clamped in silence: $(cat err.txt)"

# Refused: files that are read, and outputs that are there, without overlap, names.
refused 2 '--kind is for one volume' gdm-prep resample -q m.json -o x --kind ct
refused 1 'out/manifest.json: exists' gdm-prep resample -q m.json -o out
mkdir -p own/a && cp out/a/* own/a && sed 's#"fine/head0001_mr#"a/mr#; s#fine/#../fine/#; s#coarse/#../coarse/#' m.json >own/m.json
refused 2 'own/a/mr.nii.gz: is read by this run' gdm-prep resample own/m.json -o own --force --split train
refused 2 'own/a/mr.nii.gz: is read by this run' gdm-prep reorient own/m.json -o own --force --to RAS --split train
refused 2 'is read by this run' gdm-prep reorient one.nii.gz -o one.nii.gz --force --to RAS
refused 2 'is read by this run' gdm-prep resample one.nii.gz -o coarse/head0001_ct.nii.gz --force --like coarse/head0001_ct.nii.gz
sed 's/"target"/"other"/' m.json >untargeted.json
refused 1 "case 'a': has no target, whose grid the volumes go to" gdm-prep resample -q untargeted.json -o x
refused 1 "no input 'pet'; there is labels, mr" gdm-prep resample -q m.json -o x --like pet
{ head -c 292 near.nii; printf '\0\0\200\106'; tail -c +297 near.nii; } >far.nii  # 16 m to the right
refused 1 'do not overlap' gdm-prep resample -q far.nii -o x.nii.gz --like coarse/head0001_ct.nii.gz
refused 2 'a manifest needs a folder' gdm-prep resample m.json -o x.nii.gz
refused 2 'not a NIfTI name' gdm-prep reorient one.nii.gz -o x --to RAS
refused 2 'needs --like FILE' gdm-prep resample one.nii.gz -o x.nii.gz
refused 2 'makes .* voxels along axis' gdm-prep resample -q one.nii.gz -o x.nii.gz --spacing 0.005
refused 1 'none.nii.gz' gdm-prep reorient none.nii.gz -o x.nii.gz --to RAS
for code in ras RA RAA XYZ RASL ''; do refused 2 --to gdm-prep reorient one.nii.gz -o x.nii.gz --to "$code"; done
for size in 0 -1 nan 1,2 1,2,3,4 1,,2 x 1e9 1,; do refused 2 --spacing gdm-prep resample m.json -o x --spacing "$size"; done
refused 2 "no case has an input 'mri'; there are cbct, labels, mr, sinogram" gdm-prep resample m.json -o x --labels mri
refused 2 "no case has an input 'ct'" gdm-prep resample m.json -o x --fill ct=0
for fill in mr =3 mr= mr=x mr=inf; do refused 2 --fill gdm-prep resample m.json -o x --fill "$fill"; done
[ ! -e x ] && [ ! -e x.nii.gz ] || fail "something refused was written"
