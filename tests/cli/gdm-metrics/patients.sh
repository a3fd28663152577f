# gdm-metrics: what is counted is patients, the short table and its marks, and the primary endpoint.
set -euo pipefail
. "$(dirname "$0")/../metrics.bash"

# cases FILE PREDICTION PATIENT...: case cN is of patient number N and has PREDICTION, whose % is N.
cases() {
  local file=$1 prediction=$2 n=0 patient separator=""
  shift 2
  {
    printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['
    for patient; do
      n=$((n + 1))
      printf '%s{"id": "c%d", "inputs": {}, "target": "ct.nii", "prediction": "%s", "meta": {"patient": "%s"}}' \
        "$separator" $n "${prediction//%/$n}" "$patient"
      separator=", "
    done
    printf ']}\n'
  } >"$file"
}

anatomy='(i * 37 + j * 101 + k * 59) % 900 - 200'
write_nifti ct.nii 14 12 9 int16 "$anatomy" -1000
for n in 1 2 3 4 5 6 7 8; do
  write_nifti near$n.nii 14 12 9 int16 "$anatomy + $n" -1000
  write_nifti far$n.nii 14 12 9 int16 "$anatomy + 10 + 3 * $n" -1000
done

# Eight draws of one patient decide nothing, eight patients do.
for name in near far; do
  cases one_$name.json $name%.nii p p p p p p p p
  cases eight_$name.json $name%.nii 1 2 3 4 5 6 7 8
done
run near=one_near.json far=one_far.json --json --metrics mae_hu
has '"p": null'
has '"better": null'
has '"mean_interval": null'
run near=one_near.json far=one_far.json
has '^1 patient, 8 cases, seed 0; '
has 'nothing was tested, for that needs 6 patients'
lacks ' [-+]$'
run near=eight_near.json far=eight_far.json --json --metrics mae_hu
has '"p": 0.0078125,'
has '"better": "near"'

# A patient's cases weigh as much as another's one: 1 and 2 are of the same, then 3 to 8; 1.5, 3, .. 8 have a mean of
# 34.5 / 7, which gates are held against, too.
cases seven.json near%.nii 1 1 3 4 5 6 7 8
run near=seven.json --metrics mae_hu --full
has '^near +mean +4\.93$'
has '^ +patients +7$'
has '^ +cases +8$'
has '^7 patients, 8 cases, seed 0; '
run near=seven.json --metrics mae_hu --json
for line in '"patients": 7,' '"cases": 8,' '"n": 8,' '"patient": "3",'; do has "$line"; done
run near=seven.json --metrics mae_hu --tsv -
has '^method	case	patient	mask_voxels	mae_hu$'
has '^near	c2	1	[0-9]+	2$'
run near=seven.json --metrics mae_hu --fail-under mae=4.9
has 'gate passed'

# The short table: few lines, none wide, means and intervals, marks.
SOURCE_DATE_EPOCH=1 run near=eight_near.json far=eight_far.json
[ "$(wc -l <out)" -le 15 ] || fail "the short table has $(wc -l <out) lines"
awk 'length($0) > 100' out | grep . && fail "the short table is too wide"
has '^metric +near +far$'
has '^MAE/HU +4\.50 \[2\.45, 6\.55\] +\* +23\.50 \[17\.36, 29\.64\]$'  # .0078 times 7 is above .05
has '^8 patients, 8 cases, seed 0; mean over patients \[95 % interval\]$'
has '^\*: best; \+ and -: better and worse than near, p < 0\.05$'
has '^p adjusted by Holm over [0-9]+ tests$'
has '^--full '
lacks 'c1|definition:|Wilcoxon'
run near=eight_near.json far=eight_far.json --metrics mae_hu,bias_hu
has '^MAE/HU +4\.50 \[2\.45, 6\.55\] +\* +23\.50 \[17\.36, 29\.64\] +-$'
run near=eight_near.json far=eight_far.json --baseline far --metrics mae_hu
has '^MAE/HU +4\.50 \[2\.45, 6\.55\] +\*\+ +23\.50 '
run near=eight_near.json --metrics mae_hu
has '^MAE/HU +4\.50 \[2\.45, 6\.55\]$'
lacks 'best'
cp eight_near.json copy.json
run near=eight_near.json far=eight_far.json {a,b,c,d,e}=copy.json
awk 'length($0) > 100' out | grep . && fail "the table of seven methods is too wide"
[ "$(grep -c '^metric' out)" -gt 1 ] || fail "seven methods do not fit one table"
sed -i 's/near8.nii/ct.nii/' eight_near.json
run near=eight_near.json far=eight_far.json --metrics psnr
has ' \(7 of 8\) '

# The primary endpoint is tested without correction, the others by Holm.
run near=eight_near.json far=eight_far.json --metrics mae_hu,bias_hu,rmse_hu --primary mae --json
has '"primary_tests": 1,?$'
has '"tests": 2,'
[ "$(grep -c '"primary": true' out)" = 1 ] || fail "not one primary endpoint"
[ "$(grep -c '"p_holm": 0.0078125' out)" = 1 ] || fail "the primary endpoint's p is adjusted"
[ "$(grep -c '"p_holm": 0.015625' out)" = 2 ] || fail "the others' p is not adjusted over two"
run near=eight_near.json far=eight_far.json --metrics mae_hu,bias_hu --primary mae
has '^MAE/HU \(primary\) '
has 'that of the primary endpoint not adjusted'
two=("$metrics" near=eight_near.json far=eight_far.json)
refused 2 "neither frechet, kernel, nor a metric" "${two[@]}" --primary dice
refused 2 "needs an --encoder" "${two[@]}" --primary frechet
refused 2 "needs two methods" "$metrics" near=eight_near.json --primary mae
refused 2 "goes with neither" "${two[@]}" --full --json
