# gdm-metrics: what it prints, what it refuses, and how it exits.
set -euo pipefail
metrics=$1/gdm-metrics
. "$(dirname "$0")/../nifti.bash"
. "$(dirname "$0")/../refused.bash"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "FAILED: $*"; cat out err; exit 1; }

# expect CODE PATTERN ARGUMENTS...: the exit code; a failure has empty stdout and one error line that fits.
expect() {
  local code=$1 pattern=$2 got=0
  shift 2
  "$metrics" --progress never "$@" >out 2>err || got=$?
  [ "$got" = "$code" ] || fail "exit $got instead of $code: $*"
  if [ "$code" = 0 ]; then
    [ ! -s err ] || fail "stderr is not empty: $*"
    [ -z "$pattern" ] || grep -qE -- "$pattern" out || fail "stdout lacks '$pattern': $*"
    return
  fi
  [ "$code" = 3 ] || [ "$code" = 4 ] || [ ! -s out ] || fail "stdout is not empty: $*"
  [ "$(grep -c '^gdm-metrics: error: ' err)" = 1 ] || fail "not one error line: $*"
  [ "$code" = 2 ] || [ "$(wc -l <err)" = 1 ] || fail "more than one line on stderr: $*"
  grep -qE -- "$pattern" err || fail "stderr lacks '$pattern': $*"
}

# cases FILE ID[:PREDICTION[:TARGET]]...: a manifest; PREDICTION "-" stands for none, "!" for an error.
cases() {
  local file=$1 entry id prediction target separator=""
  shift
  {
    printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['
    for entry in "$@"; do
      IFS=: read -r id prediction target <<<"$entry"
      printf '%s{"id": "%s", "split": "test", "inputs": {"mr": "mr.nii"}, "target": "%s"' "$separator" "$id" \
        "${target:-ct.nii}"
      case $prediction in
        -) ;;
        !) printf ', "error": "the network failed"' ;;
        *) printf ', "prediction": "%s"' "$prediction" ;;
      esac
      printf '}'
      separator=", "
    done
    printf ']}\n'
  } >"$file"
}

anatomy='(i * 37 + j * 101 + k * 59) % 900 - 200'
write_nifti ct.nii 18 16 11 int16 "$anatomy" -1000
write_nifti plus10.nii 18 16 11 int16 "$anatomy + 10" -1000
write_nifti mr.nii 18 16 11 int16 "900 - ($anatomy)" 7
write_nifti other.nii 18 16 10 int16 "$anatomy" -1000
write_nifti air.nii 18 16 11 int16 -1000 -1000
write_nifti nan.nii 18 16 11 float32 0x7fc00000 0xc47a0000

# Values.
cases self.json a:ct.nii
expect 0 '"mae_hu": 0.0,' self.json --json
grep -q '"ssim": 1.0' out || fail "SSIM of a volume with itself is not 1"
grep -q '"psnr_db": null' out || fail "an infinite PSNR is not null"
grep -q 'psnr_db is infinite' out || fail "the note on PSNR is missing"
! grep -qiE '\bnan\b' out || fail "NaN in the report"
cases ten.json a:plus10.nii
expect 0 '"mae_hu": 10.0,' ten.json --json
expect 0 '^self +a +0\.00 +inf +1\.0000 +0\.00 +1\.0000 +0\.00 +0\.00$' self=self.json ten=ten.json --full
grep -qE '^ten +a +10\.00 +52\.09 ' out || fail "PSNR of a shift by 10 HU"  # 20 log10(4024 / 10) = 52.09
expect 0 '^input \(linear fit\) +a +0\.00 .* 0\.00$' ten=ten.json --input mr --full
grep -q 'favours the input' out || fail "the report does not say that the fit favours the input"
expect 0 '^ten	a	a	1848	10	' ten=ten.json --tsv -
"$metrics" - --json --progress never <self.json >out 2>err || fail "a manifest on standard input"
grep -q '"name": "prediction"' out || fail "the name of standard input"
expect 0 '^would grade 1 cases by 2 methods' ten.json --input mr --dry-run

# Profiles, selections and blocks of a wide table.
expect 0 '^self +a +0\.00 +inf +1\.0000$' self=self.json --metrics mae_hu,psnr_db,ssim --full
expect 0 '"hu_range": \[' self.json --json --profile synthrad2025
grep -A2 '"hu_range"' out | found 3071 || fail "the range of synthrad2025"
grep -q '"ms_ssim": 1.0' out || fail "MS-SSIM of a volume with itself is not 1"
expect 0 'L = 2000' self.json --profile synthrad2025 --range -1000 1000 --full
expect 0 '^anatomy: bone:$' ten.json --metrics all --unmasked --full
for block in image unmasked error 'tissue: MAE' 'tissue: bias' gradient spectrum 'anatomy: lung' 'anatomy: body'; do
  grep -q "^$block:\$" out || fail "the table lacks the block $block"
done
[ "$(awk '{ if (length($0) > 120 && !/: /) ++n } END { print n + 0 }' out)" = 0 ] || fail "a table is too wide"
expect 0 '"psnr_all_db"' ten.json --json --metrics all --unmasked --profile plain
grep -q 'ms_ssim is undefined: an axis is shorter' out || fail "plain MS-SSIM of a small volume"
expect 2 "there is no 'psn'" self.json --metrics psn
expect 0 '^ +mean +10\.00 +52\.09$|^ten +mean +10\.00 +52\.09$' ten=ten.json --metrics mae,psnr --full  # units may be left out

# Gates.
cases many.json a:plus10.nii b:plus10.nii
expect 0 'gate passed: method .ten.: the mean of psnr_db' ten=ten.json --fail-under psnr_db=52 --fail-over mae_hu=10
expect 4 "method 'ten': the mean of psnr_db" ten=ten.json --fail-under psnr=60
expect 4 "method 'ten': the mean of mae_hu, 10, is over 9.5" ten=ten.json --fail-over mae_hu=9.5 --json
grep -q '"passed": false' out || fail "the missed gate is not in the JSON"
# A case whose bone was missed has no distance: the gate does not pass over it; a perfect case is no missed one.
write_nifti soft.nii 18 16 11 int16 40 -1000
cases missed.json a:plus10.nii b:soft.nii
hd95=(--metrics bone_hd95_mm --fail-over bone_hd95=5)
expect 4 'undefined for 1 of 2 cases, and an undefined value counts as missed' missed.json "${hd95[@]}"
grep -qE '^bone HD95/mm .* \(1 of 2\)$' out || fail "the table does not say that its mean leaves out a case"
expect 0 'gate passed: .* undefined for 1 of 2 cases' missed.json "${hd95[@]}" --allow-undefined
expect 4 'the mean of bone_hd95_mm, 100, is over 5' missed.json "${hd95[@]}" --undefined-distance 200
expect 0 'counted as 300 mm: the prediction has no bone' missed.json --metrics anatomy --undefined-distance 300 --full
expect 0 '"undefined": 1' missed.json --metrics bone_hd95_mm --json
expect 0 'cases +1 of 2$' missed.json --metrics bone_hd95_mm --full
cases perfect.json a:plus10.nii b:ct.nii
expect 0 '^left out of means: .*: infinite for 1 of 2 cases$' perfect.json --metrics psnr --fail-under psnr=52
expect 4 'infinity is over every bound' perfect.json --metrics psnr --fail-over psnr=60
expect 0 '^PSNR/dB +52.09 \(1 of 2\) +52.09 ' one=perfect.json all=many.json --metrics psnr
expect 2 'undefined-distance' ten.json --undefined-distance -1
expect 2 'undefined-distance' ten.json --undefined-distance nan
expect 2 "'ncc' is not measured" ten.json --fail-under ncc=0.9
expect 2 'KEY=NUMBER' ten.json --fail-under mae_hu

# Another grid, and labels.
cases far.json a:other.nii
expect 0 'resampled trilinearly from 18 x 16 x 10' far.json --resample --full
expect 0 '^would grade' far.json --resample --dry-run
write_nifti labels.nii 18 16 11 int16 '1 + (i > 9)' 0
printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": [{"id": "a", "inputs": {"labels": "labels.nii"},
  "target": "ct.nii", "prediction": "plus10.nii"}]}' >labels.json
expect 0 '^prediction +a +10\.00$' prediction=labels.json --labels labels --label-names 1=left,2=right \
  --metrics label_left_mae_hu --full
expect 0 '"label_right_hd95_mm": 0.0' labels.json --labels labels --label-names 1=left,2=right \
  --predicted-labels labels.nii --metrics labels --json
expect 2 'need each other' labels.json --labels labels
expect 2 'needs --labels' labels.json --predicted-labels labels
expect 1 "'nothing'" labels.json --labels nothing --label-names 1=a

# The same bytes from one thread and from two, and the first failed case is the one that is named.
cases many.json a:plus10.nii b:ct.nii c:plus10.nii d:ct.nii e:plus10.nii f:ct.nii g:plus10.nii
for threads in 1 2; do
  expect 0 '' many.json --threads $threads --metrics all --tsv - && mv out many.$threads
done
cmp many.1 many.2 || fail "the number of threads changes the result"
cases broken.json a:ct.nii b:other.nii c:nan.nii d:gone.nii e:ct.nii
for threads in 1 2; do expect 1 "case 'b': other.nii" broken.json --threads $threads; done
for threads in 1 2; do
  "$metrics" --progress never broken.json --keep-going --threads $threads --tsv - \
    >broken.$threads 2>err.$threads && fail "exit 0"
done
cmp broken.1 broken.2 && cmp err.1 err.2 || fail "the number of threads changes the skipped cases"
[ "$(wc -l <broken.1)" = 3 ] && [ "$(wc -l <err.1)" = 3 ] || fail "skipped cases"

# Files.
expect 0 '' self.json -o report.txt --tsv report.tsv
[ -s report.txt ] && [ -s report.tsv ] && [ ! -s out ] || fail "report files"
expect 1 'report.txt' self.json -o report.txt
expect 0 '' self.json -o report.txt -f
expect 2 'cannot be its output' self.json -o self.json -f

# Refusals.
cases grid.json a:other.nii
expect 1 "other.nii: .*18 x 16 x 10 voxels.*18 x 16 x 11 voxels" grid.json
expect 1 "18 x 16 x 10 voxels.*18 x 16 x 11 voxels" grid.json --dry-run
cases none.json a:-
expect 1 'no case has a prediction' none.json
expect 1 "'a' has no prediction" none.json --split all
cases nan.json a:nan.nii b:ct.nii
expect 1 "'a'.*nan.nii.*NaN" nan.json
expect 3 "'a'.*NaN" nan.json --keep-going --tsv -
[ "$(wc -l <out)" = 2 ] || fail "--keep-going does not keep the good case alone"
cases empty.json a:ct.nii:air.nii
expect 1 'no voxel of the target lies above' empty.json
printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": [{"id": "a", "inputs": {}, "prediction": "ct.nii"}]}' >bare.json
expect 1 "'a' has no target" bare.json
cases failed.json a:! b:ct.nii
expect 3 'the network failed' failed.json
cases both.json a:ct.nii b:ct.nii
expect 1 "different cases.*'one' lacks b" both=both.json one=self.json
expect 1 "different cases.*'one' lacks b" one=self.json both=both.json
expect 2 'called' x=self.json x=ten.json
expect 2 'manifest is needed'
expect 2 'nonsense' self.json --nonsense
expect 2 'range' self.json --range 5 5
expect 1 'gone.json' gone.json
expect 1 'no.nii' self.json --input no.nii

# Pictures.
cases ten2.json a:plus10.nii b:ct.nii
for plane in axial coronal sagittal; do
  expect 0 '' montage ten=ten2.json both=both.json -o "$plane.png" --input mr --plane "$plane"
  [ "$(head -c 8 "$plane.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || fail "$plane.png is not a PNG"
done
expect 1 'axial.png' montage ten2.json -o axial.png
expect 0 '' montage ten2.json -o axial.png -f --cases b
expect 2 "no graded case 'zz'" montage ten2.json -o new.png --cases b,zz
expect 2 'output' montage ten2.json
expect 2 "json does not go with 'montage'" montage ten2.json -o new.png --json
expect 2 "manifest does not go with 'montage'" self.json montage ten2.json -o new.png
expect 0 '' montage ten2.json -o new.png --dry-run --threads 1
[ ! -e new.png ] || fail "a failed or dry run left a file"
