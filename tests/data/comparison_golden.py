#!/usr/bin/env python3
"""Prints comparison_golden.inc: signed-rank tests by scipy 1.10, kernel distance and k-nearest-neighbour
manifolds by the papers' formulas in numpy, Frechet distance by scipy's matrix root. The C++ tests repeat the formulas of
the inputs. Usage: comparison_golden.py > comparison_golden.inc"""
import numpy as np
from scipy import linalg, stats


def pair(n, p):
    """Integer formulas; p selects the kind: 0 no ties, 1 ties, 2 ties and zeros."""
    i = np.arange(1, n + 1)
    first = (i * i * 37 + i * 101 + p * 13) % 997 / 8.0
    second = (i * i * 53 + i * 211 + p * 7) % 991 / 8.0
    if p > 0:
        first, second = np.floor(first / 16), np.floor(second / 16) + 1
    if p == 2:
        second = np.where(i % 5 == 0, first, second)
    return first, second


def features(rows, dims, s):
    i, d = np.meshgrid(np.arange(rows), np.arange(dims), indexing="ij")
    mixed = (i + 1) * 7919 * (d + 3) + i * i * (d + 1) * 101 + s * 613
    return ((mixed % 1009) / 512.0 + s * 0.125).astype(np.float32).astype(np.float64)


def wilcoxon(n, p):
    first, second = pair(n, p)
    d = (first - second)[first != second]
    exact = len(d) <= 25 and len(np.unique(np.abs(d))) == len(d)
    r = stats.wilcoxon(d, method="exact" if exact else "approx", correction=True)
    return n, p, len(d), r.statistic, r.pvalue, exact


def kernel(a, b):
    return (a @ b.T / a.shape[1] + 1) ** 3


def mmd2(a, b):
    m, n = len(a), len(b)
    kaa, kbb = kernel(a, a), kernel(b, b)
    return (kaa.sum() - np.trace(kaa)) / (m * (m - 1)) + (kbb.sum() - np.trace(kbb)) / (n * (n - 1)) \
        - 2 * kernel(a, b).mean()


def distances(a, b):
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)


def manifold(t, p, k):
    rt, rp = np.sort(distances(t, t), 1)[:, k], np.sort(distances(p, p), 1)[:, k]
    d = distances(t, p)
    in_t, in_p = d <= rt[:, None], d <= rp[None, :]
    return in_t.any(0).mean(), in_p.any(1).mean(), in_t.sum() / (k * len(p)), in_t.any(1).mean()


def frechet(a, b):
    ca, cb = np.cov(a.T), np.cov(b.T)
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * linalg.sqrtm(ca @ cb).real)


print("// Made by comparison_golden.py.")
print("constexpr WilcoxonGolden golden_tests[] = {")
for n, p in [(1, 0), (5, 0), (12, 0), (25, 0), (26, 0), (60, 0), (12, 1), (40, 1), (15, 2), (50, 2)]:
    w = wilcoxon(n, p)
    print("    {%d, %d, %d, %r, %r, %s}," % (*w[:3], float(w[3]), float(w[4]), "true" if w[5] else "false"))
print("};")
t, q = features(70, 6, 0), features(55, 6, 1)
print("constexpr double golden_kernel = %r;" % float(mmd2(t, q)))
print("constexpr double golden_manifold_5[] = {%s};" % ", ".join(repr(float(v)) for v in manifold(t, q, 5)))
print("constexpr double golden_manifold_3[] = {%s};" % ", ".join(repr(float(v)) for v in manifold(t, q, 3)))
print("constexpr double golden_frechet = %r;" % float(frechet(t, q)))
