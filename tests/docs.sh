# The committed manual pages and completions are those that the programs' declarations give, and tools that read such
# files find nothing wrong with them. Arguments: folder of programs, generator, source folder.
set -euo pipefail
bin=$1 generator=$2 source=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$source/tests/cli/skip.bash"
fail() { echo "FAIL: $*" >&2; exit 1; }

sh "$source/man/generate.sh" "$bin" "$generator" "$work"
for file in "$work"/man/* "$work"/completions/*; do
  committed=$source/${file#"$work"/}
  diff -u "$committed" "$file" || fail "$committed is out of date: cmake --build BUILD --target docs"
done
for file in "$source"/man/*.[157] "$source"/completions/*; do
  [ -e "$work/${file#"$source"/}" ] || fail "$file belongs to no program"
done

for program in "$bin"/gdm-*; do
  name=$(basename "$program")
  "$program" --help >"$work/help"
  ! grep -q dump-options "$work/help" || fail "$name --help lists --dump-options"
done

if command -v groff >/dev/null; then
  for page in "$source"/man/*.[157]; do
    groff -ww -man -Tutf8 "$page" 2>"$work/warnings" >/dev/null
    [ ! -s "$work/warnings" ] || { cat "$work/warnings"; fail "groff warns about $page"; }
  done
else
  skip "manual pages: there is no groff"
fi
for file in "$source"/completions/*.bash; do bash -n "$file"; done
if command -v zsh >/dev/null; then
  for file in "$source"/completions/_*; do zsh -n "$file"; done
else
  skip "completions: there is no zsh"
fi
if command -v fish >/dev/null; then
  for file in "$source"/completions/*.fish; do fish --no-execute "$file"; done
else
  skip "completions: there is no fish"
fi

# What bash offers.
# shellcheck source=/dev/null
. "$source/completions/gdm-recon.bash"
offered() {  # offered WORD...: completions of the last word
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  compopt() { :; }
  "_${1//-/_}"
  echo " ${COMPREPLY[*]} "
}
[[ $(offered gdm-recon p) == " project " ]] || fail "command: $(offered gdm-recon p)"
[[ $(offered gdm-recon fbp --filter sh) == " shepp-logan " ]] || fail "choice: $(offered gdm-recon fbp --filter sh)"
[[ $(offered gdm-recon fbp --filter = co) == " cosine " ]] || fail "choice behind ="
[[ $(offered gdm-recon project --vi) == " --views " ]] || fail "option of a command: $(offered gdm-recon project --vi)"
[[ $(offered gdm-recon fbp --pro) == " --progress " ]] || fail "common option: $(offered gdm-recon fbp --pro)"
end_of_test
