#!/usr/bin/env python3
"""Tables of the reports that compare_objectives.sh makes, one for each seed: means over seeds and, behind them, the
range of the seeds; then the differences between methods in distances, seed by seed, with their intervals over patients.

usage: compare_objectives.py REPORT.json...      (the first method is the one that changes are relative to)
"""
import json
import sys

LEVEL = "patch"


def rows(report):
    """{method: {column: value}} of one report."""
    table = {m["name"]: {k: v["mean"] for k, v in m["aggregate"].items()} for m in report["methods"]}
    for entry in report.get("distribution", []):
        if entry["level"] != LEVEL:
            continue
        for method, values in entry["methods"].items():
            for distance in ("frechet", "kernel"):
                table[method][f"{distance} {entry['encoder']}"] = values[distance]
    return table


def cell(values, base, relative):
    if None in values:
        return "-"
    mean = sum(values) / len(values)
    text = f"{mean:.4g}"
    if len(values) > 1:
        text += f" ({min(values):.4g} to {max(values):.4g})"
    if relative and base:
        changes = [100 * (v - b) / abs(b) for v, b in zip(values, base)]
        text += f" {sum(changes) / len(changes):+.1f} %"
    return text


def differences(reports):
    """{(encoder, distance, a, b): [entry of each report]} of the distances that are compared."""
    found = {}
    for report in reports:
        for entry in report.get("distance_comparisons", []):
            if entry["level"] == LEVEL:
                key = (entry["encoder"], entry["distance"], entry["a"], entry["b"])
                found.setdefault(key, []).append(entry)
    return found


def print_differences(reports):
    compared = differences(reports)
    if not compared:
        return
    print()
    print("Differences a - b, corrected for the bias of few patients, with 95 % intervals over patients, of each seed;")
    print("how often the interval excludes 0, and for whom:")
    print("| encoder | distance | a - b | " + " | ".join(f"seed {n + 1}" for n in range(len(reports))) + " | excludes 0 |")
    print("|---" * (len(reports) + 4) + "|")
    for (encoder, distance, a, b), entries in compared.items():
        cells, nearer = [], []
        for entry in entries:
            if entry["interval"] is None:
                cells.append("-")
                continue
            low, high = entry["interval"]
            cells.append(f"{entry['corrected']:+.3g} ({low:+.3g} to {high:+.3g})")
            if high < 0 or low > 0:
                nearer.append(a if high < 0 else b)
        verdict = ", ".join(f"{name} nearer in {nearer.count(name)}" for name in (a, b) if name in nearer) or "never"
        print(f"| {encoder} | {distance} | {a} - {b} | " + " | ".join(cells) + f" | {verdict} |")


def main():
    loaded = [json.load(open(path)) for path in sys.argv[1:]]
    if not loaded:
        sys.exit(__doc__)
    reports = [rows(report) for report in loaded]
    methods = list(reports[0])
    columns = list(reports[0][methods[0]])
    print(f"{len(reports)} seeds, distances at {LEVEL} level; change against {methods[0]}, seed by seed")
    print("| method | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for method in methods:
        cells = []
        for column in columns:
            values = [r[method][column] for r in reports]
            base = [r[methods[0]][column] for r in reports] if method != methods[0] else None
            relative = column == "mae_hu" or column.startswith(("frechet", "kernel"))
            cells.append(cell(values, base, relative))
        print(f"| {method} | " + " | ".join(cells) + " |")
    print_differences(loaded)


if __name__ == "__main__":
    main()
