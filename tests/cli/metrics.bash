# What tests of gdm-metrics share: a scratch folder, and what a report says. Source it with the folder of programs as $1.
metrics=$1/gdm-metrics
. "${BASH_SOURCE[0]%/*}/nifti.bash"
. "${BASH_SOURCE[0]%/*}/refused.bash"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# run ARGUMENTS...: exit 0 and a silent stderr; the report is in out.
run() { "$metrics" --progress never "$@" >out 2>err || fail "exit $?: $*: $(cat err)"; [ ! -s err ] || fail "$(cat err)"; }
has() { grep -qE -- "$1" out || fail "the report lacks '$1': $(cat out)"; }
lacks() { ! grep -qiE -- "$1" out || fail "the report has '$1': $(cat out)"; }
