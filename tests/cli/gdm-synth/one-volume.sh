#!/usr/bin/env bash
# One volume in and one CT out: by name, by --input, through pipes; that it is what the manifest's case gives; sizes
# smaller than a patch; and one line for everything that cannot be meant.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
. "$(dirname "$0")/../nifti.bash"
common=(--threads 1 --seed 3 -q)

gdm-phantom -o p --count 3 --kind head --seed 3 --shape 24 --spacing 8 -q
mkdir two
for mr in p/*_mr.nii.gz; do cp "$mr" "two/$(basename "$mr")"; done
sed 's|"mr": "\([^"]*\)"|"mr": "\1", "t2": "two/\1"|' p/manifest.json >two.json
sed -i 's|"two/|"../two/|' two.json && mv two.json p/two.json
train=(gdm-drift-train --objective regression --steps 2 --patch 16 --widths 8,16 --batch 1 "${common[@]}")
"${train[@]}" p/manifest.json -o m.safetensors
"${train[@]}" p/two.json --conditions mr,t2 -o two.safetensors
id=$(basename "$(ls p/*_mr.nii.gz | head -n 1)" _mr.nii.gz)
mr=p/${id}_mr.nii.gz
synth=(gdm-synth --threads 1 -q)

# The same voxels by every way in and out, and the sidecar beside a file.
"${synth[@]}" p/manifest.json --model m.safetensors -o cases >/dev/null
same() { cmp <(gzip -cd "cases/${id}_pred.nii.gz") <(gzip -cdf "$1") || fail "$1 is not what the case gives"; }
"${synth[@]}" "$mr" --model m.safetensors -o ct.nii.gz >out.txt
[[ ! -s out.txt ]] || fail "one volume prints $(cat out.txt)"
same ct.nii.gz
grep -q '"GeneratedBy"' ct.json || fail "no sidecar beside the CT"
"${synth[@]}" --input "mr=$mr" --model m.safetensors -o named.nii --mask "p/${id}_mask.nii.gz"
same named.nii
gzip -cd "$mr" | "${synth[@]}" - --model m.safetensors -o - >piped.nii
same piped.nii
gzip -cd "$mr" | "${synth[@]}" --input mr=- --model m.safetensors -o piped.nii.gz
same piped.nii.gz
(cd p && "${synth[@]}" - --model ../m.safetensors -o ../again <manifest.json >/dev/null)
same "again/${id}_pred.nii.gz"
"${synth[@]}" --input "mr=$mr" --input "t2=two/${id}_mr.nii.gz" --model two.safetensors -o both.nii.gz
"${synth[@]}" p/two.json --model two.safetensors -o two-cases >/dev/null
volume-diff "two-cases/${id}_pred.nii.gz" both.nii.gz || fail "two inputs are not what the case gives"
before=$(stat -c %i ct.nii.gz)
"${synth[@]}" "$mr" --model m.safetensors -o ct.nii.gz --resume
[[ $(stat -c %i ct.nii.gz) == "$before" ]] || fail "--resume made a finished volume again"
gdm-synth "$mr" --model m.safetensors -o x.nii.gz --dry-run | found "volume .* -> x.nii.gz" || fail "no plan"

# bf16: another CT, by little, and the sidecar tells; a batch begun in one arithmetic is not finished in another.
"${synth[@]}" "$mr" --model m.safetensors -o plain.nii --dtype float32
"${synth[@]}" "$mr" --model m.safetensors -o bf16.nii --dtype float32 --precision bf16 2>/dev/null
cmp -s plain.nii bf16.nii && fail "--precision bf16 changes nothing"
volume-diff plain.nii bf16.nii 5 >diff.txt || fail "bf16 is far off: $(cat diff.txt)"
grep -q '"precision": "bf16"' bf16.json || fail "the sidecar does not tell bf16"
grep -q precision plain.json && fail "the sidecar of fp32 tells a precision"
cp plain.nii fp32.nii
for precision in bf16 fp32; do
  gdm-synth "$mr" --threads 1 --model m.safetensors -o plain.nii --dtype float32 --precision $precision --resume 2>err.txt
  found 'it was made with another precision' <err.txt || fail "no reason: $(cat err.txt)"
  cmp plain.nii $precision.nii || fail "--resume kept a CT of other arithmetic"
done
for order in "bf16 fp32" "fp32 bf16"; do
  n=1
  for precision in $order; do
    "${synth[@]}" p/manifest.json --model m.safetensors -o shards --shard $((n++))/2 --precision "$precision" --force >/dev/null 2>&1
  done
  refused 1 'made with precision .*, but' gdm-prep join 'shards/manifest-*-of-2.json' -o x.json
done

# Another number of threads, whose sums are added up in another order; a mask of another grid, in a dry run as well.
gdm-synth --threads 2 -q "$mr" --model m.safetensors -o threads.nii --dtype float32
volume-diff plain.nii threads.nii .05 >diff.txt || fail "threads matter: $(cat diff.txt)"
write_nifti other-grid.nii 9 7 5 int16 1 0
for dry in "" -n; do
  refused 1 "other-grid.nii: the mask is on another grid" gdm-synth "$mr" --model m.safetensors --mask other-grid.nii -o x.nii.gz $dry
done

# The way through three programs.
gdm-prep n4 "$mr" -o - -q | "${synth[@]}" - --model m.safetensors -o - |
  gdm-metrics --target "p/${id}_ct.nii.gz" --prediction - -q >pipe.txt || fail "a pipe of three"
grep -q MAE/HU pipe.txt || fail "a pipe of three grades nothing: $(cat pipe.txt)"

# Smaller than a patch, and one slice.
for shape in 9x7x5 16x16x1; do
  IFS=x read -r ni nj nk <<<"$shape"
  write_nifti small.nii "$ni" "$nj" "$nk" int16 'i * 7 + j * 5 + k + 1' 0
  gdm-synth --threads 1 small.nii --model m.safetensors --resample never -o "small-$shape.nii.gz" 2>err.txt || fail "a volume of $shape"
  found 'warning: small.nii: .* less than half of a patch (16 voxels along each axis) along an axis' <err.txt || fail "no word of $shape: $(cat err.txt)"
done

# What is named wrongly.
m=(--model m.safetensors) two=(--model two.safetensors)
refused 2 "one volume is not enough, as the model takes mr, t2: name each by --input" gdm-synth "$mr" "${two[@]}" -o x.nii.gz
refused 2 "input t2=FILE is missing; the model takes mr, t2" gdm-synth --input "mr=$mr" "${two[@]}" -o x.nii.gz
refused 2 "no input 't1'; the model takes mr" gdm-synth --input "t1=$mr" "${m[@]}" -o x.nii.gz
refused 2 "'mr' is given twice" gdm-synth --input "mr=$mr" --input "mr=$mr" "${m[@]}" -o x.nii.gz
refused 2 "m.safetensors: this --model is given twice" gdm-synth "$mr" "${m[@]}" "${m[@]}" -o x.nii.gz
refused 2 "does not go with --input" gdm-synth "$mr" --input "mr=$mr" "${m[@]}" -o x.nii.gz
refused 2 "is not NAME=FILE" gdm-synth --input "$mr" "${m[@]}" -o x.nii.gz
refused 2 "expected a manifest, a volume, or --input" gdm-synth "${m[@]}" -o x.nii.gz
refused 2 "standard input can be one volume" gdm-synth --input mr=- --input t2=- "${two[@]}" -o x.nii.gz <piped.nii
refused 2 "'out' is not a NIfTI name" gdm-synth "$mr" "${m[@]}" -o out
refused 2 "a manifest needs a folder, not 'x.nii.gz'" gdm-synth p/manifest.json "${m[@]}" -o x.nii.gz
refused 2 "input is one volume" gdm-synth "$mr" "${m[@]}" -o x.nii.gz --split test
refused 2 "input is one volume" gdm-synth "$mr" "${m[@]}" -o x.nii.gz --samples 2
refused 2 "mask is for one volume" gdm-synth p/manifest.json "${m[@]}" -o out --mask "$mr"
refused 2 "is no NIfTI volume" gdm-synth --input mr=p/manifest.json "${m[@]}" -o x.nii.gz
refused 1 "NIfTI" gdm-synth - "${m[@]}" -o out <piped.nii
refused 1 "no-such.nii.gz: No such file" gdm-synth no-such.nii.gz "${m[@]}" -o x.nii.gz
refused 2 "cannot be its output" gdm-synth "$mr" "${m[@]}" -o "$mr" --force
refused 1 "exists" gdm-synth "$mr" "${m[@]}" -o ct.nii.gz
status=0
script -qec "gdm-synth $mr --model m.safetensors -o -" /dev/null >terminal.txt </dev/null || status=$?
[[ $status == 2 ]] || fail "a volume for a terminal: exit $status"
found 'standard output is a terminal' <terminal.txt || fail "a volume for a terminal: $(cat terminal.txt)"

# What the files hold: other grids with what differs, NaN, 4-D, other files.
gdm-prep resample "$mr" --spacing 9 -o coarse.nii.gz -q
refused 1 "coarse.nii.gz: input 't2' is on another grid than 'mr': .*instead of" gdm-synth --input "mr=$mr" \
  --input t2=coarse.nii.gz "${two[@]}" -o x.nii.gz
refused 1 "coarse.nii.gz: input 't2' is on another grid" gdm-synth --input "mr=$mr" --input t2=coarse.nii.gz "${two[@]}" \
  -o x.nii.gz --dry-run
refused 1 "coarse.nii.gz: the mask is on another grid" gdm-synth "$mr" "${m[@]}" -o x.nii.gz --mask coarse.nii.gz
write_nifti nan.nii 6 6 4 float32 '(i == 3 ? 0x7fc00000 : 0x3f800000 + i)' 0
refused 1 "nan.nii: input 'mr' has 8 voxels that are NaN or infinite" gdm-synth nan.nii "${m[@]}" -o x.nii.gz
write_nifti flat.nii 6 6 4 int16 5 5
refused 1 "flat.nii: input 'mr' has the value 5 everywhere" gdm-synth flat.nii "${m[@]}" -o x.nii.gz
write_nifti empty.nii 16 16 1 int16 0 0
refused 1 "empty.nii: the mask is empty" gdm-synth small.nii "${m[@]}" -o x.nii.gz --mask empty.nii --resample never
sed 's#"mask": "[^"]*"#"mask": "../other-grid.nii"#' p/manifest.json >p/masked.json
for dry in "" -n; do
  refused 1 "case 'head0001': other-grid.nii: the mask is on another grid" gdm-synth p/masked.json "${m[@]}" -o out-masked $dry
done
code=0
gdm-synth p/masked.json "${m[@]}" -o out-masked -n --keep-going >dry.txt || code=$?
[[ $code == 3 ]] && found 'head0001  would fail: ' <dry.txt || fail "a dry run of what would fail: $code $(cat dry.txt)"
[[ ! -e out-masked ]] || fail "a mask of another grid is seen once a folder is made"
head -c 40 flat.nii >4d.nii  # 6 x 6 x 2 x 2
printf '\x04\x00\x06\x00\x06\x00\x02\x00\x02\x00' >>4d.nii
tail -c +51 flat.nii >>4d.nii
refused 1 "4d.nii: .*4" gdm-synth 4d.nii "${m[@]}" -o x.nii.gz
echo "not a volume at all" >text.nii
refused 1 "text.nii: is text" gdm-synth text.nii "${m[@]}" -o x.nii.gz
refused 1 "is a folder" gdm-synth p "${m[@]}" -o x.nii.gz
refused 2 "m.safetensors: is no NIfTI volume" gdm-synth m.safetensors "${m[@]}" -o x.nii.gz
refused 1 "manifest.json" gdm-synth "$mr" --model p/manifest.json -o x.nii.gz

# Of an ensemble each model is asked: the second learnt from MR, to the first a CT is an image like others.
sed 's/_mr\.nii/_ct.nii/' p/manifest.json >p/cts.json
"${train[@]}" p/cts.json --scaling mr=percentile -o cts.safetensors
gdm-synth "p/${id}_ct.nii.gz" --model cts.safetensors -o from-ct.nii.gz -q
refused 1 "looks like a CT in HU" gdm-synth "p/${id}_ct.nii.gz" --model cts.safetensors "${m[@]}" -o x.nii.gz

# A model for another task: MR values are no HU.
gdm-recon project p/manifest.json -o sino --views 12 -q | gdm-recon fbp - -o fbp -q >/dev/null
"${train[@]}" fbp/manifest.json -o ct.safetensors
refused 1 "is a sinogram, which .gdm-recon gdm. reconstructs" gdm-synth "$(ls sino/*sinogram.nii.gz | head -n 1)" --model ct.safetensors -o x.nii.gz
refused 1 "input 'fbp' is not in HU: .*--assume-hu" gdm-synth "$mr" --model ct.safetensors -o x.nii.gz --threads 1
refused 1 "mr is not in HU: " gdm-drift-train fbp/manifest.json -o x.safetensors --objective regression --steps 1 --conditions \
  mr,fbp --scaling mr=hu
gdm-synth "$mr" --model ct.safetensors -o assumed.nii.gz --threads 1 --assume-hu -q
compgen -G 'x.*' >/dev/null && fail "a refused command left $(compgen -G 'x.*')"
exit 0
