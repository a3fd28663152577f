#!/bin/bash
# Learned reconstructions against what needs no learning, of one number of views and one seed:
#   learned_ct.sh BIN MANIFEST FOLDER VIEWS STRENGTH SEED "VARIANTS OF TV" "VARIANTS OF FBP"
# MANIFEST: targets with splits (ct-hn); of its training cases the first TRAIN_CASES (56) take part. STRENGTH, in mm, is that
# of the total variation (`gdm-recon tune` on the validation split). A regression of FIRST (1600) steps from the
# reconstruction, then each variant (methods.bash) for NEXT (400) from its weights; processes from noise or from the
# reconstruction for FIRST + NEXT.
# Of what draws one output of many the first draw is graded, and as NAME+mean the mean of DRAWS (8), whose spread the second
# table grades. Processes are graded at each number of evaluations of NFE ("1 4 25"), the mean of draws at those of MEAN_NFE
# (none), all others have one. l1, gdm and, with CONSISTENT=all, every variant are graded with data consistency after them as well
# ("+dc"). Without a variant no more is made than they would begin from. What exists is not made again, and an interrupted run continues.
# FOLDER/seed-SEED has the models, the predictions of the test split, report.json with their grades, and commands.txt (FOLDER has one
# of what all seeds share): METRICS, distances by the encoders JUDGES ("grader-ct") of share/gdm/encoders, tests against BASELINE (tv). SPLIT=val takes the validation split,
# and FOLDER/seed-SEED/val for predictions and report. PRECISION (fp32), one value in one FOLDER, is the arithmetic of
# predictions, TRAINING_PRECISION (fp32) that of trainings. RUN is another name for seed-SEED, for trainings of other steps from the regression there. With
# NEXT_S each variant has so many seconds by the times of its own steps instead of NEXT (and processes from noise or the input,
# FIRST_S + NEXT_S), and RUN is time-seed-SEED. REPORT=no leaves the grades for later: several may then train variants of one
# FOLDER at the same time, each its own, once the regression and, for wide variants, wide.safetensors are there.
set -euo pipefail
bin=$1 manifest=$(realpath "$2") folder=$3 views=$4 strength=$5 seed=$6 of_tv=$7 of_fbp=${8:-}
here=$(realpath "$(dirname "$0")")
. "$here/methods.bash"
judges=()
for name in ${JUDGES:-grader-ct}; do
  judges+=(--encoder "$(realpath "$here/../../share/gdm/encoders/$name.safetensors")")
done
split=${SPLIT:-test} baseline=${BASELINE:-tv}
PATH=$(realpath "$bin"):$PATH
mkdir -p "$folder"
cd "$folder"

subset() {  # subset FILE OUT CODE: cases of a manifest by a Python expression of `cases`, in a file beside it
  python3 -c 'import json, sys
m = json.load(open(sys.argv[1])); cases = m["cases"]
m["cases"] = eval(sys.argv[3])
json.dump(m, open(sys.argv[2], "w"))' "$@"
}

targets() {  # targets FILE TRAIN SPLITS: the targets of MANIFEST in a manifest here, the first TRAIN of the training's
  python3 -c 'import json, os, sys
manifest, file, most, splits = sys.argv[1:]
m = json.load(open(manifest)); here = os.path.dirname(manifest)
train = [c["id"] for c in m["cases"] if c["split"] == "train"][:int(most)]
m["cases"] = [{"id": c["id"], "split": c["split"], "meta": c.get("meta", {}), "target": os.path.join(here, c["target"])}
              for c in m["cases"] if c["split"] in splits.split() and (c["split"] != "train" or c["id"] in train)]
json.dump(m, open(file, "w"))' "$manifest" "$@"
}

at=.  # what all seeds share is noted in FOLDER
if [ ! -f scans/manifest.json ]; then
  targets cases.json "${TRAIN_CASES:-56}" "train val test"
  said gdm-recon project cases.json --resume -o scans --views "$views" --photons 1e5 --oversample 3 --seed 1 -q >/dev/null
fi
[ -f fbp/manifest.json ] || said gdm-recon fbp scans/manifest.json --resume -o fbp -q >/dev/null
[ -f tv/manifest.json ] || said gdm-recon iterative fbp/manifest.json --resume -o tv --method tv --strength "$strength" -q >/dev/null
[ -f scattering.safetensors ] ||
  said gdm-encoder scattering -o scattering.safetensors --statistics tv/manifest.json --patches-per-case 2 -q
[ -f bank.safetensors ] ||
  said gdm-featbank build tv/manifest.json --encoder scattering.safetensors -o bank.safetensors --seed 1 --patches-per-case 8 -q
if [[ "$of_tv $of_fbp" == *-wide* && ! -f wide.safetensors ]]; then
  targets scans.json 100000 train
  said gdm-featbank build scans.json --encoder scattering.safetensors -o wide.safetensors --seed 1 --patches-per-case 8 -q
fi
[ -n "$of_tv$of_fbp" ] || exit 0

at=${RUN:-${NEXT_S:+time-}seed-$seed} graded=$at
[ "$split" = test ] || graded=$at/$split
mkdir -p "$graded"
if [ "$at" != "seed-$seed" ]; then
  for input in tv fbp; do
    [ ! -f "seed-$seed/$input-start.safetensors" ] || ln -sf "../seed-$seed/$input-start.safetensors" "$at/"
  done
fi
train() {  # train INPUT NAME OPTIONS...
  local input=$1 name=$2
  shift 2
  [ -f "$at/$input-$name.safetensors" ] || said gdm-drift-train tv/manifest.json -o "$at/$input-$name.safetensors" --seed "$seed" \
    --conditions "$input" "$@"
}
methods=()
predict() {  # predict INPUT NAME MODEL OPTIONS...
  local out=$graded/$1-$2
  [ -f "$out/manifest.json" ] || said gdm-synth tv/manifest.json --resume --model "$at/$1-$3.safetensors" -o "$out" --split "$split" -q \
    --precision "${PRECISION:-fp32}" "${@:4}" >/dev/null
  methods+=("$1-$2=$out/manifest.json")
  [[ $2 == l1 || $2 == gdm || ${CONSISTENT:-} == all ]] || return 0
  [ -f "$out+dc/manifest.json" ] || said gdm-recon consistency "$out/manifest.json" --resume -o "$out+dc" -q >/dev/null
  methods+=("$1-$2+dc=$out+dc/manifest.json")
}
drawn=()
predict_mean() {  # predict_mean INPUT NAME MODEL OPTIONS...: the mean of draws, and their spread
  local out=$graded/$1-$2+mean
  [ -f "$out/manifest.json" ] || said gdm-synth tv/manifest.json --resume --model "$at/$1-$3.safetensors" -o "$out" --spread "$out" \
    --samples "${DRAWS:-8}" --split "$split" -q --precision "${PRECISION:-fp32}" "${@:4}" >/dev/null
  methods+=("$1-$2+mean=$out/manifest.json")
  drawn+=("$1-$2+mean=$out/manifest.json")
}
for input in fbp tv; do
  subset $input/manifest.json $input/predicted-$split.json \
    "[dict(c, prediction=c['inputs']['$input']) for c in cases if c['split'] == '$split']"
  methods+=("$input=$input/predicted-$split.json")
done
for input in tv fbp; do
  variants=$([ $input = tv ] && echo "$of_tv" || echo "$of_fbp") start=$at/$input-start.safetensors
  [ -z "$variants" ] || train $input start --objective regression --precision "${TRAINING_PRECISION:-fp32}" --steps "${FIRST:-1600}" --validate-every "${FIRST:-1600}"
  for variant in $variants; do
    method "$variant" "$start"
    if [ ! -f "$at/$input-$variant.safetensors" ]; then
      steps=$(steps_of "$variant" "$input-$variant" tv/manifest.json -o "$at/never-$BASHPID.safetensors" --seed "$seed" \
        --conditions $input "${how[@]}")
      train $input "$variant" --steps "$steps" --validate-every "$steps" "${how[@]}"
    fi
    if is_process "$variant"; then
      for nfe in ${NFE:-1 4 25}; do predict $input "$variant@$nfe" "$variant" --nfe "$nfe"; done
      for nfe in ${MEAN_NFE:-}; do predict_mean $input "$variant@$nfe" "$variant" --nfe "$nfe"; done
    else
      predict $input "$variant" "$variant"
      [[ $variant != noise-gdm* && $variant != energy* ]] || predict_mean $input "$variant" "$variant"
    fi
  done
done
[ "${REPORT:-}" != no ] || exit 0
said gdm-metrics "${methods[@]}" --metrics "${METRICS:-mae_hu,psnr_db,ssim,bone_mae_hu,bone_dice,bias_hu}" "${judges[@]}" \
  --baseline "$baseline" --json -o "$graded/report.json" --force
python3 "$here/learned_ct.py" "$graded/report.json" "$baseline"
[ ${#drawn[@]} = 0 ] || gdm-metrics "${drawn[@]}" --spread spread --metrics mae_hu,spread
