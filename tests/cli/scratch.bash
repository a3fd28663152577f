# For command tests: the tools in folder $1, a folder of the test's own that goes away at its end, reproducible files.
# It brings refused.bash. Source it.
PATH="$1:$PATH"
. "$(dirname "$0")/refused.bash"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export SOURCE_DATE_EPOCH=0
