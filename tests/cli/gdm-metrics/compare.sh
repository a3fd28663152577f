# gdm-metrics: methods held against each other, what they cost, therapy proxies, and input that has no plain answer.
set -euo pipefail
. "$(dirname "$0")/../metrics.bash"
full() { run "$@" --full; }

# cases FILE NUMBER PREDICTION [FIELDS]: cases c1 .. cNUMBER of one prediction against ct.nii; FIELDS such as "mask".
cases() {
  local n separator=""
  {
    printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['
    for ((n = 1; n <= $2; ++n)); do
      printf '%s{"id": "c%d", "split": "test", "target": "ct.nii", "prediction": "%s"%s}' "$separator" "$n" \
        "${3//%/$n}" "${4:-, \"inputs\": {\}}"
      separator=", "
    done
    printf ']}\n'
  } >"$1"
}

anatomy='(i * 37 + j * 101 + k * 59) % 900 - 200'
write_nifti ct.nii 14 12 9 int16 "$anatomy" -1000
for n in 1 2 3 4 5 6 7; do
  write_nifti near$n.nii 14 12 9 int16 "$anatomy + $n" -1000
  write_nifti far$n.nii 14 12 9 int16 "$anatomy + 10 + 3 * $n" -1000
done
cases near.json 7 near%.nii
cases far.json 7 far%.nii

# Comparison and ranks: far minus near is 10 + 2 n, its mean 18, Student's reach 4.00; all 7 signs agree, so p is 2 / 2^7.
run near=near.json far=far.json --metrics mae_hu,psnr_db,bias_hu --json
has '"better": "zero"'
has '"mean_difference": 18.0,'
has '"p": 0.015625,'
has '"p_holm": 0.046875'
has '"mean_rank": 1.0,'
has '"tests": 3'
full near=near.json far=far.json --metrics mae_hu,psnr_db,bias_hu
has '^MAE/HU +far +near +7 +7 +18\.00 +14\.00 +22\.00 +0\.0156 +0\.0469 +near$'
has '^\|bias/HU\| +far +near +7 +7 +18\.00 '
has '^near +1\.00 +1\.00 +1\.00 +1\.00$'
has '^far +2\.00 '
full near.json --metrics mae_hu
lacks 'comparison|ranks'
cp near.json copy.json
cp far.json other.json
run near=near.json far=far.json copy=copy.json other=other.json --metrics mae_hu --json
[ "$(grep -c '"b": "near"' out)" = 3 ] && [ "$(grep -c '"b": ' out)" = 3 ] || fail "four methods, each with the first"
run near=near.json far=far.json copy=copy.json --metrics mae_hu --json
[ "$(grep -c '"b": ' out)" = 3 ] || fail "three methods, all pairs"
run near=near.json far=far.json copy=copy.json --metrics mae_hu --json --baseline copy
[ "$(grep -c '"b": "copy"' out)" = 2 ] && [ "$(grep -c '"b": ' out)" = 2 ] || fail "--baseline"
refused 2 "no method is called 'third'" "$metrics" near=near.json far=far.json --baseline third --dry-run
for threads in 1 2; do
  SOURCE_DATE_EPOCH=1 "$metrics" --progress never a=near.json b=far.json --metrics all --full --threads $threads >threads.$threads
done
cmp threads.1 threads.2 || fail "the number of threads changes the report"

# One case, and five: differences, but no test.
cases one.json 1 near1.nii
cases one_far.json 1 far1.nii
cases five.json 5 far%.nii
cases five_near.json 5 near%.nii
full one=one.json far=one_far.json --metrics mae_hu
has '^MAE/HU +far +one +1 +1 +12\.00 +- +- +- +- +-$'
has 'no pair has the 6 patients'
run a=five_near.json b=five.json --metrics mae_hu --json
has '"p": null'
has '"interval": null'

# Efficiency: from sidecars; missing ones are a note, broken ones too.
full near=near.json
has 'no volume has a sidecar'
for n in 1 2 3; do
  printf '{"gdm": {"provenance": {"tool": "gdm-synth", "device": "cpu", "peak_rss_mib": %d00},
    "details": {"inference_s": %d, "network_evaluations": 8, "model_sha256": "0123456789abcdef"}}}' $n $n >near$n.json
done
printf '{' >near4.json
full near=near.json far=far.json --metrics mae_hu
has '^near +3 +2\.000 +1\.000 +8 +0 +315 +cpu +0123456789ab$'
has '^far +0 +- +- '
has '^near: 4 of 7 volumes have no sidecar'
has '^near: near4.json: not valid JSON'
run near=near.json --json
has '"seconds_median": 2.0,'

# Therapy proxies.
write_nifti dose.nii 7 6 5 int16 1000 500
write_nifti dose101.nii 7 6 5 int16 1010 505
write_nifti dose110.nii 7 6 5 int16 1100 1100
write_nifti dose0.nii 7 6 5 int16 0 0
write_nifti dose_other.nii 7 6 4 int16 1000 500
cases doses.json 2 near1.nii ', "inputs": {"dose": "dose101.nii"}'
full m=doses.json --dose dose.nii --predicted-dose dose --metrics therapy,mae_hu
has '^m +c1 .* 100\.00 +0\.[0-9]+ +1\.00$'
has 'WEPL-MAE/mm: .*not stopping power.*a proxy'
full m=doses.json --dose dose.nii --predicted-dose dose110.nii --metrics gamma_pass_percent --gamma 3%/1mm
has '3 % of the .* and 1 mm'
lacks '^m +c1 +100'
run m=doses.json --metrics all --json
has '"wepl_mae_mm"'
lacks 'gamma_pass'
full m=doses.json
lacks 'wepl'
full m=doses.json --dose dose.nii --predicted-dose dose --metrics gamma_mean --input dose --resample
has 'gamma_mean is undefined: it has no dose volume'
refused 2 'need each other' "$metrics" doses.json --dose dose
refused 2 "not PERCENT%/DISTANCEmm" "$metrics" doses.json --dose dose --predicted-dose dose --gamma 2/2
refused 2 "there is no 'gamma_mean'" "$metrics" doses.json --metrics gamma_mean
refused 1 'nowhere above 0' "$metrics" doses.json --dose dose0.nii --predicted-dose dose --metrics therapy
refused 1 'another grid than the reference' "$metrics" doses.json --dose dose_other.nii --predicted-dose dose \
  --metrics therapy
refused 1 "'nothing'" "$metrics" doses.json --dose nothing --predicted-dose dose --metrics therapy

# Empty mask, NaN in a dose, constant volumes, a label that one volume lacks: an error or a stated gap, never NaN.
write_nifti zero.nii 14 12 9 int16 0 0
write_nifti flat.nii 14 12 9 int16 40 40
cases masked.json 1 near1.nii ', "inputs": {}, "mask": "zero.nii"'
refused 1 "mask zero.nii is empty" "$metrics" masked.json
write_nifti nan.nii 7 6 5 float32 0x7fc00000 0x42c80000
refused 1 'a dose has NaN' "$metrics" doses.json --dose nan.nii --predicted-dose dose --metrics therapy
cases flat.json 6 flat.nii
cases near6.json 6 near%.nii
full flat=flat.json near=near6.json --metrics all --unmasked
lacks '\bnan\b'
has 'ncc is undefined: one of the volumes is constant'
sed 's/ct.nii/flat.nii/' flat.json >flats.json
full flat=flats.json --metrics all --unmasked --profile synthrad2025
lacks '\bnan\b'
has 'bone_dice is undefined: neither volume has bone'
has '^flat, c1: psnr_db is infinite'
write_nifti labels.nii 14 12 9 int16 '1 + (i > 7)' 0
write_nifti ones.nii 14 12 9 int16 1 0
cases labels.json 1 near1.nii ', "inputs": {"labels": "ones.nii"}'
full m=labels.json --labels labels.nii --predicted-labels labels --label-names 1=left,2=right,3=none --metrics labels
lacks '\bnan\b'
has 'label_right_hd95_mm is undefined: the prediction has no label_right'
has 'label_none_dice is undefined: neither volume has label_none'
full m=labels.json --labels labels.nii --predicted-labels labels --label-names 2=right --metrics label_right_dice
has '^m +c1 +0\.0000$'
