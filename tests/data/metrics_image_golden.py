#!/usr/bin/env python3
"""Prints metrics_image_golden.inc: reference values of the metrics by profile on the 20 pairs of metrics_golden.py and
on two larger ones, and of surface distances on 20 pairs of segments, from numpy, scipy and scikit-image 0.19 in double
precision, by the published definitions (SynthRAD2025/evaluation image_metrics.py; Wang et al. 2004; Wang, Simoncelli &
Bovik 2003; MONAI's Hausdorff and surface distances). -1 stands for an undefined value. The C++ tests repeat the
formulas of the volumes, so they need neither Python nor this file.
Usage: metrics_image_golden.py > metrics_image_golden.inc"""
import numpy as np
from scipy import ndimage, signal
from skimage.metrics import structural_similarity

import golden_volumes

WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]


def volumes(ni, nj, nk, p):
    """In double precision."""
    prediction, target, mask = golden_volumes.volumes(ni, nj, nk, p)
    return prediction.astype(np.float64), target.astype(np.float64), mask


def pair(p):
    return volumes(20 + p % 5, 18 + p % 4 * 9, 9 + p % 3 * 4, p)


def inner(a, border):
    return a[border:-border, border:-border, border:-border]


def mean_inside(values, mask, border):
    chosen = inner(values, border)[inner(mask, border)]
    return chosen.mean() if chosen.size else None


def factors(x, y, width):
    """Luminance, contrast and structure of 7^3 uniform windows, not below 0."""
    n = 343 / 342
    def mean(v):
        return ndimage.uniform_filter(v, 7)
    mx, my = mean(x), mean(y)
    vx, vy, cov = n * (mean(x * x) - mx * mx), n * (mean(y * y) - my * my), n * (mean(x * y) - mx * my)
    sx, sy = np.sqrt(np.maximum(vx, 0)), np.sqrt(np.maximum(vy, 0))
    c1, c2 = (0.01 * width) ** 2, (0.03 * width) ** 2
    luminance, contrast = (2 * mx * my + c1) / (mx * mx + my * my + c1), (2 * sx * sy + c2) / (vx + vy + c2)
    return [np.maximum(f, 0) for f in (luminance, contrast, (cov + c2 / 2) / (sx * sy + c2 / 2))]


def ms_ssim_2025(p, t, mask, low, high):
    x, y = (np.where(mask, np.clip(v, low, high), low) - low for v in (p, t))
    ends = [((97 - n) // 2, 97 - n - (97 - n) // 2) if n < 97 else (0, 0) for n in x.shape]
    x, y, mask = (np.pad(v, ends, mode="edge") for v in (x, y, mask))
    inside = everywhere = 1.0
    for w in WEIGHTS:
        l, c, s = factors(x, y, high - low)
        powered = l ** w * c ** w * s ** w
        mean = mean_inside(powered, mask, 3)
        inside = None if inside is None or mean is None else inside * np.clip(mean, 0, 1)
        everywhere *= np.clip(inner(powered, 3).mean(), 0, 1)
        x, y = (signal.fftconvolve(v, np.full((2, 2, 2), 0.125), mode="same")[::2, ::2, ::2] for v in (x, y))
        mask = mask[::2, ::2, ::2]
    return -1 if inside is None else inside, everywhere


def ssim_plain(p, t, mask, low, high):
    if min(p.shape) < 11:
        return -1
    _, full = structural_similarity(t - low, p - low, data_range=high - low, gaussian_weights=True, sigma=1.5,
                                    use_sample_covariance=False, full=True)
    value = mean_inside(full, mask, 5)
    return -1 if value is None else value


def ms_ssim_plain(p, t, mask, low, high):
    x, y, width = p - low, t - low, high - low
    value = 1.0
    for scale, w in enumerate(WEIGHTS):
        def mean(v):
            return ndimage.gaussian_filter(v, 1.5, truncate=3.5)
        mx, my = mean(x), mean(y)
        vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
        c1, c2 = (0.01 * width) ** 2, (0.03 * width) ** 2
        values = (2 * cov + c2) / (vx + vy + c2)
        if scale == 4:
            values = values * (2 * mx * my + c1) / (mx * mx + my * my + c1)
        value *= max(mean_inside(values, mask, 5), 0) ** w
        x, y, mask = halve(x), halve(y), mask[::2, ::2, ::2]
        mask = mask[:x.shape[0], :x.shape[1], :x.shape[2]]
    return value


def halve(v):
    n = [2 * (s // 2) for s in v.shape]
    return v[:n[0], :n[1], :n[2]].reshape(n[0] // 2, 2, n[1] // 2, 2, n[2] // 2, 2).mean(axis=(1, 3, 5))


def scores(p, t, mask):
    """NCC, MAE and bias of air, lung, fat, soft tissue and bone, through-plane gradients, PSNR by range."""
    d = p - t
    values = [np.corrcoef(p[mask], t[mask])[0, 1]]
    for low, high in ((-np.inf, -950), (-950, -500), (-190, -30), (-30, 150), (250, np.inf)):
        chosen = mask & (t >= low) & (t < high)
        values += [np.abs(d[chosen]).mean(), d[chosen].mean()]
    both = mask[1:] & mask[:-1]
    dp, dt = np.diff(p, axis=0), np.diff(t, axis=0)
    bone = both & ((t[1:] >= 250) | (t[:-1] >= 250))
    values += [np.abs(dp - dt)[both].mean(), np.abs(dp - dt)[bone].mean(), np.corrcoef(dp[both], dt[both])[0, 1]]
    clipped = np.clip(p, -1024, 3071) - np.clip(t, -1024, 3071)
    values += [10 * np.log10(4095 ** 2 / np.mean(clipped[mask] ** 2)), 10 * np.log10(4024 ** 2 / np.mean(d[mask] ** 2)),
               np.abs(d).mean()]
    return values


def segments(p):
    """Two ellipsoids, one shifted, carved and with a distant speck; spacing in mm along i, j, k."""
    k, j, i = np.meshgrid(np.arange(23), np.arange(31), np.arange(37), indexing="ij")
    spacing = (0.75 + 0.25 * (p % 3), 1.0 + 0.5 * (p % 2), 1.5 + 0.5 * (p % 4))
    target = 9 * (i - 17) ** 2 + 16 * (j - 14) ** 2 + 36 * (k - 10) ** 2 < 1700 + 40 * p
    shifted = 9 * (i - 17 - p % 4) ** 2 + 16 * (j - 14 + p % 3) ** 2 + 36 * (k - 10 - p % 2) ** 2 < 1500 + 60 * p
    prediction = shifted & ((i * 7 + j * 5 + k * 3 + p) % (13 + p) != 0)
    prediction |= (i < 2) & (j < 2 + p % 3) & (k == p)
    return prediction, target, spacing


def surface_scores(prediction, target, spacing):
    ps, ts = (v & ~ndimage.binary_erosion(v) for v in (prediction, target))
    sampling = spacing[::-1]
    to_t = ndimage.distance_transform_edt(~ts, sampling=sampling)[ps]
    to_p = ndimage.distance_transform_edt(~ps, sampling=sampling)[ts]
    ml = np.prod(spacing) / 1000
    return [2 * (prediction & target).sum() / (prediction.sum() + target.sum()),
            max(np.percentile(to_t, 95), np.percentile(to_p, 95)), np.concatenate([to_t, to_p]).mean(),
            max(to_t.max(), to_p.max()), (int(prediction.sum()) - int(target.sum())) * ml,
            100 * (int(prediction.sum()) - int(target.sum())) / target.sum()]


def row(values):
    return "    {" + ", ".join(repr(float(v)) for v in values) + "},"


print("// Made by metrics_image_golden.py.")
print("constexpr ImageGolden image_pairs[] = {")
for n in range(20):
    p, t, mask = pair(n)
    print(row([*ms_ssim_2025(p, t, mask, -1024, 3071), ssim_plain(p, t, mask, -1024, 3000), *scores(p, t, mask)]))
print("};\nconstexpr double large_ms_ssim[2] = {")
p, t, mask = volumes(110, 98, 101, 3)
print(", ".join(repr(float(v)) for v in ms_ssim_2025(p, t, mask, -1024, 3000)))
print("};\nconstexpr double large_ms_ssim_plain =")
print(repr(float(ms_ssim_plain(*volumes(190, 177, 200, 2), -1024, 3000))))
print(";\nconstexpr SurfaceGolden surface_pairs[] = {")
for n in range(20):
    print(row(surface_scores(*segments(n))))
print("};")
