#!/usr/bin/env bash
# Scans of every geometry through all commands of gdm-recon: project, fdk, iterative, consistency, tune; noise and what
# detectors do, absolute HU, other grids, and options that do not go together.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 2 --kind head --shape 32 --spacing 6 --seed 4 -q
python3 -c 'import json
m = json.load(open("pairs/manifest.json")); m["cases"].pop(); json.dump(m, open("pairs/first.json", "w"))'
ct=pairs/head0001_ct.nii.gz
value() { sed -nE "s/^ *\"$1\": ([^,]*),?$/\\1/p" "$2" | head -n 1; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }' || fail "$1 is not less than $2: $3"; }
rmse() { gdm-metrics "$1" --json --metrics rmse_hu -q | sed -nE 's/^ *"mean": ([-0-9.e]+),?$/\1/p' | head -n 1; }
geometry() {  # geometry KIND more keys
  printf '{"kind": "%s", "detector_columns": 60, "detector_rows": 44, "column_spacing_mm": 6, "row_spacing_mm": 8, %s "angles_deg": {"first": 0, "step": 9, "count": 40}}\n' "$1" "$2"
}
far='"source_to_isocenter_mm": 800, "source_to_detector_mm": 1000,'
geometry parallel "" >parallel.json
geometry fan "$far" >fan.json
geometry fan "$far \"detector_shape\": \"curved\"," >curved.json
geometry cone "$far" >cone.json
geometry cone "$far \"detector_tilt_deg\": 4," >tilted.json
cat >rtk.xml <<'XML'
<?xml version="1.0"?>
<!DOCTYPE RTKGEOMETRY>
<RTKThreeDCircularGeometry version="3">
  <SourceToIsocenterDistance>800</SourceToIsocenterDistance>
  <SourceToDetectorDistance>1000</SourceToDetectorDistance>
XML
for n in {0..39}; do echo "  <Projection><GantryAngle>$((9 * n))</GantryAngle></Projection>"; done >>rtk.xml
echo '</RTKThreeDCircularGeometry>' >>rtk.xml

# Each kind is projected and comes back near the truth; its sidecars tell what it was.
for kind in parallel fan curved cone tilted; do
  pairs=first ids=head0001
  [ $kind != cone ] || pairs=manifest ids="head0001 head0002"  # one kind has two cases
  gdm-recon project pairs/$pairs.json -o $kind --geometry $kind.json --oversample 2 --photons 1e6 --seed 1 >/dev/null 2>err.txt
  ! grep -q warning err.txt || fail "$kind: $(cat err.txt)"
  gdm-recon fdk $kind/manifest.json -o $kind-fdk --filter shepp-logan --cutoff 0.9 -q >/dev/null
  grep -q '"fdk": "head0001_fdk.nii.gz"' $kind-fdk/manifest.json || fail "no fdk in the manifest of $kind"
  gdm-recon iterative $kind/manifest.json -o $kind-tv --method tv --iterations 8 -q >/dev/null
  sidecar=$kind-tv/head0001_tv.json
  [ "$(value start $sidecar)" = '"fdk"' ] && [ "$(value views $sidecar)" = 40 ] || fail "the sidecar of $kind does not tell its making"
  less "$(value residual $sidecar)" "$(value residual_of_start $sidecar)" "residual of $kind"
  for method in fdk tv; do
    sed 's|"'$method'": "\([^"]*\)"|"'$method'": "\1"|; s|"target":|"prediction": "PREDICTION", "target":|' $kind-$method/manifest.json >$kind-$method/predicted.json
    for id in $ids; do sed -i "0,/PREDICTION/s//${id}_$method.nii.gz/" $kind-$method/predicted.json; done
  done
  less "$(rmse $kind-fdk/predicted.json)" 300 "error of $kind by fdk"
  less "$(rmse $kind-tv/predicted.json)" "$(rmse $kind-fdk/predicted.json)" "error of $kind by tv"
done
[ "$(value geometry cone-fdk/head0001_fdk.json)" = '"cone"' ] || fail "fdk does not tell the cone"
[ "$(value angular_range_deg cone-fdk/head0001_fdk.json)" = 360.0 ] || fail "fdk does not tell the range"
gdm-recon consistency cone-fdk/predicted.json -o consistent -q >/dev/null
less "$(value residual consistent/head0001_pred.json)" "$(value residual_of_start consistent/head0001_pred.json)" "consistency"
gdm-recon tune cone/manifest.json --split all --iterations 3 -q >table.txt
grep -q best table.txt || fail "no table: $(cat table.txt)"
gdm-prep info --check -q cone/manifest.json >/dev/null || fail "gdm-prep does not know a cone's sinogram"
gdm-recon iterative cone/head0001_sinogram.nii.gz -o noise.nii.gz --method sirt --discrepancy 30 -q
less "$(value iterations noise.json)" 200 "--discrepancy"
gdm-recon fbp parallel/head0001_sinogram.nii.gz -o by_fbp.nii --filter shepp-logan --cutoff 0.9 -q
volume-diff by_fbp.nii parallel-fdk/head0001_fdk.nii.gz >diff.txt || fail "fbp and fdk of a parallel beam differ: $(cat diff.txt)"
# An isocentre beside the patient: nothing is seen, which must not go unsaid.
geometry cone "$far \"isocenter_mm\": [0, 0, 600]," >beside.json
gdm-recon project $ct -o nothing.nii --geometry beside.json 2>err.txt || fail "beside: $(cat err.txt)"
grep -q 'no ray goes through the patient' err.txt || fail "a detector that sees nothing goes unsaid: $(cat err.txt)"
# RTK's file of the same circle gives the same rays.
gdm-recon project $ct -o one.nii --geometry cone.json -q
gdm-recon project $ct -o rtk.nii --geometry rtk.xml --detector 60 44 --detector-spacing 6 8 -q
volume-diff one.nii rtk.nii 1e-4 >diff.txt || fail "RTK's geometry: $(cat diff.txt)"
gdm-recon project $ct -o some.nii --geometry cone.json --subset 0:4:39 -q
[ "$(value views some.json)" = 10 ] || fail "--subset"

# Noise: by seed, not by threads; a bow-tie and electronic noise change it and are told.
for threads in 1 2; do gdm-recon project $ct -o n$threads.nii --geometry cone.json --photons 1e4 --seed 3 --threads $threads -q; done
cmp n1.nii n2.nii
gdm-recon project $ct -o bow.nii --geometry cone.json --photons 1e4 --seed 3 --bow-tie 90 --electronic-noise 20 -q
[ "$(value bow_tie_radius_mm bow.json)" = 90.0 ] && [ "$(value electronic_noise_counts bow.json)" = 20.0 ] || fail "the sidecar does not tell the beam"
! cmp -s bow.nii n1.nii || fail "--bow-tie changes nothing"
gdm-recon project $ct -o stack.nii --views 12 --photons 1e4 --bow-tie 90 --electronic-noise 20 -q
gdm-recon iterative stack.nii -o stack_tv.nii --iterations 2 -q
gdm-recon project $ct -o dark.nii --geometry cone.json --photons 50 2>err.txt
grep -Eq 'rays \(.* %\) counted less than 1' err.txt || fail "no word of starved rays: $(cat err.txt)"
sed 's/"detector_columns": 60/"detector_columns": 20/' cone.json >narrow.json
gdm-recon project $ct -o cut.nii --geometry narrow.json 2>err.txt
grep -Eq 'wider than the detector in .* %' err.txt || fail "no word of truncation: $(cat err.txt)"

# Other grids: a file's, other voxels, of stacks as well; what is outside the field of view.
gdm-recon fdk one.nii -o fine.nii --spacing 4 --mask-fov -1000 -q
gdm-recon fdk one.nii -o same.nii --grid fine.nii --mask-fov -1000 -q
volume-diff fine.nii same.nii 0 >diff.txt || fail "--grid and --spacing differ: $(cat diff.txt)"
gdm-recon fbp stack.nii -o stack_fine.nii --spacing 4,4,6 --cutoff 0.8 -q
gdm-prep info stack_fine.nii | found '48 x 48 x 32 voxels of 4 x 4 x 6 mm' || fail "--spacing of a stack"
gdm-prep info fine.nii | found '48 x 48 x 48 voxels of 4 x 4 x 4 mm' || fail "--spacing of a cone"

# Another water keeps the scale of HU; an oblique volume is scanned as it lies, a sheared one is refused.
gdm-recon project $ct -o water.nii --geometry cone.json --mu-water 0.025 -q
gdm-recon fdk water.nii -o water_fdk.nii -q
gdm-recon fdk one.nii -o one_fdk.nii -q
volume-diff one_fdk.nii water_fdk.nii 1 >diff.txt || fail "--mu-water changes HU: $(cat diff.txt)"
python3 - <<'PY'
import gzip, struct
data = bytearray(gzip.open("pairs/head0001_ct.nii.gz").read())
def write(name, rows):
    struct.pack_into("<hh", data, 252, 0, 1)  # the sform alone
    for n, row in enumerate(rows):
        struct.pack_into("<4f", data, 280 + 16 * n, *row)
    open(name, "wb").write(data)
write("oblique.nii", [(-6, 0, 0, 93), (0, 4.8, -3.6, -18.6), (0, 3.6, 4.8, -130.2)])
write("sheared.nii", [(-6, 2, 0, 93), (0, 6, 0, -93), (0, 0, 6, -93)])
PY
gdm-recon project oblique.nii -o oblique_s.nii --geometry cone.json --oversample 2 2>err.txt
! grep -q warning err.txt || fail "an oblique volume: $(cat err.txt)"
gdm-recon fdk oblique_s.nii -o oblique_fdk.nii -q
gdm-metrics --target oblique.nii --prediction oblique_fdk.nii --metrics rmse_hu --json -q >oblique.json
less "$(sed -nE 's/^ *"mean": ([-0-9.e]+),?$/\1/p' oblique.json | head -n 1)" 300 "error of an oblique volume"
refused 1 'sheared' gdm-recon project sheared.nii -o x.nii --geometry cone.json
refused 1 'sheared' gdm-recon project sheared.nii -o x.nii --geometry cone.json --dry-run

python3 - <<'PY'
import gzip, struct
data = bytearray(gzip.open("pairs/head0001_ct.nii.gz").read())
kind = struct.unpack_from("<h", data, 70)[0]
count = struct.unpack_from("<3h", data, 42)
values = count[0] * count[1] * count[2]
start = int(struct.unpack_from("<f", data, 108)[0])
size = struct.unpack_from("<h", data, 72)[0] // 8
form = {4: "h", 16: "f"}[kind]
raw = [float(v) for v in struct.unpack_from(f"<{values}{form}", data, start)]
raw[7] = float("nan")
struct.pack_into("<hh", data, 70, 16, 32)
open("nan.nii", "wb").write(bytes(data[:start]) + struct.pack(f"<{values}f", *raw))
PY
refused 1 'are NaN or infinite' gdm-recon project nan.nii -o x.nii --views 9
refused 1 'gdm-recon fbp' gdm-recon fdk stack.nii -o x.nii
refused 1 'gdm-recon fdk' gdm-recon fbp one.nii -o x.nii
refused 2 'do not go together' gdm-recon fdk one.nii -o x.nii --spacing 2 --grid fine.nii
refused 2 'such as 1 or 1,1,2.5' gdm-recon fdk one.nii -o x.nii --spacing 2,3
refused 2 'mask-fov' gdm-recon fdk one.nii -o x.nii --mask-fov low
refused 2 'cutoff' gdm-recon fdk one.nii -o x.nii --cutoff 0
refused 2 'do not go together' gdm-recon project $ct -o x.nii --geometry cone.json --views 3
refused 2 'do not go together' gdm-recon project $ct -o x.nii --geometry cone.json --detectors 3
refused 2 'belongs to --geometry' gdm-recon project $ct -o x.nii --subset 0:3
refused 2 'needs --photons' gdm-recon project $ct -o x.nii --electronic-noise 3
refused 2 'needs --photons' gdm-recon project $ct -o x.nii --bow-tie 3
refused 2 'subset' gdm-recon project $ct -o x.nii --geometry cone.json --subset 3:0:9
refused 1 'there is no view 40' gdm-recon project $ct -o x.nii --geometry cone.json --subset 0:40
refused 1 'does not tell the detector' gdm-recon project $ct -o x.nii --geometry rtk.xml
refused 1 'missing.json' gdm-recon project $ct -o x.nii --geometry missing.json
cp some.json one.json
refused 1 'found 60 x 44 x 40 values; the sidecar says 60 detector columns, 44 rows, 10 views' gdm-recon fdk one.nii -o x.nii
sed 's/"column_offset_mm": [-0-9.]*,//; s/"kind"/"column_offset_mm": 4000, "kind"/' cone.json >beside.json
gdm-recon project $ct -o miss.nii --geometry beside.json -q
for dry in "" -n; do refused 1 'does not reach across the axis' gdm-recon fdk miss.nii -o x.nii $dry; done
gdm-recon project $ct -o view.nii --geometry cone.json --subset 0:0 -q
gdm-recon fdk view.nii -o view_fdk.nii 2>&1 | found 'one view tells of no place' || fail "no word of one view"
[ ! -e x.nii ] || fail "a refused command wrote something"
