"""The pairs of volumes that recipes of goldens share."""
import numpy as np


def volumes(ni, nj, nk, p):
    """Prediction, target (float32) and mask by integer formulas of the indices; values leave the range on both sides."""
    k, j, i = np.meshgrid(np.arange(nk), np.arange(nj), np.arange(ni), indexing="ij")
    smooth = (i * i * (3 + p) + j * j * 5 + k * k * 17 + i * j * k) % 5200 - 1500
    noise = (i * 1299 + j * 7919 + k * 10473 + p * 31) % 601 - 280
    target = smooth.astype(np.float32)
    prediction = (smooth + noise * (1 + p % 7)).astype(np.float32) * np.float32(0.96875) + np.float32(0.3125 * p)
    ellipsoid = (2 * i - ni + 1) ** 2 * (nj * nk) ** 2 + (2 * j - nj + 1) ** 2 * (ni * nk) ** 2 \
        + (2 * k - nk + 1) ** 2 * (ni * nj) ** 2 <= (ni * nj * nk) ** 2
    mask = ellipsoid & ((i + 2 * j + 3 * k + p) % 11 != 0)
    return prediction, target, mask
