#!/usr/bin/env bash
# gdm-featbank from end to end on phantoms: shards, rebuilds, strata, spacing, verify, query, plot, and what is refused.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
common=(--threads 1 -q)

# payload FILE: the digest of all tensors.
payload() { gdm-featbank info "$1" --json | grep -o '"sha256": *"[0-9a-f]*"' | tail -n 1; }
# description FILE: what a bank says about itself, its provenance aside.
description() { gdm-featbank info "$1" --json | sed '/"provenance"/,/^ }/d'; }

gdm-phantom -o p --count 9 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-encoder pretrain p/manifest.json -o e.safetensors --patch 16 --widths 8,8,8 --steps 4 --batch 2 "${common[@]}"
gdm-encoder pretrain p/manifest.json -o f.safetensors --patch 16 --widths 8,8,8 --steps 5 --batch 2 "${common[@]}"
build=(gdm-featbank build p/manifest.json --encoder e.safetensors --patch 16 --training-patch 16 --patches-per-case 6 "${common[@]}")
"${build[@]}" -o b.safetensors

# A build that is stopped has nothing to go on with, so the signal ends it, and no queue requeues it for ever.
gdm-featbank build p/manifest.json --encoder e.safetensors --patch 16 --training-patch 16 --patches-per-case 4000 \
  "${common[@]}" -o stopped.safetensors &
builder=$!
sleep 1.5
kill -TERM "$builder" 2>/dev/null || fail "the build was over before it could be stopped"
status=0
wait "$builder" || status=$?
[[ $status == 143 ]] || fail "a stopped build: exit $status, expected 143"
[[ ! -e stopped.safetensors ]] || fail "a stopped build wrote a bank"

# A rebuild gives the same bytes; so do the cases in another order, and shards.
mkdir again
(cd again && ln -s ../p ../e.safetensors . && "${build[@]}" -o b.safetensors)
cmp b.safetensors again/b.safetensors || fail "two builds differ"
for n in 1 2 3; do "${build[@]}" -o "s$n.safetensors" --shard "$n/4"; done
SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=4 \
  "${build[@]}" -o s4.safetensors --shard auto
gdm-featbank merge s3.safetensors s1.safetensors s4.safetensors s2.safetensors -o m.safetensors -q
[[ $(payload b.safetensors) == "$(payload m.safetensors)" ]] || fail "the merged bank holds other tensors"
diff <(description b.safetensors) <(description m.safetensors) || fail "the merged bank describes itself differently"
refused 1 "part 3 of 4 is missing" gdm-featbank merge s1.safetensors s2.safetensors s4.safetensors -o x.safetensors
cp s1.safetensors t.safetensors
refused 1 "twice" gdm-featbank merge s[1-4].safetensors t.safetensors -o x.safetensors
"${build[@]}" --axial-bins 2 -o s2.safetensors --shard 2/4 --force
refused 1 "axial_bins" gdm-featbank merge s[1-4].safetensors -o x.safetensors
gdm-featbank build p/manifest.json --encoder f.safetensors --patch 16 --training-patch 16 --patches-per-case 6 "${common[@]}" \
  -o s2.safetensors --shard 2/4 --force
refused 1 "another encoder" gdm-featbank merge s[1-4].safetensors -o x.safetensors
refused 1 "bank-shard" gdm-featbank info s1.safetensors
refused 1 "shard" gdm-featbank merge b.safetensors -o x.safetensors

# Limits and strata.
"${build[@]}" -o k.safetensors --sampling k-centre --capacity 5 --patient-cap 2 --axial-bins 2 --stratum-key kind \
  --anatomy-key none --spacing 8
gdm-featbank info k.safetensors | found "any axial 2 head" || fail "no stratum of a user key"
gdm-featbank info k.safetensors | found "resampled to 8 mm, mean voxel edges 8.00 to 8.00 mm" || fail "no spacing"
gdm-featbank info k.safetensors | grep -Eq "^global.s1.mean +10 " || fail "not 5 rows of each stratum"
gdm-featbank verify k.safetensors --encoder e.safetensors --manifest p/manifest.json --cases 2 "${common[@]}" >/dev/null

# verify: a whole bank, and what it finds.
gdm-featbank verify b.safetensors --manifest p/manifest.json --cases 3 "${common[@]}" >v.txt
grep -q "rows computed anew" v.txt || fail "verify recomputed nothing"
refused 1 "another encoder" gdm-featbank verify b.safetensors --encoder f.safetensors
cp p/manifest.json kept.json
train_ct=$(grep -o '"target": "[^"]*"' p/manifest.json | head -n 1 | cut -d'"' -f4)
other_ct=$(grep -o '"target": "[^"]*"' p/manifest.json | tail -n 1 | cut -d'"' -f4)
sed "s#\"target\": \"$train_ct\"#\"target\": \"$other_ct\"#" kept.json >p/swapped.json
refused 1 "computed anew differ" gdm-featbank verify b.safetensors --manifest p/swapped.json --cases 9 "${common[@]}"
head -c 9000 b.safetensors >cut.safetensors
refused 1 "cut.safetensors" gdm-featbank verify cut.safetensors

# query: a case that is in the bank finds itself; its own entries count neither for retrieval nor for the score.
gdm-featbank query p/manifest.json --bank b.safetensors --split train "${common[@]}" >q.txt
awk '/^[^ ]/ { id = $1 } $1 ~ /^(global|local|spatial)$/ && !seen[id $1]++ { ++n; if ($3 != id || $NF > 0.05) bad = 1 }
  $1 ~ /distribution:/ && $3 + 0 < 0.01 { bad = 1 } END { exit bad || n < 9 }' q.txt ||
  fail "a case of the bank does not find itself: $(cat q.txt)"
gdm-featbank query p/manifest.json --bank b.safetensors --split train --json "${common[@]}" >q.json
grep -q '"percentile"' q.json || fail "no score in the JSON"
gdm-featbank query "p/$train_ct" --bank b.safetensors "${common[@]}" >q.txt
grep -q -i "distribution: score" q.txt || fail "no score"
gdm-featbank query p/manifest.json --bank b.safetensors --split test --input mr "${common[@]}" >q.txt
grep -q "OUT OF" q.txt ||
  fail "an MR volume is in the distribution"
refused 2 "alone" gdm-featbank query p/manifest.json "p/$train_ct" --bank b.safetensors
refused 2 "one volume" gdm-featbank query "p/$train_ct" "p/$other_ct" --mask "p/$train_ct" --bank b.safetensors
gdm-featbank plot b.safetensors -o b.png -q
[[ $(head -c 4 b.png | tail -c 3) == PNG ]] || fail "no picture"
refused 1 "exists" gdm-featbank plot b.safetensors -o b.png
refused 2 "does not end in .png" gdm-featbank plot b.safetensors -o b.svg

# Training refuses data of another voxel size; synthesis reports what lies far from the bank.
gdm-phantom -o fine --count 5 --kind head --seed 4 --shape 48 --spacing 3.5 -q
sed 's/"val"\|"test"/"train"/' fine/manifest.json >fine/train.json
refused 1 "factor of more than 1.25" gdm-drift-train fine/train.json --bank b.safetensors -o x.safetensors \
  --patch 16 --widths 8,16 --steps 2 --drift-start 0 "${common[@]}"
gdm-drift-train p/manifest.json --objective regression -o g.safetensors --patch 16 --widths 8,16 --steps 2 "${common[@]}"
gdm-synth p/manifest.json --model g.safetensors --bank b.safetensors -o out --split test --threads 1 2>err.txt >/dev/null
grep -q "out of the bank's distribution: output" err.txt || fail "no warning of an untrained generator: $(cat err.txt)"
grep -q '"bank_sha256"' out/*_pred.json && grep -q '"percentile"' out/*_pred.json || fail "no score in the sidecar"
gdm-metrics out/manifest.json --bank b.safetensors --full --threads 1 -q >report.txt
grep -q "(targets)" report.txt || fail "no distances to the bank in the report"
gdm-metrics out/manifest.json --bank b.safetensors --json --threads 1 -q >report.json
grep -q '"frechet_per_channel"' report.json || fail "no distances to the bank in the JSON"
refused 1 "encoder" gdm-metrics out/manifest.json --bank e.safetensors
compgen -G 'x*' >/dev/null && fail "a refused command left $(compgen -G 'x*')"
exit 0
