#!/usr/bin/env bash
# What people read who mistyped a command, or ask for help.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

# A misspelt option is named before what is missing for it, with the one that may be meant.
refused 2 "error: --modell: no such option; is --model meant?" gdm-synth m.json --modell model.safetensors -o x
refused 2 "error: --modell: no such option; is --model meant?" gdm-synth m.json --modell=model.safetensors -o x
refused 2 "error: --vews: no such option; is --views meant?" gdm-recon project --vews 3
refused 2 "error: --colour: no such option$" gdm-recon --colour
refused 2 "error: -x: no such option$" gdm-metrics m.json -x
refused 2 "error: --json: belongs to the command info" gdm-drift-train m.json --json -o x.safetensors
refused 2 "error: --outptu: no such option; is --output meant?" gdm-phantom --outptu d
refused 2 "expected a manifest, a volume, or --input" gdm-synth --model m.safetensors -o x
# "=" after a short option would be a part of the file's name.
refused 2 "error: -o=x: .*write -o x or --output=x" gdm-synth m.json --model model.safetensors -o=x
refused 2 "write -o d or --output=d" gdm-phantom -qfo=d
refused 2 "write -o s or --output=s" gdm-recon project ct.nii.gz -o=s
gdm-phantom -oa=b --count 1 --shape 16 -q && [ -e a=b/manifest.json ] || fail "a name with = was refused"
[ ! -e =x ] && [ ! -e =d ] || fail "a file '=x' was made"
# An option that is given twice.
refused 2 "error: --overlap is given twice, expected once" gdm-synth m.json --model a.safetensors --overlap 0.1 --overlap 0.2 -o x
refused 2 "error: --count is given 3 times" gdm-phantom -o d --count 1 --count 2 --count 3
refused 2 "error: --output is given twice" gdm-recon project ct.nii.gz -o a --output b
refused 2 "error: --range is given twice" gdm-metrics m.json --range 0 1 --range 0 2
refused 1 "m.json" gdm-metrics m.json -v -v --fail-over mae=1 --fail-over rmse=2

refused 2 "error: projct: no such command; is project meant?" gdm-recon projct ct.nii.gz
refused 2 "error: xyzzy: no such command$" gdm-recon xyzzy

# Every help says how the command is called and shows it.
for program in phantom prep encoder featbank drift-train synth recon metrics; do
  name=gdm-$program
  "$name" --help >help.txt
  grep -q "^Usage: $name " help.txt || fail "$name: $(grep Usage help.txt)"
  grep -qE "^Examples?:" help.txt && grep -q "^  $name " help.txt || fail "$name --help has no example"
  for command in $(sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' help.txt); do
    "$name" "$command" --help >help2.txt
    grep -q "^Usage: $name $command " help2.txt || fail "$name $command: $(grep Usage help2.txt)"
    grep -qE "^Examples?:" help2.txt && grep -q "^  $name $command " help2.txt || fail "$name $command --help has no example"
  done
done
# How to make what is missing.
refused 2 "make one with: gdm-featbank build c.json .*--training-patch 48" gdm-drift-train c.json -o m.safetensors

# Completions offer what the program takes, words with a plus as well.
gdm-drift-train --dump-options | tr -d ' \n' >out.txt
grep -q '"choices":\["fixed","norm","pcgrad","norm+pcgrad","null-space","mgda","cagrad"\]' out.txt || fail "choices of --coordination"
