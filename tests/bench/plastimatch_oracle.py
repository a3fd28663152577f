#!/usr/bin/env python3
"""Projections and FDK held against those of plastimatch (Debian package) of the same phantom on the same geometry:
plastimatch_oracle.py CONE-BENCH [SIZE [VIEWS]]     default: 128 180; VIEWS in fours

Prints how many times the processor's seconds plastimatch takes on one thread at SIZE, with a detector of 1.5 SIZE
(reading and writing included, 2 % of them), then how far profiles lie apart (mark: 2 % of their maximum) at 96^3 and
180 views. For that the detector is twice as fine, since plastimatch's back-projection takes the nearest element. Needs
numpy and plastimatch; says so and ends with 77 where one is missing.

plastimatch's conventions: its volumes are LPS, ours here run to the left and to anterior; it gets them mirrored from
left to right, so that its gantry turns as ours, 90 degrees ahead, and its columns and rows count the other way;
attenuation is per cm at the same number, which makes integrals a tenth; -y is in radians where there are several
angles, and is not used. Its ramp filter neither pads a view nor keeps the mean: for the agreement it gets our rays
between zeros of seven times their width, which makes that error small. The scale of its FDK is its own, so one factor
is fitted to the head, and no offset."""
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    np = None
if np is None or shutil.which("plastimatch") is None:
    print(f"did not run: {'numpy' if np is None else 'plastimatch'} is missing (Debian: python3-numpy, plastimatch)")
    sys.exit(77)


def seconds_of(*command, runs=2):
    """Of the processor, least of some runs on one thread."""
    least = 1e30
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["plastimatch", *command], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "OMP_NUM_THREADS": "1"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return least


class Scan:
    """What cone-bench left in a folder, and plastimatch's work on it."""

    def __init__(self, folder, size, detector, views, runs):
        self.folder, self.size, self.detector, self.views = folder, size, detector, views
        text = subprocess.run([sys.argv[1], *map(str, (size, detector, views, runs)), folder], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        print(text)
        self.own_seconds = {name: float(seconds) for name, seconds in re.findall(
            r"^  (\w+) .*?; +([\d.]+) s of the processor", text.split("2 threads")[0], re.M)}
        self.rays = np.fromfile(f"{folder}/rays.f32", "<f4").reshape(views, detector, detector)
        self.fdk = np.fromfile(f"{folder}/fdk.f32", "<f4").reshape(size, size, size)
        self.write_volume(np.fromfile(f"{folder}/volume.f32", "<f4").reshape(size, size, size))

    def write_volume(self, volume):
        size, edge = self.size, 256.0 / self.size
        start = -0.5 * edge * (size - 1)
        header = {"ObjectType": "Image", "NDims": 3, "BinaryData": "True", "BinaryDataByteOrderMSB": "False",
                  "TransformMatrix": "1 0 0 0 1 0 0 0 1", "Offset": f"{start} {start} {start}",
                  "ElementSpacing": f"{edge} {edge} {edge}", "DimSize": f"{size} {size} {size}",
                  "ElementType": "MET_FLOAT", "ElementDataFile": "LOCAL"}
        with open(f"{self.folder}/volume.mha", "wb") as file:
            file.write("".join(f"{k} = {v}\n" for k, v in header.items()).encode())
            file.write(np.ascontiguousarray(volume[:, ::-1, ::-1], "<f4").tobytes())

    def name(self, view):
        return f"p{(view + self.views // 4) % self.views:04d}"

    def drr(self, algorithm, runs=2):
        n = self.detector
        os.makedirs(f"{self.folder}/drr", exist_ok=True)
        return seconds_of("drr", "-i", algorithm, "-P", "none", "-a", str(self.views), "-N", str(360.0 / self.views),
                          "--sad", "1000", "--sid", "1500", "-r", f"{n} {n}", "-z", "384 384", "-t", "pfm", "-o", "0 0 0",
                          "-I", f"{self.folder}/volume.mha", "-O", f"{self.folder}/drr/p", runs=runs)

    def reconstruct(self, source, flavor, runs=2):
        n = self.size
        return seconds_of("fdk", "-X", flavor, "-f", "ramp", "-a", f"0 {self.views - 1}", "-r", f"{n} {n} {n}", "-z",
                          "256 256 256", "-I", f"{self.folder}/{source}", "-O", f"{self.folder}/fdk.mha", runs=runs)

    def read_views(self):
        """As [view][row][column] of ours."""
        n, images = self.detector, []
        for view in range(self.views):
            with open(f"{self.folder}/drr/{self.name(view)}.pfm", "rb") as file:
                images.append(np.frombuffer(file.read()[-4 * n * n:], "<f4").reshape(n, n))
        return 10.0 * np.stack(images)[:, ::-1, ::-1]

    def write_padded_views(self):
        """Our rays with zeros beside the columns, in the folder padded."""
        os.mkdir(f"{self.folder}/padded")
        width = 8 * self.detector
        beside = (width - self.detector) // 2
        for view in range(self.views):
            path = f"{self.folder}/padded/{self.name(view)}"
            with open(f"{path}.pfm", "wb") as file:
                file.write(f"Pf\n{width} {self.detector}\n-1\n".encode())
                file.write(np.pad(0.1 * self.rays[view][::-1, ::-1], ((0, 0), (beside, beside))).astype("<f4").tobytes())
            with open(f"{self.folder}/drr/{self.name(view)}.txt") as file:
                lines = file.read().split("\n")
            lines[0] = f"{0.5 * (width - 1)} {0.5 * (self.detector - 1)}"
            with open(f"{path}.txt", "w") as file:
                file.write("\n".join(lines))

    def read_volume(self):
        with open(f"{self.folder}/fdk.mha", "rb") as file:
            data = file.read()
        values = np.frombuffer(data[data.index(b"LOCAL\n") + 6:], "<f4")
        return values.reshape(self.size, self.size, self.size)[:, ::-1, ::-1] + 1000.0


def compare(what, ours, theirs, profiles):
    for name, at in profiles.items():
        apart = np.abs(ours[at] - theirs[at]) / ours[at].max()
        print(f"{what}, {name}: apart by at most {100 * apart.max():.2f} % of the maximum, rms "
              f"{100 * np.sqrt(np.mean(apart ** 2)):.2f} %")


def speed(size, views):
    with tempfile.TemporaryDirectory() as folder:
        scan = Scan(folder, size, size * 3 // 2, views, 3)
        rows = [(f"drr {a}", scan.drr(a), scan.own_seconds["forward"]) for a in ("uniform", "exact")]
        rows += [(f"fdk flavor {f}", scan.reconstruct("drr", f), scan.own_seconds["fdk"]) for f in "0abcd"]
        for name, seconds, own in rows:
            print(f"{name:12} {seconds:7.2f} s of the processor, gdm {own:6.2f}: {seconds / own:5.1f} times")


def agreement(size, views):
    with tempfile.TemporaryDirectory() as folder:
        scan = Scan(folder, size, 3 * size, views, 1)
        scan.drr("exact", 1)
        middle, half = scan.detector // 2, size // 2
        compare("drr", scan.rays, scan.read_views(),
                {"columns of view 0": (0, middle), "rows of view 0": (0, slice(None), middle),
                 "columns of an oblique view": (views // 7, middle)})
        scan.write_padded_views()
        scan.reconstruct("padded", "c", 1)
        theirs = scan.read_volume()
        seen = range(size // 5, size - size // 5)  # of a diagonal, by all views
        inside = scan.fdk[size // 4:-(size // 4)] > 0.25 * scan.fdk.max()
        ours_inside, theirs_inside = scan.fdk[size // 4:-(size // 4)][inside], theirs[size // 4:-(size // 4)][inside]
        factor = float(np.vdot(theirs_inside, ours_inside) / np.vdot(theirs_inside, theirs_inside))
        compare("fdk", scan.fdk, theirs * factor,
                {"along i": (half, half), "along j": (half, slice(None), half), "along a diagonal": (half, seen, seen)})


size, views = int(sys.argv[2]) if len(sys.argv) > 2 else 128, int(sys.argv[3]) if len(sys.argv) > 3 else 180
if views % 4:
    sys.exit("plastimatch_oracle.py: VIEWS in fours, since plastimatch's gantry is a quarter turn ahead")
speed(size, views)
agreement(96, 180)
