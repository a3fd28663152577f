#!/usr/bin/env bash
# gdm-prep dicom: series as scanners and archives leave them come back as the volume that they were made from, at its
# place in the patient, or are refused with the reason.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
. "$(dirname "$0")/dicom.bash"
gdm-phantom -q -o set --count 1 --shape 24 --spacing 8 --seed 3
ct=set/head0001_ct.nii.gz mr=set/head0001_mr.nii.gz
P() { echo "$1"/p*/"$2"; }

# Names tell nothing of the order; CT and MR of one patient are one case.
make-dicom $ct both/a
make-dicom $mr both/b modality=MR signed=0
echo text >both/notes.txt
made both out
says '1 not DICOM'
equal "$(P out ct.nii.gz)" $ct
equal "$(P out mr.nii.gz)" $mr
gdm-prep info --check -q out/manifest.json >info.txt || fail "not good: $(cat info.txt)"
grep -q '"mr": "p[0-9a-f]*/mr.nii.gz"' out/manifest.json || fail "no input: $(cat out/manifest.json)"
grep -q '"target": "out/p[0-9a-f]*/ct.nii.gz"' pipe.json || fail "no manifest on stdout: $(cat pipe.json)"
private out
# The same salt gives the same names, another salt others, and none new ones each time.
made both again
[ "$(ls out)" = "$(ls again)" ] || fail "names change with the same salt"
echo other >other.key
gdm-prep dicom both -o third --id-salt other.key -q >/dev/null
gdm-prep dicom both -o fourth >/dev/null 2>err.txt && says 'drawn anew'
[ "$(ls out third fourth | grep -c ^p)" = 3 ] && [ "$(ls out third fourth | grep ^p | sort -u | wc -l)" = 3 ] || fail "names: $(ls out third fourth)"
# What the names stand for is written on request alone.
made both mapped --id-map map.json
grep -q '"hospital-4711"' map.json && grep -q notes.txt map.json || fail "the map: $(cat map.json)"
private mapped
refused 1 'manifest.json: exists' gdm-prep dicom both -o out --id-salt salt.key -q
refused 1 'map.json: exists' gdm-prep dicom both -o fifth --id-salt salt.key -q --id-map map.json
[ ! -e fifth ] || fail "something was written"
gdm-prep dicom both -o fifth --id-salt salt.key -n 2>err.txt >plan.txt
found -E 'CT, 24 images\) -> fifth/p[0-9a-f]{12}/ct.nii.gz: 24 x 24 x 24 voxels of 8 x 8 x 8 mm' <plan.txt || fail "plan: $(cat plan.txt)"
[ ! -e fifth ] || fail "a dry run has written"

# Oblique and flipped grids; noise of 1e-5 mm.
python3 - $ct <<'P'
import gzip, struct, sys
data = bytearray(gzip.open(sys.argv[1]).read())
def put(name, rows):
    struct.pack_into('<2h', data, 252, 0, 1)
    struct.pack_into('<12f', data, 280, *[value for row in rows for value in row])
    open(name, 'wb').write(data)
put('flipped.nii', [[0, 0, 2.5, 10], [-3, 0, 0, 20], [0, -2, 0, 30]])
# The second axis is made perpendicular to the first, and the third to both.
import math
a = [-1.9, .3, .55]; b = [.4, 1.8, .65]
dot = lambda x, y: sum(p * q for p, q in zip(x, y))
b = [y - dot(a, b) / dot(a, a) * x for x, y in zip(a, b)]
c = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
c = [1.2 * x / math.sqrt(dot(c, c)) for x in c]
put('oblique.nii', [[a[r], b[r], c[r], (31, -17.25, 5)[r]] for r in range(3)])
P
for grid in oblique flipped; do
  make-dicom $grid.nii $grid.dcm noise=1e-5
  made $grid.dcm $grid.out
  equal "$(P $grid.out ct.nii.gz)" $grid.nii
done

# How values are stored: unsigned 12 bits, signed 12 bits, a slope for each slice, padding, compression.
make-dicom $ct stored/12u signed=0 bits=12 intercept=-1024
made stored/12u 12u && equal "$(P 12u ct.nii.gz)" $ct
make-dicom $ct stored/12s bits=12
make-dicom $ct stored/implicit implicit=1
made stored/implicit implicit && equal "$(P implicit ct.nii.gz)" $ct
made stored/12s 12s && equal "$(P 12s ct.nii.gz)" $ct
make-dicom $mr stored/slopes modality=MR slope=0.25 slope-step=0.125 signed=0
made stored/slopes slopes && equal "$(P slopes mr.nii.gz)" $mr 2
for value in -2000 -3024 -32768; do
  make-dicom $ct stored/padding$value padding=$value
  made stored/padding$value padding$value
  equal "$(P padding$value ct.nii.gz)" $ct 1024
  says '24 voxels are padding and became air'
  grep -q '"padding_voxels": 24,' "$(P padding$value ct.json)" || fail "padding is not counted"
done
for syntax in jpeg-ls jpeg-2000 jpeg rle; do
  make-dicom $ct stored/$syntax syntax=$syntax
  made stored/$syntax $syntax && equal "$(P $syntax ct.nii.gz)" $ct
done

# Several volumes in a series, and frames in a file.
make-dicom $mr several modality=MR echoes=2 times=2
made several several.out
[ "$(ls several.out/p*/mr?.nii.gz | wc -l)" = 4 ] || fail "echoes and times: $(ls several.out/p*)"
equal "$(P several.out mr1.nii.gz)" $mr
grep -q '"echo time": "20"' "$(P several.out mr1.json)" || fail "the part is not told: $(cat several.out/p*/mr1.json)"
make-dicom $ct acquisitions acquisitions=3
made acquisitions acquisitions.out
equal "$(P acquisitions.out ct.nii.gz)" $ct
make-dicom $ct frames frames=1
made frames frames.out && equal "$(P frames.out ct.nii.gz)" $ct
make-dicom $mr mrframes frames=1 modality=MR echoes=2 slope=0.5
made mrframes mrframes.out && equal "$(P mrframes.out mr1.nii.gz)" $mr 1
[ "$(ls mrframes.out/p*/mr?.nii.gz | wc -l)" = 2 ] || fail "echoes of an enhanced MR"
make-dicom $ct twoct series=1 && make-dicom $ct twoct series=2 && make-dicom $mr twoct modality=MR
made twoct twoct.out
found -c '"id": "p[0-9a-f]*-ct[12]"' twoct.out/manifest.json >/dev/null || fail "two CTs: $(cat twoct.out/manifest.json)"
[ "$(grep -c '"mr":' twoct.out/manifest.json)" = 2 ] || fail "each CT has the MR"

# Tilt: kept, or resampled to axes at right angles.
make-dicom $ct tilt tilt=12
made tilt kept --keep-tilt
says 'slices lean by 12 degrees'
gdm-prep info "$(P kept ct.nii.gz)" >info.txt 2>&1 && grep -q 'right angles\|shear' info.txt || fail "the kept tilt is no shear: $(cat info.txt)"
made tilt straight
gdm-prep info "$(P straight ct.nii.gz)" >info.txt 2>&1
! grep -q shear info.txt && grep -q '24 x 29 x 24' info.txt || fail "the tilt stays: $(cat info.txt)"
grep -q '"tilt": "resampled"' "$(P straight ct.json)" || fail "the sidecar does not tell of the tilt"

# Gaps, doubled slices, uneven spacing: the reason with the place, or what was asked for.
make-dicom $ct gap drop=7
refused 1 'slices are missing (they are 8 mm apart): 1 between' gdm-prep dicom gap -o gap.out --id-salt salt.key -q
[ ! -e gap.out ] || fail "something was written"
made gap gap.out --resample-gaps
says '1 slices are interpolated'
equal "$(P gap.out ct.nii.gz)" $ct 2500
[ "$(grep -o 'mean [0-9.]*' diff.txt | cut -c6- | awk '{print ($1 < 30)}')" = 1 ] || fail "the gap is badly filled: $(cat diff.txt)"
make-dicom $ct uneven move=9:2.5
refused 1 'unevenly spaced: most are 8 mm apart, but' gdm-prep dicom uneven -o uneven.out --id-salt salt.key -q
made uneven uneven.out --resample-gaps
make-dicom $ct slide slide=9:2.5
refused 1 'slices slide sideways' gdm-prep dicom slide -o slide.out --id-salt salt.key -q
make-dicom $ct double double=4
made double double.out
says '1 slices were there twice'
equal "$(P double.out ct.nii.gz)" $ct
make-dicom $ct differ double=4 differ=1
refused 1 'several slices lie at one place: 2 at .*; they differ' gdm-prep dicom differ -o differ.out --id-salt salt.key -q

# What is no volume is counted; what should be one and is not ends the run, or with --keep-going is left out.
make-dicom $ct other/scout localiser=1 series=7
make-dicom $ct other/capture capture=1 series=8
refused 1 'no series of CT or MR images' gdm-prep dicom other -o none --id-salt salt.key -q
mkdir empty
refused 1 'no series of CT or MR images makes a volume: 0 files' gdm-prep dicom empty -o none --id-salt salt.key -q
refused 2 'no such folder' gdm-prep dicom absent -o none --id-salt salt.key -q
make-dicom $ct other/good
made other other.out
says '24 localisers' && says '24 secondary captures'
make-dicom $ct cut cut=5 series=3
make-dicom $ct cut/good
refused 1 'cut or damaged' gdm-prep dicom cut -o cut.out --id-salt salt.key -q
for syntax in jpeg-ls jpeg-2000 jpeg rle; do
  make-dicom $ct cut$syntax cut=5 syntax=$syntax
  refused 1 'cut or damaged' gdm-prep dicom cut$syntax -o cut.out --id-salt salt.key -q
done
make-dicom $ct cutframes frames=1 && truncate -s -700 cutframes/*
refused 1 'cut or damaged' gdm-prep dicom cutframes -o cut.out --id-salt salt.key -q
make-dicom $ct cutheader && gdm-prep dicom cutheader -o whole.out -q --id-salt salt.key >/dev/null
bytes=140
for file in cutheader/*; do truncate -s $bytes "$file"; bytes=$((bytes + 37)); done
refused 1 '24 files are empty, cut or damaged' gdm-prep dicom cutheader -o cut.out --id-salt salt.key -q
make-dicom $ct cutmacro frames=1
for bytes in 900 1500 4000 9000; do
  truncate -s $((10000 - bytes)) cutmacro/*
  refused 1 'cut or damaged' gdm-prep dicom cutmacro -o cut.out --id-salt salt.key -q
done
code=0; gdm-prep dicom cut -o cut.out --id-salt salt.key --keep-going >pipe.json 2>err.txt || code=$?
[ $code = 3 ] || fail "exit $code with --keep-going"
says '1 files are empty, cut or damaged' && says 'slices are missing'
equal "$(P cut.out ct.nii.gz)" $ct
private cut.out
make-dicom $ct cutend cut=23
code=0; gdm-prep dicom cutend -o cutend.out --id-salt salt.key --keep-going >pipe.json 2>err.txt || code=$?
[ $code = 3 ] && says '1 more files of this series are cut, so that slices may be missing'
# An empty file may have been an image, as names tell nothing; a hidden one is nobody's.
make-dicom $ct emptied && touch emptied/.hidden
made emptied emptied.out
truncate -s 0 "$(find emptied -type f -not -name '.*' | sort | tail -n 1)"
refused 1 'empty, cut or damaged' gdm-prep dicom emptied -o none --id-salt salt.key -q
# Messages hold no name of what lies below the folder.
make-dicom $ct links && ln -s nowhere links/Secret_Name
made links links.out && says 'links: 1 entries are passed over' && private links.out
# Which file cannot be decoded stands in the map, which names patients. One of a run that wrote no volume is replaced.
mkdir empty2
make-dicom $ct corrupt syntax=jpeg-ls
file=$(find corrupt -type f | sort | sed -n 5p)
head -c 300 /dev/zero | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 700)) conv=notrunc status=none
refused 1 'decoded\|damaged' gdm-prep dicom corrupt -o none --id-salt salt.key -q --id-map broken.json
grep -q "$file" broken.json || fail "the map does not tell which file: $(cat broken.json)"
[ "$(stat -c %a broken.json)" = 600 ] || fail "others can read the map"
rm -rf none
refused 1 'broken.json: exists' gdm-prep dicom links -o none --id-salt salt.key -q --id-map broken.json  # volumes may be there
refused 1 'no series' gdm-prep dicom empty2 -o none --id-salt salt.key -q --id-map none.json
grep -q unfinished none.json || fail "the map of a run that made nothing"
made links none --id-map none.json
! grep -q unfinished none.json || fail "the map of a finished run"
refused 1 'none.json: exists' gdm-prep dicom links -o none2 --id-salt salt.key -q --id-map none.json
rm -r none
make-dicom $ct one && find one -type f | sort | tail -n +2 | xargs rm
refused 1 'is a single slice, expected at least two' gdm-prep dicom one -o none --id-salt salt.key -q
make-dicom $ct raw no-rescale=1
refused 1 'a CT without rescaling is not in HU' gdm-prep dicom raw -o none --id-salt salt.key -q
refused 1 'a CT without rescaling is not in HU' gdm-prep dicom raw -o none --id-salt salt.key -q --dry-run
[ ! -e none ] || fail "a refused run left a folder"
made raw raw.out --assume-hu && equal "$(P raw.out ct.nii.gz)" $ct
make-dicom $mr rawmr no-rescale=1 modality=MR
made rawmr rawmr.out && says 'states no rescaling'

# Two patients with one ID.
make-dicom $ct shared/a series=1 person=First^One
make-dicom $ct shared/b series=2 person=Second^One
refused 1 'there may be several patients' gdm-prep dicom shared -o none --id-salt salt.key -q
made shared shared.several --shared-id several
[ "$(ls -d shared.several/p* | wc -l)" = 2 ] || fail "two patients are one"
made shared shared.one --shared-id one
[ "$(ls -d shared.one/p* | wc -l)" = 1 ] || fail "one patient is two"
