#!/usr/bin/env bash
# Two methods at equal error, of a report whose figures are known: tests/bench/equal_error.py decides what the documents say.
set -euo pipefail
bench=$(realpath "$(dirname "$0")/../../bench")
. "$(dirname "$0")/../scratch.bash"

python3 - <<'P'
import json
mae = {"a": 10.0, "b,share,0.1": 9.0, "b,share,0.2": 13.0, "b-other,share,0.1": 10.0, "b,share,0.1+mean": 10.0, "zero": 8.0}
distance = {"b,share,0.1": -4.0, "b,share,0.2": 8.0, "b-other,share,0.1": 0.0, "b,share,0.1+mean": 0.0, "zero": -9.0}
def pair(other, value, key, half, **more):
    # The first of the pairs is turned round, as reports name them in either order.
    a, b, value = (other, "a", -value) if other == "b,share,0.1" else ("a", other, value)
    return {"a": a, "b": b, key: value, "interval": [value - half, value + half], **more}
def report(tested):
    comparisons = [pair(n, mae["a"] - mae[n], "mean_difference", 0.2, metric="mae_hu") for n in mae if n != "a"]
    comparisons += [pair(n, 1.0, "mean_difference", 0.5, metric="bone_mae_hu") for n in mae if n != "a"]
    distances = [pair(n, distance[n], "corrected", 1.0, distance="frechet", encoder="judge", level=level)
                 for n in distance for level in ("patch", "global")]
    if not tested:
        for c in comparisons + distances: c["interval"] = None
    return {"methods": [{"name": n, "aggregate": {"mae_hu": {"mean": mae[n]}, "bone_mae_hu": {"mean": 1.0}}} for n in mae],
            "comparisons": comparisons, "distance_comparisons": distances}
json.dump(report(True), open("r.json", "w"))
json.dump(report(False), open("few.json", "w"))
won = report(True)
won["distance_comparisons"] = [pair(n, -9.0, "corrected", 1.0, distance="frechet", encoder=e, level="patch")
                               for n in distance for e in ("judge", "other")]
json.dump(won, open("worse.json", "w"))
won["comparisons"] = [c for c in won["comparisons"] if c["metric"] == "mae_hu"]
won["comparisons"] += [pair(n, -1.0, "mean_difference", 0.5, metric="bone_mae_hu") for n in mae if n != "a"]
json.dump(won, open("won.json", "w"))
P
# A quarter of the way from one share to the other: -4 + 12 / 4 = -1. Half-widths: 1, and for the place of the
# interpolation .2 / 4 of 12.
python3 "$bench/equal_error.py" a b,share r.json >out.txt
grep -q '^a, 10.00 HU, against 0.75 b,share,0.1 + 0.25 b,share,0.2$' out.txt || fail "who: $(cat out.txt)"
grep -q '^  frechet, judge: -1 \[-2.6, +0.6\] alike$' out.txt || fail "the distance: $(cat out.txt)"
grep -q '^  bone_mae_hu: +1 \[+0.5, +1.5\] worse$' out.txt || fail "a metric: $(cat out.txt)"
python3 "$bench/equal_error.py" a b,share few.json >out.txt
grep -q '^  frechet, judge: not tested, too few patients$' out.txt || fail "untested: $(cat out.txt)"
python3 "$bench/equal_error.py" a zero r.json >out.txt
grep -q 'against zero, 8.00 HU, not equal in error: no verdict' out.txt || fail "unequal: $(cat out.txt)"
! grep -q 'better\|worse\|alike' out.txt || fail "a verdict at unequal error: $(cat out.txt)"
code=0 && python3 "$bench/equal_error.py" a c r.json 2>err.txt || code=$?
[ $code = 1 ] && grep -q "no 'c'" err.txt || fail "a rival that is not there: $code $(cat err.txt)"

# The rule: nearer by every encoder and worse in nothing, in each of three seeds.
by_rule() {
  local says=$1
  python3 "$bench/equal_error.py" a b,share "${@:2}" >out.txt
  grep -q "^by the rule: $says" out.txt || fail "expected $says: $(tail -n 1 out.txt)"
}
by_rule 'no win, 0 of 1 seed(s) (the rule asks for 3): nearer by 0 of 1, worse in bone_mae_hu$' r.json
by_rule 'no win, 0 of 1 seed(s) (the rule asks for 3): nearer by 2 of 2, worse in bone_mae_hu$' worse.json
by_rule 'undecided, 0 of 1 seed(s) (the rule asks for 3): not tested$' few.json
python3 "$bench/equal_error.py" a zero won.json won.json won.json >out.txt
grep -q '^by the rule: undecided, 0 of 3 seed(s): not equal in error; ' out.txt || fail "at unequal error: $(tail -n 1 out.txt)"
by_rule 'undecided, 2 of 2 seed(s) (the rule asks for 3): nearer by 2 of 2; nearer by 2 of 2$' won.json won.json
by_rule 'a win, 3 of 3 seed(s): ' won.json won.json won.json
by_rule 'no win, 2 of 3 seed(s): ' won.json worse.json won.json
