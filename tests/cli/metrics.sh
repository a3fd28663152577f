# gdm-metrics: what it prints, what it refuses, and how it exits.
set -euo pipefail
metrics=$1/gdm-metrics
. "$(dirname "$0")/nifti.bash"
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
  [ "$code" = 3 ] || [ ! -s out ] || fail "stdout is not empty: $*"
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
expect 0 '^self +a +0\.00 +inf +1\.0000 +0\.00 +1\.0000 +0\.00 +0\.00$' self=self.json ten=ten.json
grep -qE '^ten +a +10\.00 +52\.09 ' out || fail "PSNR of a shift by 10 HU"  # 20 log10(4024 / 10) = 52.09
expect 0 '^input \(linear fit\) +a +0\.00 .* 0\.00$' ten=ten.json --input mr
grep -q 'favours the input' out || fail "the report does not say that the fit favours the input"
expect 0 '^ten	a	1848	10	' ten=ten.json --tsv -
"$metrics" - --json --progress never <self.json >out 2>err || fail "a manifest on standard input"
grep -q '"name": "prediction"' out || fail "the name of standard input"
expect 0 '^would grade 1 cases by 2 methods' ten.json --input mr --dry-run

# Files.
expect 0 '' self.json -o report.txt --tsv report.tsv
[ -s report.txt ] && [ -s report.tsv ] && [ ! -s out ] || fail "report files"
expect 1 'report.txt' self.json -o report.txt
expect 0 '' self.json -o report.txt -f
expect 2 'input and an output' self.json -o self.json -f

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
