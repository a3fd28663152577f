#!/usr/bin/env bash
# Where whole volumes do not fit into --memory, slices are read, made and written one slab after the other: the same bytes, whatever
# their number.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o p --count 2 --kind head --seed 3 --shape 24 --spacing 8 -q
gdm-recon project p/manifest.json -o scans --views 24 --seed 1 -q >/dev/null
gdm-recon fbp scans/manifest.json -o fbp -q >/dev/null
gdm-drift-train fbp/manifest.json --conditions fbp --objective regression --steps 2 --patch 32 --widths 8,16 --batch 1 --noise-channels 1 \
  --threads 1 --seed 3 -q -o hu.safetensors
gdm-phantom -o s --count 1 --kind head --seed 3 --shape 200 --spacing 1.2 -q
gdm-phantom -o l --count 1 --kind head --seed 3 --shape 280 --spacing 0.8 -q
loud=(gdm-synth --threads 1 --model hu.safetensors --any-acquisition --resample never --force)
synth=("${loud[@]}" -q)
slabs() {  # slabs VOLUME: the peak of a run that the least limit of whole volumes would not let through
  local said limit peak
  "${synth[@]}" "$1" -o none.nii.gz --memory 1M 2>err.txt && fail "a limit of 1 MiB is accepted"
  grep -q 'of volumes' err.txt || fail "no figures: $(cat err.txt)"
  # A dry run asks for 16 MiB more than a run does, and programs take a MiB more or less from run to run.
  limit=$(($(sed -E 's/.*needs ([0-9]+) MiB of volumes, ([0-9]+) of programs and weights and ([0-9]+) for.*/\1 + \2 + \3 + 18/' err.txt)))
  said=$("${synth[@]}" "$1" -o part.nii.gz --memory "${limit}M" --dry-run)
  found '(32 slices at a time)' <<<"$said" || fail "no slabs: $said"
  "${synth[@]}" "$1" -o all.nii.gz
  env -u SOURCE_DATE_EPOCH "${synth[@]}" "$1" -o part.nii.gz --memory "${limit}M"
  cmp part.nii.gz all.nii.gz || fail "slabs change $1"
  peak=$(sed -n 's/.*"peak_rss_mib": \([0-9]*\).*/\1/p' part.json)
  echo "$1 in slabs: $peak MiB under a limit of $limit"
  ((peak <= limit)) || fail "$1: $peak MiB were needed under a limit of $limit"
}
small=$(ls s/*_ct.nii.gz) big=$(ls l/*_ct.nii.gz)
slabs "$small"
slabs "$big"
gdm-prep reorient "$small" -o sideways.nii.gz --to PLS -q
slabs sideways.nii.gz
# What slabs cannot do is refused as before: a mean, another orientation, a model that looks at the whole volume.
tight=$(($(sed -E 's/.*, ([0-9]+) of programs and weights and ([0-9]+) for.*/\1 + \2 + 30/' err.txt)))M
refused 1 'more than the' "${synth[@]}" "$big" -o none.nii.gz --memory "$tight" --flips
gdm-prep reorient "$big" -o turned.nii.gz --to LAI -q
refused 1 'more than the' "${synth[@]}" turned.nii.gz -o none.nii.gz --memory "$tight"
# A pipe is read once, and has no part of a CT in it; enough memory changes nothing for it.
refused 1 'more than the' "${synth[@]}" <(cat "$big") -o none.nii.gz --memory "$tight"
refused 1 'more than the' "${synth[@]}" "$big" -o - --memory "$tight"
"${synth[@]}" <(cat "$small") -o piped.nii.gz --memory 4G
cmp piped.nii.gz <("${synth[@]}" "$small" -o piped2.nii.gz && cat piped2.nii.gz) || fail "a pipe changes the CT"
# What follows the voxels is told of once, and a mask is read to its end.
cat "$big" <(printf 'some bytes' | gzip) >padded.nii.gz
"${loud[@]}" padded.nii.gz -o padded_ct.nii.gz --memory "$tight" --progress never 2>err.txt
(($(grep -c '10 bytes after the last voxel are ignored' err.txt) == 1)) || fail "padding: $(cat err.txt)"
head -c 2000 "$(ls l/*_mask.nii.gz)" >mask.nii.gz
refused 1 'mask.nii.gz: ' "${synth[@]}" "$big" --mask mask.nii.gz -o none.nii.gz --memory "$tight"
# A file that ends early, or voxels that no network can use, leave nothing behind.
head -c 3000000 "$big" >cut.nii.gz
refused 1 'cut.nii.gz: the gzip data are cut off' "${synth[@]}" cut.nii.gz -o none.nii.gz --memory "$tight"
refused 1 'is not in HU' "${synth[@]}" "$(ls l/*_mr.nii.gz)" -o none.nii.gz --memory "$tight"
[[ ! -e none.nii.gz && ! -e none.json ]] || fail "a refused run left files"
