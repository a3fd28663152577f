#!/usr/bin/env python3
"""Two methods at equal error, by the rule of share/doc/gdm/results.md: equal_error.py REPORT METHOD RIVAL

REPORT is of gdm-metrics --json with METHOD as its baseline. RIVAL is what the names of one method with several shares begin with.
What those shares would give at METHOD's MAE is interpolated between the two whose MAE encloses it, or taken of the nearest where
none do, which is said. Differences are METHOD minus RIVAL. The half-width of an interpolated interval is the weighted mean of the
two intervals' half-widths, which is never less than that of the weighted mean of the two differences. bias_hu is compared by
|mean| alone, without an interval."""
import json
import sys


def difference(comparison, key, method):
    """METHOD minus the other, and the half-width of its interval."""
    sign = 1 if comparison["a"] == method else -1
    low, high = comparison["interval"]
    return sign * comparison[key], (high - low) / 2


def weights(mae, rival_mae):
    """Names and weights whose weighted MAE is mae; one name where it lies outside, and whether it does."""
    below = [n for n in rival_mae if rival_mae[n] <= mae]
    above = [n for n in rival_mae if rival_mae[n] > mae]
    if not below or not above:
        return {min(rival_mae, key=lambda n: abs(rival_mae[n] - mae)): 1.0}, True
    low, high = max(below, key=rival_mae.get), min(above, key=rival_mae.get)
    part = (mae - rival_mae[low]) / (rival_mae[high] - rival_mae[low])
    return {low: 1 - part, high: part}, False


def mixed(comparisons, key, method, parts):
    value = half = 0.0
    for c in comparisons:
        other = c["b"] if c["a"] == method else c["a"]
        if method not in (c["a"], c["b"]) or other not in parts or c["interval"] is None:
            continue
        one, width = difference(c, key, method)
        value, half = value + parts[other] * one, half + parts[other] * width
    return value, half


def verdict(value, half):
    return "alike" if abs(value) <= half else "nearer" if value < 0 else "farther"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    path, method, rival = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    means = {m["name"]: {k: v["mean"] for k, v in m["aggregate"].items()} for m in report["methods"]}
    rival_mae = {n: v["mae_hu"] for n, v in means.items() if n.startswith(rival) and not n.endswith("+dc")}
    parts, outside = weights(means[method]["mae_hu"], rival_mae)
    at = " + ".join(f"{w:.2f} {n}" for n, w in parts.items())
    print(f"{method}, MAE {means[method]['mae_hu']:.2f} HU, against {at}" + (", the nearest, not equal, in error" if outside else ""))
    for distance, encoder in sorted({(c["distance"], c["encoder"]) for c in report["distance_comparisons"]}):
        own = [c for c in report["distance_comparisons"]
               if (c["distance"], c["encoder"], c["level"]) == (distance, encoder, "patch")]
        value, half = mixed(own, "corrected", method, parts)
        print(f"  {distance}, {encoder}: {value:+.3f} [{value - half:+.3f}, {value + half:+.3f}] {verdict(value, half)}")
    for key in means[method]:
        if means[method][key] is None:
            continue
        if key == "bias_hu":
            other = sum(w * means[n][key] for n, w in parts.items())
            print(f"  bias_hu: {means[method][key]:+.2f} against {other:+.2f}")
            continue
        value, half = mixed([c for c in report["comparisons"] if c["metric"] == key], "mean_difference", method, parts)
        print(f"  {key}: {value:+.4g} [{value - half:+.4g}, {value + half:+.4g}]")


if __name__ == "__main__":
    main()
