#!/usr/bin/env bash
# The benchmark of all objectives (tests/bench/benchmark.sh), as small as it can be: it is stopped in the middle of things and goes on,
# a batch that is half there included; its folder refuses other settings.
set -euo pipefail
bench=$(realpath "$(dirname "$0")/../../bench")
. "$(dirname "$0")/../scratch.bash"
unset SOURCE_DATE_EPOCH  # with it sidecars do not tell seconds
export METHODS="l1 bridge-reg,bridge-ode,true" NFE="1 2" OMP_NUM_THREADS=1 GDM_THREADS=1

gdm-phantom -o p --count 5 --kind head --seed 3 --shape 40 --spacing 5 -q
gdm-prep split p/manifest.json --split 2,1,2 --seed 1 -o p/split.json -q
benchmark() { bash "$bench/benchmark.sh" "$(dirname "$(command -v gdm-synth)")" sparse-ct p/split.json out "$1" 1 >said.txt 2>&1; }

set -m  # a process group of its own, so that its programs are stopped with it
benchmark 4 &
set +m
trap 'kill -TERM -- -$! 2>/dev/null; rm -rf "$folder"' EXIT
until [[ -e out/seed-1/tv-l1.safetensors ]]; do
  kill -0 $! 2>/dev/null || fail "it ended early: $(tail -n 3 said.txt)"
  sleep 0.05
done
kill -TERM -- -$!
trap 'rm -rf "$folder"' EXIT
wait $! && fail "a stopped run ends well"
[[ ! -e out/table.md ]] || fail "it was not stopped early"

# A batch whose last volume and manifest are missing, as of a run that ends while it makes them; steps that were never measured.
rm out/tv/manifest.json "$(ls out/tv/*_tv.nii.gz | tail -n 1)" out/next.steps
benchmark 4 || fail "it does not go on: $(tail -n 3 said.txt)"
for row in 'tv-l1 | 1 |' 'tv-l1+dc |  |' 'tv-bridge-reg,bridge-ode,true@1 | 2 |' 'tv-bridge-reg,bridge-ode,true@2 | 3 |'; do
  (($(grep -cF "| $row" out/table.md) == 2)) || fail "no row '$row' of equal steps and of equal time"
done
grep -q -- '--bridge-ode=true' out/seed-1/commands.txt || fail "an option that is a flag does not arrive"
for kind in steps time; do
  for plot in "realism-$kind-grader-ct" "nfe-$kind-grader-labels" "nfe-$kind-mae"; do
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "out/$plot.svg" || fail "$plot.svg is no picture"
  done
done
[[ -s out/montage.png ]] || fail "no montage"

# What exists is not made again; another budget needs another folder.
touch then
benchmark 4
[[ -z $(find out -type f -newer then \( -name '*.safetensors' -o -name '*.nii.gz' \)) ]] || fail "it was made again"
benchmark 9 && fail "another budget in the same folder"
grep -q 'is of other settings' said.txt || fail "another budget: $(cat said.txt)"
