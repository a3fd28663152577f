#!/usr/bin/env bash
# The families that the drift is held against: each is trained, stopped and resumed to the same bytes, described, and
# makes volumes; what does not go together is refused.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

gdm-phantom -o phantoms --count 4 --kind head --seed 3 --shape 32 --spacing 7 -q
gdm-recon project phantoms/manifest.json -o scans --views 12 --photons 1e5 --seed 1 -q >/dev/null
gdm-recon fbp scans/manifest.json -o fbp -q >/dev/null
gdm-encoder scattering -o e.safetensors --statistics phantoms/manifest.json --patches-per-case 2 -q
gdm-featbank build phantoms/manifest.json --encoder e.safetensors -o b.safetensors --patch 16 --training-patch 24 \
  --patches-per-case 4 --threads 1 --seed 3 -q
train=(gdm-drift-train ../fbp/manifest.json --patch 24 --widths 8,16 --force --threads 1 --seed 3 --steps 3 -q
  --validate-every 2 -o m.safetensors)
mkdir l1
(cd l1 && "${train[@]}" --objective regression)

# whole_and_cut NAME OPTIONS...: a training that is stopped after its first step gives the bytes of one that is not.
whole_and_cut() {
  local name=$1 status
  shift
  mkdir "$name" "$name-cut"
  (cd "$name" && "${train[@]}" "$@")
  status=0
  (cd "$name-cut" && "${train[@]}" "$@" --max-time 0.001) || status=$?
  [[ $status == 75 ]] || fail "$name: --max-time: exit $status, expected 75"
  (cd "$name-cut" && "${train[@]}" "$@")
  for file in m.log.jsonl m.safetensors; do
    cmp "$name/$file" "$name-cut/$file" || fail "$file of the stopped training of $name differs"
  done
}
whole_and_cut gan --objective gan --drift-start 0 --r1 0.5 --adversarial-loss hinge --accumulate 2
whole_and_cut frechet --objective frechet --bank ../b.safetensors --drift-start 0
whole_and_cut flow --objective flow --nfe 2
whole_and_cut pmrf --objective flow --source ../l1/m.safetensors --nfe 2
whole_and_cut perceptual --objective perceptual --encoder ../e.safetensors --drift-start 0
whole_and_cut bridge --objective bridge --nfe 3
whole_and_cut diffusion --objective diffusion --nfe 2 --noise-schedule linear
whole_and_cut input --objective flow --source input --nfe 2
whole_and_cut ode --objective bridge --bridge-ode --source ../l1/m.safetensors --nfe 2
for name in l1 gan flow frechet perceptual bridge diffusion; do gdm-drift-train plot $name/m.log.jsonl -o $name.png -q; done
height() { od -An -j 20 -N 4 -t u1 "$1" | awk '{ print $3 * 256 + $4 }'; }
for name in gan flow bridge diffusion; do
  [[ $(height $name.png) -gt $(height l1.png) ]] || fail "the curves of $name have no panels of their own"
done
grep -q '"adversarial":{.*"discriminator_loss":' gan/m.log.jsonl || fail "no word of the discriminator"
grep -q '"frechet.1":{' frechet/m.log.jsonl || fail "no word of the distance"
grep -q '"process_loss":' flow/m.log.jsonl || fail "no word of the flow's loss"

# What a model says of itself.
tells() {
  gdm-drift-train info "$1/m.safetensors" >info.txt
  grep -Eq -- "$2" info.txt || fail "$1 does not tell '$2': $(cat info.txt)"
}
tells gan '^training +gan, 3 steps'
tells frechet '^training +frechet, 3 steps'
tells flow '^process +flow from noise, 2 evaluations$'
tells pmrf "^process +flow from a regression's output \+ 0.0661 noise, 2 evaluations$"
tells pmrf '^base +the model whose output that is, evaluated once before: regression, [0-9]+ parameters more'
tells input '^process +flow from the first input \+ [.0-9]+ noise, 2 evaluations$'
tells perceptual '^training +perceptual, 3 steps'
tells perceptual '^shares +perceptual 0.3$'
tells bridge '^process +bridge from the first input, 3 evaluations$'
tells ode "^process +bridge without noise from a regression's output, 2 evaluations$"
tells diffusion '^process +diffusion, linear schedule from noise, 2 evaluations$'
parameters() { gdm-drift-train info "$1/m.safetensors" --json | grep -o '"parameters": [0-9]*'; }
[[ $(parameters gan) == "$(parameters l1)" ]] || fail "a discriminator is no part of the model"

# Volumes: evaluations are counted, one draw is the same each time, another seed or sample is another volume.
synth() { gdm-synth fbp/manifest.json --split test --threads 1 -q "$@" >/dev/null; }
evaluations() { cat "$1"/*_pred.json | grep -o '"network_evaluations": *[0-9]*' | grep -o '[0-9]*$' | sort -u; }
for name in gan frechet perceptual flow pmrf input bridge diffusion ode; do synth --model $name/m.safetensors -o out-$name; done
one=$(evaluations out-gan)
[[ $(evaluations out-flow) == $((2 * one)) && $(evaluations out-pmrf) == $((3 * one)) ]] || fail "evaluations are miscounted"
synth --model flow/m.safetensors -o again
synth --model flow/m.safetensors -o other --seed 9
synth --model flow/m.safetensors -o more --nfe 4
synth --model flow/m.safetensors -o heun --nfe 3 --solver heun
synth --model flow/m.safetensors -o draws --samples 2
grep -q '"objective": *"flow"' out-flow/*_pred.json || fail "a sidecar does not tell the objective"
[[ $(evaluations more) == $((4 * one)) && $(evaluations heun) == $((3 * one)) ]] || fail "--nfe is not obeyed"
first=$(cd out-flow && ls ./*_pred.nii.gz | head -1)
cmp "out-flow/$first" "again/$first" || fail "the same seed gives another volume"
for folder in other more heun; do
  cmp -s "out-flow/$first" "$folder/$first" && fail "$folder is no other volume"
done
cmp -s draws/*_s1_pred.nii.gz draws/*_s2_pred.nii.gz && fail "two draws are equal"
synth --model ode/m.safetensors -o ode-other --seed 9
cmp "out-ode/$first" "ode-other/$first" || fail "a bridge without noise depends on the seed"

# From the scans themselves the same volumes, but for the FBP, which a file holds in whole HU; of several draws the mean.
recon() { gdm-recon gdm scans/manifest.json --split test --threads 1 -q "$@" >/dev/null; }
recon --model flow/m.safetensors -o from-scans
volume-diff "out-flow/$first" "from-scans/$first" 8 >diff.txt || fail "gdm-recon makes another draw than gdm-synth: $(cat diff.txt)"
recon --model flow/m.safetensors -o mean --samples 3
[[ $(evaluations mean) == $((6 * one)) ]] || fail "three draws of two evaluations are miscounted"
synth --model flow/m.safetensors -o mean-synth --spread mean-synth --samples 3
volume-diff "mean-synth/$first" "mean/$first" 8 >diff.txt || fail "gdm-recon makes another mean than gdm-synth: $(cat diff.txt)"
gdm-recon gdm scans/manifest.json --split test --model flow/m.safetensors -o x --samples 3 -n 2>plan.txt
grep -q 'mean of 3 predictions' plan.txt || fail "a dry run does not tell of a mean: $(cat plan.txt)"
refused 2 "takes no noise" gdm-recon gdm scans/manifest.json --model l1/m.safetensors -o x --samples 2

# What does not go together.
cd l1
elsewhere=("${train[@]/m.safetensors/x.safetensors}")
refused 2 'needs --bank' "${elsewhere[@]}" --objective frechet
refused 2 'begins with an image' "${elsewhere[@]}" --objective bridge --source noise
refused 2 'begins with noise' "${elsewhere[@]}" --objective diffusion --source input
refused 2 'has its own noise' "${elsewhere[@]}" --objective flow --noise-channels 1
refused 1 'is no regression' "${elsewhere[@]}" --objective flow --source ../flow/m.safetensors
refused 1 'No such file' "${elsewhere[@]}" --objective flow --source nothing.safetensors
refused 2 'source is noise, input or a model: .nowhere. is neither' "${elsewhere[@]}" --objective flow --source nowhere
refused 1 'is JSON, expected a safetensors file' "${elsewhere[@]}" --objective flow --source ../fbp/manifest.json
refused 1 'is no flow, bridge or diffusion .*--source' "${elsewhere[@]}" --objective flow --init m.safetensors
refused 1 'is a flow, a bridge or a diffusion' "${elsewhere[@]}" --objective regression --init ../flow/m.safetensors
for share in perceptual:perceptual gan:adversarial frechet:frechet; do
  refused 2 "leaves nothing of --objective ${share%:*}" "${elsewhere[@]}" --objective "${share%:*}" \
    --bank ../b.safetensors "--${share#*:}" 0
done
gdm-drift-train ../fbp/manifest.json --conditions fbp --patch 32x32x8 --widths 8,16 --threads 1 --seed 3 --steps 2 -q --objective regression \
  --consistency 2 --batch 1 -o rays.safetensors
refused 1 'data consistency belongs to it' "${elsewhere[@]}" --objective flow --source rays.safetensors
refused 2 'voxels at least' "${elsewhere[@]/24/16}" --objective gan
cd ..
refused 2 'takes one evaluation' gdm-synth fbp/manifest.json --model l1/m.safetensors -o x --nfe 4
refused 2 'these models take one evaluation' gdm-synth fbp/manifest.json --model l1/m.safetensors --model gan/m.safetensors -o x --nfe 4
synth --model flow/m.safetensors --model l1/m.safetensors -o mixed --nfe 4
[[ $(evaluations mixed) == $((5 * one)) ]] || fail "--nfe of a mixed ensemble is not that of the flow alone"
refused 2 'should be odd' gdm-synth fbp/manifest.json --model flow/m.safetensors -o x --nfe 4 --solver heun
refused 2 'is for a flow' gdm-synth fbp/manifest.json --model bridge/m.safetensors -o x --nfe 4 --solver heun
refused 2 "takes no noise by one evaluation" gdm-synth fbp/manifest.json --model bridge/m.safetensors --nfe 1 -o x --samples 2
refused 2 "all --samples would be equal" gdm-synth fbp/manifest.json --model ode/m.safetensors -o x --samples 2
exit 0
