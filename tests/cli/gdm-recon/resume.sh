#!/usr/bin/env bash
# A stopped batch goes on: finished volumes are kept for what they hold, all else is made again. The manifests of shards
# are joined, and no part may be missing or doubled.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 5 --shape 16 --spacing 12 --seed 3 -q
loud=(gdm-recon project pairs/manifest.json --views 8 --photons 1e4 --seed 1)
project=("${loud[@]}" -q)
cases() { sed -n '/"cases"/,/^  \]/p' "$1"; }
"${project[@]}" -o whole >/dev/null
"${project[@]}" -o sino >/dev/null
kept() { sed -nE 's/.*: ([0-9]+) of ([0-9]+) cases were finished already/\1 of \2/p' err.txt; }
# resumed KEPT COMMAND...: exit 0, so many cases kept, and the same bytes as a batch that was never stopped.
resumed() {
  local count=$1 file
  shift
  "$@" >out.txt 2>err.txt || fail "exit $?: $*: $(cat err.txt)"
  [[ $(kept) == "$count of 5" ]] || fail "kept $(kept), expected $count of 5: $(cat err.txt)"
  for file in whole/*.nii.gz; do cmp "$file" "sino/${file#whole/}" || fail "$file differs after: $*"; done
  cmp <(cases whole/manifest.json) <(cases sino/manifest.json) || fail "the manifest differs after: $*"
}
again=("${loud[@]}" -o sino --resume)
refused 1 "exists already" "${project[@]}" -o sino
resumed 5 "${again[@]}"
# Stopped between two cases, between a volume and its sidecar, and a volume that is not what the sidecar says.
rm sino/manifest.json sino/head0005_sinogram.*
resumed 4 "${again[@]}"
rm sino/head0002_sinogram.json sino/manifest.json
resumed 4 "${again[@]}"
grep -q 'head0002_sinogram.nii.gz: is made again: it has no sidecar' err.txt || fail "no reason: $(cat err.txt)"
cp sino/head0001_sinogram.nii.gz sino/head0003_sinogram.nii.gz
resumed 4 "${again[@]}"
grep -q 'its bytes are not those' err.txt || fail "no reason: $(cat err.txt)"
echo '{}' >sino/head0001_sinogram.json
echo nothing >sino/head0004_sinogram.nii.gz
resumed 3 "${again[@]}"
# Other options, another source: nothing may be kept.
"${again[@]/#8/9}" >/dev/null 2>err.txt
[[ $(kept) == "0 of 5" ]] && grep -q 'made with another views' err.txt || fail "kept with other views: $(cat err.txt)"
resumed 0 "${again[@]}"
cp pairs/head0001_ct.nii.gz ct.nii.gz
cp pairs/head0002_ct.nii.gz pairs/head0001_ct.nii.gz
"${again[@]}" >/dev/null 2>err.txt
[[ $(kept) == "4 of 5" ]] && grep -q 'made from other files' err.txt || fail "kept of another source: $(cat err.txt)"
cp ct.nii.gz pairs/head0001_ct.nii.gz
resumed 4 "${again[@]}"
# The geometry stands in the sidecar of the sinogram, so it is a source, too.
fbp=(gdm-recon fbp sino/manifest.json -o fbp --resume)
"${fbp[@]}" >/dev/null 2>err.txt
"${fbp[@]}" >/dev/null 2>err.txt
[[ $(kept) == "5 of 5" ]] || fail "fbp kept $(kept)"
sed -i 's/"first_angle_rad": 0.0/"first_angle_rad": 0.1/' sino/head0001_sinogram.json
"${fbp[@]}" >/dev/null 2>err.txt
[[ $(kept) == "4 of 5" ]] || fail "another geometry was kept: $(cat err.txt)"
gdm-recon fbp sino/head0001_sinogram.nii.gz -o one.nii.gz -q
gdm-recon fbp sino/head0001_sinogram.nii.gz -o one.nii.gz --resume 2>err.txt
grep -q 'one.nii.gz: was finished already' err.txt || fail "a single volume: $(cat err.txt)"
gdm-recon fbp sino/head0001_sinogram.nii.gz -o one.nii.gz --resume --filter cosine 2>err.txt
! grep -q 'finished already' err.txt || fail "a single volume with another filter was kept"

# What came from a pipe cannot be known again.
gdm-recon project - -o piped.nii.gz -q <pairs/head0001_ct.nii.gz
cp piped.nii.gz first.nii.gz
gdm-recon project - -o piped.nii.gz --resume -q <pairs/head0002_ct.nii.gz
! volume-diff piped.nii.gz first.nii.gz || fail "--resume kept the sinogram of another volume from a pipe"
refused 2 "--shard is for manifests" gdm-recon project pairs/head0001_ct.nii.gz -o x.nii.gz --shard 1/2
refused 2 "--keep-going is for manifests" gdm-recon project pairs/head0001_ct.nii.gz -o x.nii.gz --keep-going

# Parts that were made with other options are no parts of one batch.
gdm-recon project pairs/manifest.json -o mixed --views 9 --shard 1/2 -q >/dev/null
gdm-recon project pairs/manifest.json -o mixed --views 12 --shard 2/2 -q >/dev/null
refused 1 'made with views 12, but manifest-1-of-2.json with 9' gdm-prep join 'mixed/manifest-*-of-2.json' -o x.json

# A folder that is a link: the manifest is read where it was written.
mkdir -p real/folder && ln -s real/folder link
gdm-recon project pairs/manifest.json -o link/out --views 9 -q >/dev/null
gdm-prep info --check -q link/out/manifest.json >/dev/null || fail "a manifest below a link names files that are not there"
rm link

# Shards, joined: the manifest of the whole batch, wherever it is written.
for i in 1 2 3; do "${project[@]}" -o parts --shard $i/3 >/dev/null; done
parts=(parts/manifest-{1,2,3}-of-3.json)
gdm-prep join "${parts[2]}" "${parts[0]}" "${parts[1]}" -o parts/manifest.json
cmp <(cases parts/manifest.json) <(cases whole/manifest.json) || fail "joined shards are another manifest"
mkdir elsewhere
gdm-prep join 'parts/manifest-*-of-3.json' -o elsewhere/all.json
gdm-prep info --check -q elsewhere/all.json >/dev/null || fail "paths of a joined manifest lead nowhere"
gdm-prep join "${parts[@]}" -o - >stdout.json
cmp <(sed 's,"\.\./,",' elsewhere/all.json | cases /dev/stdin) <(cases stdout.json) || fail "join to standard output"
refused 1 "exists already" gdm-prep join "${parts[@]}" -o elsewhere/all.json
refused 2 "1 of 3 parts missing: manifest-2-of-3.json" gdm-prep join "${parts[0]}" "${parts[2]}" -o x.json
refused 2 "is given twice" gdm-prep join "${parts[@]}" ./parts/../parts/manifest-1-of-3.json -o x.json
refused 2 "not called manifest-I-of-N.json" gdm-prep join parts/manifest.json -o x.json
refused 2 "cannot be its output" gdm-prep join "${parts[@]}" -o "${parts[1]}" --force
refused 2 "the target of case" gdm-prep join "${parts[@]}" -o pairs/head0001_ct.nii.gz --force
cp parts/manifest-1-of-3.json keep.json
cp parts/manifest-2-of-3.json parts/manifest-1-of-3.json
refused 1 "is in manifest-1-of-3.json, too" gdm-prep join "${parts[@]}" -o x.json
cp keep.json parts/manifest-1-of-3.json
rm parts/manifest-3-of-3.json
refused 2 "parts missing: manifest-3-of-3.json" gdm-prep join 'parts/manifest-*-of-3.json' -o x.json
[ ! -e x.json ] || fail "a refused join wrote something"

# An empty SOURCE_DATE_EPOCH is none.
SOURCE_DATE_EPOCH= gdm-recon project pairs/head0001_ct.nii.gz -o dated.nii.gz --views 8 -q
grep -q '"date"' dated.json || fail "an empty SOURCE_DATE_EPOCH counts as one"
SOURCE_DATE_EPOCH=0 gdm-recon project pairs/head0001_ct.nii.gz -o undated.nii.gz --views 8 -q
! grep -q '"date"' undated.json || fail "SOURCE_DATE_EPOCH is not kept"
