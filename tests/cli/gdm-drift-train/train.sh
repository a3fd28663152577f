#!/usr/bin/env bash
# gdm-drift-train for people: info, curves, dry run, a file of options, the best weights, and a log that does not tell
# how often the training was stopped.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o phantoms --count 5 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-recon project phantoms/manifest.json -o sino --views 12 -q | gdm-recon fbp - -o fbp --filter cosine -q >fbp.json
gdm-encoder pretrain phantoms/manifest.json -o e.safetensors --patch 16 --widths 8,8 --steps 2 --batch 2 "${common[@]}"
gdm-featbank build phantoms/manifest.json --encoder e.safetensors -o b.safetensors --patch 16 --training-patch 16 --patches-per-case 4 \
  "${common[@]}"
tiny=(--patch 16 --widths 8,16 --batch 2)

# A dry run checks, says what would be, and writes nothing.
gdm-drift-train fbp/manifest.json --bank b.safetensors -o m.safetensors --plot m.png --steps 8 "${tiny[@]}" --dry-run \
  "${common[@]}" >plan.txt
grep -q 'steps .* with all objectives' plan.txt || fail "no time of a step: $(cat plan.txt)"
grep -q 'writes .*m.png' plan.txt || fail "the plan lacks the picture"
compgen -G 'm.*' >/dev/null && fail "a dry run wrote $(compgen -G 'm.*')"

# The model tells how it came about, and the picture is one.
gdm-drift-train fbp/manifest.json --bank b.safetensors -o m.safetensors --plot m.png --steps 8 --validate-every 3 \
  --keep best --score ssim --drift-start 0.2 "${tiny[@]}" "${common[@]}"
gdm-drift-train info m.safetensors >info.txt
for pattern in 'parameters .*[0-9]' 'receptive .*[0-9]' 'task *sparse-ct' 'fbp (hu); adds' 'voxel edge *7 mm' \
  'acquisition .*filter cosine' 'seed 3' 'shares *ssim 0.2$' 'objective 1 .*bank' 'validation .*SSIM 0' '(best ssim)' 'sha256'; do
  grep -q -- "$pattern" info.txt || fail "info lacks '$pattern': $(cat info.txt)"
done
[[ $(grep -c '"validation":' m.log.jsonl) == 3 ]] || fail "not three validations in the log"
[[ $(head -c 4 m.png | tail -c 3) == PNG ]] || fail "no picture"
gdm-drift-train plot m.log.jsonl -o again.png
cmp m.png again.png || fail "plot draws another picture than the training"
refused 2 "does not end in .png" gdm-drift-train plot m.log.jsonl -o curves.pdf
refused 1 "m.png:1" gdm-drift-train plot m.png -o x.png
refused 1 "generator" gdm-drift-train info b.safetensors

# A second run does not take the log of one that goes on, whose name nobody gave.
gdm-drift-train fbp/manifest.json --objective regression -o goes-on.safetensors --steps 100000 "${tiny[@]}" "${common[@]}" &
running=$!
until [[ -s goes-on.log.jsonl ]]; do sleep 0.05; kill -0 $running || fail "the training has ended"; done
refused 1 "goes-on.log.jsonl: another run is writing it" gdm-drift-train fbp/manifest.json --objective regression -o x.safetensors \
  --log goes-on.log.jsonl -f --steps 1 "${tiny[@]}" "${common[@]}"
kill -TERM $running
wait $running && fail "a stopped training has ended well"
compgen -G '*.lock' >/dev/null && fail "a lock was left: $(compgen -G '*.lock')"

# Options from a file: those of a model give the same training; the command line wins; nonsense is refused.
gdm-drift-train info m.safetensors --json | awk '/^ "options": {/ {print "{"; on = 1; next} on {print} /^ }/ {on = 0}' |
  sed 's/^ },$/}/' >options.json
gdm-drift-train fbp/manifest.json --config options.json -o same.safetensors --threads 1 -q
cmp m.log.jsonl same.log.jsonl || fail "the options of a model give another training"
gdm-drift-train fbp/manifest.json --config options.json -o other.safetensors --steps 4 --threads 1 -q
[[ $(wc -l <other.log.jsonl) == 4 ]] || fail "the command line does not win over the file"
for other in "regression" "perceptual" "gdm --encoder e.safetensors"; do  # each with shares of its own
  # shellcheck disable=SC2086
  gdm-drift-train fbp/manifest.json --config options.json --objective $other -o other.safetensors -f --steps 1 --threads 1 -q
  gdm-drift-train info other.safetensors --json >other.json
  case $other in
    regression) expected='' ;;
    perceptual) expected='"perceptual": 0.3,"ssim": 0.0,' ;;
    gdm*) expected='"perceptual": 0.15,"ssim": 0.2,' ;;
  esac
  shares=$(sed -nE 's/^  ("(perceptual|ssim)": .*)/\1/p' other.json | sort | tr -d '\n')
  [[ $shares == "$expected" ]] || fail "$other has shares $shares"
done
echo '{"stepps": 4}' >wrong.json
refused 2 "wrong.json.*stepps" gdm-drift-train fbp/manifest.json --config wrong.json -o x.safetensors
echo '{"steps": 0}' >wrong.json
refused 2 "steps" gdm-drift-train fbp/manifest.json --config wrong.json -o x.safetensors

# Voxels of another size than those of the training.
gdm-phantom -o large --count 1 --kind head --seed 9 --shape 32 --spacing 10 -q
gdm-recon project large/manifest.json -o large-sino --views 12 -q | gdm-recon fbp - -o large-fbp --filter cosine -q >/dev/null
gdm-synth large-fbp/manifest.json --model m.safetensors -o far --split all 2>warning.txt >/dev/null
grep -q 'voxels of 10 mm' warning.txt || fail "no warning of voxels of another size: $(cat warning.txt)"
gdm-synth fbp/manifest.json --model m.safetensors -o near --split test 2>warning.txt >/dev/null
! grep -q 'voxels of' warning.txt || fail "a warning of the voxels of the training"

# Label maps are no conditions unless they are asked for.
sed 's/"mr": "\([^"]*\)_mr.nii.gz"/"mr": "\1_mr.nii.gz", "labels": "\1_mask.nii.gz"/' phantoms/manifest.json \
  >phantoms/labels.json
gdm-drift-train phantoms/labels.json --objective regression -o l.safetensors --steps 2 "${tiny[@]}" "${common[@]}"
gdm-drift-train info l.safetensors | found 'conditions *mr (percentile)$' || fail "label maps are conditions"
refused 1 "t2" gdm-drift-train phantoms/labels.json --objective regression --conditions mr,t2 -o x.safetensors

# Stopped again and again, mostly in validations, which take most of the time: log and model are those of one run.
gdm-phantom -o fine --count 3 --kind head --seed 3 --shape 64 --spacing 3.5 -q
long=(gdm-drift-train ../fine/manifest.json --objective regression -o m.safetensors --steps 4 --validate-every 1
  --keep best --force "${tiny[@]}" "${common[@]}")
mkdir whole cut
(cd whole && "${long[@]}")
cd cut
stops=0
touch m.log.jsonl  # --force, so that it may be there
while ((stops < 20)); do
  lines=$(wc -l <m.log.jsonl)
  "${long[@]}" &
  trainer=$!
  while (($(wc -l <m.log.jsonl) <= lines)) && kill -0 "$trainer" 2>/dev/null; do sleep 0.02; done
  kill -TERM "$trainer" 2>/dev/null || true
  status=0
  wait "$trainer" || status=$?
  [[ $status == 0 ]] && break
  [[ $status == 75 ]] || fail "SIGTERM: exit $status, expected 75"
  stops=$((stops + 1))
done
((stops > 0)) || fail "no run was stopped"
cd ..
for file in m.log.jsonl m.safetensors; do cmp "whole/$file" "cut/$file" || fail "$file of the stopped training differs"; done

# What a newcomer gets wrong.
refused 2 "MANIFEST" gdm-drift-train -o x.safetensors --objective regression
refused 2 "output" gdm-drift-train fbp/manifest.json --objective regression
refused 2 "png" gdm-drift-train fbp/manifest.json --objective regression -o x.safetensors --plot x.jpg
sed 's/"val"/"train"/' fbp/manifest.json >fbp/no-val.json
refused 2 "val" gdm-drift-train fbp/no-val.json --objective regression -o x.safetensors --keep best
# A file of another kind is named once, and before volumes are loaded.
refused 1 "error: e.safetensors: is encoder, expected .*'bank'" gdm-drift-train fbp/manifest.json --bank e.safetensors \
  -o x.safetensors "${tiny[@]}"
! grep -q loading err.txt || fail "volumes were loaded first: $(cat err.txt)"
refused 1 "error: b.safetensors: is bank, expected .*'encoder'" gdm-drift-train fbp/manifest.json --objective perceptual \
  --encoder b.safetensors -o x.safetensors "${tiny[@]}" -q
# A bank of other patches than the training's has features of another distribution.
refused 1 'b.safetensors: made of views of patches of 16 voxels, .* 24: .*--training-patch 24' gdm-drift-train \
  fbp/manifest.json --bank b.safetensors -o x.safetensors --patch 24 --widths 8,16 "${common[@]}"
refused 2 'smaller' gdm-featbank build phantoms/manifest.json --encoder e.safetensors -o x.safetensors --patch 24 \
  --training-patch 16
# What has seen a test case may not teach, as an encoder, as the encoder of a bank or as first weights.
sed 's/"test"/"train"/' phantoms/manifest.json >phantoms/all.json
gdm-encoder pretrain phantoms/all.json -o leak.safetensors --patch 16 --widths 8,8 --steps 1 --batch 1 "${common[@]}"
gdm-featbank build phantoms/manifest.json --encoder leak.safetensors -o leak-bank.safetensors --patch 16 --training-patch 16 \
  --patches-per-case 2 "${common[@]}"
sed 's/"test"/"train"/' fbp/manifest.json >fbp/all.json
gdm-drift-train fbp/all.json --objective regression -o leak-init.safetensors --steps 1 "${tiny[@]}" "${common[@]}"
leaky=(gdm-drift-train fbp/manifest.json "${tiny[@]}" --steps 2 --drift-start 0 --threads 1 --progress never)
for from in "--objective perceptual --encoder leak" "--bank leak-bank" "--objective regression --init leak-init"; do
  # shellcheck disable=SC2086
  refused 1 "${from##* }.safetensors: was made from .* in the test split.*--allow-leak" "${leaky[@]}" $from.safetensors \
    -o x.safetensors
done
"${leaky[@]}" --objective perceptual --encoder leak.safetensors --allow-leak -o leaked.safetensors 2>err.txt
grep -q 'warning: leak.safetensors: .*in the test split' err.txt || fail "no word of a leak that was allowed: $(cat err.txt)"
# The leak goes on in what was trained with it.
refused 1 "leaked.safetensors: was made from .* in the test split" "${leaky[@]}" --objective regression \
  --init leaked.safetensors -o x.safetensors
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
