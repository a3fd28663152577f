#!/usr/bin/env python3
"""Whether gdm-synth grows over many volumes of one run: resident memory and open descriptors, sampled while it works.

    soak.py BIN MODEL VOLUME FOLDER [CASES]

Makes a manifest of CASES (500) cases that share VOLUME, runs gdm-synth on it, and prints a line through the samples after the
first fifth: MB for each 100 cases. MODEL takes one input.
"""
import json
import os
import subprocess
import sys
import time


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    tool, model, volume, folder = os.path.join(sys.argv[1], "gdm-synth"), sys.argv[2], os.path.abspath(sys.argv[3]), sys.argv[4]
    cases = int(sys.argv[5]) if len(sys.argv) > 5 else 500
    os.makedirs(folder, exist_ok=True)
    info = subprocess.run([os.path.join(sys.argv[1], "gdm-drift-train"), "info", model, "--json"], check=True, capture_output=True,
                          text=True)
    generator = json.loads(info.stdout)["generator"]
    inputs = {generator["conditions"][0]["name"]: volume}
    entries = [{"id": f"c{n:04d}", "split": "test", "inputs": inputs} for n in range(cases)]
    manifest, out = os.path.join(folder, "manifest.json"), os.path.join(folder, "out")
    with open(manifest, "w") as file:
        json.dump({"gdm_manifest": 1, "task": generator["task"], "cases": entries}, file)
    process = subprocess.Popen([tool, manifest, "--model", model, "-o", out, "-q", "--force", "--any-acquisition"],
                               stdout=subprocess.DEVNULL)
    samples = []
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                rss = next(int(line.split()[1]) / 1000 for line in status if line.startswith("VmRSS"))
            descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
            done = sum(name.endswith("_pred.nii.gz") for name in os.listdir(out)) if os.path.isdir(out) else 0
            samples.append((done, rss, descriptors))
        except (OSError, StopIteration):
            pass
        time.sleep(0.5)
    if process.returncode != 0:
        sys.exit("gdm-synth failed")
    late = [sample for sample in samples if sample[0] >= cases / 5]
    mean_x = sum(sample[0] for sample in late) / len(late)
    mean_y = sum(sample[1] for sample in late) / len(late)
    slope = (sum((x - mean_x) * (y - mean_y) for x, y, _ in late) / sum((x - mean_x) ** 2 for x, _, _ in late)) * 100
    print(f"{cases} cases: {slope:+.3f} MB for each 100 (mean {mean_y:.0f} MB, {len(late)} samples), descriptors "
          f"{min(sample[2] for sample in late)} to {max(sample[2] for sample in late)}")


main()
