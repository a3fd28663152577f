#!/usr/bin/env bash
# gdm-prep manifest: cases of the known layouts and of patterns, cases that lack a file, splits by patient, and what
# must be refused. File names alone are read, so that most volumes here are empty files.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
put() { for file in "$@"; do mkdir -p "$(dirname "$file")"; : >"$file"; done; }
made() { gdm-prep manifest "$@" >out.json 2>err.txt || fail "'manifest $*': $(cat err.txt)"; }
has() { tr -d ' \n' <out.json | found -F -- "$1" || fail "no $1 in $(cat out.json)"; }
says() { grep -qF -- "$1" err.txt || fail "no '$1' in $(cat err.txt)"; }
pairs() { tr -d ' \n' <"$1" | grep -o '"id":"[^"]*","split":"[a-z]*"' | sort; }
splits() { grep -o '"split": "[a-z]*"' "$1" | sort | uniq -c | tr -s ' \n' ' '; }

# SynthRAD: folders at any depth, behind links too; sidecars and hidden files are no cases.
put brain/1BA001/{mr,ct,mask}.nii.gz brain/1BA002/{mr,ct,mask}.nii.gz brain/1BA001/mr.json brain/1BA001/._ct.nii.gz \
  brain/overview/1BA001.png brain/1BA002/ct_deformed.nii.gz
made brain -o -
has '{"id":"1BA001","inputs":{"mr":"brain/1BA001/mr.nii.gz"},"target":"brain/1BA001/ct.nii.gz","mask":"brain/1BA001/mask.nii.gz"}'
has '"task":"mr2ct"'
says '2 cases (2 mask, 2 mr, 2 target)'
says '3 files are not used, 1 of them NIfTI'
mkdir elsewhere && ln -s ../brain elsewhere/link && ln -s .. elsewhere/link/up
made elsewhere/ -o elsewhere/m.json --reproducible
cp elsewhere/m.json out.json
has '"target":"../brain/1BA002/ct.nii.gz"'
refused 1 'elsewhere/m.json: exists' gdm-prep manifest -q brain -o elsewhere/m.json
rm brain/up
made brain/1BA001 -o -
has '"id":"1BA001"'
put cb/p1/{cbct,ct}.nii.gz
made cb brain --layout synthrad -o -
says 'cb: folders ID/'
[ "$(grep -o '"id"' out.json | wc -l)" = 3 ] || fail "two folders are not three cases"

# Cases that lack a file: refused by name, left out, or kept.
put brain/1BA003/mr.nii.gz brain/1BA004/{mr,ct}.nii.gz brain/empty/notes.txt
refused 1 "case '1BA003' (brain/1BA003) lacks mask, target" gdm-prep manifest -q brain -o m.json
refused 1 '2 of 4 cases lack a file' gdm-prep manifest -q brain -o m.json
made brain -o - --incomplete skip
! grep -q 1BA003 out.json || fail "an incomplete case is not left out"
says "case '1BA004' (brain/1BA004) lacks mask: left out"
made brain -o - --incomplete keep
has '{"id":"1BA003","inputs":{"mr":"brain/1BA003/mr.nii.gz"}}'

# nnU-Net: channels by dataset.json, CT as the target, labels, folders as splits; test cases need no labels.
put nn/imagesTr/hn_{1,2}_0000.nii.gz nn/imagesTr/hn_{1,2}_0001.nii.gz nn/labelsTr/hn_{1,2}.nii.gz \
  nn/imagesTs/hn_3_000{0,1}.nii.gz nn/labelsTr/lost.nii.gz
echo '{"channel_names": {"0": "MRI", "1": "CT"}, "labels": {"background": 0}, "file_ending": ".nii.gz"}' >nn/dataset.json
made nn -o - --split-by-folder
has '{"id":"hn_1","split":"train","inputs":{"labels":"nn/labelsTr/hn_1.nii.gz","mr":"nn/imagesTr/hn_1_0000.nii.gz"},"target":"nn/imagesTr/hn_1_0001.nii.gz"}'
has '{"id":"hn_3","split":"test","inputs":{"mr":"nn/imagesTs/hn_3_0000.nii.gz"},"target":"nn/imagesTs/hn_3_0001.nii.gz"}'
says '1 files are not used'
made nn -o - --labels-as mask
has '"mask":"nn/labelsTr/hn_2.nii.gz"'
! grep -q '"split"' out.json || fail "a split that nobody asked for"
echo '{"modality": {"0": "T1 w", "1": "T1 w"}}' >nn/dataset.json
made nn -o - --labels-as target --incomplete keep
has '"inputs":{"t1_w_0000":"nn/imagesTr/hn_1_0000.nii.gz","t1_w_0001"'
has '"target":"nn/labelsTr/hn_1.nii.gz"'
rm nn/dataset.json
made nn -o -
has '"channel0":"nn/imagesTr/hn_1_0000.nii.gz"'
echo '{"channel_names": {"0": 1}}' >nn/dataset.json
refused 1 "nn/dataset.json: 'channel_names' holds '0': 1" gdm-prep manifest -q nn -o -
echo '{"channel_names": {"0": "MRI"}}' >nn/dataset.json
refused 2 'is read by this run' gdm-prep manifest -q nn -o nn/dataset.json --force
put nn/imagesTs/hn_1_000{0,1}.nii.gz
refused 1 "the id 'hn_1' is found twice" gdm-prep manifest -q nn -o -

# BIDS: sessions, masks in derivatives, of several runs one.
for s in sub-01/ses-a sub-01/ses-b sub-02/ses-a; do
  n=${s/\//_}
  put "bids/$s/anat/${n}_T1w.nii.gz" "bids/$s/ct/${n}_ct.nii.gz" "bids/derivatives/seg/$s/anat/${n}_desc-brain_mask.nii.gz"
done
put bids/derivatives/seg/sub-02/ses-a/anat/sub-02_ses-a_{desc-body_mask,space-MNI152_mask,desc-preproc_T1w}.nii.gz \
  bids/sub-01/ses-a/anat/sub-01_ses-a_run-2_T1w.nii.gz bids/sub-01/ses-a/anat/sub-01_ses-a_T1w.json \
  bids/sub-01/ses-a/func/sub-01_ses-a_task-rest_bold.nii.gz bids/participants.tsv bids/dataset_description.json
made bids -o - --split rest,0,1 --seed 4
has '{"id":"sub-01_ses-a","split":"'
has '"inputs":{"t1w":"bids/sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz"},"target":"bids/sub-01/ses-a/ct/sub-01_ses-a_ct.nii.gz","mask":"bids/derivatives/seg/sub-01/ses-a/anat/sub-01_ses-a_desc-brain_mask.nii.gz","meta":{"patient":"sub-01","session":"ses-a"}}'
has 'sub-02_ses-a_desc-body_mask.nii.gz'
says "case 'sub-01_ses-a': 2 files for inputs.t1w; sub-01_ses-a_T1w.nii.gz is taken"
says "case 'sub-02_ses-a': 2 files for mask"

# Patterns: ids from several keys, one mask for a patient, several in one name, meta and splits.
put 'd a/p1/s1/T1.nii' 'd a/p1/s2/T1.nii' 'd a/p2/s1/T1.nii' d/p{1,2}_body.nii.gz d/p1-s{1,2}_ct.nii.gz d/p2-s1_ct.nii.gz
refused 2 'does not end in .nii' gdm-prep manifest --input mr='d a/{patient}/{session}/T1.nii' --target 'd/{patient}-{session}_ct.*' -o -
made --input mr='d a/{patient}/{session}/T1.nii' --target 'd/{patient}-{session}_ct.nii.gz' --mask 'd/{patient}_body.nii.gz' -o -
has '{"id":"p1_s2","inputs":{"mr":"da/p1/s2/T1.nii"},"target":"d/p1-s2_ct.nii.gz","mask":"d/p1_body.nii.gz","meta":{"patient":"p1","session":"s2"}}'
put e/Train/a{1,2}/{Train,val}_a1_mr.nii.gz e/val/a3/val_a3_mr.nii.gz
made --input mr="$PWD/e/{split}/{id}/{split}_{id}_mr.nii.gz" -o -
has '{"id":"a1","split":"train","inputs":{"mr":"e/Train/a1/Train_a1_mr.nii.gz"}}'
! grep -q e/Train/a2 out.json || fail "a key that comes twice has two values"
refused 1 'no file matches' gdm-prep manifest --input mr='e/{id}_x.nii.gz' -o -
refused 1 'both match' gdm-prep manifest --input mr='e/{id}/a1/*_mr.nii.gz' --target 'brain/{id}/ct.nii.gz' -o -
refused 2 'no pattern has all of the keys' gdm-prep manifest --input mr='brain/{id}/mr.nii.gz' --mask 'd/{p}_body.nii.gz' -o -
refused 2 'has no key' gdm-prep manifest --input mr='brain/*/mr.nii.gz' -o -
for pattern in 'mr=a{id/mr.nii.gz' 'mr=a}/mr.nii.gz' 'mr={}/mr.nii.gz' 'mr={a b}.nii' 'mr={a}*.nii' 'mr=*{a}.nii' 'mr={a}{b}.nii' 'mr=**/{id}.nii' '={id}.nii' mr 'mr={id}.mha'; do
  refused 2 --input gdm-prep manifest --input "$pattern" -o -
done
refused 2 'given twice' gdm-prep manifest --input mr='{id}.nii' --input mr='{id}.nii' -o -
refused 2 'do not go with' gdm-prep manifest brain --mask 'd/{id}_body.nii.gz' -o -

# Splits: the same from the same seed, by patient, sizes exact for numbers; percent never move a patient.
for n in $(seq 1 60); do put "many/p$n/ct.nii.gz"; done
made many -o a.json --split 70,15,15 --seed 3 --reproducible
grep -q '"task": "sparse-ct"' a.json || fail "the task of targets alone"
made many -o b.json --split 70,15,15 --seed 3 --reproducible
cmp -s <(pairs a.json) <(pairs b.json) || fail "the same seed gives other splits"
made many -o b.json --force --split 70,15,15 --seed 4
! cmp -s <(pairs a.json) <(pairs b.json) || fail "the seed changes nothing"
made many -o c.json --split rest,9,12
[ "$(splits c.json)" = ' 12 "split": "test" 39 "split": "train" 9 "split": "val" ' ] || fail "numbers: $(splits c.json)"
pairs a.json >before
for n in $(seq 61 90); do put "many/p$n/ct.nii.gz"; done
rm -r many/p5
made many -o a.json --force --split 70,15,15 --seed 3
[ "$(comm -23 before <(pairs a.json) | wc -l)" = 1 ] || fail "patients moved"
refused 2 'patients asked for' gdm-prep manifest -q many -o - --split 10,9,12
refused 2 'patients asked for' gdm-prep manifest -q many -o - --split rest,80,12
for split in 70,30 70,15,15,0 a,b,c 70,,30 rest,rest,3 70.5,2.5,3 -10,100,10 nan,50,50 70,15,15,; do
  refused 2 --split gdm-prep manifest many -o - --split "$split"
done
refused 1 'lies in no folder such as' gdm-prep manifest -q many -o - --split-by-folder
refused 2 'do not go together' gdm-prep manifest -q many -o - --split-by-folder --split 70,15,15

# What is no set of cases, and outputs.
refused 1 'no such folder' gdm-prep manifest none -o -
refused 1 'is a file, expected a folder' gdm-prep manifest a.json -o -
refused 1 'no case among 1 files' gdm-prep manifest brain/empty -o -
refused 1 'expected sub-ID' gdm-prep manifest --layout bids brain/empty -o -
refused 2 'nothing to look into' gdm-prep manifest -o -
refused 2 'does not end in .json' gdm-prep manifest brain -o m.txt --incomplete keep
refused 1 'gone/m.json' gdm-prep manifest -q brain -o gone/m.json --incomplete keep
put "$(printf 'bad/a\001b/ct.nii.gz')" && refused 1 'control character' gdm-prep manifest -q bad -o -
put "$(printf 'latin/M\374ller/ct.nii.gz')" && refused 1 'not UTF-8' gdm-prep manifest -q latin -o -
gdm-prep manifest -q many -o dry.json --dry-run && [ ! -e dry.json ] || fail "--dry-run wrote"

# Visits of patients in folders of their own, and splits that nobody is in.
for p in A B C; do for v in 1 2; do put visits/$p/$p$v/{mr,ct}.nii.gz; done; done
made visits -o - --split 34,33,33
says 'the cases lie in 3 folders of a few each'
made visits -o - --split 100,0,0
! grep -q 'nobody is in' err.txt || fail "a split that nobody asked for is missed"
made --input mr='visits/{patient}/{id}/mr.nii.gz' --target 'visits/{patient}/{id}/ct.nii.gz' -o - --split 98,1,1
says 'nobody is in test; numbers of patients, such as rest,1,1'
! grep -q 'a few each' err.txt || fail "patients that have names are warned of"

# What newcomers try: a folder of sets, other formats, broken links.
put raw/Dataset001_A/imagesTr/a_0000.nii.gz
refused 1 'expected one of them, such as raw/Dataset001_A' gdm-prep manifest raw -o -
put mha/1/{mr,ct}.mha && refused 1 'but 2 of MetaImage' gdm-prep manifest mha -o -
mkdir -p links/1 && ln -s nowhere links/1/ct.nii.gz && put links/1/mr.nii.gz
made links -o -
says 'links/1/ct.nii.gz: is passed over: the link leads nowhere'
! grep -q target out.json || fail "a broken link is a target"

# A real set: found, and good.
gdm-phantom -q -o set --count 2 --shape 16 --spacing 8
made --input mr='set/{id}_mr.nii.gz' --target 'set/{id}_ct.nii.gz' --mask 'set/{id}_mask.nii.gz' -o set/found.json
gdm-prep info -q --check set/found.json >/dev/null || fail "what was found is not good"
