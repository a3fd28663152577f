#!/usr/bin/env bash
# gdm-prep to-dicom: a CT becomes a series of the patient, study and frame of reference that it was made for, and reads
# back as it was, on oblique and flipped grids, too.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
. "$(dirname "$0")/dicom.bash"
gdm-phantom -q -o set --count 1 --shape 24 --spacing 8 --seed 3
ct=set/head0001_ct.nii.gz mr=set/head0001_mr.nii.gz
make-dicom $mr like modality=MR
to_dicom() { gdm-prep to-dicom "$@" 2>err.txt || fail "to-dicom $*: $(cat err.txt)"; }
P() { echo "$1"/p*/"$2"; }

# Grids: as it is, oblique, with permuted and flipped axes.
python3 - $ct <<'P'
import gzip, math, struct, sys
data = bytearray(gzip.open(sys.argv[1]).read())
def put(name, rows):
    struct.pack_into('<2h', data, 252, 0, 1)
    struct.pack_into('<12f', data, 280, *[value for row in rows for value in row])
    open(name, 'wb').write(data)
put('flipped.nii', [[0, 0, 2.5, 10], [-3, 0, 0, 20], [0, -2, 0, 30]])
put('left.nii', [[0, 0, 2.5, 10], [3, 0, 0, 20], [0, -2, 0, 30]])
put('sheared.nii', [[2, 0, .5, 10], [0, 2, 0, 20], [0, 0, 2, 30]])
# The second axis is made perpendicular to the first, and the third to both.
a = [-1.9, .3, .55]
b = [.4, 1.8, .65]
dot = lambda x, y: sum(p * q for p, q in zip(x, y))
b = [y - dot(a, b) / dot(a, a) * x for x, y in zip(a, b)]
c = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
c = [1.2 * x / math.sqrt(dot(c, c)) for x in c]
put('oblique.nii', [[a[r], b[r], c[r], (31, -17.25, 5)[r]] for r in range(3)])
# World coordinates of the corners of two files, any order of axes: 1e-3 mm is asked for.
open('corners.py', 'w').write('''
import gzip, struct, sys
def corners(name):
    head = (gzip.open if name.endswith('gz') else open)(name, 'rb').read(352)
    n = struct.unpack_from('<3h', head, 42)
    s = struct.unpack_from('<12f', head, 280)
    return [[s[4*r]*i*(n[0]-1) + s[4*r+1]*j*(n[1]-1) + s[4*r+2]*k*(n[2]-1) + s[4*r+3] for r in range(3)]
            for i in (0, 1) for j in (0, 1) for k in (0, 1)]
a, b = corners(sys.argv[1]), corners(sys.argv[2])
worst = max(min(max(abs(p - q) for p, q in zip(x, y)) for y in b) for x in a)
sys.exit(f'corners are {worst} mm apart' if worst >= 1e-3 else 0)
''')
P
cp $ct plain.nii.gz && gunzip plain.nii.gz
for grid in plain oblique flipped left; do
  to_dicom $grid.nii --like like -o $grid.dcm
  [ "$(ls $grid.dcm | head -1) $(ls $grid.dcm | wc -l)" = 'CT0001.dcm 24' ] || fail "files: $(ls $grid.dcm)"
  made $grid.dcm $grid.out
  equal "$(P $grid.out ct.nii.gz)" $grid.nii
  python3 corners.py "$(P $grid.out ct.nii.gz)" $grid.nii || fail "$grid has moved"
done

# It is the same patient and study in the same frame of reference, and another series of other images.
for file in plain.dcm/CT0001.dcm plain.dcm/CT0024.dcm; do
  for kept in hospital-4711 'Secret^Name' 19480229 'DERIVED\SECONDARY' 'gdm 0' -1024 HU; do
    grep -qaF -- "$kept" $file || fail "no $kept in $file"
  done
done
like=$(ls like/* | head -1)
known=$(grep -aoE '1\.2\.826\.0\.1\.3680043\.2\.1125\.9\.[0-9]+' "$like" | sort)
of_ct=$(grep -haoE '1\.2\.826\.0\.1\.3680043\.2\.1125\.9\.[0-9]+' plain.dcm/CT0001.dcm | sort -u)
[ "$(echo "$of_ct" | wc -l)" = 2 ] || fail "study and frame of reference alone are kept: $of_ct"
for id in $of_ct; do echo "$known" | found -xF "$id" || fail "$id is not of the series"; done
# One series, an instance for each slice (it stands in a file twice, in its head as well).
[ "$(grep -haoE '2\.25\.[0-9]+' plain.dcm/* | sort -u | wc -l)" = 25 ] || fail "identifiers are not one series and 24 instances"
# The same again is the same; other voxels are another series.
to_dicom plain.nii --like like -o again.dcm
diff -r plain.dcm again.dcm || fail "the same series is another"
to_dicom oblique.nii --like like -o other.dcm
[ "$(cat plain.dcm/* other.dcm/* | grep -aoE '2\.25\.[0-9]+' | sort -u | wc -l)" = 50 ] || fail "another CT has the same identifiers"
# One patient for both, by the same salt.
mkdir all && cp like/* plain.dcm/* all
made all all.out
[ "$(ls -d all.out/p* | wc -l)" = 1 ] && [ -e "$(P all.out mr.nii.gz)" ] || fail "MR and CT are not one case"

# Fractions are rounded, what 12 bits do not hold is clamped and counted; the model's digest is told.
gdm-prep resample -q $ct --spacing 7 --kind image -o fractions.nii.gz
to_dicom fractions.nii.gz --like like -o fractions.dcm
made fractions.dcm fractions.out
equal "$(P fractions.out ct.nii.gz)" fractions.nii.gz 0.5
sed -i "s/\"details\": {/&\"network_evaluations\": 1, \"model_sha256\": \"$(printf 'a%.0s' {1..64})\",/" fractions.json
to_dicom fractions.nii.gz --like like -o told.dcm
grep -qaE 'model SHA-256 a{64}' told.dcm/CT0001.dcm || fail "the model's digest is not told"
if command -v dciodvfy >/dev/null; then
  dciodvfy plain.dcm/CT0001.dcm 2>conformance.txt || true
  grep -q '^CTImage' conformance.txt && ! grep -i '^Error' conformance.txt || fail "conformance: $(cat conformance.txt)"
else
  skip "conformance: there is no dciodvfy (dicom3tools)"
fi

# What is refused.
refused 1 'CT0001.dcm: exists' gdm-prep to-dicom plain.nii --like like -o plain.dcm
to_dicom plain.nii --like like -o plain.dcm --force
# A folder is taken for one series: slices of a longer one, or of others, must not stay in it, whatever their names.
gdm-prep resample -q $ct --spacing 8,8,16 -o short.nii.gz
cp -r plain.dcm longer.dcm
refused 1 'exists' gdm-prep to-dicom short.nii.gz --like like -o longer.dcm
refused 1 'holds 12 other DICOM files' gdm-prep to-dicom short.nii.gz --like like -o longer.dcm --force
diff -r plain.dcm longer.dcm || fail "a refused run changed slices"
mkdir foreign && cp plain.dcm/CT0003.dcm foreign/other
refused 1 'holds 1 other DICOM files' gdm-prep to-dicom plain.nii --like like -o foreign --force
[ "$(ls foreign)" = other ] || fail "a refused run left $(ls foreign)"
make-dicom $ct cut cut=5
mkdir marked && cp "$like" marked/image && touch marked/DONE
to_dicom plain.nii --like marked -o marked.dcm && says '1 files are empty or cannot be opened'
refused 1 'cut' gdm-prep to-dicom plain.nii --like cut -o no.dcm
make-dicom $mr two modality=MR person=First^One && make-dicom $mr two modality=MR person=Second^One first=100
refused 1 'several names' gdm-prep to-dicom plain.nii --like two -o no.dcm
refused 2 'printable ASCII' gdm-prep to-dicom plain.nii --like like -o no.dcm --description 'a\b'
refused 2 'printable ASCII' gdm-prep to-dicom plain.nii --like like -o no.dcm --description 'Müller'
python3 - <<'P'
import struct
data = bytearray(open('plain.nii', 'rb').read())
at = int(struct.unpack_from('<f', data, 108)[0])
open('constant.nii', 'wb').write(data[:at] + bytes(len(data) - at))
P
refused 1 'constant.nii: every voxel is' gdm-prep to-dicom constant.nii --like like -o no.dcm
refused 1 'constant.nii: every voxel is' gdm-prep mask constant.nii -o no.nii.gz
refused 1 'not at right angles' gdm-prep to-dicom sheared.nii --like like -o no.dcm
refused 1 'is not in HU' gdm-prep to-dicom $mr --like like -o no.dcm
refused 2 'no such file or folder' gdm-prep to-dicom plain.nii --like absent -o no.dcm
refused 1 'no CT or MR images in DICOM' gdm-prep to-dicom plain.nii --like set -o no.dcm
make-dicom $ct both && make-dicom $mr both modality=MR
refused 1 'there are 2 series' gdm-prep to-dicom plain.nii --like both -o no.dcm
refused 2 'would be read the next time' gdm-prep to-dicom plain.nii --like like -o like/ct
refused 2 'cannot go to stdout' gdm-prep to-dicom plain.nii --like like -o -
refused 2 'at most 64 characters' gdm-prep to-dicom plain.nii --like like -o no.dcm --description "$(printf 'x%.0s' {1..65})"
cp "$like" plain.dcm/CT0002.dcm
refused 2 'CT0002.dcm' gdm-prep to-dicom plain.nii --like plain.dcm/CT0002.dcm -o plain.dcm --force
[ ! -e no.dcm ] || fail "something was written"
python3 - far.nii <<'P'
import struct, sys
data = bytearray(open('plain.nii', 'rb').read())
struct.pack_into('<2h', data, 252, 0, 1)
for row in range(3):
    struct.pack_into('<f', data, 280 + 16 * row + 12, 5000)
open(sys.argv[1], 'wb').write(data)
P
to_dicom far.nii --like like -o far.dcm && says 'lies beside all images of --like'
end_of_test
