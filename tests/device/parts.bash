# The parts of tests/device/run.sh, which sets PACK, OUT, work, device, edge, rounds, presets, precisions, train_options
# and the seconds that are left. What a part writes to $work/note goes into the summary.

operators() {
  local code=0
  "$PACK/tests/test-gdm-device" | tee "$work/operators.txt" || code=$?
  grep -q 'did not run' "$work/operators.txt" && { echo "there is no $device"; return 1; }
  grep 'largest relative' "$work/operators.txt" | sort -g -k 4 | tail -n 1 >"$work/note"
  return "$code"
}

pipeline() {
  local code=0
  bash tests/device/pipeline.sh "$PACK/bin" | tee "$work/pipeline.txt" || code=$?
  grep 'largest' "$work/pipeline.txt" >"$work/note" || true
  return "$code"
}

# Steps a second beside the convolutions alone; what follows the regression is the time of a whole step with the shipped
# encoder's bank, drawing of patches included.
steps() {
  cd "$work"
  gdm-phantom -o heads --count 4 --kind head --seed 1 --shape 96 --spacing 2.5 -q
  gdm-featbank build heads/manifest.json --encoder scattering-ct -o bank.safetensors --patches-per-case 24 -q
  local first=--header preset precision plan
  for preset in $presets; do
    for precision in $precisions; do
      "$PACK/tests/training-bench" --device "$device" --precision "$precision" --preset "$preset" --rounds "$rounds" \
        $first >>note
      first=
    done
  done
  { echo; echo "| preset | precision | step of the regression, s | with drift, s |"; echo "|---|---|---|---|"; } >>note
  for preset in $presets; do
    for precision in $precisions; do
      gdm-drift-train heads/manifest.json --bank bank.safetensors --preset "$preset" --precision "$precision" \
        --device "$device" --dry-run -o none.safetensors -q >plan.txt
      sed -nE "s/^steps .*, ([0-9.e-]+) s each, ([0-9.e-]+) s with.*/| $preset | $precision | \1 | \2 |/p" plan.txt >>note
    done
  done
}

# A volume of that edge, from reading to writing, with an untrained network of the base preset.
synthesis() {
  cd "$work"
  gdm-phantom -o large --count 1 --kind head --seed 1 --shape 128 --spacing 2 -q
  gdm-prep resample large/manifest.json -o larger --spacing "$(python3 -c "print(256 / $edge)")" -q >/dev/null
  gdm-drift-train large/manifest.json --objective regression --steps 1 --device "$device" -o untrained.safetensors -q
  gdm-synth larger/manifest.json --model untrained.safetensors --device "$device" --split all -o out -v \
    >/dev/null 2>synthesis.txt
  cat synthesis.txt
  grep -o 'read in.*s$\|network.*s$' synthesis.txt | paste -sd ' ' >note
}

# The main model: sparse-view CT of real patients if the pack has them, else of simulated heads.
training() {
  local cases=$PACK/data/cases.json model=$OUT/model.safetensors start=$SECONDS status=0
  if [[ ! -r $cases ]]; then
    gdm-phantom -o "$work/heads" --count 12 --kind head --seed 1 --shape 96 --spacing 2.5 -q --force
    cases=$work/heads/manifest.json
  fi
  cp -n "$PACK"/resume/* "$OUT" 2>/dev/null || true
  compgen -G "$model.checkpoint.part*" >/dev/null && cat "$model".checkpoint.part* >"$model.checkpoint"
  rm -f "$model".checkpoint.part*
  # Nothing of this depends on the device, so that a resumed training finds the same bytes.
  gdm-recon project "$cases" -o "$work/sinograms" --split all --views 24 --photons 1e5 --oversample 3 --seed 1 -q \
    --reproducible >/dev/null
  gdm-recon fbp "$work/sinograms/manifest.json" -o "$work/fbp" --split all -q --reproducible >/dev/null
  gdm-featbank build "$work/fbp/manifest.json" --encoder scattering-ct -o "$work/main-bank.safetensors" --device cpu \
    --threads 2 --seed 1 -q --reproducible
  gdm-drift-train "$work/fbp/manifest.json" --bank "$work/main-bank.safetensors" --device "$device" --seed 1 \
    -o "$model" --force -v $train_options --max-time $((left - (SECONDS - start) - 15)) || status=$?
  { python3 - "$OUT/model.log.jsonl" <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
judged = [(line["step"] + 1, line["validation"]) for line in lines if "validation" in line]
print(f"{len(lines)} steps in all" + (f", validation after {judged[-1][0]}: {judged[-1][1]}" if judged else ""))
PYTHON
  } >"$work/note"
  # Some machines hand back small files alone.
  if [[ -e $model.checkpoint ]] && (($(stat -c %s "$model.checkpoint") > 15 << 20)); then
    split -b 15m -d "$model.checkpoint" "$model.checkpoint.part"
    rm "$model.checkpoint"
  fi
  ((status == 0 || status == 75))
}
