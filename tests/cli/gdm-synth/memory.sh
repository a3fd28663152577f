#!/usr/bin/env bash
# What a dry run says of memory grows with the volume as the volumes do; --memory changes how many patches go together
# and no voxel, and refuses what cannot fit.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o p --count 2 --kind head --seed 3 --shape 24 --spacing 8 -q
gdm-drift-train p/manifest.json --objective regression --steps 2 --patch 16 --widths 8,16 --batch 1 --threads 1 --seed 3 -q \
  -o m.safetensors
mr=$(ls p/*_mr.nii.gz | head -n 1)
synth=(gdm-synth --threads 1 -q --model m.safetensors)

# 160^3 voxels are 15.6 MiB; the input and the CT are held, half a volume of so small ones, and what patches take.
gdm-phantom -o q --count 1 --kind head --seed 3 --shape 160 --spacing 1.2 -q
large=$(ls q/*_mr.nii.gz)
stated() { "${synth[@]}" "$1" --resample never -o x.nii.gz --dry-run "${@:2}" | sed -n 's/.*about \([0-9]*\) MiB of memory.*/\1/p'; }
a=$(stated "$mr") b=$(stated "$large") c=$(stated "$large" --flips --spread s.nii.gz)
[[ -n $a && -n $b && -n $c ]] || fail "no memory in the plans"
gdm-phantom -o r --count 1 --kind head --seed 3 --shape 128 --spacing 1.5 -q  # as many patches go together as of 160^3
smaller=$(stated "$(ls r/*_mr.nii.gz)")
((b > smaller + 15 && b < smaller + 24)) || fail "8 and 15.6 MiB a volume need $smaller and $b MiB, so not two and a half"
((b > a + 10)) || fail "a volume of 15.6 MiB adds $a to $b MiB"
((c > b + 40 && c < b + 100)) || fail "a mean of two with its spread adds $b to $c MiB"

# What is stated is what is needed, within 15 %: of a CT alone, held against a bank, of a mean with its spread, and brought to other
# voxels and back.
gdm-encoder scattering -o e.safetensors --octaves 1 --statistics p/manifest.json --patches-per-case 2 --patch 16 -q
gdm-featbank build p/manifest.json --encoder e.safetensors -o bank.safetensors --split all --patch 16 --training-patch 16 \
  --patches-per-case 8 --threads 1 --seed 3 -q
gdm-phantom -o w --count 1 --kind head --seed 3 --shape 160 --spacing 2.4 -q
wide=$(ls w/*_mr.nii.gz)
needs_what_it_says() {  # needs_what_it_says VOLUME OPTIONS...
  local said peak
  said=$("${synth[@]}" "$@" --patch 32 -o y.nii.gz --dry-run | sed -n 's/.*about \([0-9]*\) MiB of memory.*/\1/p')
  env -u SOURCE_DATE_EPOCH "${synth[@]}" "$@" --patch 32 -o y.nii.gz
  peak=$(sed -n 's/.*"peak_rss_mib": \([0-9]*\).*/\1/p' y.json)
  echo "${*:2}: $said of $peak MiB"
  ((100 * said >= 85 * peak && 100 * said <= 115 * peak)) || fail "${*:2}: $said MiB are stated, $peak are needed"
  rm -f y.nii.gz y.json s.nii.gz s.json
}
for options in "--resample never" "--resample never --bank bank.safetensors" "--resample never --flips --spread s.nii.gz" "--resample auto"; do
  read -ra how <<<"$options"
  needs_what_it_says "$wide" "${how[@]}"
done
# An ensemble whose second model needs the finer grid.
gdm-phantom -o f --count 2 --kind head --seed 3 --shape 24 --spacing 3 -q
gdm-drift-train f/manifest.json --objective regression --steps 2 --patch 16 --widths 8,16 --batch 1 --threads 1 --seed 3 -q \
  -o fine.safetensors
gdm-phantom -o v --count 1 --kind head --seed 3 --shape 96 --spacing 6.5 -q
needs_what_it_says v/*_mr.nii.gz --model fine.safetensors

# Of a batch, the case before and the next stand beside each, but on one thread or with a limit.
gdm-phantom -o b --count 3 --kind head --seed 3 --shape 160 --spacing 2.4 -q
batch=(gdm-synth -q --model m.safetensors b/manifest.json --patch 32 --resample never)
stated_of_batch() { "${batch[@]}" "$@" -o out --dry-run | sed -n 's/.*about \([0-9]*\) MiB of memory.*/\1/p' | tail -n 1; }
said=$(stated_of_batch --threads 2) alone=$(stated_of_batch --threads 1)
((said > alone + 40 && said < alone + 55)) || fail "neighbours of two volumes of 15.6 MiB add $alone to $said MiB"
bounded=$(stated_of_batch --threads 2 --memory 4G) single=$(stated "$(ls b/*_mr.nii.gz | head -n 1)" --patch 32 --memory 4G)
((bounded < single + 5)) || fail "with a limit a batch needs $bounded MiB, one of its volumes $single"
env -u SOURCE_DATE_EPOCH "${batch[@]}" --threads 2 -o out >/dev/null
peak=$(grep -h peak_rss_mib out/*_pred.json | sed 's/[^0-9]*\([0-9]*\).*/\1/' | sort -n | tail -n 1)
echo "a batch of three: $said of $peak MiB"
((100 * said >= 85 * peak && 100 * said <= 115 * peak)) || fail "of a batch $said MiB are stated, $peak are needed"
"${batch[@]}" --threads 2 --memory 4G -o single >/dev/null
for file in out/*_pred.nii.gz; do cmp "$file" "single/${file#out/}" || fail "overlapping changes $file"; done

# Enough, and enough for fewer patches: the same voxels.
"${synth[@]}" "$mr" -o whole.nii.gz
"${synth[@]}" "$mr" -o limited.nii.gz --memory "$((a + 20))M"
volume-diff whole.nii.gz limited.nii.gz || fail "--memory changes voxels"
refused 1 'more than the 40 MiB of --memory$' "${synth[@]}" "$mr" -o x.nii.gz --memory 40M
refused 1 'more than the 40 MiB' "${synth[@]}" "$mr" -o x.nii.gz --memory 40M --dry-run
refused 2 'memory' "${synth[@]}" "$mr" -o x.nii.gz --memory plenty
[[ ! -e x.nii.gz && ! -e x.json ]] || fail "a refused run left files"

# The least limit that is accepted holds.
"${synth[@]}" "$large" --resample never -o z.nii.gz --memory 1M 2>err.txt && fail "a limit of 1 MiB is accepted"
limit=$(sed -E 's/.*needs ([0-9]+) MiB of volumes, ([0-9]+) of programs and weights and ([0-9]+) for.*/\1 + \2 + \3 + 4/' err.txt)
limit=$((limit))
env -u SOURCE_DATE_EPOCH "${synth[@]}" "$large" --resample never -o z.nii.gz --memory "${limit}M"
peak=$(sed -n 's/.*"peak_rss_mib": \([0-9]*\).*/\1/p' z.json)
echo "--memory ${limit}M: $peak MiB"
((peak <= limit)) || fail "$peak MiB were needed under a limit of $limit"
