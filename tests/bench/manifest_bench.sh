#!/usr/bin/env bash
# What reading a manifest costs for each case, which should not grow with their number: manifest_bench.sh BIN
set -euo pipefail
bin=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "| cases | user time / s | us a case |"
echo "|---|---|---|"
for cases in 2000 20000 200000; do
  {
    echo '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['
    seq -f '{"id": "case%.0f", "target": "a.nii"},' $((cases - 1))
    echo '{"id": "last", "target": "a.nii"}]}'
  } >"$folder/m.json"
  seconds=$({ TIMEFORMAT=%U; time "$bin/gdm-prep" info -q "$folder/m.json" >/dev/null; } 2>&1)
  echo "| $cases | $seconds | $(awk "BEGIN {printf \"%.1f\", 1e6 * $seconds / $cases}") |"
done
