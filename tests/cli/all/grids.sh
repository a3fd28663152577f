#!/usr/bin/env bash
# Grids that are not one: what differs and by how much is said for masks, inputs and predictions; a rounded header passes
# with a warning, and --grid-tolerance sets the limit.
set -euo pipefail
. "$(dirname "$0")/../nifti.bash"
. "$(dirname "$0")/../scratch.bash"
# moved FILE OUT BITS: the same volume with this float as the origin along R.
moved() { { head -c 292 "$1"; printf "$(little_endian "$3" 4)"; tail -c +297 "$1"; } >"$2"; }

write_nifti ct.nii 12 12 6 int16 '(i * 31 + j * 7 + k * 3) % 89 - 30' -1000
write_nifti body.nii 12 12 6 int16 1 0
moved body.nii body15.nii $((0x41700000))  # 15 mm
moved ct.nii ct15.nii $((0x41700000))
moved body.nii body_near.nii $((0x3ca3d70a))  # 0.02 mm
manifest() { printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": [{"id": "a", "split": "test", %s}]}' "$1" >m.json; }
said='first voxel lies 15 mm off (15, 0, 0 mm to R, A, S); corners are up to 15 voxels (15 mm) apart (at most 0.05'

manifest '"target": "ct.nii", "prediction": "ct.nii", "mask": "body15.nii"'
refused 1 "body15.nii: the mask is on another grid.*$said" gdm-metrics m.json -q
manifest '"target": "ct.nii", "prediction": "ct15.nii", "mask": "body.nii"'
refused 1 "ct15.nii: the prediction is on another grid.*$said" gdm-metrics m.json -q
refused 1 "ct15.nii is on another grid.*$said" gdm-metrics m.json -q --dry-run
manifest '"target": "ct.nii", "inputs": {"mr": "ct15.nii"}, "mask": "body15.nii"'
status=0
gdm-prep info --check -q m.json >out.txt 2>err.txt || status=$?
[[ $status == 1 ]] || fail "the check passes"
for file in inputs.mr:.*ct15 mask:.*body15; do
  grep -q "$file.nii.* is on another grid than .*$said" err.txt || fail "$file: $(cat err.txt)"
done

manifest '"target": "ct.nii", "prediction": "ct.nii", "mask": "body_near.nii"'
gdm-metrics m.json >/dev/null 2>err.txt || fail "0.02 voxel is refused: $(cat err.txt)"
grep -q 'warning: .*body_near.nii: the mask is taken to be on the grid.*0.02 voxels' err.txt || fail "silent: $(cat err.txt)"
refused 1 'at most 0.001' gdm-metrics m.json -q --grid-tolerance 0.001
refused 2 'grid-tolerance' gdm-metrics m.json -q --grid-tolerance 2
