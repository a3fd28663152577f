#!/bin/bash
# The situations of "Where drifting pays" (share/doc/gdm/results.md):
#   case.sh BIN CASE MANIFEST FOLDER [SEED...]      MANIFEST: CT with splits (ct-hn), for misfit label maps; SEED: 1
#   few-pairs    PAIRS (8) training pairs at 24 views: a drift in a bank of all training scans, with larger sets and without the
#                texture of the pair beside it (SSIM), against the same in a bank of those pairs, the same with SSIM, perceptual
#                features with SSIM, and the Frechet distance in either bank
#   few-views    VIEWS (12) views: drift against perceptual features and against the drift in what no ray sees
#   stochastic   VIEWS (8) views: draws by the energy score with a drift that has the pair's own features among its positives,
#                against one of the bank alone (both without SSIM), draws without drift, and flow and bridge at NFE evaluations
#                ("1 4 25"); perceptual features with SSIM as what draws nothing
#   misfit       heads simulated at SPACING (2) mm from label maps, MR and CT of the training parted by MISREGISTRATION (2) mm and
#                fitting elsewhere, TEST (6) heads kept for the test: drift against perceptual features and the Frechet distance
#   sets         VIEWS (24) views: a drift whose steps see 16 patches, one whose sets are four times as large, perceptual features
#                that see 16 patches, each against the drift of two patches; NEXT=8000 makes the phase long
#   encoders     VIEWS (24) views: a drift and perceptual features in fixed filters, in a masked autoencoder (ct-default), and in a
#                network that segments tissues of the training scans (ENCODER_STEPS, 1200)
# FIRST (3000) and NEXT (800) steps; STRENGTH (mm) that of the total variation that all begin from, chosen on validation for the
# views. SHARES (".1 .2") are the shares of each method: with one seed a first cell, with ".1 .2 .4" and seeds 1 2 3 what the
# rule asks for. SPLIT=val grades the validation split, where strengths are chosen. What exists is not made again, and an
# interrupted run continues. At the end the first method, at the middle share, stands against each other at equal error
# (equal_error.py).
set -euo pipefail
bin=$1 case=$2 manifest=$3 folder=$4
shift 4
here=$(realpath "$(dirname "$0")")
unset RUN NEXT_S
export FIRST=${FIRST:-3000} NEXT=${NEXT:-800} JUDGES="grader-ct grader-labels"
export METRICS=mae_hu,mae_interior_hu,psnr_db,ssim,bone_mae_hu,bone_dice,lung_mae_hu,bias_hu,power_high_db
shares=(${SHARES:-.1 .2}) alone=() prefix=tv-
middle=${shares[${#shares[@]} / 2]}
case $case in
  few-pairs)
    export TRAIN_CASES=${PAIRS:-8}
    views=${VIEWS:-24} strength=${STRENGTH:-0.005} sets=set-global,256,set-local,1024
    kinds=(gdm-wide,ssim,0,$sets,drift gdm,ssim,0,$sets,drift gdm-wide,$sets,drift ps,perceptual frechet-wide,frechet frechet,frechet) ;;
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
    kinds=(gdm,drift gdm,accumulate,8,drift gdm,set-global,256,set-local,1024,drift ps,accumulate,8,perceptual ps,perceptual) ;;
  encoders)
    views=${VIEWS:-24} strength=${STRENGTH:-0.005}
    "$here/learned_ct.sh" "$bin" "$manifest" "$folder" "$views" "$strength" 1 ""
    cases=$folder/tv/manifest.json masked=$(realpath "$here/../../share/gdm/encoders/ct-default.safetensors")
    [ -f "$folder/segment.safetensors" ] || "$bin/gdm-encoder" pretrain "$cases" -o "$folder/segment.safetensors" --task segment \
      --steps "${ENCODER_STEPS:-1200}" --validate-every "${ENCODER_STEPS:-1200}" --seed 1
    for bank in "masked $masked" "segment $folder/segment.safetensors"; do
      read -r name encoder <<<"$bank"
      [ -f "$folder/bank-$name.safetensors" ] || "$bin/gdm-featbank" build "$cases" --encoder "$encoder" \
        -o "$folder/bank-$name.safetensors" --seed 1 --patches-per-case 8 -q
    done
    kinds=(gdm,drift ps,perceptual gdm,bank,bank-masked.safetensors,drift ps,encoder,ct-default,perceptual
      gdm,bank,bank-segment.safetensors,drift ps,encoder,segment.safetensors,perceptual) ;;
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
for seed in "${@:-1}"; do
  if [ "$case" = misfit ]; then
    METHODS=${methods[*]} "$here/label_heads.sh" "$bin" "$manifest" "$folder" "${SPACING:-2}" "$seed"
  else
    "$here/learned_ct.sh" "$bin" "$manifest" "$folder" "$views" "$strength" "$seed" "${methods[*]}"
  fi
  report=$folder/seed-$seed/report.json
  [ "${SPLIT:-test}" = test ] || report=$folder/seed-$seed/$SPLIT/report.json
  for rival in "${kinds[@]:1}" "${alone[@]}"; do
    python3 "$here/equal_error.py" "$report" "$BASELINE" "$prefix$rival"
  done
done
