#!/usr/bin/env python3
"""Cone-beam speed beside RTK's CPU filters at the same sizes in the same run: cone_peers.py CONE-BENCH [SIZE DETECTOR VIEWS].
Needs the Python package itk-rtk, and says so where it is missing. Seconds of the processor count, which other work on the
machine disturbs least; a ratio above 1 means that gdm is faster."""
import re
import subprocess
import sys
import time

try:
    import itk
    from itk import RTK as rtk
except ImportError:
    print("did not run: the Python package itk-rtk is missing (pip install itk-rtk)")
    sys.exit(0)

bench = sys.argv[1]
size, detector, views = (int(n) for n in sys.argv[2:5]) if len(sys.argv) > 4 else (256, 384, 60)
text = subprocess.run([bench, str(size), str(detector), str(views)], check=True, capture_output=True, text=True).stdout
print(text)
one_thread = text.split("2 threads")[0]
own = {name: float(seconds) for name, seconds in
       re.findall(r"^  (\w+) .*; +([\d.]+) s of the processor", one_thread, re.M)}

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


def seconds_of(make):
    best = 1e30
    for _ in range(2):
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
    print(f"{name:<10} RTK {seconds:7.2f} s of the processor, gdm {own[name]:6.2f} s: {seconds / own[name]:5.1f} times", flush=True)
