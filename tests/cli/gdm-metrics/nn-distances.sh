#!/usr/bin/env bash
# gdm-metrics --encoder: distances of distributions of phantoms in the features of two small encoders.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 -q)

gdm-phantom -o p --count 5 --kind head --seed 3 --shape 48 --spacing 5 "${common[@]}"
gdm-encoder pretrain p/manifest.json -o e.safetensors --patch 16 --widths 8,8,8 --steps 4 --batch 2 "${common[@]}"
gdm-encoder pretrain p/manifest.json -o f.safetensors --patch 16 --widths 4,8,8 --steps 4 --batch 2 "${common[@]}"

# cases FILE META NUMBER...: a manifest whose predictions are the targets themselves.
cases() {
  local file=$1 meta=$2 n separator=""
  shift 2
  {
    printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['
    for n; do
      printf '%s{"id": "%s", "inputs": {"mr": "p/head000%s_mr.nii.gz"}, "target": "p/head000%s_ct.nii.gz",
        "mask": "p/head000%s_mask.nii.gz", "prediction": "p/head000%s_ct.nii.gz", "meta": {%s}}' \
        "$separator" "$n" "$n" "$n" "$n" "$n" "$meta"
      separator=","
    done
    printf ']}\n'
  } >"$file"
}

# value FILE LEVEL METHOD KEY: a number of the first encoder in a report as JSON.
value() {
  awk -v level="\"level\": \"$2\"," -v method="\"$3\": {" -v key="\"$4\":" '
    index($0, level) { in_level = 1 }
    in_level && index($0, method) { in_method = 1 }
    in_method && index($0, key) { sub(/,$/, ""); print $NF; exit }' "$1"
}
# holds EXPRESSION: awk's opinion.
holds() { awk "BEGIN { exit !($1) }" || fail "not so: $1"; }

cases same.json "" 1 2 3 4 5
grade=(gdm-metrics same=same.json --input mr --encoder e.safetensors "${common[@]}")
draws=(--bootstrap 40)
"${grade[@]}" "${draws[@]}" --encoder f.safetensors --json >d.json
# Two encoders at four levels, and as often in the comparison of either distance.
[[ $(grep -c '"encoder": "[ef]"' d.json) == 24 ]] || fail "$(grep -c '"encoder": "[ef]"' d.json) entries of two encoders, expected 24"
for level in patch global local spatial; do
  holds "$(value d.json $level same frechet) < 1e-5"
  holds "$(value d.json $level same kernel) ^ 2 < 1e-10"
  holds "$(value d.json $level "input (linear fit)" frechet) > 1e-3"
done
for key in precision recall coverage; do holds "$(value d.json patch same $key) == 1"; done
[[ $(value d.json global same frechet_interval) == null ]] || fail "an interval of singular covariances"
[[ $(value d.json patch same frechet_interval) == "[" ]] || fail "no interval"
grep -q '"warning": "5 patches for .* dimensions are few' d.json || fail "no warning of few patches"

# What lies outside the mask is not graded: noise there leaves every distance that of equal volumes.
mkdir noisy
for n in 1 2 3 4 5; do
  for kind in ct mask; do gzip -dc "p/head000${n}_$kind.nii.gz" >"noisy/$n-$kind.nii"; done
  python3 - "noisy/$n-ct.nii" "noisy/$n-mask.nii" "noisy/$n.nii" <<'P'
import sys
ct, mask = bytearray(open(sys.argv[1], "rb").read()), open(sys.argv[2], "rb").read()
for n in range(len(mask) - 352):
    if mask[352 + n] == 0:
        hu = int.from_bytes(ct[352 + 2 * n:354 + 2 * n], "little", signed=True) + n * 2654435761 % 241 - 120
        ct[352 + 2 * n:354 + 2 * n] = hu.to_bytes(2, "little", signed=True)
open(sys.argv[3], "wb").write(ct)
P
done
sed -E 's|"prediction": "p/head000(.)_ct.nii.gz"|"prediction": "noisy/\1.nii"|' same.json >noisy.json
gdm-featbank build p/manifest.json --encoder e.safetensors --patch 16 --patches-per-case 4 -o b.safetensors \
  "${common[@]}"
gdm-metrics noisy=noisy.json --encoder e.safetensors --bank b.safetensors --unmasked --bootstrap 0 --json \
  "${common[@]}" >outside.json
holds "$(value outside.json patch noisy frechet) < 1e-5"
holds "$(value outside.json global noisy frechet) < 1e-5"
holds "$(value outside.json local noisy frechet) < 1e-5"
holds "$(value outside.json spatial noisy kernel) ^ 2 < 1e-10"
grep -q '"mae_hu": 0.0,' outside.json || fail "the noise reaches into the mask"
grep -q '"mae_all_hu": 0.0,' outside.json && fail "there is no noise"
gdm-metrics same=same.json --bank b.safetensors --bootstrap 0 --json "${common[@]}" >inside.json
cmp <(sed -n '/"bank"/,$p' outside.json | grep -E '"(frechet|kernel)":') \
  <(sed -n '/"bank"/,$p' inside.json | grep -E '"(frechet|kernel)":') || fail "the bank sees what lies outside"
gdm-metrics same=same.json --bank b.safetensors --bootstrap 0 "${common[@]}" >short.txt
(($(grep -cE '^  (Frechet|kernel) [a-z]+, targets [-0-9.e]+  ' short.txt) >= 6)) || fail "the short table lacks the bank: $(cat short.txt)"
gdm-phantom -o s --count 2 --kind head --seed 3 --shape 32 --spacing 7 "${common[@]}"
sed 's|"target": "\([^"]*\)"|"target": "\1", "prediction": "\1"|' s/manifest.json >s/own.json
gdm-metrics s/own.json --split all --encoder e.safetensors --bootstrap 0 --threads 1 >small.txt 2>&1
grep -q 'no patient with patches.*a tile of 48^3 voxels' small.txt || fail "no reason for distances that are missing: $(cat small.txt)"

# Text: both encoders side by side; the same seed and another one; no bootstrap.
"${grade[@]}" "${draws[@]}" --encoder f.safetensors --full >d.txt
[[ $(grep -cE '^ +(patch|global|local|spatial) ' d.txt) == 16 ]] || fail "not one row per level and method in two tables"
grep -qE '^ +e +f$' d.txt || fail "the encoders do not stand side by side"
"${grade[@]}" "${draws[@]}" --encoder f.safetensors --full | cmp - d.txt || fail "two runs differ"
"${grade[@]}" "${draws[@]}" --json --seed 7 >s.json
[[ $(value s.json patch "input (linear fit)" kernel) == "$(value d.json patch "input (linear fit)" kernel)" ]] ||
  fail "the seed changes a distance"
cmp -s <(grep -A 2 kernel_interval s.json) <(grep -A 2 kernel_interval d.json) && fail "the seed changes no interval"
"${grade[@]}" --json --bootstrap 0 >n.json
grep -qE '"(frechet|kernel|precision|recall|density|coverage)_interval": \[' n.json && fail "intervals without a bootstrap"

# The order of cases changes nothing but rounding; one patient alone is skipped, and says so.
cases turned.json "" 4 2 5 1 3
gdm-metrics same=turned.json --input mr --encoder e.safetensors --bootstrap 40 "${common[@]}" --json >t.json
for key in frechet kernel coverage; do
  a=$(value d.json patch "input (linear fit)" $key) b=$(value t.json patch "input (linear fit)" $key)
  holds "($a - $b) ^ 2 <= 1e-12 * $a ^ 2"
done
cases one.json '"patient": "x"' 1 2
gdm-metrics same=one.json --encoder e.safetensors --json --threads 1 --progress never >o.json 2>err.txt
grep -q 'skipped: 1 patient' o.json && grep -q 'warning: .*skipped: 1 patient' err.txt || fail "one patient is not skipped"
[[ $(value o.json patch same frechet) == null ]] || fail "a distance of one patient"

# Spectra: the target's own are 1 in every bin.
"${grade[@]}" --json --bootstrap 0 --metrics spectrum >p.json
awk '/"spectra"/ { spectra = 1 } spectra && /"same": \[/ { own = 1; next } own && /\]/ { own = 0; spectra = 0 }
  own && ($1 - 1) ^ 2 < 1e-12 { ++n } END { exit n != 8 }' p.json || fail "spectra"
grep -q '"spectra"' d.json && fail "spectra that nobody asked for"
refused 2 "bootstrap" gdm-metrics same.json --bootstrap -1
exit 0
