#!/usr/bin/env bash
# gdm-prep structures: contours become masks voxel by voxel: holes, several contours a slice, oblique and finer grids;
# names are made safe, other frames of reference and damaged files refused.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
. "$(dirname "$0")/dicom.bash"
gdm-phantom -q -o set --count 1 --shape 24 --spacing 8 --seed 3
gzip -dc set/head0001_ct.nii.gz >plain.nii
python3 - <<'P'
import struct
data = bytearray(open('plain.nii', 'rb').read())
def put(name, rows):
    struct.pack_into('<2h', data, 252, 0, 1)
    struct.pack_into('<12f', data, 280, *[value for row in rows for value in row])
    open(name, 'wb').write(data)
c, s = .8, .6  # a turn by 37 degrees
put('oblique.nii', [[2 * c, 0, -3 * s, 31], [0, -2.5, 0, -17.25], [2 * s, 0, 3 * c, 5]])
P
count() { sed -n 's/.*"inside_voxels": \([0-9]*\).*/\1/p' "${1%.nii.gz}.json"; }
for grid in plain oblique; do
  make-dicom $grid.nii $grid.dcm
  make-dicom $grid.nii $grid.rt structures=1
  for reference in $grid.dcm $grid.nii; do
    gdm-prep structures $grid.rt/structures $reference -o out.$grid --force 2>err.txt || fail "$grid: $(cat err.txt)"
    [ "$(cd out.$grid && echo *.nii.gz)" = 'Ring_a.nii.gz ring_A-2.nii.gz' ] || fail "names: $(ls out.$grid)"
    [ "$(count out.$grid/Ring_a.nii.gz)" = 504 ] || fail "ring: $(count out.$grid/Ring_a.nii.gz)"   # (100 - 16) x 6
    [ "$(count out.$grid/ring_A-2.nii.gz)" = 18 ] || fail "squares: $(count out.$grid/ring_A-2.nii.gz)"
    says 'Point: has no closed contours'
  done
done
says 'does not tell its frame of reference'
: >pipe.json
private out.plain

# Just where they were drawn: voxels 4 to 13 and 5 to 14 but 7 to 10 and 8 to 11, on slices 2 to 7.
python3 - <<'P'
import gzip
data = gzip.open('out.oblique/Ring_a.nii.gz').read()[352:]
for k in range(24):
    for j in range(24):
        for i in range(24):
            ring = 4 <= i <= 13 and 5 <= j <= 14 and not (7 <= i <= 10 and 8 <= j <= 11) and 2 <= k <= 7
            assert data[i + 24 * (j + 24 * k)] == ring, (i, j, k)
P
# Slices twice as fine take the contours of the nearest plane.
gdm-prep resample -q plain.nii -o fine.nii --spacing 8,8,4
gdm-prep structures -q plain.rt/structures fine.nii -o fine --only Ring/a
[ "$(ls fine)" = "$(printf 'Ring_a.json\nRing_a.nii.gz')" ] || fail "--only: $(ls fine)"
[ "$(count fine/Ring_a.nii.gz)" = 1008 ] || fail "fine slices: $(count fine/Ring_a.nii.gz)"

make-dicom plain.nii other.rt structures=1 frame=other
refused 1 'another frame of reference' gdm-prep structures other.rt/structures plain.dcm -o no
gdm-prep structures -q other.rt/structures plain.dcm -o any --any-frame
refused 1 "no structure 'Brain'; there are Ring_a, ring_A-2, Point" gdm-prep structures plain.rt/structures plain.nii -o no --only Brain
refused 1 'no RT Structure Set' gdm-prep structures "$(ls -d plain.dcm/* | head -1)" plain.nii -o no
refused 1 'not DICOM' gdm-prep structures plain.nii plain.nii -o no
head -c 2000 plain.rt/structures >cut
refused 1 'is cut' gdm-prep structures cut plain.nii -o no
refused 1 'exists' gdm-prep structures plain.rt/structures plain.nii -o out.plain
refused 1 'not drawn on slices' gdm-prep structures oblique.rt/structures plain.nii -o no
refused 2 'plain.dcm' gdm-prep structures plain.rt/structures plain.dcm -o plain.dcm/masks
refused 1 'not drawn on slices' gdm-prep structures oblique.rt/structures plain.nii -o no -n
refused 2 'no such file' gdm-prep structures nowhere plain.nii -o no
gdm-prep structures plain.rt/structures plain.nii -o dry -n >plan.txt 2>/dev/null
grep -q 'Ring_a.nii.gz: 12 contours' plan.txt || fail "--dry-run"
[ ! -e dry ] && [ ! -e no ] || fail "a refused or dry run left a folder"
end_of_test
