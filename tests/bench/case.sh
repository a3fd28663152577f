#!/bin/bash
# The situations of "Where drifting pays" (share/doc/gdm/results.md):
#   case.sh BIN CASE MANIFEST FOLDER [SEED...]      MANIFEST: CT with splits (ct-hn), for misfit label maps; SEED: 1
#   few-pairs    PAIRS (8) training pairs at 24 views: a drift in a bank of all training scans, with larger sets and without what
#                is the pair's own (the spatial level, SSIM), against the same in a bank of those pairs, the default field there,
#                perceptual features with SSIM, and the Frechet distance in either bank
#   few-views    VIEWS (12) views: drift against perceptual features and against the drift in what no ray sees
#   stochastic   VIEWS (8) views: draws by the energy score with a drift that has the pair's own features among its positives,
#                against one of the bank alone (both without SSIM), draws without drift, and flow and bridge at NFE evaluations
#                ("1 4 25"); perceptual features with SSIM as what draws nothing
#   misfit       heads simulated at SPACING (2) mm from label maps, MR and CT of the training parted by MISREGISTRATION (2) mm and
#                fitting elsewhere, TEST (6) heads kept for the test: drift against perceptual features and the Frechet distance
#   sets         VIEWS (24) views: drifts whose steps see 16 patches or whose sets are four times as large, against the default and
#                against perceptual features of as many patches. 16 patches a step take eight times as long; NEXT=8000 makes the
#                phase long
#   encoders     VIEWS (24) views: drift against perceptual features in fixed filters, in a masked autoencoder (ct-default), and in a
#                network that segments tissues of the training scans (ENCODER_STEPS, 1200), as grader-ct does: for this one
#                grader-labels alone is independent
# FIRST (3000) and NEXT (800) steps; STRENGTH (mm) that of the total variation that all begin from, chosen on validation for the
# views. SHARES (".1 .2") are the shares of each method: with one seed a first cell, with ".1 .2 .4" and seeds 1 2 3 what the
# rule asks for. SPLIT=val grades the validation split, where strengths are chosen. What exists is not made again, and an
# interrupted run continues. At the end there are, of the test split, FOLDER/table.md with the mean over the seeds and
# realism-steps-GRADER.svg with a line through the shares of each method; of either, worst-PLANE-TISSUE.png with the three worst
# cases beside the first seed's grades, and the rule's verdict (equal_error.py) of methods at the middle share: of the first against
# each other, in sets and encoders as they say. (Of the bank of "segment" no verdict by two graders is possible.)
set -euo pipefail
bin=$1 case=$2 manifest=$3 folder=$4
shift 4
here=$(realpath "$(dirname "$0")")
graders=$here/../../share/gdm/encoders
unset RUN NEXT_S REPORT
export FIRST=${FIRST:-3000} NEXT=${NEXT:-800} JUDGES="grader-ct grader-labels"
export METRICS=mae_hu,mae_interior_hu,psnr_db,ssim,bone_mae_hu,bone_dice,lung_mae_hu,bias_hu,power_high_db
shares=(${SHARES:-.1 .2}) alone=() pairs=() prefix=tv-
middle=${shares[${#shares[@]} / 2]}
case $case in
  few-pairs)
    export TRAIN_CASES=${PAIRS:-8}
    views=${VIEWS:-24} strength=${STRENGTH:-0.005} sets=set-global,256,set-local,1024
    alone_in_bank=weight-spatial,0,ssim,0,$sets
    kinds=(gdm-wide,$alone_in_bank,drift gdm,$alone_in_bank,drift gdm,drift ps,perceptual frechet-wide,frechet frechet,frechet) ;;
  few-views)
    export CONSISTENT=all
    views=${VIEWS:-12} strength=${STRENGTH:-0.00707}
    kinds=(gdm,drift gdm-null,drift ps,perceptual) ;;
  stochastic)
    export MEAN_NFE=${NFE:-1 4 25}
    views=${VIEWS:-8} strength=${STRENGTH:-0.01414}
    kinds=(energy-gdm,pair-weight,1,ssim,0,drift energy-gdm,ssim,0,drift ps,perceptual) alone=(energy flow-reg bridge-reg) ;;
  sets)
    views=${VIEWS:-24} strength=${STRENGTH:-0.005}
    many=gdm,accumulate,8,drift large=gdm,set-global,256,set-local,1024,drift
    kinds=(gdm,drift $many $large ps,accumulate,8,perceptual ps,perceptual)
    pairs=("gdm,drift ps,perceptual" "$many ps,accumulate,8,perceptual" "$many gdm,drift" "$large ps,perceptual" "$large gdm,drift") ;;
  encoders)
    views=${VIEWS:-24} strength=${STRENGTH:-0.005}
    "$here/learned_ct.sh" "$bin" "$manifest" "$folder" "$views" "$strength" 1 ""
    cases=$folder/tv/manifest.json masked=$graders/ct-default.safetensors
    [ -f "$folder/segment.safetensors" ] || "$bin/gdm-encoder" pretrain "$cases" -o "$folder/segment.safetensors" --task segment \
      --steps "${ENCODER_STEPS:-1200}" --validate-every "${ENCODER_STEPS:-1200}" --seed 1
    for bank in "masked $masked" "segment $folder/segment.safetensors"; do
      read -r name encoder <<<"$bank"
      [ -f "$folder/bank-$name.safetensors" ] || "$bin/gdm-featbank" build "$cases" --encoder "$encoder" \
        -o "$folder/bank-$name.safetensors" --seed 1 --patches-per-case 8 -q
    done
    pairs=("gdm,drift ps,perceptual" "gdm,bank,bank-masked.safetensors,drift ps,encoder,ct-default,perceptual"
      "gdm,bank,bank-segment.safetensors,drift ps,encoder,segment.safetensors,perceptual")
    kinds=(${pairs[*]}) ;;
  misfit)
    export MISREGISTRATION=${MISREGISTRATION:-2}
    prefix= kinds=(gdm,drift ps,perceptual frechet,frechet)
    mkdir -p "$folder"
    "$bin/gdm-prep" split "$manifest" --split "rest,2,${TEST:-6}" --seed 1 -o "$folder/labels.json" --force -q
    manifest=$folder/labels.json ;;
  *) echo "unknown case $case" >&2; exit 2 ;;
esac
methods=(l1 "${alone[@]}")
for kind in "${kinds[@]}"; do
  for share in "${shares[@]}"; do methods+=("$kind,$share"); done
done
export BASELINE=$prefix${kinds[0]},$middle
if [ ${#pairs[@]} = 0 ]; then
  for rival in "${kinds[@]:1}" "${alone[@]}"; do pairs+=("${kinds[0]} $rival"); done
fi
seeds=("${@:-1}")
graded=()
for seed in "${seeds[@]}"; do
  if [ "$case" = misfit ]; then
    METHODS=${methods[*]} "$here/label_heads.sh" "$bin" "$manifest" "$folder" "${SPACING:-2}" "$seed"
  else
    "$here/learned_ct.sh" "$bin" "$manifest" "$folder" "$views" "$strength" "$seed" "${methods[*]}"
  fi
  at=$folder/seed-$seed
  [ "${SPLIT:-test}" = test ] || at+=/$SPLIT
  graded+=("$at")
done
[ "${SPLIT:-test}" != test ] || python3 "$here/benchmark_report.py" "$folder" "$case: $FIRST + $NEXT steps" "$BASELINE" "${seeds[@]}"
for pair in "${pairs[@]}"; do
  read -r own rival <<<"$pair"
  method=$prefix$own,$middle reports=()
  for at in "${graded[@]}"; do
    reports+=("$at/report.json")
    [ "$method" = "$BASELINE" ] && continue
    reports[-1]=$at/report-$own-$rival.json compared=("$method=$at/$method/manifest.json")  # tests are against one method in a report
    for share in "${shares[@]}"; do compared+=("$prefix$rival,$share=$at/$prefix$rival,$share/manifest.json"); done
    "$bin/gdm-metrics" "${compared[@]}" --metrics "$METRICS" --baseline "$method" --json -o "${reports[-1]}" --force -q \
      --encoder "$graders/grader-ct.safetensors" --encoder "$graders/grader-labels.safetensors"
  done
  python3 "$here/equal_error.py" "$method" "$prefix$rival" "${reports[@]}"
done
# What was made of the three cases that are the worst for the first method, whose mean errors a table hides.
worst=$(python3 -c '
import json, sys
cases = next(m["cases"] for m in json.load(open(sys.argv[1]))["methods"] if m["name"] == sys.argv[2])
print(",".join(c["id"] for c in sorted(cases, key=lambda c: -c["mae_hu"])[:3]))' "${graded[0]}/report.json" "$BASELINE")
shown=("${graded[0]}/${prefix}l1/manifest.json")
for kind in "${kinds[@]}"; do shown+=("${graded[0]}/$prefix$kind,$middle/manifest.json"); done
for plane in axial coronal sagittal; do
  for window in "bone 500 2000" "soft 40 400"; do
    read -r tissue level width <<<"$window"
    "$bin/gdm-metrics" montage "${shown[@]}" --cases "$worst" --plane "$plane" --level "$level" --width "$width" \
      -o "${graded[0]}/worst-$plane-$tissue.png" --force -q
  done
done
