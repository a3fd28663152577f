#!/usr/bin/env python3
"""The table of learned_ct.sh: learned_ct.py REPORT [BASELINE]. A star: significantly better than BASELINE (tv) over the patients
(Holm over all comparisons of the report), a minus: worse. Residuals, in parts of |b|_W, are those that the sidecars of the
folders beside the report tell: of total variation, and of what data consistency began with and ended at."""
import glob
import json
import os
import statistics
import sys

COLUMNS = [("mae_hu", "MAE / HU", 1), ("psnr_db", "PSNR / dB", 2), ("ssim", "SSIM", 4), ("bone_mae_hu", "bone MAE / HU", 1),
           ("bone_dice", "bone Dice", 3), ("bias_hu", "bias / HU", 1)]


def verdicts(comparisons, key, baseline):
    """Name -> sign, of the comparisons with the baseline whose corrected p is below .05."""
    signs = {}
    for c in comparisons:
        if c.get("metric", c.get("distance")) != key or baseline not in (c["a"], c["b"]):
            continue
        if c["p_holm"] is None or c["p_holm"] >= 0.05:
            continue
        other = c["a"] if c["b"] == baseline else c["b"]
        signs[other] = " *" if c["better"] == other else " -"
    return signs


def residuals(folder, block, key):
    found = []
    for path in glob.glob(os.path.join(folder, "*.json")):
        with open(path, encoding="utf-8") as file:
            details = json.load(file).get("gdm", {}).get("details", {})
        if key in details.get(block, {}):
            found.append(details[block][key])
    return statistics.mean(found) if found else None


def main():
    path, baseline = sys.argv[1], (sys.argv[2:] or ["tv"])[0]
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    here = os.path.dirname(path)
    names = [m["name"] for m in report["methods"]]
    shared = next(folder for folder in (os.path.join(here, ".."), os.path.join(here, "..", ".."))
                  if os.path.isdir(os.path.join(folder, "tv")))
    left = {"tv": residuals(os.path.join(shared, "tv"), "tv", "residual")}
    for name in names:
        after = os.path.join(here, name + "+dc")
        if os.path.isdir(after):
            left[name] = residuals(after, "consistency", "residual_of_start")
            left[name + "+dc"] = residuals(after, "consistency", "residual")
        own = residuals(os.path.join(here, name), "consistency", "residual")
        if own is not None and name not in left:
            left[name] = own
    signs = {key: verdicts(report["comparisons"], key, baseline) for key, _, _ in COLUMNS}
    graders = {block["encoder"]: block["methods"] for block in report["distribution"] if block["level"] == "patch"}
    for grader in graders:
        own = [c for c in report.get("distance_comparisons", []) if c["encoder"] == grader and c["level"] == "patch"]
        signs[grader] = verdicts(own, "frechet", baseline)
    print("| | " + " | ".join([title for _, title, _ in COLUMNS] + [f"Frechet, {g}" for g in graders]) + " | residual | s |")
    print("|---" * (len(COLUMNS) + len(graders) + 3) + "|")
    for method in report["methods"]:
        name = method["name"]
        cells = [f"{method['aggregate'][key]['mean']:.{n}f}{signs[key].get(name, '')}" for key, _, n in COLUMNS]
        for grader, methods in graders.items():
            found = methods.get(name, {}).get("frechet")
            cells.append("" if found is None else f"{found:.4g}{signs[grader].get(name, '')}")
        cells.append("" if left.get(name) is None else f"{left[name]:.4f}")
        seconds = report["efficiency"]["methods"].get(name, {}).get("seconds_median")
        cells.append("" if seconds is None else f"{seconds:.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\n{report['patients']} patients")


if __name__ == "__main__":
    main()
