#!/usr/bin/env bash
# gdm-prep n4: a gain that was multiplied in goes out again; the same with any number of threads; what has no gain is
# refused.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
. "$(dirname "$0")/dicom.bash"
gdm-phantom -q -o set --count 1 --shape 26 --spacing 5 --seed 3
gzip -dc set/head0001_mr.nii.gz >mr.nii
python3 - <<'P'
import array, math
data = bytearray(open('mr.nii', 'rb').read())
voxels = array.array('h', bytes(data[352:]))
for n, v in enumerate(voxels):  # from .67 to 1.5 along i, and half of that along k
    i, k = n % 26, n // 676
    voxels[n] = round(v * math.exp(.4 * (i - 12.5) / 12.5 + .2 * (k - 12.5) / 12.5))
open('bright.nii', 'wb').write(bytes(data[:352]) + voxels.tobytes())
P
mean() { volume-diff "$1" "$2" 9999 | awk '{ print $NF }'; }
n4() { gdm-prep n4 "$@" 2>err.txt || fail "n4 $*: $(cat err.txt)"; }
good=(--levels 2 --control 70) quick=(--levels 1 --iterations 3)
n4 mr.nii -o plain.nii.gz "${good[@]}" --mask set/head0001_mask.nii.gz
n4 bright.nii -o flat.nii.gz "${good[@]}" --mask set/head0001_mask.nii.gz --field
says 'gain from'
before=$(mean bright.nii mr.nii) after=$(mean flat.nii.gz plain.nii.gz)
awk -v b="$before" -v a="$after" 'BEGIN { exit !(a < .35 * b) }' || fail "the gain was $before and is $after still"
gdm-prep info flat_gain.nii.gz | found 'float32' || fail "no field"
for n in 1 2; do n4 bright.nii -o threads$n.nii "${quick[@]}" --threads $n; done
cmp threads1.nii threads2.nii || fail "one thread gives another field"
gzip -c bright.nii | gdm-prep n4 -q - -o - "${quick[@]}" >piped.nii
cmp threads1.nii piped.nii || fail "a pipe gives another field"

n4 set/manifest.json -o out --of mr "${quick[@]}" >pipe.json
grep -q '"mr": "out/head0001/mr.nii.gz"' pipe.json || fail "$(cat pipe.json)"
grep -q '"mask": "given"' out/head0001/mr.json || fail "the case's mask was not used"
n4 set/head0001_ct.nii.gz -o no.nii.gz "${quick[@]}" && says 'looks like CT'
refused 1 "no input 'pet'" gdm-prep n4 set/manifest.json -o no --of pet
refused 2 'of names a volume' gdm-prep n4 mr.nii -o no.nii.gz --of mr
refused 2 'mask is for one volume' gdm-prep n4 set/manifest.json -o no --mask set/head0001_mask.nii.gz
refused 1 'exists' gdm-prep n4 mr.nii -o plain.nii.gz
end_of_test
