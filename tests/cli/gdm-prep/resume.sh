#!/usr/bin/env bash
# Batches of gdm-prep that were stopped go on: finished cases are kept for what they hold, others are made again, and a
# dry run tells the memory that a case takes and, before long searches, whether its voxels can be read.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
. "$(dirname "$0")/../skip.bash"
gdm-phantom -q -o set --count 3 --shape 24 --spacing 9 --seed 3
kept() { sed -nE 's/.*: ([0-9]+ of [0-9]+) cases were finished already/\1/p' err.txt; }
cases() { sed -n '/"cases"/,/^  \]/p' "$1"; }
# resumed KEPT OPTIONS...: exit 0, so many of the three cases kept, the files and the cases of a batch never stopped.
resumed() {
  local count=$1 file
  shift
  "${command[@]}" -o out --resume "$@" >pipe.json 2>err.txt || fail "exit $?: ${command[*]} $*: $(cat err.txt)"
  [[ $(kept) == "$count of 3" ]] || fail "${command[*]} $*: kept $(kept), expected $count of 3: $(cat err.txt)"
}
same() {
  local file
  for file in whole/*/*.nii.gz; do cmp "$file" "out/${file#whole/}" || fail "$file differs: ${command[*]}"; done
  diff <(cases whole/manifest.json | sed 's/whole/out/') <(cases out/manifest.json) || fail "other cases: ${command[*]}"
}
commands=("crop --margin 9" "mask" "reorient --to RAS" "resample --spacing 12")
# What needs ITK; a transform that is given keeps registration short.
if gdm-prep n4 set/head0001_mr.nii.gz -o no.nii.gz --levels 1 --iterations 1 -q 2>err.txt; then
  commands+=("n4 --levels 1 --iterations 1 --field" "register --transform here.tfm" "register --transform here.tfm --spacing 12 --along mask")
else
  skip "n4 and register: $(cat err.txt)"
fi
printf '#Insight Transform File V1.0\n#Transform 0\nTransform: Euler3DTransform_double_3_3\nParameters: 0 0 0 4 0 0\nFixedParameters: 0 0 0 0\n' >here.tfm
for words in "${commands[@]}"; do
  read -ra command <<<"gdm-prep ${words%% *} set/manifest.json $(cut -s -d' ' -f2- <<<"$words")"
  rm -rf whole out
  "${command[@]}" -n -o whole >plan.txt 2>/dev/null || fail "dry run: ${command[*]}"
  [[ $(grep -c 'about [1-9][0-9]* MiB of volumes' plan.txt) == 3 ]] || fail "no memory in the plan of ${command[*]}: $(cat plan.txt)"
  "${command[@]}" -o whole >/dev/null 2>err.txt || fail "${command[*]}: $(cat err.txt)"
  "${command[@]}" -o out -q >/dev/null
  resumed 3
  same
  # Stopped in the second case, between a volume and its sidecar, and before the third.
  volume=$(ls out/head0002/*.nii.gz | head -n 1)
  rm -r out/manifest.json out/head0003 "${volume%.nii.gz}.json"
  resumed 1
  same
  # A volume that is not what its sidecar says.
  cp "$(ls out/head0001/*.nii.gz | head -n 1)" "$volume"
  resumed 2
  grep -q 'is made again: its bytes are not those' err.txt || fail "no reason: $(cat err.txt)"
  same
done
# Other options, another source: nothing of it may be kept. Files that the command does not read do not matter.
command=(gdm-prep mask set/manifest.json)
rm -rf out
"${command[@]}" -o out -q >/dev/null
resumed 0 --threshold -300
grep -q 'made with another threshold' err.txt || fail "no reason: $(cat err.txt)"
cp set/head0001_mr.nii.gz set/head0002_mr.nii.gz
resumed 3 --threshold -300
cp set/head0001_ct.nii.gz set/head0002_ct.nii.gz
resumed 2 --threshold -300
grep -q 'made from other files' err.txt || fail "no reason: $(cat err.txt)"
refused 1 'exists' "${command[@]}" -o out
refused 2 'resume is for manifests' gdm-prep mask set/head0001_ct.nii.gz -o one.nii.gz --resume
# Without --resume nothing of the sort is said, and a shard resumes its own part.
"${command[@]}" -o parts --shard 1/2 -q >/dev/null
"${command[@]}" -o parts --shard 1/2 --resume >/dev/null 2>err.txt
[[ $(kept) == "2 of 2" ]] || fail "a shard kept $(kept)"

gdm-prep qc set/manifest.json -o pictures -n 2>err.txt || fail "qc -n: $(cat err.txt)"
grep -q 'about [1-9][0-9]* MiB of volumes' err.txt || fail "no memory in the plan of qc: $(cat err.txt)"
[ "${#commands[@]}" -gt 4 ] || end_of_test

# Files whose headers are whole and whose voxels are not: said before a search begins.
head -c 3000 set/head0003_mr.nii.gz >set/cut.nii.gz
sed 's/head0003_mr/cut/' set/manifest.json >set/cut.json
for words in register "n4 --levels 1"; do
  read -ra command <<<"gdm-prep ${words%% *} set/cut.json -n -o no $(cut -s -d' ' -f2- <<<"$words")"
  refused 1 'cut.nii.gz' "${command[@]}"
  code=0
  "${command[@]}" --keep-going >plan.txt 2>err.txt || code=$?
  [[ $code == 3 && $(wc -l <plan.txt) == 2 ]] && grep -q 'cut.nii.gz' err.txt || fail "exit $code: $(cat plan.txt err.txt)"
done
refused 1 'cut.nii.gz' gdm-prep register set/cut.nii.gz --fixed set/head0001_ct.nii.gz -o no.nii.gz -n --force

# A registration that is doubtful is not finished, whether it failed or was taken.
python3 - <<'P'
import gzip, json, random
random.seed(1)
data = bytearray(gzip.open('set/head0001_mr.nii.gz').read())
for n in range(352, len(data), 2): data[n:n + 2] = random.randrange(900).to_bytes(2, 'little')
open('set/noise.nii', 'wb').write(data)
m = json.load(open('set/manifest.json'))
m['cases'] = m['cases'][:1]
m['cases'][0]['inputs']['mr'] = 'noise.nii'
json.dump(m, open('set/noise.json', 'w'))
P
doubtful=(gdm-prep register set/noise.json -o doubt --starts header --finest 9)
refused 1 'registration is doubtful' "${doubtful[@]}"
refused 1 'registration is doubtful' "${doubtful[@]}" --resume
"${doubtful[@]}" --resume --accept-doubtful >/dev/null 2>err.txt || fail "taken: $(cat err.txt)"
"${doubtful[@]}" --resume --accept-doubtful >/dev/null 2>err.txt
[[ $(kept) == "1 of 1" ]] || fail "what was taken is made again: $(cat err.txt)"
code=0
"${doubtful[@]}" --resume >/dev/null 2>err.txt || code=$?
[[ $code == 1 ]] && grep -q 'is made again: its registration is doubtful' err.txt || fail "exit $code: $(cat err.txt)"
end_of_test
