# What every build writes of the commit that programs name: the commit of the sources, with "dirty" for changes, anew after
# each commit, untouched where nothing changed, and "unknown" without a repository. Arguments: cmake, source folder.
set -euo pipefail
cmake=$1 script=$2/lib/sys/git_commit.cmake
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$2/tests/cli/skip.bash"
fail() { echo "FAIL: $*" >&2; exit 1; }
if ! command -v git >/dev/null; then
  skip "git is not here"
  end_of_test
fi
# A hook's variables would lead git to another repository than the test's own.
unset $(git rev-parse --local-env-vars) XDG_CONFIG_HOME
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES=$work
named() {  # named FOLDER: what a build of its sources would name
  "$cmake" -DSOURCE="$1" -DOUT="$work/git_commit.hpp" -P "$script"
  sed -n 's/^#define GDM_GIT_COMMIT "\(.*\)"$/\1/p' "$work/git_commit.hpp"
}
commit() { git -C "$work/sources" -c user.name=n -c user.email=e@localhost commit -qam "$1"; }

mkdir "$work/sources"
[ "$(named "$work/sources")" = unknown ] || fail "sources without a repository are called $(named "$work/sources")"
git -C "$work/sources" init -q
echo 1 >"$work/sources/file"
git -C "$work/sources" add file
commit first
first=$(git -C "$work/sources" rev-parse --short=12 HEAD)
[ "$(named "$work/sources")" = "$first" ] || fail "the first commit is called $(named "$work/sources")"
touch -d 2001-01-01 "$work/git_commit.hpp"
named "$work/sources" >/dev/null
[ "$(date -r "$work/git_commit.hpp" +%Y)" = 2001 ] || fail "the file is written anew though it says the same, so that all is built anew"
echo 2 >"$work/sources/file"
[ "$(named "$work/sources")" = "$first-dirty" ] || fail "a change is called $(named "$work/sources")"
commit second
[ "$(named "$work/sources")" = "$(git -C "$work/sources" rev-parse --short=12 HEAD)" ] || fail "the second commit is called $(named "$work/sources")"
end_of_test
