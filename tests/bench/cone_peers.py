#!/usr/bin/env python3
"""Cone-beam speed beside RTK's CPU filters at the same sizes in the same run:
cone_peers.py CONE-BENCH [SIZE DETECTOR VIEWS [ITERATIONS]]. With ITERATIONS conjugate gradients and total variation as well:
both programs find the same phantom again, each from line integrals by its own projector, and print the error that is left.
Needs the Python package itk-rtk, and says so where it is missing. Seconds of the processor count, which other work on the
machine disturbs least; a ratio above 1 means that gdm is faster."""
import re
import subprocess
import sys
import tempfile
import time

try:
    import itk
    import numpy as np
    from itk import RTK as rtk
except ImportError:
    print("did not run: the Python package itk-rtk is missing (pip install itk-rtk)")
    sys.exit(0)

bench = sys.argv[1]
size, detector, views = (int(n) for n in sys.argv[2:5]) if len(sys.argv) > 4 else (256, 384, 60)
iterations = int(sys.argv[5]) if len(sys.argv) > 5 else 0
with tempfile.TemporaryDirectory() as folder:
    text = subprocess.run([bench, str(size), str(detector), str(views), "3", folder, str(iterations)], check=True,
                          capture_output=True, text=True).stdout
    phantom = np.fromfile(f"{folder}/volume.f32", np.float32).reshape([size] * 3)
print(text)
one_thread = text.split("2 threads")[0]
own = {name: float(seconds) for name, seconds in
       re.findall(r"^  (\w+) .*[;,] +([\d.]+) s of the processor", one_thread, re.M)}

Image = itk.Image[itk.F, 3]
itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(1)
geometry = rtk.ThreeDCircularProjectionGeometry.New()
for n in range(views):
    geometry.AddProjection(1000.0, 1500.0, 360.0 * n / views)


def constant(shape, spacing, value=0.0):
    source = rtk.ConstantImageSource[Image].New()
    source.SetSpacing(spacing)
    source.SetOrigin([-0.5 * (n - 1) * s if i < 2 or shape[0] == shape[2] else 0.0
                      for i, (n, s) in enumerate(zip(shape, spacing))])
    source.SetSize(shape)
    source.SetConstant(value)
    source.Update()
    return source.GetOutput()


def seconds_of(make, runs=2):
    best = 1e30
    for _ in range(runs):
        work = make()
        start = time.process_time()
        work.Update()
        best = min(best, time.process_time() - start)
    return best, work.GetOutput()


edge, pitch = 256.0 / size, 384.0 / detector
volume = constant([size] * 3, [edge] * 3, 0.02)
rays = None


def forward():
    work = rtk.JosephForwardProjectionImageFilter[Image, Image].New()
    work.SetGeometry(geometry)
    work.SetInput(0, constant([detector, detector, views], [pitch, pitch, 1.0]))
    work.SetInput(1, volume)
    return work


def transpose():
    work = rtk.JosephBackProjectionImageFilter[Image, Image].New()
    work.SetGeometry(geometry)
    work.SetInput(0, constant([size] * 3, [edge] * 3))
    work.SetInput(1, rays)
    return work


def fdk():
    work = rtk.FDKConeBeamReconstructionFilter[Image].New()
    work.SetGeometry(geometry)
    work.SetInput(0, constant([size] * 3, [edge] * 3))
    work.SetInput(1, rays)
    return work


for name, make in (("forward", forward), ("transpose", transpose), ("fdk", fdk)):
    seconds, output = seconds_of(make)
    if name == "forward":
        rays = output
        rays.DisconnectPipeline()
    print(f"{name:<10} RTK {seconds:7.2f} s of the processor, gdm {own[name]:6.2f} s: {seconds / max(own[name], 0.005):5.1f} times", flush=True)

if iterations > 0:
    truth = itk.image_from_array(phantom)
    truth.SetSpacing([edge] * 3)
    truth.SetOrigin([-0.5 * (size - 1) * edge] * 3)
    again = forward()
    again.SetInput(1, truth)
    again.Update()
    rays = again.GetOutput()
    rays.DisconnectPipeline()


def cgls():
    work = rtk.ConjugateGradientConeBeamReconstructionFilter[Image].New()
    work.SetGeometry(geometry)
    work.SetForwardProjectionFilter(work.ForwardProjectionType_FP_JOSEPH)
    work.SetBackProjectionFilter(work.BackProjectionType_BP_JOSEPH)
    work.SetNumberOfIterations(iterations)
    work.SetDisableDisplacedDetectorFilter(True)
    work.SetInput(0, constant([size] * 3, [edge] * 3))
    work.SetInput(1, itk.image_duplicator(rays))  # which the filter releases
    return work


def tv():
    """Gradients that total variation smooths between every nine of them, the best of what was tried at 48^3 (four or nine,
    1e-3 to 1e-5). The filter by ADMM of itk-rtk 2 does not run from Python: it reads projections that it has released."""
    work = rtk.RegularizedConjugateGradientConeBeamReconstructionFilter[Image].New()
    work.SetGeometry(geometry)
    work.SetForwardProjectionFilter(work.ForwardProjectionType_FP_JOSEPH)
    work.SetBackProjectionFilter(work.BackProjectionType_BP_JOSEPH)
    work.SetCG_iterations(9)
    work.SetMainLoop_iterations(max(1, iterations // 10))
    work.SetPerformPositivity(True)
    work.SetPerformTVSpatialDenoising(True)
    work.SetGammaTV(1e-4)
    work.SetTV_iterations(10)
    work.SetDisableDisplacedDetectorFilter(True)
    work.SetInputVolume(constant([size] * 3, [edge] * 3))
    work.SetInputProjectionStack(itk.image_duplicator(rays))
    return work


for name, make in (("cgls", cgls), ("tv", tv)) if iterations > 0 else ():
    seconds, output = seconds_of(make, 1)
    error = float(np.sqrt(np.mean((itk.array_view_from_image(output) - phantom) ** 2))) / 0.02 * 1000
    print(f"{name:<10} RTK {seconds:7.2f} s of the processor, error {error:.2f} HU; gdm {own[name]:6.2f} s: "
          f"{seconds / max(own[name], 0.005):5.1f} times", flush=True)
