#!/usr/bin/env bash
# Row A1 of the reliability list: each crafted NIfTI file is refused with exit 1, one line on stderr that names the file
# and the fault, nothing on stdout, and less than 64 MB of memory.
set -euo pipefail
bin=$1
crafted=$(dirname "$0")/../../data/crafted_nifti.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 files=0 highest=0
fail() { echo "FAIL: $*" >&2; failures=$((failures + 1)); }

measure=1
if grep -qE '__(asan|tsan|msan)_init' "$bin/gdm-prep"; then
  measure=0
  echo "peak memory is judged in builds without a sanitizer alone"
fi
mkdir "$work/files"
python3 "$crafted" "$work/files" "$bin/gdm-prep" >"$work/results"
cd "$work/files"
while IFS=$'\t' read -r name part code peak; do
  [ "$code" = 1 ] || fail "$name: exit $code"
  [ ! -s "$name.out" ] || fail "$name: stdout is not empty"
  { mapfile -t lines; } <"$name.err"
  [ "${#lines[@]}" = 1 ] || fail "$name: ${#lines[@]} lines on stderr: ${lines[*]}"
  named=${name%.hdr} line=${lines[0]-}  # the other file of a pair may be at fault
  [[ $line == "gdm-prep: error: $named"* && $line == *"$part"* ]] || fail "$name: expected '$part', got: $line"
  [ "$measure" = 0 ] || [ "$peak" -lt 65536 ] || fail "$name: $peak KiB of memory"
  files=$((files + 1)) highest=$((peak > highest ? peak : highest))
done <"$work/results"
echo "$files files, $failures failures, peak memory at most $highest KiB"
[ "$files" -ge 24 ] && [ "$failures" = 0 ]
