#!/usr/bin/env python3
"""Tables and plots of benchmark.sh: benchmark_report.py FOLDER TITLE BASELINE SEED...

Reads FOLDER/seed-N/report.json (equal steps) and FOLDER/time-seed-N/report.json (equal wall time). table.md has the mean over
seeds with the least and the largest, and a mark for each seed in which a method differs significantly from BASELINE over the
patients (Holm over all comparisons of a report): a star better, a minus worse. Then each metric and distance minus that of
BASELINE, of each seed, with its interval over patients. NFE: evaluations of a network in the parts of those that the method with the fewest takes, so that one
of a single evaluation has to take part (and all have patches of one size); that of a source's model counts. KIND is steps or time:
  realism-KIND-GRADER.svg   MAE across, the Frechet distance of the grader up, a line through the shares of a method
  nfe-KIND-GRADER.svg, nfe-KIND-mae.svg   both against NFE, of processes; what takes one evaluation is a dashed line
"""
import json
import math
import os
import re
import sys

from learned_ct import residuals, verdicts

COLUMNS = [("mae_hu", "MAE / HU", 1), ("mae_interior_hu", "interior MAE / HU", 1), ("psnr_db", "PSNR / dB", 2), ("ssim", "SSIM", 4), ("ms_ssim", "MS-SSIM", 4),
           ("bone_mae_hu", "bone MAE / HU", 1), ("bone_dice", "bone Dice", 3), ("bone_hd95_mm", "bone HD95 / mm", 2),
           ("lung_mae_hu", "lung MAE / HU", 1), ("bias_hu", "bias / HU", 1), ("power_high_db", "high power / dB", 2)]
COLOURS = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#16a085", "#7f8c8d", "#34495e", "#b03a76", "#6b8e23", "#a0522d",
           "#008b8b"]
SHARE = r",(?:drift|perceptual|frechet|adversarial),([0-9.]+)"  # in the name of a method


def read(folder, kind, seed):
    path = os.path.join(folder, f"{kind}seed-{seed}", "report.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    report["folder"] = os.path.dirname(path)
    return report


def scores(report):
    """Method -> key -> number; distances as "frechet GRADER" and "kernel GRADER"."""
    found = {m["name"]: {key: m["aggregate"][key]["mean"] for key, _, _ in COLUMNS if key in m["aggregate"]}
             for m in report["methods"]}
    for block in report["distribution"]:
        if block["level"] != "patch":
            continue
        for name, of_method in block["methods"].items():
            for distance in ("frechet", "kernel"):
                found[name][f"{distance} {block['encoder']}"] = of_method[distance]
    for name, effort in report["efficiency"]["methods"].items():
        found[name]["s"] = effort.get("seconds_median")
        found[name]["memory_mb"] = effort.get("peak_memory_mb_max")
    evaluations = {name: effort.get("evaluations_median") for name, effort in report["efficiency"]["methods"].items()}
    least = min((count for count in evaluations.values() if count), default=None)
    for name, count in evaluations.items():
        if count:
            found[name]["nfe"] = round(count / least)
    for name in found:
        after = os.path.join(report["folder"], name + "+dc")
        found[name]["residual"] = (residuals(os.path.join(report["folder"], name), "consistency", "residual") if name.endswith("+dc")
                                   else residuals(after, "consistency", "residual_of_start"))
    return found


def signs(report, key, base):
    distance, _, encoder = key.partition(" ")
    if not encoder:
        return verdicts(report["comparisons"], key, base)
    own = [c for c in report.get("distance_comparisons", []) if c["level"] == "patch" and c["encoder"] == encoder]
    return verdicts(own, distance, base)


def number(values, digits):
    values = [v for v in values if v is not None]
    if not values:
        return ""
    text = f"{sum(values) / len(values):.{digits}f}"
    return text if min(values) == max(values) else f"{text} ({min(values):.{digits}f}, {max(values):.{digits}f})"


def table(reports, base):
    all_scores = [scores(report) for report in reports]
    names = [m["name"] for m in reports[0]["methods"]]
    distances = sorted({key for found in all_scores[0].values() for key in found if " " in key})
    graded = [column for column in COLUMNS if any(column[0] in values for values in all_scores[0].values())]
    columns = [("nfe", "NFE", 0)] + graded + [(key, key.replace(" ", ", "), 2) for key in distances]
    columns += [("residual", "residual", 4), ("s", "s a case", 2), ("memory_mb", "MB", 0)]
    marks = {key: [signs(report, key, base) for report in reports] for key, _, _ in columns}
    lines = ["| | " + " | ".join(title for _, title, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in names:
        cells = [number([found.get(name, {}).get(key) for found in all_scores], digits) +
                 "".join(of_seed.get(name, "") for of_seed in marks[key]) for key, _, digits in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    note = f"{reports[0]['patients']} patients, {len(reports)} seed(s); marks: against {base}, one for each seed where it differs"
    return "\n".join(lines) + f"\n\n{note}\n\n" + metric_differences(reports, base) + "\n" + differences(reports, base)


def minus(base, comparisons, key_of, text_of):
    """Rows of a table, a name and its cells: what text_of(comparison, sign) says of each comparison with `base`, of all seeds."""
    rows = {}
    for c in comparisons:
        if base in (c["a"], c["b"]):
            other, sign = (c["b"], -1) if c["a"] == base else (c["a"], 1)
            rows.setdefault(other, {}).setdefault(key_of(c), []).append(text_of(c, sign))
    return rows


def with_interval(value, interval, sign, digits):
    text = "none" if value is None else f"{sign * value:.{digits}f}"
    if interval is not None:
        low, high = sorted(sign * x for x in interval)
        text += f" [{low:.{digits}f}, {high:.{digits}f}]"
    return text


def minus_table(base, rows, columns):
    lines = [f"| minus {base} | " + " | ".join(title for _, title in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join("; ".join(cells.get(key, [])) for key, _ in columns) + " |"
              for name, cells in rows.items()]
    return "\n".join(lines) + "\n"


def metric_differences(reports, base):
    """Metrics of all methods minus those of one, with intervals over patients, of each seed. Of what is best near 0 it is the
    difference of absolute values."""
    places = {key: digits for key, _, digits in COLUMNS}
    rows = minus(base, [c for report in reports for c in report["comparisons"]], lambda c: c["metric"],
                 lambda c, sign: with_interval(c["mean_difference"], c["interval"], sign, places.get(c["metric"], 2)))
    return minus_table(base, rows, [(key, f"abs. {title}" if key in ("bias_hu", "power_high_db") else title)
                                    for key, title, _ in COLUMNS if any(key in cells for cells in rows.values())])


def differences(reports, base):
    """Distances of all methods minus that of one, with intervals, corrected for the bias of few patients where there are enough."""
    found = [c for report in reports for c in report.get("distance_comparisons", []) if c["level"] == "patch"]
    rows = minus(base, found, lambda c: (c["distance"], c["encoder"]), lambda c, sign: with_interval(
        c["difference"] if c["interval"] is None else c["corrected"], c["interval"], sign, 2))
    return minus_table(base, rows, [(key, ", ".join(key)) for key in sorted({(c["distance"], c["encoder"]) for c in found})])


class Plot:
    """Points, lines and words in an SVG of 640 x 420."""

    def __init__(self, title, x_label, y_label, points, log_x=False):
        self.log_x, self.parts, self.taken = log_x, [], []
        xs, ys = [self.across(x) for x, _ in points], [y for _, y in points]
        self.x0, self.x1 = self.around(xs)
        self.y0, self.y1 = self.around(ys)
        self.parts.append(f'<text x="330" y="22" text-anchor="middle" font-size="15">{title}</text>')
        self.parts.append(f'<text x="330" y="412" text-anchor="middle">{x_label}</text>')
        self.parts.append(f'<text transform="translate(16 210) rotate(-90)" text-anchor="middle">{y_label}</text>')
        self.parts.append('<rect x="64" y="34" width="560" height="346" fill="none" stroke="#999"/>')
        for n in range(5):
            y = self.y0 + (self.y1 - self.y0) * n / 4
            self.parts.append(f'<text x="60" y="{self.down(y) + 4:.1f}" text-anchor="end">{y:.4g}</text>')
            if not log_x:
                x = self.x0 + (self.x1 - self.x0) * n / 4
                self.parts.append(f'<text x="{64 + 140 * n}" y="395" text-anchor="middle">{x:.4g}</text>')
        if log_x:
            last = 0.0
            for x in sorted({x for x, _ in points}):
                if self.right(x) > last + 18:  # numbers must not lie over one another
                    last = self.right(x)
                    self.parts.append(f'<text x="{last:.1f}" y="395" text-anchor="middle">{x:g}</text>')

    @staticmethod
    def around(values):
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 1.0
        return (low - room if low < 0 else max(0.0, low - room)), high + room

    def across(self, x):
        return math.log(x) if self.log_x else x

    def right(self, x):
        return 64 + 560 * (self.across(x) - self.x0) / (self.x1 - self.x0)

    def down(self, y):
        return 380 - 346 * (y - self.y0) / (self.y1 - self.y0)

    def point(self, x, y, name, colour):
        self.parts.append(f'<circle cx="{self.right(x):.1f}" cy="{self.down(y):.1f}" r="4" fill="{colour}"/>')
        if name:
            width = 7 * len(name)
            left = self.right(x) + 7 if self.right(x) + width < 610 else self.right(x) - 7 - width
            self.words(left, self.down(y) + 4, name, colour)

    def words(self, left, base, name, colour):
        """Words from `left` on, as near to the height `base` as others leave room."""
        width = 7 * len(name)
        def is_free(y):
            return 44 < y < 380 and all(abs(y - other) >= 12 or left >= end or start >= left + width
                                        for start, end, other in self.taken)
        y = next((base + step for n in range(12) for step in (-12 * n, 12 * n) if is_free(base + step)), base)
        self.taken.append((left, left + width, y))
        self.parts.append(f'<text x="{left:.1f}" y="{y:.1f}" fill="{colour}" textLength="{width - 7}" lengthAdjust="spacingAndGlyphs">{name}</text>')

    def line(self, points, colour):
        path = " ".join(f"{self.right(x):.1f},{self.down(y):.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')

    def level(self, y, name, colour):
        self.parts.append(f'<line x1="64" x2="624" y1="{self.down(y):.1f}" y2="{self.down(y):.1f}" stroke="{colour}" stroke-dasharray="5 4"/>')
        self.words(540, self.down(y) - 3, name, colour)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" width="640" height="420" font-family="sans-serif" font-size="12">\n'
                       '<rect width="640" height="420" fill="white"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


def mean_scores(reports):
    every = [scores(report) for report in reports]
    merged = {}
    for name, found in every[0].items():
        merged[name] = {}
        for key in found:
            values = [one[name][key] for one in every if one.get(name, {}).get(key) is not None]
            if values:
                merged[name][key] = sum(values) / len(values)
    return merged


def labels(names):
    """A method without its options, which the table has, but where two would be one."""
    def short(name):
        method, options = re.match(r"([^,@+]+)(.*)", name).groups()
        steps = re.search(r"(@\d+)?(\+\w+)?$", options)
        return method + (steps[0] if steps else "")
    return {name: short(name) if sum(short(other) == short(name) for other in names) == 1 else name for name in names}


def realism_plot(path, graded, distance):
    plot = Plot("Error and realism", "MAE / HU", distance.replace("frechet", "Frechet distance,"),
                [(v["mae_hu"], v[distance]) for v in graded.values()])
    label, by_kind = labels(graded), {}
    for name, values in graded.items():
        share = re.search(SHARE, name)
        kind = name if share is None else name[:share.start(1)] + name[share.end(1):]
        by_kind.setdefault(kind, []).append((float(share[1]) if share else 0.0, name, values["mae_hu"], values[distance]))
    for n, points in enumerate(by_kind.values()):
        colour = COLOURS[n % len(COLOURS)]
        points.sort()
        plot.line([(error, far) for _, _, error, far in points], colour)
        for _, name, error, far in points:
            plot.point(error, far, label[name], colour)
    plot.write(path)


def evaluations_plot(path, graded, key, title):
    processes, single = {}, {}
    for name, values in graded.items():
        if "nfe" not in values:  # sidecars do not tell
            continue
        if re.fullmatch(r".+@\d+", name):
            processes.setdefault(name.rpartition("@")[0], []).append((values["nfe"], values[key]))
        elif values["nfe"] == 1 and not name.endswith("+dc"):
            single[name] = values[key]
    if not processes:
        return
    every = [nfe for points in processes.values() for nfe, _ in points]
    plot = Plot("By evaluations of the network", "evaluations of each patch", title,
                [point for points in processes.values() for point in points] +
                [(nfe, value) for value in single.values() for nfe in (min(every), max(every))], log_x=True)
    label = labels([*processes, *single])
    for n, (name, points) in enumerate([*processes.items(), *single.items()]):
        colour = COLOURS[n % len(COLOURS)]
        if name in single:
            plot.level(points, label[name], colour)
            continue
        points.sort()
        plot.line(points, colour)
        for point in points:
            plot.point(*point, label[name] if point == points[0] else "", colour)
    plot.write(path)


def plots(folder, kind, reports):
    found = mean_scores(reports)
    distances = sorted({key for values in found.values() for key in values if key.startswith("frechet ")})
    for distance in distances:  # none of volumes that are too small for the patches of the graders
        grader = distance.partition(" ")[2]
        graded = {name: values for name, values in found.items() if {"mae_hu", distance} <= set(values)}
        realism_plot(os.path.join(folder, f"realism-{kind}-{grader}.svg"), graded, distance)
        evaluations_plot(os.path.join(folder, f"nfe-{kind}-{grader}.svg"), graded, distance, f"Frechet distance, {grader}")
    evaluations_plot(os.path.join(folder, f"nfe-{kind}-mae.svg"), found, "mae_hu", "MAE / HU")


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    folder, title, base, seeds = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    text = f"# {title}\n"
    for prefix, kind, name in [("", "steps", "Equal steps"), ("time-", "time", "Equal wall time")]:
        reports = [report for report in (read(folder, prefix, seed) for seed in seeds) if report]
        if reports:
            text += f"\n## {name}\n\n" + table(reports, base)
            plots(folder, kind, reports)
    with open(os.path.join(folder, "table.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


main()
