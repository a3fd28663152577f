#!/usr/bin/env bash
# Voxels that the model does not know: brought to its own and back, as gdm-prep does it in three steps; said in one line
# and in the sidecar; --resample never; what lies too far beyond.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o p --count 3 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-drift-train p/manifest.json --objective regression -o m.safetensors --steps 2 --patch 16 --widths 8,16 --batch 1 "${common[@]}"
id=$(basename "$(ls p/*_mr.nii.gz | head -n 1)" _mr.nii.gz)
synth=(gdm-synth --model m.safetensors --threads 1 --dtype float32 --progress never)

# Voxels that fit: nothing is said and nothing resampled.
"${synth[@]}" "p/${id}_mr.nii.gz" -o plain.nii.gz 2>err.txt
[[ ! -s err.txt ]] || fail "voxels of the training: $(cat err.txt)"
! grep -q resampled plain.json || fail "resampled for nothing"

# Finer voxels of 3.5 mm, in other directions: the same as the three steps by hand, up to what is cut off.
gdm-phantom -o f --count 3 --kind head --seed 3 --shape 64 --spacing 3.5 -q
gdm-prep reorient "f/${id}_mr.nii.gz" --to PIR -o fine.nii.gz -q
"${synth[@]}" fine.nii.gz -o ct.nii.gz 2>err.txt
found 'fine.nii.gz: voxels of 3.5 mm on average, the model was trained on 7 to 7 mm: resampled to 32 x 32 x 32 voxels' <err.txt ||
  fail "no word of resampling: $(cat err.txt)"
(($(wc -l <err.txt) == 1)) || fail "more than a line: $(cat err.txt)"
tr -d '\n' <ct.json | found '"resampled": { *"from": "64 x 64 x 64 voxels of 3.5.*PIR", *"to": "32 x 32 x 32 voxels of 7 ' ||
  fail "the sidecar tells no resampling: $(cat ct.json)"
gdm-prep resample fine.nii.gz --spacing 7 --interpolation cubic -o coarse.nii.gz -q
"${synth[@]}" coarse.nii.gz -o coarse-ct.nii.gz -q
gdm-prep resample coarse-ct.nii.gz --like fine.nii.gz --interpolation cubic -o by-hand.nii.gz -q
volume-diff by-hand.nii.gz ct.nii.gz 5 >diff.txt || fail "not the three steps: $(cat diff.txt)"
"${synth[@]}" fine.nii.gz -o x.nii.gz --dry-run | found 'PIR (resampled to 32 x 32 x 32 voxels' || fail "the plan"

# Two cases of a manifest are told apart, and never is as it was.
"${synth[@]}" f/manifest.json -o cases 2>err.txt >/dev/null
(($(grep -c ': resampled to' err.txt) == 3)) || fail "not one line for each case: $(cat err.txt)"
"${synth[@]}" fine.nii.gz -o never.nii.gz --resample never 2>err.txt
found 'warning: fine.nii.gz: voxels of 3.5 mm on average, the model was trained on 7 to 7 mm$' <err.txt || fail "never: $(cat err.txt)"
! grep -q resampled never.json || fail "resampled though never"
! volume-diff never.nii.gz ct.nii.gz 1 >/dev/null || fail "--resample never changes nothing"

# Too far beyond: exit 1 with the figures.
gdm-prep resample "p/${id}_mr.nii.gz" --spacing 1.5 -o far.nii.gz -q
refused 1 "far.nii.gz: voxels of 1.5 mm on average; the model was trained on 7 to 7 mm, to which 1.75 to 28 mm are resampled; .gdm-prep resample. brings others nearer" \
  "${synth[@]}" far.nii.gz -o x.nii.gz
refused 1 "to which 1.75 to 28 mm are resampled" "${synth[@]}" far.nii.gz -o x.nii.gz --dry-run

# An ensemble whose second model refuses what the first takes: before either works, and in its dry run.
gdm-prep resample "p/${id}_mr.nii.gz" --spacing 16 -o coarse.nii.gz --force -q
refused 1 "coarse.nii.gz: voxels of 16 mm on average; the model was trained on" \
  "${synth[@]}" --model sim-head-t1 coarse.nii.gz -o x.nii.gz --dry-run
refused 1 "coarse.nii.gz: voxels of 16 mm on average; the model was trained on" \
  "${synth[@]}" --model sim-head-t1 coarse.nii.gz -o x.nii.gz
compgen -G 'x.*' >/dev/null && fail "a refused command left $(compgen -G 'x.*')"
exit 0
