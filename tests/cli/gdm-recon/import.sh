#!/usr/bin/env bash
# gdm-recon import: raw numbers, MetaImage and NIfTI, counts and line integrals, axes in any order, chosen views, grids,
# and whatever can be wrong with files of other people.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 1 --kind head --shape 32 --spacing 6 --seed 4 -q
ct=pairs/head0001_ct.nii.gz
cat >cone.json <<'JSON'
{"kind": "cone", "source_to_isocenter_mm": 800, "source_to_detector_mm": 1000, "detector_columns": 40,
 "detector_rows": 36, "column_spacing_mm": 8, "row_spacing_mm": 8, "angles_deg": {"first": 0, "step": 15, "count": 24}}
JSON
gdm-recon project $ct -o own.nii --geometry cone.json -q
raw=(--geometry cone.json --grid $ct -q)
floats=(--shape 40,36,24 --type float32)
same() { volume-diff "$1" own.nii "${2:-0}" >diff.txt || fail "$1: $(cat diff.txt)"; }

# The same rays from raw numbers, MetaImage and NIfTI, and the same reconstruction as from their own sinogram.
tail -c +353 own.nii >own.raw
{ echo skip; cat own.raw; } >skip.raw
gdm-recon import own.raw "${floats[@]}" "${raw[@]}" -o raw.nii && same raw.nii
gdm-recon import skip.raw "${floats[@]}" --skip 5 "${raw[@]}" -o skip.nii && same skip.nii
{ printf 'ObjectType = Image\nNDims = 3\nBinaryData = True\nDimSize = 40 36 24\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n'; cat own.raw; } >own.mha
gdm-recon import own.mha "${raw[@]}" -o mha.nii && same mha.nii
gdm-recon import own.nii "${raw[@]}" -o again.nii && same again.nii
sed 's/"detector_columns": 40/"detector_columns": 24/; s/"count": 24/"count": 40/' cone.json >turned-cone.json
gdm-recon import own.nii --axes view,v,u --geometry turned-cone.json --grid $ct -q -o turned.nii
gdm-recon fdk own.nii -o own_fdk.nii -q
gdm-recon fdk raw.nii -o raw_fdk.nii -q
volume-diff own_fdk.nii raw_fdk.nii 0 >diff.txt || fail "another reconstruction: $(cat diff.txt)"

# Axes and views: backwards twice is forwards; other orders by a program that knows nothing of gdm.
gdm-recon import own.nii "${raw[@]}" --axes=-u,v,-view -o back.nii
gdm-recon import back.nii "${raw[@]}" --axes=-u,v,-view -o forth.nii && same forth.nii
python3 - <<'PY'
import array
rays = array.array("f", open("own.raw", "rb").read())
u, v, views = 40, 36, 24
counts = array.array("H", (0 for _ in rays))
import math
for n in range(views):
    for y in range(v):
        for x in range(u):  # the file: view fastest, then rows from the last, then columns
            counts[n + views * ((v - 1 - y) + v * x)] = round(60000 * math.exp(-rays[x + u * (y + v * n)])) + 100
counts.byteswap()
open("counts.raw", "wb").write(counts.tobytes())
counts[7] = 65535
open("sat.raw", "wb").write(counts.tobytes())
flat = array.array("H", [60100] * (u * v))
flat.byteswap()
open("flat.raw", "wb").write(flat.tobytes())
bad = array.array("f", rays)
bad[5] = float("nan")
bad.tofile(open("nan.raw", "wb"))
PY
counts=(counts.raw --shape 24,36,40 --type uint16 --big-endian --axes=view,-v,u --counts)
gdm-recon import "${counts[@]}" --flat 60100 --dark 100 "${raw[@]}" -o counts.nii && same counts.nii 0.02
value() { sed -nE "s/^ *\"$1\": ([^,]*),?$/\\1/p" "$2" | head -n 1; }
[ "$(value photons counts.json)" = 60000.0 ] || fail "I0 is $(value photons counts.json)"
gdm-recon import own.raw "${floats[@]}" --views 0:2:22 "${raw[@]}" -o half.nii
[ "$(value views half.json)" = 12 ] || fail "--views"
gdm-recon import "${counts[@]}" --flat flat.raw --dark 100 "${raw[@]}" -o flat.nii
volume-diff flat.nii counts.nii 0 >diff.txt || fail "a flat field from a file: $(cat diff.txt)"
refused 1 'I0 is zero' gdm-recon import own.nii --counts --flat own.nii "${raw[@]}" -o x.nii  # behind the object
refused 1 'holds 24 x 36 detector elements, the sinogram 40 x 36' gdm-recon import own.nii --counts --flat turned.nii "${raw[@]}" -o x.nii

# Grids: of the field of view, of voxels, of sizes.
gdm-recon import own.nii --geometry cone.json -q -o field.nii
gdm-recon fdk field.nii -o field_fdk.nii -q
gdm-prep info field_fdk.nii | found 'voxels of 6.4 x 6.4 x 6.4 mm' || fail "no recommended grid"
gdm-recon import own.nii --geometry cone.json --spacing 5 --size 20,22,8 -q -o small.nii
gdm-recon fdk small.nii -o small_fdk.nii -q
gdm-prep info small_fdk.nii | found '20 x 22 x 8 voxels of 5 x 5 x 5 mm' || fail "--size"

# Warnings with their shares.
warned() {  # warned TEXT arguments...
  local text=$1
  shift
  gdm-recon import "$@" --geometry cone.json -o warned.nii --force 2>err.txt
  grep -Eq -- "$text" err.txt || fail "no '$text': $(cat err.txt)"
}
warned 'counts \(.* %\) are zero' "${counts[@]}" --flat 60100 --dark 6000
warned 'counts \(.* %\) are saturated' sat.raw "${counts[@]:1}" --flat 60100
warned 'no line integrals; --counts' counts.raw --shape 24,36,40 --type uint16 --axes=view,-v,u
sed 's/"step": 15/"step": 0.26/' cone.json >radians.json
gdm-recon import own.nii --geometry radians.json -o turn.nii 2>&1 | found 'looks like radians' || fail "no word of radians"

sed 's/"detector_columns": 40/"detector_columns": 80/' cone.json >wide.json
sed 's/"angles_deg".*/"x": 1}/' cone.json >no-angles.json
refuse() { local code=$1 text=$2; shift 2; refused "$code" "$text" gdm-recon import "$@" -o x.nii; }
refuse 1 'holds 40 columns, 24 rows and 36 views, and the scan of cone.json has 40, 36 and 24' own.raw --shape 40,24,36 --type float32 --geometry cone.json
refuse 1 'holds 138240 bytes' own.raw --shape 40,36,23 --type float32 --geometry cone.json
refuse 1 'are NaN' nan.raw "${floats[@]}" --geometry cone.json
refuse 1 'are negative' own.raw --shape 80,36,24 --type int16 --axes u,v,view --counts --flat 5 --geometry wide.json
refuse 1 'I0 is zero' "${counts[@]}" --flat 0 --geometry cone.json
refuse 1 'I0 is zero' "${counts[@]}" --flat 100 --dark 100 --geometry cone.json
refuse 2 'needs --flat' "${counts[@]}" --geometry cone.json
refuse 2 'belong to --counts' own.nii --flat 3 --geometry cone.json
refuse 2 'are for raw numbers' own.nii --type uint8 --geometry cone.json
refuse 2 'need --shape and --type' own.raw --geometry cone.json
refuse 2 'no order of u, v and view' own.nii --axes u,v,v --geometry cone.json
refuse 2 'geometry' own.nii
refuse 1 'there is no view 24' own.nii --views 0:24 --geometry cone.json
refuse 2 'do not go together' own.nii --geometry cone.json --grid $ct --spacing 2
refuse 1 'No such file' missing.raw "${floats[@]}" --geometry cone.json
refuse 1 "lacks 'angles_deg'" own.nii --geometry no-angles.json
head -c 400 own.mha >cut.mha
refuse 1 'holds 400 bytes' cut.mha --geometry cone.json
refused 2 'stdout' gdm-recon import own.nii --geometry cone.json -o -
refused 2 'cannot be its output' gdm-recon import own.nii --geometry cone.json -o own.nii --force
[ ! -e x.nii ] || fail "a refused command wrote something"

# One row on one slice of water, and its neighbours: rays above and below the middle of a row see the same slice.
python3 - <<'PY'
import math, struct
def scan(name, rows):
    columns, views, spacing, radius, mu = 48, 60, 4.0, 60.0, 0.0192
    values = []
    for view in range(views):
        for row in range(rows):
            for u in range(columns):
                s = (u - (columns - 1) / 2) * spacing
                values.append(mu * 2 * math.sqrt(max(0.0, radius * radius - s * s)))
    open(f"{name}.raw", "wb").write(struct.pack(f"<{len(values)}f", *values))
    open(f"{name}-scan.json", "w").write(f'{{"kind": "parallel", "detector_columns": {columns}, "detector_rows": {rows}, '
                                    f'"column_spacing_mm": {spacing}, "row_spacing_mm": {spacing}, '
                                    f'"angles_deg": {{"first": 0, "step": 3, "count": {views}}}}}')
scan("row", 1)
scan("rows", 3)
PY
for name in row rows; do
  rows=1
  [ $name = row ] || rows=3
  gdm-recon import $name.raw --shape 48,$rows,60 --type float32 --geometry $name-scan.json --mu-water 0.0192 -o $name.nii -q
  for method in fbp "iterative --method os-sart" "iterative --method tv"; do
    # shellcheck disable=SC2086
    gdm-recon $method $name.nii -o water.nii -q --force
    python3 - "$method" <<'PY' || fail "water of $name by $method"
import struct, sys
data = open("water.nii", "rb").read()
ni, nj, nk = struct.unpack_from("<3h", data, 42)
voxels = struct.unpack_from(f"<{ni * nj * nk}h", data, int(struct.unpack_from("<f", data, 108)[0]))
for k in range(nk):
    inside = [voxels[i + ni * (j + nj * k)] for i in range(ni // 2 - 6, ni // 2 + 6) for j in range(nj // 2 - 6, nj // 2 + 6)]
    mean = sum(inside) / len(inside)
    if abs(mean) > 10:
        sys.exit(f"{sys.argv[1]}: slice {k} has {mean:.1f} HU")
PY
  done
done

# A grid that is smaller than the object.
gdm-recon import row.raw --shape 48,1,60 --type float32 --geometry row-scan.json --spacing 4 --size 12,12,1 -o roi.nii -q
gdm-recon iterative roi.nii -o x-roi.nii 2>&1 | found 'roi.nii: .* lies beside the grid' || fail "no word of a grid that is too small"

# The sidecar of another sinogram, a detector that saturates below I0, and line integrals with the other sign.
gdm-recon project $ct -o other.nii --geometry cone.json --photons 1e4 -q
cp own.nii foreign.nii && cp other.json foreign.json
gzip -c own.nii >packed.nii.gz && cp own.json packed.json
gdm-recon fdk packed.nii.gz -o packed_fdk.nii 2>err.txt
[ ! -s err.txt ] || fail "the same values, packed: $(cat err.txt)"
gdm-recon fdk foreign.nii -o foreign_fdk.nii 2>&1 | found 'holds other values than its sidecar' || fail "a foreign sidecar"
python3 -c 'import struct
counts = [min(16383, 9000 + 37 * (n % 700)) for n in range(40 * 36 * 24)]
open("adc.raw", "wb").write(struct.pack(f"<{len(counts)}H", *counts))
open("minus.raw", "wb").write(struct.pack("<34560f", *[-0.001 * (n % 999) for n in range(34560)]))'
gdm-recon import adc.raw --shape 40,36,24 --type uint16 --counts --flat 50000 --geometry cone.json -o adc.nii 2>err.txt
grep -q '16383, the largest count, which is far from I0' err.txt || fail "saturation: $(cat err.txt)"
gdm-recon import minus.raw --shape 40,36,24 --type float32 --geometry cone.json -o minus.nii 2>&1 | found 'is their sign the other one' || fail "the sign"
refused 2 "flat: '-3' is no number of counts" gdm-recon import adc.raw --shape 40,36,24 --type uint16 --counts --flat -3 --geometry cone.json -o y.nii
