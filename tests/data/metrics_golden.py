#!/usr/bin/env python3
"""Prints metrics_golden.inc: reference values of MAE, RMSE, bias, PSNR, SSIM, bone MAE and Dice on 20 pairs, and of
body masks, from numpy, scipy and scikit-image 0.19 by the SynthRAD2023 definitions. The C++ tests repeat the formulas
of the volumes, so they need neither Python nor this file. Usage: metrics_golden.py > metrics_golden.inc"""
import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

from golden_volumes import volumes

LOW, HIGH = -1024.0, 3000.0


def pair(p):
    return volumes(20 + p % 5, 18 + p % 4 * 9, 9 + p % 3 * 4, p)


def grades(prediction, target, mask):
    p, t = prediction.astype(np.float64), target.astype(np.float64)
    d = (p - t)[mask]
    bone = mask & (t >= 250)
    pc, tc = np.clip(p, LOW, HIGH), np.clip(t, LOW, HIGH)
    psnr = 10 * np.log10((HIGH - LOW) ** 2 / np.mean((pc - tc)[mask] ** 2))
    pm, tm = np.where(mask, pc, LOW) - LOW, np.where(mask, tc, LOW) - LOW
    _, full = structural_similarity(tm, pm, data_range=HIGH - LOW, full=True)
    crop = (slice(3, -3),) * 3
    pb, tb = mask & (p >= 250), mask & (t >= 250)
    return [np.abs(d).mean(), np.sqrt((d * d).mean()), d.mean(), psnr, full[crop][mask[crop]].mean(),
            np.abs((p - t)[bone]).mean(), 2.0 * (pb & tb).sum() / (pb.sum() + tb.sum())]


def blobs(p):
    """Shells and bridges with holes that close only within a slice."""
    nk, nj, ni = 11, 37, 41
    k, j, i = np.meshgrid(np.arange(nk), np.arange(nj), np.arange(ni), indexing="ij")
    r = (i - 17) ** 2 + (j - 18) ** 2 + (2 * k - 9) ** 2
    inside = (r < 230) & (r > 40 + 9 * p) | ((i * 7 + j * 5 + k * 3 + p) % 19 < 4) & (i > 25)
    return np.where(inside, 100, -900).astype(np.float32)


def body(ct):
    labels, _ = ndimage.label(ct > -400)
    largest = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    mask = np.stack([ndimage.binary_fill_holes(s) for s in largest])
    k, j, i = np.nonzero(mask)
    return mask.sum(), (i + 3 * j + 7 * k).sum()


print("// Made by metrics_golden.py.")
print("constexpr Golden golden_pairs[] = {")
for n in range(20):
    print("    {" + ", ".join(repr(float(v)) for v in grades(*pair(n))) + "},")
print("};\nconstexpr std::int64_t golden_bodies[][2] = {")
for n in range(6):
    print("    {%d, %d}," % body(blobs(n)))
print("};")
