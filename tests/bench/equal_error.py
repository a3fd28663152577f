#!/usr/bin/env python3
"""Two methods at equal error, by the rule of share/doc/gdm/results.md: equal_error.py METHOD RIVAL REPORT... [--zero NAME]

Each REPORT is of gdm-metrics --json with METHOD as its baseline, one for each seed. RIVAL is the name of a method, with or without one
share behind it ("ps,perceptual," and numbers); --zero names that of a share of 0. What the rival would give at METHOD's MAE is interpolated
between the two of its shares whose MAE encloses METHOD's. Where none do, the nearest is shown and there is no verdict. Error grows
faster with a share than a distance falls, so the farther apart those shares, ZERO above all, the more the rival is wronged.

Differences are METHOD minus RIVAL. Half-widths of intervals are bounds: the weighted mean of those of the two differences, which
is never less than that of their weighted mean, plus what the uncertainty of METHOD's MAE between the two moves the place of the
interpolation by. The difference of bias_hu is that of absolute values.

A seed is a win if the Frechet distances of two encoders at least are better, none is anything else, and no metric of the task is
worse. METHOD wins if every seed of three at least does, and does not if one that was compared at equal error is none."""
import argparse
import json
import re
import sys

BETTER_IF_MORE = {"psnr_db", "ssim", "ms_ssim", "bone_dice"}
OF_TASK = ("bone_mae_hu", "mae_interior_hu", "lung_mae_hu", "bias_hu")
SEEDS_OF_RULE = 3


def shares_of(names, method, rival):
    """Names of a rival at its shares: drawn once or as means of draws, as METHOD is."""
    mean = "+mean" if method.endswith("+mean") else ""
    known = re.compile(re.escape(rival.rstrip(",")) + r"(,[0-9.]+)?(@\d+)?" + re.escape(mean))
    return [n for n in names if n != method and known.fullmatch(n)]


def enclosing(mae, rival_mae):
    """Two names around an error and the weight of the second; the same name twice where it lies outside."""
    below = [n for n in rival_mae if rival_mae[n] <= mae]
    above = [n for n in rival_mae if rival_mae[n] > mae]
    if not below or not above:
        nearest = min(rival_mae, key=lambda n: abs(rival_mae[n] - mae))
        return nearest, nearest, 0.0
    low, high = max(below, key=rival_mae.get), min(above, key=rival_mae.get)
    return low, high, (mae - rival_mae[low]) / (rival_mae[high] - rival_mae[low])


def difference(comparisons, key, method, other):
    """METHOD minus the other, and the half-width of its interval; None where nothing was tested."""
    for c in comparisons:
        if {c["a"], c["b"]} == {method, other} and c["interval"] is not None:
            low, high = c["interval"]
            return (c[key] if c["a"] == method else -c[key]), (high - low) / 2
    return None


class Rival:
    """A rival at METHOD's error."""

    def __init__(self, comparisons, method, low, high, part):
        self.method, self.low, self.high, self.part = method, low, high, part
        mae = [c for c in comparisons if c["metric"] == "mae_hu"]
        ends = [difference(mae, "mean_difference", method, name) for name in (low, high)]
        self.place_half = 0.0  # of the weight
        if low != high and None not in ends:
            mae_half = (1 - part) * ends[0][1] + part * ends[1][1]
            self.place_half = mae_half / abs(ends[0][0] - ends[1][0])

    def difference(self, comparisons, key):
        ends = [difference(comparisons, key, self.method, name) for name in (self.low, self.high)]
        if None in ends:
            return None
        (at_low, half_low), (at_high, half_high) = ends
        half = (1 - self.part) * half_low + self.part * half_high + abs(at_high - at_low) * self.place_half
        return (1 - self.part) * at_low + self.part * at_high, half


def word_of(found, less_is_better=True):
    """How METHOD stands: better, worse or alike; None where nothing was tested."""
    if found is None:
        return None
    value, half = found if less_is_better else (-found[0], found[1])
    return "better" if value < -half else "worse" if value > half else "alike"


def line(name, found, word):
    if found is None:
        return f"  {name}: not tested, too few patients"
    value, half = found
    return f"  {name}: {value:+.4g} [{value - half:+.4g}, {value + half:+.4g}]" + (f" {word}" if word else "")


def verdict(words):
    """Of one seed: whether it is a win, None where too little was tested, and why, of words by name."""
    distances = [word for name, word in words.items() if name.startswith("frechet, ")]
    worse = [name for name in OF_TASK if words.get(name) == "worse"]
    nearer = distances.count("better")
    win = nearer >= 2 and nearer == len(distances) and not worse
    if None in distances or any(name in words and words[name] is None for name in OF_TASK):
        return None, "not tested"
    return win, f"nearer by {nearer} of {len(distances)}" + (f", worse in {', '.join(worse)}" if worse else "")


def compared(path, method, rival, zero):
    """Prints one report. Returns what verdict() says."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    mae = {m["name"]: m["aggregate"]["mae_hu"]["mean"] for m in report["methods"]}
    names = shares_of(mae, method, rival) + [n for n in zero if n in mae]
    if method not in mae or not names:
        sys.exit(f"equal_error.py: {path} has no '{method if method not in mae else rival}'; there are {', '.join(mae)}")
    low, high, part = enclosing(mae[method], {n: mae[n] for n in names})
    equal = low != high
    print(f"{method}, {mae[method]:.2f} HU, against " +
          (f"{1 - part:.2f} {low} + {part:.2f} {high}" if equal else f"{low}, {mae[low]:.2f} HU, not equal in error: no verdict"))
    at, words = Rival(report["comparisons"], method, low, high, part), {}

    def say(name, comparisons, key, less_is_better, judged=True):
        found = at.difference(comparisons, key)
        words[name] = word_of(found, less_is_better)
        print(line(name, found, words[name] if equal and judged else None))

    distances = report.get("distance_comparisons", [])
    for distance, encoder in sorted({(c["distance"], c["encoder"]) for c in distances}):
        say(f"{distance}, {encoder}",
            [c for c in distances if (c["distance"], c["encoder"], c["level"]) == (distance, encoder, "patch")], "corrected", True)
    for key in report["methods"][0]["aggregate"]:
        if key != "mae_hu" or not equal:
            say(key, [c for c in report["comparisons"] if c["metric"] == key], "mean_difference", key not in BETTER_IF_MORE,
                key != "power_high_db")
    return verdict(words) if equal else (None, "not equal in error")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method")
    parser.add_argument("rival")
    parser.add_argument("reports", nargs="+", metavar="REPORT")
    parser.add_argument("--zero", action="append", default=[], metavar="NAME")
    given = parser.parse_args()
    found = [compared(path, given.method, given.rival, given.zero) for path in given.reports]
    wins, lost = sum(1 for win, _ in found if win), any(win is False for win, _ in found)
    said = "; ".join(why for _, why in found)
    enough = "" if len(found) >= SEEDS_OF_RULE else f" (the rule asks for {SEEDS_OF_RULE})"
    outcome = "a win" if wins == len(found) >= SEEDS_OF_RULE else "no win" if lost else "undecided"
    print(f"by the rule: {outcome}, {wins} of {len(found)} seed(s){enough}: {said}")


if __name__ == "__main__":
    main()
