#!/usr/bin/env bash
# gdm-phantom and gdm-recon: each bad option is exit 2 with one to three lines on stderr, a bad file is exit 1, and
# neither leaves anything behind.
set -euo pipefail
bin=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "FAIL: $*" >&2; exit 1; }
bad() {  # bad CODE command...
  local code=$1 got=0
  shift
  "$@" >"$work/out.txt" 2>"$work/err.txt" || got=$?
  [ "$got" = "$code" ] || { cat "$work/err.txt" >&2; fail "exit $got instead of $code: $*"; }
  [ ! -s out.txt ] || fail "stdout is not empty: $*"
  local lines
  lines=$(wc -l <err.txt)
  [ "$lines" -ge 1 ] && [ "$lines" -le 3 ] || { cat err.txt >&2; fail "$lines lines on stderr: $*"; }
  grep -q '^gdm-[a-z]*: error: ' err.txt || fail "no error line: $*"
  rm out.txt err.txt
}

phantom="$bin/gdm-phantom" recon="$bin/gdm-recon"
bad 2 "$phantom"
bad 2 "$phantom" -o d extra
bad 2 "$phantom" -o d --no-such-option
bad 2 env GDM_LOG_LEVEL=loud "$phantom" -o d
for option in '--count 0' '--count x' '--count -3' '--kind foot' '--shape 8' '--shape 1e9' '--spacing 0' '--spacing -1' \
  '--spacing nan' '--seed x' '--seed -1' '--threads 0' '--threads x' '--progress maybe' '--config missing.json'; do
  # shellcheck disable=SC2086
  bad 2 "$phantom" -o d $option
done
[ -z "$(ls -A)" ] || fail "gdm-phantom left something: $(ls -A)"
bad 1 "$phantom" -o /proc/none/d --count 1 --shape 16

[ -z "$(GDM_LOG_LEVEL=quiet "$phantom" -o pairs --count 1 --shape 16 2>&1)" ] || fail "GDM_LOG_LEVEL=quiet said something"
ct=pairs/head0001_ct.nii.gz
bad 2 "$recon"
bad 2 "$recon" reproject "$ct" -o s.nii.gz
bad 2 "$recon" project "$ct"
bad 2 "$recon" fbp
bad 2 "$recon" proyect "$ct" -o s.nii.gz
{ "$recon" proyect "$ct" -o s.nii.gz 2>&1 || true; } | grep -c 'is project meant' >/dev/null || fail "a misspelt command is not named"
for option in '--views 0' '--views x' '--views 1e9' '--photons -1' '--photons 0.5' '--photons inf' '--photons x' \
  '--oversample 0' '--oversample -1' '--oversample 1.5' '--oversample 100' '--detectors 0' '--detectors x' '--seed x' '--filter hann' '--shard' '--threads -1'; do
  # shellcheck disable=SC2086
  bad 2 "$recon" project "$ct" -o s.nii.gz $option
done
for option in '--filter box' '--views 3' '--seed 1' '--threads 0.5'; do
  # shellcheck disable=SC2086
  bad 2 "$recon" fbp "$ct" -o f.nii.gz $option
done
for shard in 0/2 3/2 1 a/b 1/0 -1/2 auto auto/ auto/0 auto/x; do bad 2 "$recon" project pairs/manifest.json -o s --shard $shard; done
bad 1 "$recon" project pairs/manifest.json -o s --split val
bad 2 "$recon" project pairs/manifest.json -o s.nii.gz
bad 2 "$recon" project "$ct" -o s
bad 2 "$recon" project "$ct" -o -
bad 2 "$recon" project "$ct" -o "$ct" --force
bad 2 "$recon" project "$ct" -o ./pairs/../"$ct" --force
bad 1 "$recon" project missing.nii.gz -o s.nii.gz
bad 1 "$recon" project missing.json -o s
bad 1 "$recon" project "$ct" -o missing/s.nii.gz
bad 1 "$recon" fbp "$ct" -o f.nii.gz
bad 1 "$recon" fbp pairs/manifest.json -o f
head -c 700 "$ct" >cut.nii.gz
bad 1 "$recon" project cut.nii.gz -o s.nii.gz
bad 1 "$recon" project cut.nii.gz -o s.nii.gz --dry-run
rm cut.nii.gz
[ "$(ls -A)" = pairs ] || fail "gdm-recon left something: $(ls -A)"
