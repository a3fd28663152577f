#!/usr/bin/env bash
# gdm-recon scans axial planes, however the file orders its axes: a file whose first axis is head-foot gives the same
# sinogram as one whose third is, also from its reconstruction. Slices that are far from axial are warned of.
set -euo pipefail
. "$(dirname "$0")/../nifti.bash"
. "$(dirname "$0")/../scratch.bash"

# axes FILE ROW...: the sform as three rows of four numbers, each -1, 0, 1 or ~ (.5)
axes() {
  local file=$1 text="" value
  shift
  for value in "$@"; do
    case $value in
      -1) text+=$(little_endian $((0xbf800000)) 4) ;;
      1) text+=$(little_endian $((0x3f800000)) 4) ;;
      .5) text+=$(little_endian $((0x3f000000)) 4) ;;
      -.5) text+=$(little_endian $((0xbf000000)) 4) ;;
      *) text+=$(little_endian 0 4) ;;
    esac
  done
  printf "$text" | dd of="$file" bs=1 seek=280 conv=notrunc status=none
}
value() { echo "($1 - 5) * ($1 - 5) + 2 * ($2 - 4) * ($2 - 4) < 20 ? 40 + 60 * $1 + 10 * $3 : -1000"; }  # X Y Z
write_nifti axial.nii 12 9 5 int16 "$(value i j k)" "$(value i j k)"
write_nifti turned.nii 5 12 9 int16 "$(value j k i)" "$(value j k i)"
axes axial.nii -1 0 0 0 0 1 0 0 0 0 1 0
axes turned.nii 0 -1 0 0 0 0 1 0 1 0 0 0
for name in axial turned; do
  gdm-recon project -q $name.nii -o ${name}_s.nii --views 7 --photons 1e5
  gdm-recon fbp -q ${name}_s.nii -o ${name}_f.nii
  gdm-recon project -q ${name}_f.nii -o ${name}_again.nii --views 7
done
volume-diff axial_s.nii turned_s.nii || fail "the storage order changes the sinogram"
volume-diff axial_again.nii turned_again.nii || fail "the storage order changes the reconstruction"
cmp <(dd if=turned.nii bs=1 skip=280 count=48 status=none) <(dd if=turned_f.nii bs=1 skip=280 count=48 status=none) ||
  fail "the reconstruction is not on the grid of its file"

axes turned.nii -1 0 0 0 0 1 -.5 0 0 .5 1 0
gdm-recon project turned.nii -o tilted.nii --views 3 2>err.txt
grep -q 'warning: turned.nii: no axis is closer than 27 degrees to head-foot' err.txt || fail "$(cat err.txt)"
gdm-recon project turned.nii -o none.nii --dry-run 2>err.txt
grep -q '27 degrees' err.txt || fail "--dry-run does not warn: $(cat err.txt)"
