#!/usr/bin/env bash
# The figures of a feature bank, as a table on stdout: share of patches whose nearest patch of another patient lies in
# the right axial stratum (held-out patients), and how well the outlier score tells other anatomy and other modality
# from held-out patients (area under the ROC curve).
#   bank_figures.sh BIN BANK CASES SPLIT OTHER-MODALITY INPUT OTHER-ANATOMY...
# BIN folder of the programs; CASES manifest whose SPLIT is held out; OTHER-MODALITY manifest whose inputs INPUT hold
# volumes that are no CT; OTHER-ANATOMY CT volumes. The environment may set PATCHES, the patches of each volume.
set -euo pipefail
bin=$1 bank=$2 cases=$3 split=$4 modality=$5 input=$6 patches=${PATCHES:-32}
shift 6
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# lines NAME OPTION...: "ID SCORE PERCENTILE RIGHT PATCHES" for each volume.
lines() {
  local name=$1
  shift
  "$bin/gdm-featbank" query "$@" --bank "$bank" --patches "$patches" --neighbours 1 -q |
    awk '/^[^ ]/ { id = $1 } / score / { for (f = 1; f < NF; ++f) { if ($f == "score") score = $(f + 1)
           if ($f == "above") percentile = $(f + 1) } }
         / axial position / && id != "all:" { print id, score + 0, percentile + 0, $(NF - 3), $(NF - 1) }' >"$folder/$name"
}
lines own "$cases" --split "$split"
lines anatomy "$@"
lines modality "$modality" --input "$input"

median() { sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
# auc NAME: probability that a volume of NAME scores higher than one of the held-out cases, ties half.
auc() {
  awk 'NR == FNR { own[NR] = $2; n = NR; next } { ++m; for (i = 1; i <= n; ++i) sum += ($2 > own[i]) + ($2 == own[i]) / 2 }
       END { printf "%.3f", sum / (n * m) }' "$folder/own" "$folder/$1"
}
printf '%-26s %8s %14s %20s %8s\n' volumes number 'median score' 'above the limit (99%)' AUC
for name in own anatomy modality; do
  flagged=$(awk '$3 >= 99' "$folder/$name" | wc -l)
  printf '%-26s %8d %14.4f %20s %8s\n' "$name" "$(wc -l <"$folder/$name")" "$(cut -d' ' -f2 "$folder/$name" | median)" \
    "$flagged" "$([[ $name == own ]] && echo - || auc "$name")"
done
awk '{ right += $4; patches += $5 } END { printf "right axial stratum of the nearest patch: %d of %d, %.1f %%\n",
  right, patches, 100 * right / patches }' "$folder/own"
