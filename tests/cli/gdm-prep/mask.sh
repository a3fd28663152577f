#!/usr/bin/env bash
# gdm-prep mask and split: bodies of phantoms, single volumes and sets; splits by patient, in strata.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"

for kind in head pelvis thorax; do
  gdm-phantom -q -o $kind --count 1 --shape 40 --spacing 9 --kind $kind --seed 4
  gdm-prep mask $kind/manifest.json -o masked_$kind >pipe.json 2>err.txt || fail "mask $kind: $(cat err.txt)"
  mask=$(echo masked_$kind/*/mask.nii.gz) truth=$(echo $kind/*_mask.nii.gz)
  # Of 0 and 1 the mean absolute difference is the share of voxels that differ.
  volume-diff "$mask" "$truth" 1 >diff.txt || fail "$(cat diff.txt)"
  awk '{ exit !($NF < 0.01) }' diff.txt || fail "the mask of $kind is another: $(cat diff.txt)"
  grep -q '"mask": "masked_'$kind pipe.json || fail "the manifest lacks the mask: $(cat pipe.json)"
  grep -q '"thinnest_mm": 4' "${mask%.nii.gz}.json" || fail "the sidecar lacks how it was made"
done
ct=$(echo head/*_ct.nii.gz) mr=$(echo head/*_mr.nii.gz)
gdm-prep mask "$ct" -o one.nii.gz
volume-diff one.nii.gz masked_head/*/mask.nii.gz >/dev/null || fail "one volume has another mask"
gzip -dc "$ct" | gdm-prep mask - -o - >piped.nii
volume-diff piped.nii one.nii.gz >/dev/null || fail "a pipe has another mask"
refused 1 'is not in HU' gdm-prep mask "$mr" -o no.nii.gz
refused 1 'exists' gdm-prep mask "$ct" -o one.nii.gz
# MR has no HU: the background is what stands out.
for kind in head pelvis; do
  gdm-prep mask $kind/*_mr.nii.gz -o mr_$kind.nii.gz --kind image
  volume-diff mr_$kind.nii.gz $kind/*_mask.nii.gz 1 >diff.txt || fail "$(cat diff.txt)"
  awk '{ exit !($NF < 0.03) }' diff.txt || fail "the mask of the MR of $kind is another: $(cat diff.txt)"
done
refused 2 'head: is a folder, expected a volume, or a manifest such as head/manifest.json' gdm-prep mask head -o no
cp head/manifest.json head/again.json
(cd head && refused 2 'is read by this run' gdm-prep mask - -o . -f <manifest.json)
cmp -s head/manifest.json head/again.json || fail "a redirected manifest was replaced"
refused 2 'threshold is in HU' gdm-prep mask "$mr" -o no.nii.gz --kind image --threshold 100
refused 1 "no input 'cbct'\|cbct" gdm-prep mask head/manifest.json -o no --of cbct
refused 1 'no voxel of a body' gdm-prep mask "$ct" -o no.nii.gz --threshold 1000 --thinnest 60
refused 2 'of names a volume' gdm-prep mask "$ct" -o no.nii.gz --of mr

# Splits: 40 patients of two sites, two cases each.
python3 - <<'P'
import json
cases = [{'id': f'c{n}_{v}', 'target': 'head/head0001_ct.nii.gz',
          'meta': {'patient': f'p{n}', 'site': 'ab'[n % 4 == 0]}} for n in range(40) for v in (1, 2)]
json.dump({'gdm_manifest': 1, 'task': 'mr2ct', 'cases': cases}, open('m.json', 'w'))
P
drawn() { python3 - "$1" <<'P'
import collections, json, sys
cases = json.load(open(sys.argv[1]))['cases']
of = collections.defaultdict(set)
for c in cases: of[c['meta']['patient'], c['meta']['site']].add(c['split'])
assert all(len(s) == 1 for s in of.values()), 'a patient is in two splits'
n = collections.Counter((site, *s) for (_, site), s in of.items())
print(*(n[site, s] for site in 'ab' for s in ('train', 'val', 'test')))
P
}
gdm-prep split m.json --split rest,3,2 --stratify site -o s.json --seed 1 2>err.txt
[ "$(drawn s.json)" = '25 3 2 5 3 2' ] || fail "strata: $(drawn s.json)"
grep -q '80 cases: 60 train, 12 val, 8 test' err.txt || fail "$(cat err.txt)"
gdm-prep split -q m.json --split rest,3,2 --stratify site -o again.json --seed 1
cmp <(grep '"split"' s.json) <(grep '"split"' again.json) || fail "another draw with the same seed"
gdm-prep split -q m.json --split rest,3,2 --stratify site -o other.json --seed 2
! diff -q <(grep '"split"' s.json) <(grep '"split"' other.json) >/dev/null || fail "the seed changes nothing"
gdm-prep split -q - --split 70,15,15 -o - <m.json >p.json
drawn p.json >/dev/null || fail "by percent"
# Splits that part a patient are what a new draw mends, and no reason to refuse it.
python3 - <<'P'
import json
m = json.load(open('m.json'))
for n, c in enumerate(m['cases']): c['split'] = ('train', 'test')[n % 2]
json.dump(m, open('leak.json', 'w'))
P
refused 1 "patient 'p0' is in split test here" gdm-prep info leak.json
gdm-prep split -q leak.json --split 70,15,15 -o mended.json
cmp <(grep '"split"' p.json) <(grep '"split"' mended.json) || fail "another draw from a manifest that leaks"
refused 1 'has no meta.scanner' gdm-prep split m.json --split 70,15,15 --stratify scanner -o no.json
gdm-prep split -q - --val 0.1 --test 0.2 -o v.json <m.json
gdm-prep split -q - --split 70,10,20 -o w.json <m.json
[ "$(drawn v.json)" = "$(drawn w.json)" ] || fail "shares are not percent"
refused 2 'how the cases are split' gdm-prep split m.json -o no.json
refused 2 'at most 1' gdm-prep split m.json -o no.json --val 0.6 --test 0.6
refused 2 'excludes' gdm-prep split m.json -o no.json --val 0.1 --split 70,15,15
refused 2 "stratum 'b': --split: 11 patients asked for" gdm-prep split m.json --split rest,6,5 --stratify site -o no.json
refused 2 'm.json' gdm-prep split m.json --split 70,15,15 -o m.json --force
