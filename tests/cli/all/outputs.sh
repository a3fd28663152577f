#!/usr/bin/env bash
# No output of a program replaces what it reads, a manifest's files included, even with --force; and no two outputs are
# one file.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 2 --shape 16 --spacing 12 --seed 3 -q
gdm-recon project pairs/manifest.json -o sino --views 8 -q >/dev/null
gdm-recon fbp sino/manifest.json -o fbp -q >/dev/null
sed 's/"fbp": "\([^"]*\)"/"fbp": "\1"/; s/"target": \("[^"]*\)_ct\(.nii.gz"\)/&, "prediction": "head0001_fbp.nii.gz"/' \
  fbp/manifest.json >fbp/m.json
echo '{"profile": "plain"}' >options.json
ln -s ../pairs/head0001_ct.nii.gz fbp/link.nii.gz
ln pairs/head0002_mask.nii.gz hard.nii.gz
before=$(cat pairs/* sino/* fbp/*.json options.json | cksum)
for source in pairs/head0001_ct.nii.gz pairs/../pairs/head0002_ct.nii.gz pairs/head0001_mask.nii.gz hard.nii.gz \
  sino/head0001_sinogram.nii.gz fbp/head0002_fbp.nii.gz fbp/link.nii.gz fbp/m.json options.json pairs/head0001_ct.json \
  sino/head0001_sinogram.json "$PWD/pairs/head0001_ct.nii.gz"; do
  for option in -o --tsv; do
    refused 2 "cannot be its output" gdm-metrics fbp/m.json --config options.json $option "$source" --force
  done
  refused 2 "does not end in .html" gdm-metrics fbp/m.json --config options.json --html "$source" --force
done
refused 2 "does not end in .png" gdm-metrics montage fbp/m.json -o pairs/head0001_ct.nii.gz --force
refused 2 "two outputs" gdm-metrics fbp/m.json -o r.txt --tsv ./r.txt
refused 2 "two outputs" gdm-metrics fbp/m.json -o r.html --html "$PWD/r.html" --force
gdm-metrics fbp/m.json -o /dev/null --tsv /dev/null --force >out.txt 2>err.txt || fail "streams: $(cat err.txt)"

# Volumes of a batch whose names are those of sources.
sed 's/head0001_ct.nii.gz/head0001_sinogram.nii.gz/' pairs/manifest.json >pairs/m.json
cp pairs/head0001_ct.nii.gz pairs/head0001_sinogram.nii.gz
refused 2 "the target of case 'head0001'" gdm-recon project pairs/m.json -o pairs --shard 1/2 --force
refused 2 "an input" gdm-recon fbp sino/head0001_sinogram.nii.gz -o sino/head0001_sinogram.nii.gz --force
refused 2 "the sidecar of head0001_sinogram.nii.gz, an input" gdm-recon fbp sino/head0001_sinogram.nii.gz -o sino/head0001_sinogram.nii --force
rm pairs/head0001_sinogram.nii.gz pairs/m.json
[ "$before" = "$(cat pairs/* sino/* fbp/*.json options.json | cksum)" ] || fail "a refused run changed a source"
