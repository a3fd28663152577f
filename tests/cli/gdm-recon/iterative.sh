#!/usr/bin/env bash
# gdm-recon iterative: each method beside filtered back-projection, manifests, sidecars, logs, starts, stops, and input
# that means nothing.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o pairs --count 3 --kind head --shape 32 --spacing 6 --seed 4 -q
gdm-recon project pairs/manifest.json -o scans --views 24 --photons 1e5 --oversample 3 --seed 1 -q >/dev/null
gdm-recon fbp scans/manifest.json -o fbp -q >/dev/null
one=scans/head0001_sinogram.nii.gz ct=pairs/head0001_ct.nii.gz
value() { sed -nE "s/^ *\"$1\": ([^,]*),?$/\\1/p" "$2" | head -n 1; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }' || fail "$1 is not less than $2: $3"; }

# Each method writes the cases under its own name and tells how it made them.
for method in sirt os-sart cgls tv; do
  gdm-recon iterative scans/manifest.json -o $method --method $method --log $method.tsv >$method.json 2>err.txt
  [ -s $method/head0001_$method.nii.gz ] || fail "no volume of $method"
  grep -q "\"$method\": \"head0001_$method.nii.gz\"" $method/manifest.json || fail "$method is no input of the manifest"
  sidecar=$method/head0001_$method.json
  [ "$(value method $sidecar)" = "\"$method\"" ] && [ "$(value views $sidecar)" = 24 ] && [ "$(value photons $sidecar)" = 100000.0 ] ||
    fail "the sidecar of $method does not tell its making"
  grep -q '"network_evaluations": 0' $sidecar || fail "no effort in the sidecar of $method"
  [ "$(cut -f 1 $method.tsv | sort -u | tr '\n' ' ')" = "case head0001 head0002 head0003 " ] || fail "cases in the log of $method"
  [ "$(grep -c head0002 $method.tsv)" = "$(value iterations $sidecar)" ] || fail "iterations in the log of $method"
done
[ "$(value strength_mm tv/head0001_tv.json)" = 0.005 ] || fail "strength of tv"
for method in sirt cgls; do
  awk -F '\t' '$1 == "head0001" { if (seen && $4 >= last) exit 1; last = $4; seen = 1 }' $method.tsv || fail "$method does not descend"
done
gdm-recon iterative $one -o plain.nii.gz --method tv --strength 0 --iterations 40 -q
[ -s plain.json ] || fail "no sidecar of one volume"
! cmp -s plain.nii.gz tv/head0001_tv.nii.gz || fail "--strength changes nothing"

# The same volume from one thread and from two, from a manifest and alone.
for threads in 1 2; do gdm-recon iterative $one -o threads$threads.nii.gz --threads $threads -q; done
cmp threads1.nii.gz threads2.nii.gz
cmp threads1.nii.gz tv/head0001_tv.nii.gz
gdm-recon iterative $one -o deep.nii.gz --across-slices -q
! cmp -s deep.nii.gz threads1.nii.gz || fail "--across-slices changes nothing"
gdm-recon iterative $one -o huber.nii.gz --huber 50 -q
! cmp -s huber.nii.gz threads1.nii.gz || fail "--huber changes nothing"

# Starts: an input by name, a file, nothing; stops: by change, by the noise.
gdm-recon iterative fbp/manifest.json -o again --method sirt --start fbp --iterations 1 -q >/dev/null
gdm-recon iterative $one -o cold.nii.gz --method sirt --iterations 1 -q
gdm-recon iterative $one -o warm.nii.gz --method sirt --iterations 1 --start fbp/head0001_fbp.nii.gz -q
less "$(value residual warm.json)" "$(value residual cold.json)" "residual from a warm start"
grep -q head0001_fbp.nii.gz warm.json || fail "the start is no source"
gdm-recon iterative tv/manifest.json -o chained --method sirt --start tv --iterations 2 -q >/dev/null
[ "$(value start chained/head0001_sirt.json)" = '"tv"' ] || fail "start by the name of an input"
gdm-recon iterative $one -o soon.nii.gz --method cgls --tolerance 0.2 -q
less "$(value iterations soon.json)" 12 "--tolerance"
gdm-recon iterative $one -o noise.nii.gz --method sirt --discrepancy 20 -q
less "$(value iterations noise.json)" 200 "--discrepancy"

# --resume keeps what was made in the same way from the same files.
gdm-recon iterative scans/manifest.json -o tv --resume >/dev/null 2>err.txt
grep -q '3 of 3 cases were finished already' err.txt || fail "nothing kept: $(cat err.txt)"
gdm-recon iterative scans/manifest.json -o tv --resume --strength 0.01 >/dev/null 2>err.txt
! grep -q '3 of 3 cases' err.txt || fail "kept with another strength"

# A resumed batch keeps the lines of what it keeps, and no other file is taken for its log.
gdm-recon iterative scans/manifest.json -o logged --iterations 2 --log logged.tsv -q >/dev/null
cp logged.tsv whole.tsv
rm logged/head0002_tv.nii.gz logged/manifest.json
gdm-recon iterative scans/manifest.json -o logged --iterations 2 --log logged.tsv --resume -q >/dev/null
cmp <(sort whole.tsv) <(sort logged.tsv) || fail "the log after a resumed batch: $(cat logged.tsv)"
# One that ends early leaves the lines of what it made, and a dry run counts what it could make.
sed '/"sinogram"/{s|head0003_sinogram|head0009_sinogram|}' scans/manifest.json >scans/broken.json
mv scans/head0003_sinogram.json scans/aside.json
gdm-recon iterative scans/manifest.json -o early --iterations 2 --log early.tsv -q >/dev/null 2>&1 && fail "a scan without its sidecar was made"
gdm-recon iterative scans/manifest.json -o going --iterations 2 --log going.tsv --keep-going -q >/dev/null 2>&1 || true
mv scans/aside.json scans/head0003_sinogram.json
cmp <(grep -v head0003 whole.tsv) going.tsv || fail "the log of a run with a failed case: $(cat going.tsv)"
gdm-recon iterative scans/broken.json -o none --keep-going --dry-run 2>&1 >/dev/null | found 'would write 2 volumes' || fail "a dry run that goes on"
[[ ! -e none ]] || fail "a dry run made a folder"
rm logged/manifest.json
echo mine >mine.tsv
refused 1 "mine.tsv: exists and is no table of iterations" gdm-recon iterative scans/manifest.json -o logged --iterations 2 --log mine.tsv --resume
gdm-recon iterative scans/manifest.json -o logged --iterations 2 --resume --dry-run 2>&1 >/dev/null | found 'would write 0 volumes' || fail "a dry run of what is there"
refused 1 "nodir" gdm-recon iterative $one -o x.nii.gz --log nodir/log.tsv --dry-run

# What means nothing.
refused 2 "--method" gdm-recon iterative $one -o x.nii.gz --method art
refused 2 "strength" gdm-recon iterative $one -o x.nii.gz --strength -1
refused 2 "strength" gdm-recon iterative $one -o x.nii.gz --strength nan
refused 2 "belong to --method tv" gdm-recon iterative $one -o x.nii.gz --method sirt --strength 1
refused 2 "belongs to" gdm-recon iterative $one -o x.nii.gz --method cgls --subsets 2
refused 2 "iterations" gdm-recon iterative $one -o x.nii.gz --iterations -3
refused 1 "no such file" gdm-recon iterative $one -o x.nii.gz --start missing.nii.gz
refused 1 "nothing" gdm-recon iterative scans/manifest.json -o x --start nothing
refused 1 "sidecar" gdm-recon iterative $ct -o x.nii.gz
refused 2 "is read by this run" gdm-recon iterative $one -o x.nii.gz --log $one --force
refused 2 "two outputs are this one file" gdm-recon iterative $one -o x.nii.gz --log x.nii.gz
refused 2 "two outputs are this one file" gdm-recon iterative $one -o x.nii.gz --log x.json
# The strength that validation cases ask for, as a table and as JSON; the best is no worse than its neighbours.
gdm-recon tune scans/manifest.json --split all --iterations 10 -q >table.txt
[ "$(grep -c best table.txt)" = 1 ] && [ "$(wc -l <table.txt)" -ge 6 ] || fail "no table: $(cat table.txt)"
awk 'NR > 1 { if (!least || $3 < least) least = $3; if ($6 == "best") best = $3 } END { exit !(best == least) }' table.txt || fail "the best is not the least: $(cat table.txt)"
gdm-recon tune scans/manifest.json --split all --iterations 10 --by mae --json -q >table.json
[ "$(value cases table.json)" = 3 ] && [ "$(value by table.json)" = '"mae"' ] || fail "no JSON: $(cat table.json)"
refused 1 "missing.json" gdm-recon tune missing.json
refused 1 "sinogram" gdm-recon tune pairs/manifest.json --split all
refused 2 "--by" gdm-recon tune scans/manifest.json --by psnr

gdm-recon project $ct -o clean.nii.gz --views 12 -q
refused 1 "no photons" gdm-recon iterative clean.nii.gz -o x.nii.gz --discrepancy 1
refused 1 "another grid" gdm-recon iterative clean.nii.gz -o x.nii.gz --start $one
for dry in "" -n; do refused 1 "another grid" gdm-recon iterative clean.nii.gz -o x.nii.gz --start $one $dry; done
refused 1 "no photons" gdm-recon iterative clean.nii.gz -o x.nii.gz --discrepancy 1 -n
sed 's/"photons": 0.0/"photons": -5.0/' clean.json >counts.json && cp clean.nii.gz counts.nii.gz
refused 1 "photons" gdm-recon iterative counts.nii.gz -o x.nii.gz
gzip -dc clean.nii.gz >nan.nii
cp clean.json nan.json
printf '\000\000\300\177' | dd of=nan.nii bs=1 seek=4000 conv=notrunc status=none
# A signal ends the iterations, and nothing is left of them.
gdm-recon iterative clean.nii.gz -o stopped.nii.gz --method sirt --iterations 1000000 -q &
sleep 2
kill -TERM $!
status=0
wait $! || status=$?
[ $status = 143 ] || fail "a signal in the iterations: exit $status"
! compgen -G 'stopped*' || fail "a stopped run left something"
refused 1 "are NaN or infinite" gdm-recon iterative nan.nii -o x.nii.gz
[ ! -e x.nii.gz ] && [ ! -e x ] || fail "a refused run left something"
