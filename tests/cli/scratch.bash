# For command tests: the tools in folder $1 and volume-diff beside it, a folder of the test's own that goes away at its
# end, reproducible files. It brings refused.bash. Source it.
PATH="$(realpath "$1"):$(realpath "$1")/../tests:$PATH"
. "${BASH_SOURCE[0]%/*}/refused.bash"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export SOURCE_DATE_EPOCH=0
