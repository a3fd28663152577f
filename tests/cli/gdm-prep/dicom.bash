# What the tests of DICOM share: they need libgdm-itk and make-dicom, which a build without ITK has not. Source it behind
# scratch.bash.
. "$(dirname "${BASH_SOURCE[0]}")/../skip.bash"
command -v make-dicom >/dev/null || { skip "DICOM: built without ITK"; end_of_test; }
printf 'the salt of this test' >salt.key

# made DIR OUTPUT [OPTIONS...]: from a folder of DICOM to volumes; messages are in err.txt, the manifest in pipe.json.
made() {
  local from=$1 to=$2
  shift 2
  gdm-prep dicom "$from" -o "$to" --id-salt salt.key --progress never "$@" >pipe.json 2>err.txt ||
    fail "dicom $from $*: $(cat err.txt)"
}
says() { grep -qF -- "$1" err.txt || fail "no '$1' in $(cat err.txt)"; }
# equal VOLUME REFERENCE [TOLERANCE]: the same values at the same places in the patient, however the axes run.
equal() {
  gdm-prep reorient -q -f "$1" --to LPS -o turned_a.nii && gdm-prep reorient -q -f "$2" --to LPS -o turned_b.nii
  volume-diff turned_a.nii turned_b.nii "${3:-0}" >diff.txt || fail "$1 is not $2: $(cat diff.txt)"
}
# private FOLDER...: nothing that make-dicom writes of the patient is in a file or a file's name.
private() {
  ! find "$@" | found -i -e 4711 -e secret || fail "a name tells of the patient"
  ! grep -rlaE '4711|Secret|1948|200102|1\.2\.826' "$@" err.txt pipe.json || fail "a file tells of the patient"
}
