#!/usr/bin/env bash
# A model tells the scans that it was trained on, and others are refused, warned of, or let pass knowingly.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
tiny=(--objective regression --steps 2 --batch 2 --patch 16 --widths 8,16 --threads 1 --seed 3 -q)
# told PATTERN COMMAND...: exit 0 and the one warning; with PATTERN "" nothing at all.
told() {
  local pattern=$1
  shift
  "$@" --progress never >out.txt 2>err.txt || fail "'$*' exited $?: $(cat err.txt)"
  sed -i '/--device auto/d' err.txt  # said where LibTorch knows of CUDA
  if [[ -z $pattern ]]; then
    [[ ! -s err.txt ]] || fail "'$*' said '$(cat err.txt)'"
  else
    grep -q -- "$pattern" err.txt || fail "'$*' said '$(cat err.txt)', expected '$pattern'"
    [[ $(grep -c . err.txt) == 1 ]] || fail "'$*' did not say it once: $(cat err.txt)"
  fi
}

gdm-phantom -o phantoms --count 5 --kind head --seed 3 --shape 32 --spacing 7 -q
project=(gdm-recon project phantoms/manifest.json --seed 1 -q)
"${project[@]}" -o sino --views 12 --photons 1e5 --oversample 2 | gdm-recon fbp - -o fbp --filter cosine -q >fbp.json
"${project[@]}" -o other --views 24 --photons 1e5 --oversample 2 | gdm-recon fbp - -o other-fbp --filter cosine -q >other.json
"${project[@]}" -o dark --views 12 --photons 1e4 --oversample 2 >dark.json
gdm-drift-train fbp/manifest.json -o m.safetensors "${tiny[@]}"
gdm-drift-train info m.safetensors >info.txt
grep -q 'acquisition *12 views, parallel beam, 180 degrees, filter cosine, 100000 photons, oversample 2$' info.txt ||
  fail "info does not tell the scans: $(cat info.txt)"

# The model's own scans, with its own filter unless another one is asked for.
recon=(gdm-recon gdm --model m.safetensors)
one=head0001_sinogram.nii.gz
told "" "${recon[@]}" sino/$one -o same.nii.gz
grep -q '"filter": "cosine"' same.json || fail "the sidecar does not tell the model's filter"
told "" "${recon[@]}" sino/manifest.json -o same
told "" gdm-synth fbp/manifest.json --model m.safetensors -o synth

# Others: one line that names both sides, before anything is made.
refused 1 '24 views, the model was trained on 12 views' "${recon[@]}" other/$one -o x.nii.gz
refused 1 '24 views, the model was trained on 12 views' "${recon[@]}" other/manifest.json -o x
refused 1 '24 views, the model was trained on 12 views' "${recon[@]}" other/$one -o x.nii.gz --dry-run
refused 1 'filter hann, the model was trained on filter cosine' "${recon[@]}" sino/$one -o x.nii.gz --filter hann
refused 2 'filter' "${recon[@]}" sino/$one -o x.nii.gz --filter box
refused 1 '24 views, the model was trained on 12 views' gdm-synth other-fbp/manifest.json --model m.safetensors -o x
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"

# Let pass knowingly, said once for all cases.
told '24 views, the model was trained on 12 views' "${recon[@]}" other/manifest.json -o any --any-acquisition
told '24 views, the model was trained on 12 views' gdm-synth other-fbp/manifest.json --model m.safetensors -o any \
  --any-acquisition --force
told '10000 photons, the model was trained on 100000 photons' "${recon[@]}" dark/manifest.json -o darker

# Inputs and models that do not tell.
cp -r fbp bare
rm bare/head*.json
told 'no sidecar tells the views, .*trained on 12 views' gdm-synth bare/manifest.json --model m.safetensors -o unknown
gdm-drift-train bare/manifest.json -o old.safetensors "${tiny[@]}"
gdm-drift-train info old.safetensors | found acquisition && fail "info tells scans that nobody knows"
told 'the model does not tell on which views' gdm-recon gdm --model old.safetensors sino/manifest.json -o older
grep -q '"filter": "hann"' older/head0001_pred.json || fail "a model that tells no filter does not get hann"
exit 0
