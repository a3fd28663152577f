#!/usr/bin/env bash
# Every output of the tools without a network on a full disk, a read-only one, /dev/full, in a missing folder and in a
# "folder" that is a file.
set -euo pipefail
bin=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
. "$here/../full-disk.bash" "$0" "$@"
phantom=("$bin/gdm-phantom" -q --count 2 --kind head --shape 16 --spacing 12)
recon="$bin/gdm-recon" metrics="$bin/gdm-metrics"

"${phantom[@]}" -o pairs
"$recon" project -q pairs/manifest.json -o sino --views 8 >/dev/null
"$recon" fbp -q sino/manifest.json -o fbp >/dev/null
ct=pairs/head0001_ct.nii.gz sino=sino/head0001_sinogram.nii.gz
sed 's/"target": \("[^"]*"\)/"prediction": \1, &/' fbp/manifest.json >fbp/graded.json
graded=("$metrics" -q a=fbp/graded.json)
[ "$("${graded[@]}" --tsv - | wc -l)" -ge 3 ] || fail "nothing to grade"

# Folders of files.
for command in "${phantom[*]}" "$recon project -q pairs/manifest.json --views 8" "$recon fbp -q sino/manifest.json"; do
  # shellcheck disable=SC2086
  sweep $command -o "$disk/made"
  # shellcheck disable=SC2086
  read_only $command -o "$disk/made"
  for folder in file file/made; do
    # shellcheck disable=SC2086
    refused "$folder" $command -o "$work/$folder"
  done
done
for verb in "project -q pairs/manifest.json --views 8" "fbp -q sino/manifest.json"; do
  # shellcheck disable=SC2086
  sweep "$recon" $verb -o "$disk/made" --keep-going
  mkdir disk/made
  # shellcheck disable=SC2086
  code=0 && "$recon" $verb -o "$disk/made" 2>err.txt >/dev/full || code=$?
  [ "$code" = 1 ] && grep -q 'standard output: No space left on device' err.txt || fail "a manifest on /dev/full: exit $code"
  whole disk
  find disk -mindepth 1 -delete
done

# Single files.
for command in "$recon project -q $ct --views 8 -o@/a.nii.gz" "$recon fbp -q $sino -o@/a.nii.gz" \
  "$recon fbp -q $sino -o@/a.nii" "${graded[*]} -o@/report.txt" "${graded[*]} --json -o@/report.json" \
  "${graded[*]} --tsv=@/a.tsv" "$metrics montage -q a=fbp/graded.json -o@/a.png"; do
  # shellcheck disable=SC2086
  sweep ${command//@/$disk}
  # shellcheck disable=SC2086
  read_only ${command//@/$disk}
  for folder in none file; do
    # shellcheck disable=SC2086
    refused "$work/$folder/" ${command//@/$work/$folder}
  done
  [ ! -e none ] && [ "$(cat file)" = text ] || fail "a folder was made or a file replaced: $command"
done

# Streams that are full.
for command in "$recon fbp -q $sino -o -" "${graded[*]}" "${graded[*]} --json" "${graded[*]} --tsv -"; do
  code=0
  $command 2>err.txt >/dev/full || code=$?
  [ "$code" = 1 ] && grep -q 'standard output: No space left on device' err.txt || fail "exit $code: $command"
done
for command in "${graded[*]} -f -o /dev/full" "${graded[*]} --json -f -o /dev/full" "${graded[*]} -f --tsv /dev/full" \
  "$metrics montage -q a=fbp/graded.json -f -o /dev/full"; do
  # shellcheck disable=SC2086
  refused '/dev/full: No space left on device' $command
done
end_of_test
