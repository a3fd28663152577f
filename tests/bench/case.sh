#!/bin/bash
# The situations of "Where drifting pays" (share/doc/gdm/results.md), each by its rule:
#   case.sh BIN CASE MANIFEST FOLDER [SEED...]      MANIFEST: CT with splits (ct-hn), for misfit label maps; SEED: 1
#   few-pairs    PAIRS (8) training pairs at 24 views: a drift in a bank of all training scans without the texture of the pair beside
#                it (SSIM), against the same in a bank of those pairs, drifts with SSIM, perceptual features, the Frechet distance
#   few-views    VIEWS (12) views: drift against perceptual features and against the drift in what no ray sees
#   stochastic   VIEWS (8) views: draws by the energy score with a drift that has the pair's own features among its positives,
#                against that of the bank alone, draws without drift, flow and bridge at NFE evaluations ("1 4 25")
#   misfit       heads simulated at SPACING (2) mm from label maps, MR and CT of the training parted by MISREGISTRATION (2) mm and
#                fitting elsewhere: drift against perceptual features
# SHARES (.2) are the shares of every method; FIRST (3000) and NEXT (800) steps; STRENGTH (mm) that of the total variation that all
# begin from, chosen on validation for the views. SPLIT=val grades the validation split. What exists is not made again, and an
# interrupted run continues. At the end the first method, at the middle share, stands against each other at equal error
# (equal_error.py).
set -euo pipefail
bin=$1 case=$2 manifest=$3 folder=$4
shift 4
here=$(realpath "$(dirname "$0")")
export FIRST=${FIRST:-3000} NEXT=${NEXT:-800} GRADERS="grader-ct grader-labels"
export METRICS=mae_hu,mae_interior_hu,psnr_db,ssim,bone_mae_hu,bone_dice,lung_mae_hu,bias_hu,power_high_db
alone=() prefix=tv- shares=(${SHARES:-.2})
middle=${shares[${#shares[@]} / 2]}
case $case in
  few-pairs)
    export TRAIN_CASES=${PAIRS:-8}
    views=${VIEWS:-24} strength=${STRENGTH:-0.005} bare=ssim,0,set-global,256,set-local,1024
    kinds=(gdm-wide,$bare,drift gdm,$bare,drift gdm-wide,drift gdm,drift ps,perceptual frechet-wide,frechet frechet,frechet) ;;
  few-views)
    export CONSISTENT=all
    views=${VIEWS:-12} strength=${STRENGTH:-0.00707}
    kinds=(gdm,drift gdm-null,drift ps,perceptual) ;;
  stochastic)
    export MEAN_NFE=${NFE:-1 4 25}
    views=${VIEWS:-8} strength=${STRENGTH:-0.01414}
    kinds=(energy-gdm,pair-weight,1,ssim,0,drift energy-gdm,drift) alone=(energy flow-reg bridge-reg) ;;
  misfit)
    export MISREGISTRATION=${MISREGISTRATION:-2}
    prefix= kinds=(gdm,drift ps,perceptual frechet,frechet) ;;
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
    "$here/learned_ct.sh" "$bin" "$manifest" "$folder" "$views" "$strength" "$seed" "${methods[*]}" ""
  fi
  for rival in "${kinds[@]:1}" "${alone[@]}"; do
    python3 "$here/equal_error.py" "$folder/seed-$seed/report.json" "$BASELINE" "$prefix$rival"
  done
done
