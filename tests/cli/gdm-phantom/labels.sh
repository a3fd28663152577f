#!/usr/bin/env bash
# gdm-phantom --labels: ids, splits and patients of the label maps, variants, truth, the same bytes with any number of
# threads, and what is refused.
set -euo pipefail
. "$(dirname "$0")/labels.bash"
. "$(dirname "$0")/../scratch.bash" "$1"

mkdir maps
ball_head maps/one.nii
cp maps/one.nii maps/two.nii
cat >maps/m.json <<'M'
{"gdm_manifest": 1, "task": "x", "cases": [
  {"id": "one", "split": "train", "inputs": {"labels": "one.nii"}, "meta": {"site": "a"}},
  {"id": "two", "split": "test", "inputs": {"labels": "two.nii"}, "meta": {"patient": "p2"}}]}
M
gdm-phantom -q -o set --labels maps/m.json --variants 2 --spacing 6 --truth --seed 3 --threads 1
gdm-phantom -q -o again --labels maps/m.json --variants 2 --spacing 6 --truth --seed 3 --threads 2
for file in set/*.nii.gz; do cmp -s "$file" "again/${file#set/}" || fail "threads change $file"; done
[ "$(ls set/*.nii.gz | wc -l)" = 32 ] || fail "not 4 cases of 8 volumes: $(ls set)"
gdm-prep info -q --check set/manifest.json >out.txt || fail "the set is not good: $(cat out.txt)"
python3 - <<'P' || fail "the manifest: $(cat set/manifest.json)"
import json
cases = {c['id']: c for c in json.load(open('set/manifest.json'))['cases']}
assert list(cases) == ['one', 'onev2', 'two', 'twov2']
assert [c['split'] for c in cases.values()] == ['train', 'train', 'test', 'test']
assert [c['meta']['patient'] for c in cases.values()] == ['one', 'one', 'p2', 'p2']
assert all(c['meta']['simulated'] is True for c in cases.values()) and cases['onev2']['meta']['site'] == 'a'
assert cases['onev2']['inputs']['labels'] == 'onev2_labels.nii.gz' and cases['onev2']['meta']['variant'] == 2
sidecar = json.load(open('set/one_labels.json'))
assert sidecar['Sources'] == ['../maps/one.nii'] and 'white_matter' in json.dumps(sidecar), sidecar
P
# Two maps of the same labels are two subjects, and so are two variants.
for other in onev2 two; do
  ! cmp -s set/one_labels.nii.gz set/${other}_labels.nii.gz || fail "one and $other are deformed alike"
done
# A case is the same in another manifest.
sed '/"one"/d' maps/m.json >maps/part.json
gdm-phantom -q -o part --labels maps/part.json --spacing 6 --seed 3
cmp part/two_mr.nii.gz set/two_mr.nii.gz || fail "a case depends on the others"
# The body that gdm-prep finds in the CT is the truth's, but for voxels that it half fills.
gdm-prep mask set/one_ct.nii.gz -o mask.nii.gz
volume-diff mask.nii.gz set/one_mask.nii.gz 1 >diff.txt || fail "$(cat diff.txt)"
awk '{ exit !($NF < 0.02) }' diff.txt || fail "the body is another: $(cat diff.txt)"

# Refusals: the reason in one line. Cases that were finished before the refused one stay.
run() {
  rm -rf no
  gdm-phantom -q -o no --spacing 6 --labels "$@"
}
ball_head maps/strange.nii 777
sed 's/one.nii/strange.nii/' maps/m.json >maps/strange.json
refused 1 'maps/strange.nii: no tissue of .*tissues.json covers the label 777 (1 voxels)' run maps/strange.json
[ ! -e no/manifest.json ] && [ ! -e no/one_mr.nii.gz ] || fail "something of a refused set stands"
rm -rf no
sed 's/"labels": "one.nii"/"mr": "one.nii"/' maps/m.json >maps/none.json
refused 1 "case 1 'one'.*labels" run maps/none.json
refused 1 'none.nii: ' run <(sed 's#one.nii#none.nii#' maps/m.json)
echo '{"gdm_manifest": 1, "task": "x", "cases": []}' >maps/empty.json
sed 's#one.nii#../set/one_mr.nii.gz#' maps/m.json >maps/mr.json
refused 1 'others, which does not look like a label map' run maps/mr.json
refused 1 'truth of a simulated case' run set/manifest.json
refused 1 'no cases' run maps/empty.json
sed 's/"two", "split": "test"/"onev2", "split": "train"/' maps/m.json >maps/twice.json
refused 1 "two cases would be called 'onev2'" run maps/twice.json --variants 2
refused 1 'one.nii' run maps/one.nii
ball_head maps/grey.nii -5
sed 's/one.nii/grey.nii/' maps/m.json >maps/grey.json
refused 1 'grey.nii: holds the value -5, expected labels: whole numbers' run maps/grey.json
rm -rf no
refused 2 '\(one\|two\).nii: a spacing of 20 mm makes .* expected 16 to 512 along each axis' gdm-phantom -q -o no --labels maps/m.json --spacing 20
refused 2 '--count is of no use with --labels' run maps/m.json --count 3
refused 2 '--shape is of no use with --labels' run maps/m.json --shape 32
refused 2 '--variants is of no use without --labels' gdm-phantom -o no --variants 2
refused 2 '--deformation is of no use without --labels' gdm-phantom -o no --deformation 2
refused 1 'complete already' gdm-phantom -q -o set --labels maps/m.json --spacing 6
cp maps/m.json maps/manifest.json
refused 2 'manifest.json' gdm-phantom -q -f -o maps --labels maps/manifest.json --spacing 6
refused 2 'a spacing of 20 mm makes' gdm-phantom -n -o no --labels maps/m.json --spacing 20
refused 1 'grey.nii: holds the value -5' gdm-phantom -n -o no --labels maps/grey.json
gdm-phantom -n -o plan --labels maps/m.json 2>err.txt && grep -q 'would write 2 cases from label maps' err.txt || fail "dry run: $(cat err.txt)"
[ ! -e plan ] || fail "the dry run wrote"
