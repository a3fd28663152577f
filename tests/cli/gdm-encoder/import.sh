#!/usr/bin/env bash
# gdm-encoder import and info: our own architecture, described as layers, is the same network; it grades and makes banks;
# ready descriptions are whole; what is refused.
set -euo pipefail
encoders=$(cd "$(dirname "$0")/../../../share/gdm/encoders" && pwd)
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o p --count 5 --kind head --seed 3 --shape 48 --spacing 4 -q
gdm-encoder pretrain p/manifest.json -o own.safetensors --stem conv --patch 16 --widths 8,16 --steps 2 --batch 2 "${common[@]}"

# A residual block of ours, as layers: block NAME CHANNELS
block() {
  cat <<END
    {"type": "residual", "body": [
      {"type": "norm", "kind": "group", "groups": 4, "weights": "$1.norm1"},
      {"type": "activation", "kind": "silu"},
      {"type": "conv", "weights": "$1.conv1", "channels": $2, "kernel": 3},
      {"type": "norm", "kind": "group", "groups": 4, "weights": "$1.norm2"},
      {"type": "activation", "kind": "silu"},
      {"type": "conv", "weights": "$1.conv2", "channels": $2, "kernel": 3}]}
END
}
{
  cat <<'END'
{ "gdm_encoder": 1, "name": "ours", "card": "A network for tests.", "licence": "none", "source": "pretrain",
  "input": {"scaling": "hu", "hu_range": [-1024, 2000]},
  "layers": [
    {"type": "conv", "weights": "stem", "channels": 8, "kernel": 3, "stride": 2},
END
  block down.blocks0.0 8
  echo ', {"type": "tap", "name": "s1"}, {"type": "conv", "weights": "down.reduce1", "channels": 16, "kernel": 3, "stride": 2},'
  block down.blocks1.0 16
  echo ', {"type": "tap", "name": "s2"}]}'
} >ours.json
gdm-encoder import own.safetensors --layers ours.json -o same.safetensors "${common[@]}"
gdm-encoder info own.safetensors >own.txt
gdm-encoder info same.safetensors >same.txt
diff <(sed -n '/^tap/,$p' own.txt) <(sed -n '/^tap/,$p' same.txt) || fail "the same network has other taps as layers"
grep -q '^s2 *16 *4 *31$' same.txt || fail "taps: $(cat same.txt)"
grep -q '^normalisation *group in the layers, features as they come' same.txt || fail "norms: $(cat same.txt)"
grep -q '^licence *none' same.txt || fail "card: $(cat same.txt)"
[[ $(grep '^parameters' own.txt) == $(grep '^parameters' same.txt) ]] || fail "other parameters"

# It makes banks and grades, the same as our own.
/bin/sed 's/"target": "\([^"]*\)_ct.nii.gz"/&, "prediction": "\1_mr.nii.gz"/' p/manifest.json >p/graded.json
for name in own same; do
  gdm-featbank build p/manifest.json --encoder $name.safetensors -o $name-bank.safetensors --patch 16 --training-patch 16 \
    --patches-per-case 2 "${common[@]}"
  gdm-metrics p/graded.json --encoder $name.safetensors --json --threads 1 -q | grep -E '"(frechet|kernel_interval)":' >$name.grades
done
grep -q '[1-9]' own.grades || fail "no distance: $(cat own.grades)"
diff own.grades same.grades || fail "the same network grades otherwise as layers"

# Statistics, reproducibly.
import=(gdm-encoder import ../own.safetensors --layers ../ours.json --statistics ../p/manifest.json --patch 16
  --patches-per-case 2 "${common[@]}" -o e.safetensors)
mkdir one two
(cd one && "${import[@]}") && (cd two && "${import[@]}")
cmp one/e.safetensors two/e.safetensors || fail "two imports differ"
gdm-encoder info one/e.safetensors | found "features standardised" || fail "no statistics in the file"
gdm-encoder info one/e.safetensors --json | found '"patches_per_case": 2' || fail "the file does not say what its statistics are of"
gdm-featbank build p/manifest.json --encoder one/e.safetensors -o s.safetensors --patch 16 --training-patch 16 --patches-per-case 2 "${common[@]}"
gdm-featbank info s.safetensors | found 'encoder *imported' || fail "the bank does not describe its encoder"

# The ready descriptions hold together: only the weights are missing.
for file in "$encoders"/*.json; do
  refused 1 "layer 0 conv.*there is no tensor" gdm-encoder import own.safetensors --layers "$file" -o x.safetensors
done

edit() { /bin/sed "$1" ours.json >wrong.json; }
try=(gdm-encoder import own.safetensors --layers wrong.json -o x.safetensors)
edit 's/"name": "ours"/"nam": "ours"/' && refused 1 "wrong.json: unknown key 'nam'" "${try[@]}"
edit 's/"gdm_encoder": 1/"gdm_encoder": 2/' && refused 1 "version" "${try[@]}"
edit 's/"hu_range"/"range"/' && refused 1 "unknown key 'range' in 'input'" "${try[@]}"
edit 's/-1024, 2000/2000, -1024/' && refused 1 "hu_range is not a range" "${try[@]}"
edit 's/"scaling": "hu", //' && refused 1 "scaling" "${try[@]}"
edit 's/"layers"/"ignore": "x", "layers"/' && refused 1 "'ignore' is not a list" "${try[@]}"
edit 's/"weights": "stem"/"weights": "tree"/' && refused 1 "layer 0 conv 'tree': there is no tensor 'tree.weight' in own" "${try[@]}"
edit 's/"channels": 16/"channels": 12/' && refused 1 "wrong.json: layer 3 conv 'down.reduce1': tensor .* has shape" "${try[@]}"
echo '{' >wrong.json && refused 1 "wrong.json: not valid JSON" "${try[@]}"
refused 2 "needs either --layers" gdm-encoder import own.safetensors -o x.safetensors
refused 2 "needs either --layers" gdm-encoder import own.safetensors --layers ours.json --torchscript -o x.safetensors
refused 2 "allow-code" gdm-encoder import net.pt --torchscript --input ours.json -o x.safetensors
echo '{"gdm_encoder": 1, "input": {"scaling": "hu", "hu_range": [-1000, 1000]}}' >input.json
refused 1 "unknown key 'layers'" gdm-encoder import own.safetensors --torchscript --allow-code --input ours.json -o x.safetensors
refused 1 "error: no-such.json: No such file" gdm-encoder import own.safetensors --layers no-such.json -o x.safetensors
refused 1 "error: no-such.pt: No such file" gdm-encoder import no-such.pt --torchscript --allow-code --input input.json -o x.safetensors
refused 2 "cannot be its output" gdm-encoder import own.safetensors --layers ours.json -o own.safetensors --force
refused 1 "exists" gdm-encoder import own.safetensors --layers ours.json -o same.safetensors
refused 1 "encoder" gdm-encoder info own-bank.safetensors
[[ ! -e x.safetensors ]] || fail "a refused command left x.safetensors"
exit 0
