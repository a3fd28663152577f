#!/usr/bin/env python3
"""Peak memory and time of gdm-synth by the number of slices, against what its dry run says before:

    synthesis_memory.py BIN MODEL FOLDER [IN-PLANE [SLICES...]]

MODEL: a generator of one input. The volumes, of 1 mm voxels, hold a cylinder in air with noise. Columns: slices; MiB of one
float32 volume; what --dry-run states; the peak of the resident set of the run; stated / peak; what the peak holds beyond the
smallest run's, in volumes; seconds by the clock and of processor time. MEMORY, if set, is given as --memory.
"""
import array
import os
import random
import re
import struct
import subprocess
import sys
import time


def header(shape):
    """NIfTI-1, int16, 1 mm, axes to the right, to anterior, to superior."""
    h = bytearray(352)
    struct.pack_into("<i", h, 0, 348)
    struct.pack_into("<8h", h, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<hh", h, 70, 4, 16)
    struct.pack_into("<8f", h, 76, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into("<f", h, 108, 352)
    struct.pack_into("<f", h, 112, 1)
    struct.pack_into("<B", h, 123, 2)
    struct.pack_into("<hh", h, 252, 0, 1)
    for row in range(3):
        struct.pack_into("<4f", h, 280 + 16 * row, *[float(row == column) for column in range(4)])
    h[344:348] = b"n+1\0"
    return bytes(h)


def write_volume(path, across, slices):
    """The same few slices over and over: their content does not matter here."""
    draw = random.Random(1)
    kinds = []
    for _ in range(4):
        plane = array.array("h")
        for j in range(across):
            y = (j - across / 2) / (0.4 * across)
            for i in range(across):
                x = (i - across / 2) / (0.4 * across)
                plane.append((draw.randrange(-30, 70) if x * x + y * y < 1 else -1000))
        kinds.append(plane.tobytes())
    with open(path, "wb") as out:
        out.write(header((across, across, slices)))
        for k in range(slices):
            out.write(kinds[k % len(kinds)])


def peak_of(command):
    """(peak MiB, seconds, processor seconds) of a command that succeeds."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit("failed: " + " ".join(command))
    return usage.ru_maxrss / 1024, time.monotonic() - start, usage.ru_utime + usage.ru_stime


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    tool, model, folder = os.path.join(sys.argv[1], "gdm-synth"), sys.argv[2], sys.argv[3]
    across = int(sys.argv[4]) if len(sys.argv) > 4 else 512
    os.makedirs(folder, exist_ok=True)
    first = None
    print("| slices | a volume / MiB | stated | peak | stated / peak | more than the first, in volumes | s | processor s |")
    print("|---|---|---|---|---|---|---|---|")
    for slices in [int(text) for text in sys.argv[5:]] or [64, 128, 256, 512]:
        volume, out = os.path.join(folder, f"in{slices}.nii"), os.path.join(folder, f"out{slices}.nii")
        write_volume(volume, across, slices)
        command = [tool, volume, "--model", model, "-o", out, "--force", "--resample", "never", "--any-acquisition", "-q"]
        if "MEMORY" in os.environ:
            command += ["--memory", os.environ["MEMORY"]]
        plan = subprocess.run(command + ["--dry-run"], check=True, capture_output=True, text=True).stdout
        stated = float(re.search(r"about (\d+) MiB of memory", plan).group(1))
        peak, seconds, busy = peak_of(command)
        size = across * across * slices * 4 / 1048576
        first = first or (size, peak)
        more = (peak - first[1]) / (size - first[0]) if size > first[0] else float("nan")
        print(f"| {slices} | {size:.0f} | {stated:.0f} | {peak:.0f} | {stated / peak:.2f} | {more:.2f} | {seconds:.0f} | {busy:.0f} |",
              flush=True)
        os.remove(volume)
        os.remove(out)


main()
