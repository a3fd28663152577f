#!/usr/bin/env python3
"""Holds bench-metrics against scikit-image and scipy on the same volumes in the same run, and prints ratios. Needs the
packages python3-skimage and python3-scipy. Usage: metrics_bench.py PATH/bench-metrics [THREADS]"""
import json
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy import ndimage, signal
from skimage.metrics import structural_similarity

LOW, HIGH = -1024.0, 3000.0


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    value = work()
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "value": float(value)}


def ssim(p, t, mask):
    x, y = (np.where(mask, np.clip(v, LOW, HIGH), LOW) - LOW for v in (p, t))
    _, full = structural_similarity(y, x, data_range=HIGH - LOW, full=True)
    inner = (slice(3, -3),) * 3
    return full[inner][mask[inner]].mean()


def ms_ssim(p, t, mask):
    x, y = (np.where(mask, np.clip(v, LOW, HIGH), LOW) - LOW for v in (p, t))
    inner, product = (slice(3, -3),) * 3, 1.0
    for w in (0.0448, 0.2856, 0.3001, 0.2363, 0.1333):
        _, full = structural_similarity(y, x, data_range=HIGH - LOW, full=True)
        product *= np.clip((np.maximum(full, 0) ** w)[inner][mask[inner]].mean(), 0, 1)
        x, y = (signal.fftconvolve(v, np.full((2, 2, 2), 0.125), mode="same")[::2, ::2, ::2] for v in (x, y))
        mask = mask[::2, ::2, ::2]
    return product


def ssim_plain(p, t, mask):
    _, full = structural_similarity(t - LOW, p - LOW, data_range=HIGH - LOW, gaussian_weights=True, sigma=1.5,
                                    use_sample_covariance=False, full=True)
    inner = (slice(5, -5),) * 3
    return full[inner][mask[inner]].mean()


def hd95(a, b, sampling):
    sa, sb = (v & ~ndimage.binary_erosion(v) for v in (a, b))
    return max(np.percentile(ndimage.distance_transform_edt(~other, sampling=sampling)[own], 95)
               for own, other in ((sa, sb), (sb, sa)))


with tempfile.TemporaryDirectory() as folder:
    ours = json.loads(subprocess.run([sys.argv[1], folder, *sys.argv[2:3]], check=True, capture_output=True).stdout)
    p, t = (np.fromfile(f"{folder}/{n}.f32", np.float32).reshape(128, 256, 256).astype(np.float64)
            for n in ("prediction", "target"))
    mask = np.fromfile(f"{folder}/mask.u8", np.uint8).reshape(128, 256, 256) > 0
    a, b = (np.fromfile(f"{folder}/{n}.u8", np.uint8).reshape(256, 256, 256) > 0 for n in "ab")
print(f"{ours['threads']} threads; goals: SSIM 0.05 s, MS-SSIM 0.2 s, HD95 1 s")
print(f"{'':12}{'wall/s':>9}{'cpu/s':>9}{'reference cpu/s':>17}{'ratio':>8}  difference")
for name, reference in (("ssim", lambda: ssim(p, t, mask)), ("ms_ssim", lambda: ms_ssim(p, t, mask)),
                        ("ssim_plain", lambda: ssim_plain(p, t, mask)), ("hd95", lambda: hd95(a, b, (1.5, 1, 1)))):
    other, own = timed(reference), ours[name]
    print(f"{name:12}{own['wall_s']:9.3f}{own['cpu_s']:9.3f}{other['cpu_s']:17.2f}{other['cpu_s'] / own['cpu_s']:8.0f}"
          f"  {own['value'] - other['value']:.1e}")
if "itk_maps" in ours:
    own, other = ours["hd95"], ours["itk_maps"]
    print(f"{'hd95, ITK':12}{own['wall_s']:9.3f}{own['cpu_s']:9.3f}{other['cpu_s']:17.2f}"
          f"{other['cpu_s'] / own['cpu_s']:8.1f}  (two exact distance maps by ITK, without surfaces and percentiles)")
