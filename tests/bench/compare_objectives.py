#!/usr/bin/env python3
"""Table of the reports that compare_objectives.sh makes: mean over seeds and, behind it, the range of the seeds.

usage: compare_objectives.py REPORT.json...      (the first method is the one that changes are relative to)
"""
import json
import sys

LEVEL = "window"


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
    mean = sum(values) / len(values)
    text = f"{mean:.4g}"
    if len(values) > 1:
        text += f" ({min(values):.4g} to {max(values):.4g})"
    if relative and base:
        changes = [100 * (v - b) / abs(b) for v, b in zip(values, base)]
        text += f" {sum(changes) / len(changes):+.1f} %"
    return text


def main():
    reports = [rows(json.load(open(path))) for path in sys.argv[1:]]
    if not reports:
        sys.exit(__doc__)
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


if __name__ == "__main__":
    main()
