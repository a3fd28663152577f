#!/usr/bin/env bash
# Mean and spread in one run are those of predictions written one by one: draws, an ensemble, and mirror images.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o p --count 3 --kind head --seed 3 --shape 20 --spacing 10 -q
train=(gdm-drift-train p/manifest.json --objective regression --steps 2 --patch 16 --widths 8,16 --batch 1 --threads 1 -q)
"${train[@]}" -o noisy.safetensors --noise-channels 2 --seed 3
"${train[@]}" -o a.safetensors --seed 4
"${train[@]}" -o b.safetensors --seed 5
id=$(basename "$(ls p/*_mr.nii.gz | head -n 1)" _mr.nii.gz)
mr=p/${id}_mr.nii.gz
synth=(gdm-synth --threads 1 -q --dtype float32 --seed 7)

values() { gzip -cdf "$1" | tail -c +353 | od -An -v -w4 -t f4; }
# same MEAN SD VOLUME...: to a hundredth of a HU.
same() {
  local mean=$1 sd=$2 n=0 columns=()
  shift 2
  for volume in "$mean" "$sd" "$@"; do values "$volume" >"column$n" && columns+=("column$n") && n=$((n + 1)); done
  paste "${columns[@]}" | awk '
    { sum = 0; squares = 0
      for (c = 3; c <= NF; ++c) sum += $c
      for (c = 3; c <= NF; ++c) squares += ($c - sum / (NF - 2)) ^ 2
      a = sum / (NF - 2) - $1; b = sqrt(squares / (NF - 3)) - $2
      if (a < 0) a = -a; if (b < 0) b = -b
      if (a > most) most = a; if (b > most_sd) most_sd = b; total += $2 }
    END { printf "%d voxels: mean within %g, SD within %g, mean SD %g\n", NR, most, most_sd, total / NR
          exit !(NR == 8000 && most < 0.01 && most_sd < 0.01 && total / NR > 0.1) }' || fail "$mean and $sd are not those of $*"
}

# Draws: the same that are written as cases, and of one volume.
"${synth[@]}" p/manifest.json --model noisy.safetensors --samples 4 -o draws >/dev/null
"${synth[@]}" p/manifest.json --model noisy.safetensors --samples 4 -o mean --spread sd >manifest.json
same "mean/${id}_pred.nii.gz" "sd/${id}_spread.nii.gz" draws/"${id}"_s?_pred.nii.gz
grep -q "\"spread\": \".*sd/${id}_spread.nii.gz\"" mean/manifest.json || fail "no spread in $(cat mean/manifest.json)"
(($(grep -c _spread.nii.gz manifest.json) == 3)) || fail "the manifest has not three cases: $(cat manifest.json)"
tr -d ' \n' <"sd/${id}_spread.json" | found '"mean_of":{"predictions":4,"models":1,"draws":4,"flips":false,"shifts":0}' ||
  fail "the sidecar tells nothing of the draws: $(cat "sd/${id}_spread.json")"
grep -q '"mean_in_body": [1-9]' "sd/${id}_spread.json" || fail "no mean spread in $(cat "sd/${id}_spread.json")"
"${synth[@]}" "$mr" --model noisy.safetensors --samples 3 -o one.nii.gz --spread one-sd.nii.gz --mask "p/${id}_mask.nii.gz"
[[ -s one-sd.json ]] || fail "no sidecar of the spread"
"${synth[@]}" p/manifest.json --model noisy.safetensors -o plain --split test >/dev/null
! grep -q spread plain/manifest.json || fail "a spread that nobody asked for"

# Shards make the same volumes, and their manifests name the spreads.
for part in 1/2 2/2; do
  "${synth[@]}" p/manifest.json --model noisy.safetensors --samples 4 -o parts --spread parts-sd --shard $part >"part${part%/*}.json"
done
for volume in mean/*_pred.nii.gz; do volume-diff "$volume" "parts/${volume#*/}" || fail "a shard's mean is another: $volume"; done
for volume in sd/*_spread.nii.gz; do volume-diff "$volume" "parts-sd/${volume#*/}" || fail "a shard's spread is another: $volume"; done
(($(cat part1.json part2.json | grep -c parts-sd/.*_spread.nii.gz) == 3)) || fail "shards do not name three spreads"

# Its grades, by the name that the manifest has for it.
gdm-metrics mean/manifest.json --spread spread --json -q >grades.json
for key in spread_correlation spread_ause spread_ratio spread_crps_hu spread_excess_1sd spread_excess_2sd mae_hu; do
  grep -q "\"$key\"" grades.json || fail "no $key in the grades"
done
refused 1 "no input 'spread'" gdm-metrics draws/manifest.json --spread spread
sed 's|"spread": "[^"]*"|"spread": "../p/'"$id"'_ct.nii.gz"|' mean/manifest.json >mean/wrong.json
refused 1 "_ct.nii.gz: the spread is -.*, expected a standard deviation" gdm-metrics mean/wrong.json --spread spread
refused 1 "no input 'spread'" gdm-metrics draws/manifest.json --spread spread --dry-run

# A manifest that has an old spread loses it with the prediction that it belonged to.
"${synth[@]}" mean/manifest.json --model noisy.safetensors -o later >/dev/null
! grep -q _spread.nii.gz later/manifest.json || fail "the old spread stays beside a new prediction"

# --resume makes again where one of the two is missing.
rm "sd/${id}_spread.nii.gz"
gdm-synth p/manifest.json --model noisy.safetensors --samples 4 -o mean --spread sd --resume --threads 1 --dtype float32 \
  --seed 7 2>err.txt >/dev/null
found '2 of 3 cases were finished already' <err.txt || fail "resuming: $(cat err.txt)"
found "sd/${id}_spread.nii.gz: is made again: it is not there" <err.txt || fail "no reason: $(cat err.txt)"
[[ -s sd/${id}_spread.nii.gz ]] || fail "the missing spread was not made again"

# An ensemble, of draws as well; and mirror images.
"${synth[@]}" "$mr" --model a.safetensors -o a.nii.gz
"${synth[@]}" "$mr" --model b.safetensors -o b.nii.gz
"${synth[@]}" "$mr" --model a.safetensors --model b.safetensors -o ab.nii.gz --spread ab-sd.nii.gz
same ab.nii.gz ab-sd.nii.gz a.nii.gz b.nii.gz
grep -q models_sha256 ab.json || fail "no digests of an ensemble in $(cat ab.json)"
"${synth[@]}" "$mr" --model a.safetensors --model b.safetensors -o ab-alone.nii.gz
volume-diff ab.nii.gz ab-alone.nii.gz || fail "the mean depends on --spread"
"${synth[@]}" "$mr" --model a.safetensors --flips -o flips.nii.gz --spread flips-sd.nii.gz
! volume-diff flips.nii.gz a.nii.gz >/dev/null || fail "--flips changes nothing"
"${synth[@]}" "$mr" --model a.safetensors --model b.safetensors --flips -o four.nii.gz --spread four-sd.nii.gz
"${synth[@]}" "$mr" --model a.safetensors --shifts 2 -o shifts.nii.gz --spread shifts-sd.nii.gz
! volume-diff shifts.nii.gz a.nii.gz >/dev/null || fail "--shifts changes nothing"
gdm-prep reorient "$mr" -o turned.nii.gz --to SPR -q
"${synth[@]}" turned.nii.gz --model a.safetensors --shifts 2 -o turned-ct.nii.gz
gdm-prep reorient turned-ct.nii.gz -o back.nii.gz --to LAS -q
volume-diff back.nii.gz shifts.nii.gz || fail "--shifts depends on how the file orders its axes"
refused 2 'can begin at 12 places alone' "${synth[@]}" "$mr" --model a.safetensors --shifts 12 -o x.nii.gz
tr -d ' \n' <shifts.json | found '"predictions":3,"models":1,"draws":1,"flips":false,"shifts":2' || fail "not three: $(cat shifts.json)"
tr -d ' \n' <four.json | found '"predictions":4,"models":2,"draws":1,"flips":true' || fail "not four: $(cat four.json)"
gdm-synth "$mr" --model a.safetensors --flips -o x.nii.gz --spread x-sd.nii.gz --dry-run >plan.txt
grep -q 'mean  *of 2 predictions' plan.txt || fail "the plan: $(cat plan.txt)"
grep -q -- '-> x.nii.gz, x-sd.nii.gz, about' plan.txt || fail "the plan lacks an output: $(cat plan.txt)"

# What has no spread, and what makes no ensemble.
refused 2 "spread needs more than one prediction" gdm-synth "$mr" --model a.safetensors -o x.nii.gz --spread x-sd.nii.gz
refused 2 "takes no noise" gdm-synth "$mr" --model a.safetensors --samples 3 -o x.nii.gz --spread x-sd.nii.gz
refused 2 "takes no noise" gdm-synth p/manifest.json --model noisy.safetensors --model a.safetensors --samples 3 -o x --spread x
refused 2 "spread: a manifest needs a folder" gdm-synth p/manifest.json --model a.safetensors --flips -o x --spread x.nii.gz
refused 2 "spread: 'sd' is not a NIfTI name" gdm-synth "$mr" --model a.safetensors --flips -o x.nii.gz --spread sd
refused 2 "two outputs are this one file" gdm-synth "$mr" --model a.safetensors --flips -o x.nii.gz --spread x.nii.gz
refused 2 "standard output can be one of" gdm-synth "$mr" --model a.safetensors --flips -o - --spread -
mkdir x.d && touch x.d/file
refused 1 "file exists and is not a folder" gdm-synth p/manifest.json --model a.safetensors --flips -o x.d/out --spread x.d/file/sd
[[ ! -e x.d/out ]] || fail "a refused folder left the other"
rm -r x.d
refused 1 "exists" gdm-synth "$mr" --model a.safetensors --flips -o x.nii.gz --spread flips-sd.nii.gz
refused 2 "cannot be its output" gdm-synth "$mr" --model a.safetensors --flips -o x.nii.gz --spread "$mr" --force
sed 's|"mr": "\([^"]*\)"|"mr": "\1", "t2": "\1"|' p/manifest.json >p/two.json
gdm-drift-train p/two.json --conditions mr,t2 --objective regression --steps 1 --patch 16 --widths 8,16 --batch 1 \
  -o two.safetensors "${common[@]}"
refused 2 "two.safetensors: takes mr, t2, unlike the first --model" gdm-synth "$mr" --model a.safetensors \
  --model two.safetensors -o x.nii.gz
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
