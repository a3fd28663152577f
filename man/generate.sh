#!/bin/sh
# Writes OUTPUT/man and OUTPUT/completions from man/*.md and what each program says with --dump-options. This is the
# target "docs" (OUTPUT is the source folder) and the first half of the test cli/docs (a temporary folder).
#   generate.sh FOLDER_OF_PROGRAMS GENERATOR OUTPUT
set -eu
bin=$1 generator=$2 output=$3
sources=$(dirname "$0")
dump=$(mktemp)
trap 'rm -f "$dump"' EXIT
for source in "$sources"/*.[157].md; do
  name=$(basename "$source" .md)
  program=$bin/${name%.1}
  if [ "${name%.1}" != "$name" ]; then
    "$program" --dump-options >"$dump"
    "$generator" "$source" "$output" "$dump"
  else
    "$generator" "$source" "$output"
  fi
done
for program in "$bin"/gdm-*; do
  [ -e "$sources/$(basename "$program").1.md" ] || { echo "$(basename "$program") has no man/*.1.md" >&2; exit 1; }
done
