#!/usr/bin/env bash
# gdm-phantom's scans: sequences, options that do not fit together, tables of tissues, the same bytes with any number of
# threads.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
make() { gdm-phantom -q --count 1 --shape 24 --spacing 8 --seed 2 "$@"; }

# Each option changes what it is for, and nothing else.
make -o plain
changes() {  # changes "VOLUMES" OPTIONS...: the MR, the CT or both differ from the plain ones
  local volumes=$1 which
  shift
  make -o other --threads 1 "$@" && make -o twice --threads 2 "$@"
  for which in mr ct mask; do
    cmp -s other/head0001_$which.nii.gz twice/head0001_$which.nii.gz || fail "threads change $which of $*"
    if [[ " $volumes " == *" $which "* ]]; then
      ! cmp -s other/head0001_$which.nii.gz plain/head0001_$which.nii.gz || fail "$* leaves $which as it was"
    else
      cmp -s other/head0001_$which.nii.gz plain/head0001_$which.nii.gz || fail "$* changes $which"
    fi
  done
  rm -r other twice
}
changes mr --tr 3000 --te 90
changes mr --sequence spgr --flip 10
changes mr --field-strength 3
changes mr --snr 10
changes mr --thickness 16
changes mr --misregistration 6
changes ct --metal 2
changes ct --beam-hardening
make -o void --sequence spgr --te 10 && make -o void2 --sequence spgr --te 10 --susceptibility
! cmp -s void/head0001_mr.nii.gz void2/head0001_mr.nii.gz || fail "no void"
make -o said --sequence spgr --flip 20 --misregistration 1.5
grep -q '"flip_deg": 20' said/head0001_mr.json && grep -q '"misregistration_mm": 1.5' said/head0001_ct.json || fail "the sidecar does not tell the scan"
make -o truth --truth
[ "$(ls truth/*.nii.gz | wc -l)" = 8 ] || fail "truth: $(ls truth)"
cmp truth/head0001_ct.nii.gz plain/head0001_ct.nii.gz || fail "--truth changes the CT"

# What cannot be: one clear line.
refused 2 '--tr: .-5. is not a number from' make -o no --tr -5
refused 2 'TE (600 ms) does not fit into TR (500 ms)' make -o no --te 600
refused 2 '--flip: .120. is not a number' make -o no --sequence spgr --flip 120
refused 2 '--flip is of no use with --sequence se' make -o no --flip 30
refused 2 'a void needs the sequence spgr' make -o no --susceptibility
refused 2 '--thickness is of no use unless slices are thicker' make -o no --thickness 4
refused 2 '--sequence' make -o no --sequence flair
refused 2 '--field-strength' make -o no --field-strength 7
[ ! -e no ] || fail "a refused run made its folder"

# Tables of tissues.
table=$(realpath "$1")/../share/gdm/tissues.json
sed 's/"mean": -102/"mean": 900/' "$table" >mine.json
make -o mine --tissues mine.json
! cmp -s mine/head0001_ct.nii.gz plain/head0001_ct.nii.gz && cmp mine/head0001_mr.nii.gz plain/head0001_mr.nii.gz || fail "the table has no effect"
grep -q mine.json mine/head0001_ct.json || fail "the sidecar does not name the table"
bad() {  # bad PATTERN SED: the standard table so changed is refused
  sed "$2" "$table" >bad.json
  refused 1 "bad.json: $1" make -o no --tissues bad.json
}
bad "tissue 'skin': .* lacks 'kind'" 's/"name": "skin", "kind": "soft"/"name": "skin"/'
bad "tissue 'skin': .* no use for 'colour'" 's/"name": "skin",/"name": "skin", "colour": 1,/'
bad "label 511 is given twice: 'skin' and 'fat'" 's/"name": "fat", "kind": "soft", "labels": \[/&511/'
bad "there is no tissue 'lung'" 's/"name": "lung"/"name": "lungs"/'
bad 'not valid JSON' '1d'
refused 1 'none.json' make -o no --tissues none.json
