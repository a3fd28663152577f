#!/usr/bin/env python3
"""Holds ct-bench against ASTRA's 2-D CPU code (package astra-toolbox) on the same phantom in the same run, and prints
ratios. ASTRA's CPU code uses one thread, so both do; `linear` is Joseph's projector, as ours. Usage:
ct_peers.py PATH/ct-bench [NI NJ NK VIEWS]"""
import json
import subprocess
import sys
import tempfile
import time

try:
    import astra
    import numpy as np
except ImportError as reason:
    print(f"skipped: {reason}; pip install astra-toolbox numpy")
    sys.exit(77)


def timed(work):
    best = {"wall_s": 1e9, "cpu_s": 1e9}
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        best = {"wall_s": min(best["wall_s"], time.perf_counter() - wall),
                "cpu_s": min(best["cpu_s"], time.process_time() - cpu)}
    return best


with tempfile.TemporaryDirectory() as folder:
    ours = json.loads(subprocess.run([sys.argv[1], folder, "1", *sys.argv[2:]], check=True, capture_output=True).stdout)
    (ni, nj, nk), views, detectors = ours["shape"], ours["views"], ours["detectors"]
    volume = np.fromfile(f"{folder}/volume.f32", np.float32).reshape(nk, nj, ni)
    rays = np.fromfile(f"{folder}/rays.f32", np.float32).reshape(nk, views, detectors)

# ASTRA's detector runs along (cos, sin) of the angle with y up, ours with y down: the angles change sign.
pixels = astra.create_vol_geom(nj, ni, -2.0 * ni, 2.0 * ni, -2.0 * nj, 2.0 * nj)
beams = astra.create_proj_geom("parallel", 4.0, detectors, -np.pi * np.arange(views) / views)


class Peer:
    def __init__(self, kernel):
        self.projector = astra.create_projector(kernel, beams, pixels)
        self.image = astra.data2d.create("-vol", pixels)
        self.rays = astra.data2d.create("-sino", beams)

    def run(self, algorithm, slices, iterations=1):
        """Each slice on its own, as ASTRA's 2-D code takes them; data go in and out as views of memory."""
        config = astra.astra_dict(algorithm)
        config["ProjectorId"] = self.projector
        config["ProjectionDataId"] = self.rays
        config["VolumeDataId" if algorithm == "FP" else "ReconstructionDataId"] = self.image
        handle = astra.algorithm.create(config)
        made = []
        for image, sinogram in slices:
            astra.data2d.store(self.image, image)
            astra.data2d.store(self.rays, sinogram)
            astra.algorithm.run(handle, iterations)
            made.append(astra.data2d.get(self.rays if algorithm == "FP" else self.image))
        astra.algorithm.delete(handle)
        return np.stack(made)


zero, nothing = np.zeros((nj, ni), np.float32), np.zeros((views, detectors), np.float32)
theirs = {}
for kernel in ("linear", "line", "strip"):
    peer = Peer(kernel)
    difference = np.abs(peer.run("FP", [(s, nothing) for s in volume[:4]]) - rays[:4]).max() / rays.max()
    theirs[kernel] = {
        "forward": timed(lambda: peer.run("FP", [(s, nothing) for s in volume])),
        "adjoint": timed(lambda: peer.run("BP", [(zero, r) for r in rays])),
        "sirt x 20": timed(lambda: peer.run("SIRT", [(zero, r) for r in rays], 20)),
        "cgls x 20": timed(lambda: peer.run("CGLS", [(zero, r) for r in rays], 20)),
    }
    print(f"{kernel}: projections differ from ours by at most {100 * difference:.2f} % of the largest")
print(f"{ni} x {nj} x {nk}, {views} views, {detectors} detectors, one thread; processor seconds, and how many times ours")
names = ["forward", "adjoint", "sirt x 20", "cgls x 20"]
for name in names:
    own = ours[name]["cpu_s"]
    peers = "  ".join(f"{k} {t[name]['cpu_s']:.3f} ({t[name]['cpu_s'] / own:.1f}x)" for k, t in theirs.items())
    print(f"{name:12} gdm {own:.4f}  ASTRA {peers}")
for name in ours:
    if "os-sart" in name or name.startswith("tv"):
        print(f"{name:24} gdm {ours[name]['cpu_s']:.3f}")
