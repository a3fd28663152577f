#!/usr/bin/env bash
# gdm-prep register: a displaced MR comes back onto its CT, single and in sets; transforms go there and back; what does
# not fit is refused or flagged.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
. "$(dirname "$0")/dicom.bash"
gdm-phantom -q -o set --count 1 --shape 32 --spacing 7 --seed 3
ct=set/head0001_ct.nii.gz
gzip -dc set/head0001_mr.nii.gz >mr.nii
# Turned by 12 degrees about a slanted axis, half a turn about the superior axis with it, and shifted.
python3 - <<'P'
import math, struct
data = bytearray(open('mr.nii', 'rb').read())
affine = struct.unpack_from('<12f', data, 280)
rows = [list(affine[4 * r:4 * r + 4]) for r in range(3)] + [[0, 0, 0, 1]]
n = [1 / math.sqrt(3)] * 3
t = math.radians(12)
turn = [[(math.cos(t) if r == c else 0) + (1 - math.cos(t)) * n[r] * n[c] +
         math.sin(t) * (0 if r == c else (-1 if (c - r) % 3 == 1 else 1) * n[3 - r - c]) for c in range(3)] for r in range(3)]
half = [[-1, 0, 0], [0, -1, 0], [0, 0, 1]]
shift = [11, -7, 5]
def put(name, m):
    moved = [[sum(m[r][k] * rows[k][c] for k in range(3)) + (shift[r] if c == 3 else 0) for c in range(4)] for r in range(3)]
    struct.pack_into('<2h', data, 252, 0, 1)
    struct.pack_into('<12f', data, 280, *[v for row in moved for v in row])
    open(name, 'wb').write(data)
put('near.nii', turn)
put('far.nii', [[sum(half[r][k] * turn[k][c] for k in range(3)) for c in range(3)] for r in range(3)])
# ITK's file of the truth: a point of the CT's world to the place in near.nii, both LPS.
flip = [-1, -1, 1]
lps = [[flip[r] * turn[r][c] * flip[c] for c in range(3)] for r in range(3)]
open('truth.tfm', 'w').write('#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\nParameters: ' +
    ' '.join(str(v) for row in lps for v in row) + ' ' + ' '.join(str(flip[r] * shift[r]) for r in range(3)) +
    '\nFixedParameters: 0 0 0\n')
json = __import__('json')
json.dump({'gdm_manifest': 1, 'task': 'mr2ct', 'cases': [
    {'id': n, 'inputs': {'mr': n + '.nii'}, 'target': 'set/head0001_ct.nii.gz', 'mask': 'set/head0001_mask.nii.gz'}
    for n in ('near', 'far')]}, open('cases.json', 'w'))
P
# Mean absolute difference from the MR that never moved, of intensities up to about 1000: rounding of half a voxel would
# be above 20, another orientation above 100.
fits() {
  volume-diff "$1" mr.nii 4000 >diff.txt || fail "$1: $(cat diff.txt)"
  awk -v most="$2" '{ exit !($NF < most) }' diff.txt || fail "$1 does not fit: $(cat diff.txt)"
}
register() {
  local search=(--finest 7 --seed 1)
  [[ $* != *--transform* ]] || search=()
  gdm-prep register "$@" "${search[@]}" 2>err.txt || fail "register $*: $(cat err.txt)"
}

mkdir one no
register near.nii --fixed $ct -o one/near.nii.gz --transform truth.tfm
fits one/near.nii.gz 15
register cases.json -o out >pipe.json
for case in near far; do fits out/$case/mr.nii.gz 25; done
says 'of the body met'
for file in mr.tfm mr_inverse.tfm mr_overlay.png; do [ -s out/far/$file ] || fail "no $file"; done
grep -q '"mr": "out/far/mr.nii.gz"' pipe.json || fail "$(cat pipe.json)"
grep -q '"target": "set/head0001_ct.nii.gz"' pipe.json || fail "the fixed volume is another: $(cat pipe.json)"
grep -q '"fall_beside"' out/far/mr.json || fail "the sidecar lacks the figures"
# The same again, whatever the threads; and there and back by the files that were written.
register far.nii --fixed $ct -o again.nii.gz --threads 1
cmp <(gzip -dc again.nii.gz) <(gzip -dc out/far/mr.nii.gz) || fail "another result with one thread"
cmp again.tfm out/far/mr.tfm || fail "another transform with one thread"
register far.nii --fixed $ct -o given.nii.gz --transform out/far/mr.tfm
volume-diff given.nii.gz out/far/mr.nii.gz 1e-3 >diff.txt || fail "the transform's file gives another: $(cat diff.txt)"
register again.nii.gz --fixed far.nii -o back.nii.gz --transform out/far/mr_inverse.tfm
volume-diff back.nii.gz far.nii 4000 >diff.txt
awk '{ exit !($NF < 25) }' diff.txt || fail "the inverse does not lead back: $(cat diff.txt)"

# All of a case on new voxels; another volume along; affine and B-spline stay where rigid was right.
python3 -c 'import json
m = json.load(open("cases.json")); m["cases"].pop(); json.dump(m, open("near.json", "w"))'
register near.json -o spaced --spacing 6 --model affine >pipe.json
gdm-prep info --check spaced/manifest.json >/dev/null || fail "the new set is not whole"
gdm-prep info spaced/near/ct.nii.gz | grep -q 'voxels of 6 x 6 x 6' || fail "--spacing"
register near.nii --fixed $ct -o bent.nii.gz --model bspline --control 60
fits bent.nii.gz 30
[ ! -e bent_inverse.tfm ] && grep -q BSplineTransform bent.tfm || fail "files of a B-spline"
register near.nii --fixed $ct -o bent2.nii.gz --transform bent.tfm
volume-diff bent2.nii.gz bent.nii.gz 1e-2 >diff.txt || fail "the B-spline's file gives another: $(cat diff.txt)"

# From DICOM to a registered pair with a mask and a split, in one pipe.
make-dicom near.nii export modality=MR
make-dicom $ct export modality=CT intercept=-1024 signed=0
gdm-prep dicom export -o nifti --id-salt salt.key -q | gdm-prep register - -o pairs --finest 7 --seed 1 -q |
  gdm-prep mask - -o masked -q | gdm-prep split - --val 0.1 --test 0.2 -o piped.json -q
grep -q '"mr": "pairs/p[0-9a-f]*/mr.nii.gz"' piped.json && grep -q '"mask": "masked/' piped.json || fail "$(cat piped.json)"
gdm-prep info --check piped.json >/dev/null || fail "the piped set is not whole"

# From the header alone half a turn is out of reach, which the figures tell.
refused 1 'registration is doubtful' gdm-prep register far.nii --fixed $ct -o no/far.nii.gz --finest 7 --starts header
[ -s no/far_overlay.png ] || fail "no picture of the doubtful one"
gdm-prep register far.nii --fixed $ct -o taken.nii.gz --finest 7 --starts header --accept-doubtful 2>err.txt
says 'doubtful'
refused 2 'needs --fixed FILE' gdm-prep register near.nii -o no.nii.gz
refused 2 'names of files' gdm-prep register - --fixed $ct -o no.nii.gz
refused 1 "no volume 'ct'; there are mr, target, mask" gdm-prep register cases.json -o no --fixed ct
refused 2 'name one volume' gdm-prep register cases.json -o no --moving target
refused 1 'no text file of ITK' gdm-prep register near.nii --fixed $ct -o no.nii.gz --transform cases.json
refused 2 'no such file' gdm-prep register near.nii --fixed $ct -o no.nii.gz --transform nowhere.tfm
sed 's/AffineTransform_double_3_3/NoTransform_double_3_3/' truth.tfm >unknown.tfm
refused 1 'no transform of three dimensions' gdm-prep register near.nii --fixed $ct -o no.nii.gz --transform unknown.tfm
sed 's/^Parameters:.*/Parameters: 0 0 0 0 0 0 0 0 0 0 0 0/' truth.tfm >flat.tfm
refused 1 'singular' gdm-prep register near.nii --fixed $ct -o no.nii.gz --transform flat.tfm
# Fewer numbers than the transform has: ITK reads beyond them.
printf '#Insight Transform File V1.0\n#Transform 0\nTransform: Euler3DTransform_double_3_3\nParameters: 0 0\nFixedParameters: 0 0 0 0\n' >short.tfm
refused 1 'has 2 parameters, expected 6' gdm-prep register near.nii --fixed $ct -o no.nii.gz --transform short.tfm
sed 's/Parameters: 0 0$/Parameters: 0 0 nan 0 0 0/' short.tfm >nan.tfm
refused 1 'line 4: .nan. is not a finite number' gdm-prep register near.nii --fixed $ct -o no.nii.gz --transform nan.tfm -n
refused 1 'exists' gdm-prep register near.nii --fixed $ct -o one/near.nii.gz --transform truth.tfm
# --force never replaces what is read, which may lie where another output would be.
cp truth.tfm s_inverse.tfm
refused 2 's_inverse.tfm' gdm-prep register near.nii --fixed $ct -o s.nii.gz --transform s_inverse.tfm -f
mkdir -p written/near
for file in mr.tfm mr_inverse.tfm; do
  cp truth.tfm written/near/$file
  refused 2 "$file: is read by this run" gdm-prep register cases.json -o written --transform written/near/$file -f
  refused 2 "$file: is read by this run" gdm-prep register cases.json -o written --transform written/near/$file --resume
  cmp truth.tfm written/near/$file || fail "--transform was written over"
done
refused 2 'excludes' gdm-prep register near.nii --fixed $ct -o no.nii.gz --transform truth.tfm --model affine
refused 2 'is of --model bspline' gdm-prep register near.nii --fixed $ct -o no.nii.gz --control 30

# What moves along is moved, on new voxels as well; roles stay what they are; labels keep their values.
python3 -c 'import json
m = json.load(open("near.json")); c = m["cases"][0]
c["inputs"] = {"mr": "set/head0001_mr.nii.gz", "labels": "set/head0001_mask.nii.gz"}; json.dump(m, open("along.json", "w"))'
given() { gdm-prep register along.json --transform truth.tfm -q "$@" >pipe.json || fail "register $*"; }
given -o both --moving mr --along mask --spacing 7
gdm-prep register set/head0001_mask.nii.gz --fixed $ct --transform truth.tfm -o mask.nii.gz --kind mask -q
volume-diff both/near/mask.nii.gz mask.nii.gz >diff.txt || fail "the mask did not move along: $(cat diff.txt)"
given -o turned --moving target --fixed mr
grep -q '"target": "turned/near/ct.nii.gz"' pipe.json && ! grep -q '"target": {' pipe.json || fail "$(cat pipe.json)"
# Roles name volumes as well as names do, those of the fixed and of others along too.
given -o roles --moving inputs.mr --along mask --along inputs.labels --spacing 7
for name in mr mask; do cmp roles/near/$name.nii.gz both/near/$name.nii.gz || fail "$name by its role is another"; done
given -o turned-roles --moving target --fixed inputs.mr --spacing 7
for name in mr ct labels; do [ -s turned-roles/near/$name.nii.gz ] || fail "no $name on the grid of inputs.mr"; done
refused 2 'name one volume' gdm-prep register along.json -o no --fixed inputs.mr --moving mr
refused 1 "no volume 'inputs.ct'; there are labels, mr, target, mask" gdm-prep register along.json -o no --moving inputs.ct
gdm-prep register near.json -o alone --fixed inputs.mr --transform truth.tfm -n 2>err.txt && fail "the fixed volume moves"
says 'no input that could be registered'
given -o labels --moving labels
gdm-prep info labels/near/labels.nii.gz | found 'stored *uint8' || fail "labels were interpolated"
# Voxels that are not finite are left out of the search.
python3 -c 'import struct
data = bytearray(open("near.nii", "rb").read()); n = (len(data) - 352) // 2
v = [float(x) for x in struct.unpack_from("<%dh" % n, data, 352)]
v[20000] = v[5] = float("nan"); struct.pack_into("<2h", data, 70, 16, 32)
open("nan.nii", "wb").write(data[:352] + struct.pack("<%df" % n, *v))'
register nan.nii --fixed $ct -o nan_moved.nii --starts header
says 'are not finite'
[ "$(head -c 4 nan_moved_overlay.png | tail -c 3)" = PNG ] || fail "no picture of a volume that is not finite everywhere"
refused 1 'must be coarser' gdm-prep register near.nii --fixed $ct -o no.nii --finest 0.2
# Outside its field MR has its own least value, also where that is negative; only CT has air.
python3 -c 'import array
d = bytearray(open("near.nii", "rb").read()); v = array.array("h", bytes(d[352:]))
open("below.nii", "wb").write(bytes(d[:352]) + array.array("h", [x - 600 for x in v]).tobytes())'
register below.nii --fixed $ct -o below_moved.nii --transform truth.tfm
gdm-prep info below_moved.nii | found 'values *-600 to' || fail "outside: $(gdm-prep info below_moved.nii)"
gdm-prep resample -q near.nii -o thin.nii --spacing 7,7,224
refused 1 'thick along one axis' gdm-prep register thin.nii --fixed $ct -o no.nii --finest 7
gdm-prep register cases.json -o gone --moving mr --keep-going -n >/dev/null 2>&1 || fail "a good plan exits with an error"
mv far.nii away.nii
code=0; gdm-prep register cases.json -o gone --keep-going -n >plan.txt 2>err.txt || code=$?
[ $code = 3 ] && says 'far.nii' || fail "a dry run hides what is missing: $code"
end_of_test
