#!/usr/bin/env bash
# gdm-metrics takes the manifests of all shards as one method, and only all of them.
set -euo pipefail
. "$(dirname "$0")/../metrics.bash"

write_nifti ct.nii 14 12 9 int16 '(i * 37 + j * 101 + k * 59) % 900 - 200' -1000
mkdir whole sh
for n in 1 2 3 4 5; do write_nifti p$n.nii 14 12 9 int16 "(i * 37 + j * 101 + k * 59) % 900 - 200 + $n" -1000; done
# manifest FILE SOURCE NUMBER...: a case for each number.
manifest() {
  local file=$1 source=$2 separator="" n
  shift 2
  {
    printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['
    for n; do
      printf '%s{"id": "c%s", "split": "test", "target": "../ct.nii", "prediction": "../p%s.nii"}' "$separator" "$n" "$n"
      separator=", "
    done
    printf '], "provenance": {"sources": [{"name": "m.json", "sha256": "%s"}]}}\n' "$source"
  } >"$file"
}
manifest whole/manifest.json s 1 2 3 4 5
manifest sh/manifest-1-of-2.json s 1 3 5
manifest sh/manifest-2-of-2.json s 2 4
run whole/manifest.json --metrics mae_hu --full
plain() { tr -s ' ' <"$1"; }
plain out | sed 's/whole/sh/g' >whole.txt
for given in "sh/manifest-1-of-2.json sh/manifest-2-of-2.json" "sh/manifest-2-of-2.json sh/manifest-1-of-2.json" \
  'sh/manifest-*-of-2.json' 'sh/manifest-*-of-*.json'; do
  set -f
  # shellcheck disable=SC2086
  run $given --metrics mae_hu --full
  set +f
  cmp <(plain out) whole.txt || fail "shards give another report than the whole: $given: $(cat out)"
done
run new=sh/manifest-1-of-2.json sh/manifest-2-of-2.json old=whole/manifest.json --metrics mae_hu --json
has '"name": "new"'
has '"name": "manifest-2-of-2.json"'
run 'new=sh/manifest-*-of-2.json' whole/manifest.json --metrics mae_hu
has 'new'
refused 2 "1 of 2 parts missing: manifest-1-of-2.json" "$metrics" sh/manifest-2-of-2.json
refused 2 "is given twice" "$metrics" sh/manifest-2-of-2.json sh/manifest-1-of-2.json sh/manifest-2-of-2.json
refused 2 "have one name" "$metrics" a=sh/manifest-1-of-2.json b=sh/manifest-2-of-2.json
refused 2 "cannot be its output" "$metrics" 'sh/manifest-*-of-2.json' -o sh/manifest-2-of-2.json --force
manifest sh/manifest-2-of-2.json s 2 5
refused 1 "case 'c5' is in manifest-1-of-2.json, too" "$metrics" 'sh/manifest-*-of-2.json'
manifest sh/manifest-2-of-2.json another 2 4
refused 1 "made from another manifest or model" "$metrics" 'sh/manifest-*-of-2.json'
cp sh/manifest-1-of-2.json sh/alone.json
run sh/alone.json --metrics mae_hu
