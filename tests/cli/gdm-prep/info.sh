#!/usr/bin/env bash
# gdm-prep info: what it says about each kind of file, every fault of a manifest in one run, pipes, and usage.
set -euo pipefail
. "$(dirname "$0")/../refused.bash"
bin=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
prep=$bin/gdm-prep
fail() { echo "FAIL: $*" >&2; exit 1; }
expect() {  # expect CODE LINES-ON-STDERR command...
  local code=$1 lines=$2 got=0
  shift 2
  "$@" >out.txt 2>err.txt || got=$?
  [ "$got" = "$code" ] || { cat err.txt >&2; fail "exit $got instead of $code: $*"; }
  [ "$(wc -l <err.txt)" = "$lines" ] || { cat err.txt >&2; fail "$(wc -l <err.txt) lines on stderr instead of $lines: $*"; }
}
has() { grep -qF -- "$1" "${2:-out.txt}" || { cat "${2:-out.txt}" >&2; fail "'$1' is not in ${2:-out.txt}"; }; }

"$bin/gdm-phantom" -q -o set --count 3 --kind head --seed 5 --shape 24 --spacing 8
"$bin/gdm-recon" project -q set/manifest.json -o sino --views 12 >/dev/null
ct=set/head0001_ct.nii.gz

# Volumes: a block for one, a line each for several; masks.
expect 0 0 "$prep" info "$ct" --mask set/head0001_mask.nii.gz
for part in 'head0001_ct.nii.gz: volume' '24 x 24 x 24 voxels of 8 x 8 x 8 mm' 'sform is used' 'int16, NIfTI-1' \
  'not scaled' '0 not finite' 'head0001_mask.nii.gz covers' 'made by    gdm-phantom'; do has "$part"; done
expect 0 0 "$prep" info set/*_ct.nii.gz
[ "$(wc -l <out.txt)" = 4 ] || fail "no table of three volumes"
awk 'length > 100 { exit 1 }' out.txt || fail "the table is wider than 100 columns"
expect 0 0 "$prep" info --json "$ct"
for part in '"shape_ijk"' '"orientation"' '"byte_order"' '"p99"' '"zero_fraction"' '"sidecar"' '"good": true'; do has "$part"; done
expect 1 1 "$prep" info "$ct" --mask sino/head0001_sinogram.nii.gz
has 'instead of 24 x 24 x 24 voxels' err.txt

# A volume and a manifest through a pipe, and a named pipe.
expect 0 0 "$prep" info - < <(gzip -dc "$ct")
has 'standard input: volume'
expect 0 0 "$prep" info - <"$ct"
has 'standard input: volume'
expect 0 0 bash -c "cat set/manifest.json | '$prep' info -"
has 'standard input: manifest'
expect 0 0 "$prep" info - <set/manifest.json
has 'inputs.mr 3'
mkfifo pipe
cat "$ct" >pipe &
expect 0 0 "$prep" info --check pipe
wait
has '24 x 24 x 24'
{ head -c 700 "$ct" >pipe || true; } &
expect 1 1 "$prep" info pipe
wait

# Sinograms, sidecars, manifests.
expect 0 0 "$prep" info sino/head0001_sinogram.nii.gz
has 'head0001_sinogram.nii.gz: sinogram'
has '12 views over 180 degrees'
expect 0 0 "$prep" info set/head0001_ct.json
has 'head0001_ct.json: sidecar'
expect 0 0 "$prep" info set/manifest.json
has 'cases    3: 1 train, 1 val, 1 test; patients: 3'
expect 0 0 "$prep" info -q --check sino/manifest.json
[ "$(grep -c ' ok ' out.txt)" = 3 ] || fail "not three good cases"
expect 0 0 "$prep" info -q --check --split val set/manifest.json
[ "$(grep -c ' ok ' out.txt)" = 1 ] || fail "--split val is not one case"

# Everything that is wrong, in one run, with lines and in order, whatever the number of threads.
mkdir bad
cp set/*.nii.gz bad
rm bad/head0002_ct.nii.gz
head -c 900 set/head0003_mr.nii.gz >bad/head0003_mr.nii.gz
"$bin/gdm-phantom" -q -o other --count 1 --shape 20 --spacing 8
cp other/head0001_mask.nii.gz bad/small_mask.nii.gz
head -c 352 <(gzip -dc set/head0001_mask.nii.gz) >bad/empty_mask.nii
head -c 13824 /dev/zero >>bad/empty_mask.nii
cat >bad/cases.json <<'M'
{"gdm_manifest": 1, "task": "mr2ct", "cases": [
  {"id": "good", "target": "head0001_ct.nii.gz", "inputs": {"mr": "head0001_mr.nii.gz"}},
  {"id": "gone", "target": "head0002_ct.nii.gz", "mask": "head0002_mask.nii.gz"},
  {"id": "cut",
   "target": "head0003_ct.nii.gz", "inputs": {"mr": "head0003_mr.nii.gz"}, "mask": "small_mask.nii.gz"},
  {"id": "flat", "target": "head0001_ct.nii.gz", "mask": "empty_mask.nii", "prediction": "empty_mask.nii"},
  {"id": "nothing"}, {"id": "failed", "target": "head0003_ct.nii.gz", "error": "no memory"}]}
M
for threads in 1 4; do
  expect 1 7 "$prep" info -q --check --threads $threads bad/cases.json
  mv out.txt out$threads.txt
  mv err.txt err$threads.txt
done
cmp out1.txt out4.txt && cmp err1.txt err4.txt || fail "the order depends on the threads"
sed 's/^gdm-prep: error: //' err1.txt >lines.txt
n=0
while read -r part; do
  n=$((n + 1))
  sed -n "${n}p" lines.txt | found -F -- "$part" || fail "line $n has no '$part': $(sed -n "${n}p" lines.txt)"
done <<'M'
bad/cases.json:3: case 2 'gone': target: bad/head0002_ct.nii.gz: No such file
bad/cases.json:4: case 3 'cut': inputs.mr: bad/head0003_mr.nii.gz:
bad/cases.json:4: case 3 'cut': mask: bad/small_mask.nii.gz: the mask is on another grid than its volume: 20 x 20 x 20
bad/cases.json:6: case 4 'flat': prediction: bad/empty_mask.nii: every voxel is 0
bad/cases.json:6: case 4 'flat': mask: bad/empty_mask.nii: the mask is empty
bad/cases.json:7: case 5 'nothing': names neither target nor inputs
bad/cases.json:7: case 6 'failed': failed in an earlier program: no memory
M
[ "$(grep -c ' ok ' out1.txt)" = 1 ] || fail "not one good case"
expect 1 7 "$prep" info -q --check --json bad/cases.json
has '"good": false'
has 'the mask is empty'
expect 1 1 "$prep" info --split train bad/cases.json
has "no case in split 'train'" err.txt

# Going on behind a bad file, and messages for what newcomers try.
echo 'just words' >words.txt
printf '\x89PNG\r\n\x1a\n____' >picture.png
expect 1 5 "$prep" info --check none.nii set words.txt picture.png "$ct" /dev/null
has 'none.nii: No such file' err.txt
has 'set: is a folder, expected a file such as set/manifest.json' err.txt
has 'words.txt: is text, expected a NIfTI volume' err.txt
has 'picture.png: is a PNG picture' err.txt
has 'head0001_ct.nii.gz: volume'
expect 1 1 "$prep" info --check none.nii
[ ! -s out.txt ] || fail "stdout is not empty for a file that cannot be read"
expect 2 2 "$prep"
expect 2 2 "$prep" info
expect 2 1 "$prep" info - -
expect 2 1 "$prep" info "$ct" --mask -
! { command -v ldd >/dev/null && ldd "$prep" | found 'libtorch[_a-z]*[.]so'; } || fail "gdm-prep links LibTorch"
