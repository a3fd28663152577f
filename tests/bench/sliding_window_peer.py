#!/usr/bin/env python3
"""gdm-synth against MONAI's SlidingWindowInferer: the same network, weights, patches, overlap, threads and LibTorch.

    sliding_window_peer.py BIN MODEL FOLDER [SHAPE...]

Run it by the Python whose torch gdm in BIN was built against (`make -f Makefile.examples libtorch2`), with monai and nibabel;
without them it says so and ends with 77. MODEL: a generator of one input in HU, without noise. SHAPE: 256x256x256 and so on. Both
read an uncompressed NIfTI file, synthesise and write int16; whole commands are timed, start of Python and program included, and the
inferer alone as well. THREADS (2), OVERLAP (.25) and PRECISIONS ("fp32 bf16", with MONAI by autocast) are free. With SAME_BLENDING=1
MONAI gets gdm's weights and places of patches instead of its own: what differs then is not the blending.
"""
import itertools
import json
import os
import resource
import struct
import subprocess
import sys
import time

try:
    import monai
    import nibabel
    import numpy
    import torch
except ImportError as missing:
    print(f"did not run: {missing}")
    sys.exit(77)

THREADS, OVERLAP = int(os.environ.get("THREADS", "2")), float(os.environ.get("OVERLAP", "0.25"))


def read_model(path):
    """(description, tensors) of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        payload = bytearray(file.read())
    kinds = {"F32": torch.float32, "F16": torch.float16}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        count = (end - begin) // (4 if entry["dtype"] == "F32" else 2)
        one = torch.frombuffer(payload, dtype=kinds[entry["dtype"]], count=count, offset=begin)
        tensors[name] = one.reshape(entry["shape"]).float()
    return json.loads(header["__metadata__"]["gdm"]), tensors


class Generator(torch.nn.Module):
    """The generator as share/doc and lib/nn/blocks.hpp tell it, from a file's tensors."""

    def __init__(self, generator, tensors):
        super().__init__()
        self.t, self.levels, self.blocks = tensors, len(generator["widths"]), generator["blocks"]
        self.residual = generator["residual_on_first"]

    def conv(self, x, name, stride=1):
        weight = self.t[name + ".weight"]
        return torch.nn.functional.conv3d(x, weight, self.t[name + ".bias"], stride=stride, padding=weight.shape[-1] // 2)

    def norm(self, x, name):
        channels = x.shape[1]
        groups = max(4, channels // 8)
        while channels % groups:
            groups -= 1
        return torch.nn.functional.silu(torch.nn.functional.group_norm(x, groups, self.t[name + ".weight"], self.t[name + ".bias"]))

    def block(self, x, name):
        return x + self.conv(self.norm(self.conv(self.norm(x, name + ".norm1"), name + ".conv1"), name + ".norm2"), name + ".conv2")

    def forward(self, inputs):
        b, c, d, h, w = inputs.shape
        x = inputs.reshape(b, c, d // 2, 2, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 7, 2, 4, 6)
        x = self.conv(x.reshape(b, 8 * c, d // 2, h // 2, w // 2), "stem")
        maps = []
        for level in range(self.levels):
            if level > 0:
                x = self.conv(x, f"down.reduce{level}", 2)
            for n in range(self.blocks + (level + 1 == self.levels)):
                x = self.block(x, f"down.blocks{level}.{n}")
            maps.append(x)
        for level in reversed(range(self.levels - 1)):
            x = torch.nn.functional.interpolate(self.conv(x, f"up.reduce{level}"), size=maps[level].shape[2:]) + maps[level]
            for n in range(self.blocks):
                x = self.block(x, f"up.block{level}" + (f"_{n}" if n else ""))
        x = self.conv(self.norm(x, "head_norm"), "head")
        x = x.reshape(b, 1, 2, 2, 2, d // 2, h // 2, w // 2).permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(b, 1, d, h, w)
        return inputs[:, :1] + x if self.residual else x


def blend_as_gdm(inferer, patch):
    """MONAI raises the product of three Gaussians to .001 and puts the last patch at the border; gdm raises each Gaussian, so that
    corners fade as well, and spreads patches evenly."""
    z = (torch.arange(patch) - (patch - 1) / 2) / (patch / 8)
    axis = torch.exp(-0.5 * z * z).clamp(min=1e-3)
    inferer.roi_weight_map = axis[:, None, None] * axis[None, :, None] * axis

    def places(image_size, patch_size, _interval, return_slice=True):
        starts = []
        for extent, size in zip(image_size, patch_size):
            stride = max(1, round(size * (1 - OVERLAP)))
            gaps = -(-(extent - size) // stride)
            starts.append([(extent - size) * n // gaps for n in range(gaps + 1)] if gaps else [0])
        return [tuple(slice(s, s + size) for s, size in zip(at, patch_size)) for at in itertools.product(*starts)]

    monai.inferers.utils.dense_patch_slices = places


def synthesise(model, source, target, precision):
    """What a script with MONAI does; prints the seconds of the inferer."""
    torch.set_num_threads(THREADS)
    description, tensors = read_model(model)
    generator = description["generator"]
    low, high = generator["hu_range"]
    network = Generator(generator, tensors).eval()
    image = nibabel.load(source)
    hu = torch.from_numpy(numpy.asarray(image.dataobj, dtype=numpy.float32))
    # (i, j, k) of a RAS volume becomes (D, H, W) = (k, j, i), as gdm's networks see it.
    units = ((hu - low) * (2.0 / (high - low)) - 1.0).clamp(-1.0, 1.5).permute(2, 1, 0)[None, None].contiguous()
    inferer = monai.inferers.SlidingWindowInferer(roi_size=(generator["patch_voxels"],) * 3, sw_batch_size=2, overlap=OVERLAP,
                                                  mode="gaussian")
    if os.environ.get("SAME_BLENDING") == "1":
        blend_as_gdm(inferer, generator["patch_voxels"])
    start = time.monotonic()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        out = inferer(units, network).float()
    print(json.dumps({"inferer_s": time.monotonic() - start}))
    ct = ((out[0, 0].permute(2, 1, 0) + 1.0) * (0.5 * (high - low)) + low).clamp(-1024, 3071).round().numpy().astype(numpy.int16)
    nibabel.save(nibabel.Nifti1Image(ct, image.affine), target)


def timed(command):
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


def row(text, precision, tool, model, source, ours, theirs):
    command = [tool, source, "--model", model, "-o", ours, "--force", "--resample", "never", "--any-acquisition", "-q", "--threads",
               str(THREADS), "--overlap", str(OVERLAP), "--precision", precision]
    gdm_s, gdm_cpu, _ = timed(command)
    peer_s, peer_cpu, out = timed([sys.executable, __file__, "--peer", model, source, theirs, precision])
    inferer_s = json.loads(out.strip().splitlines()[-1])["inferer_s"]
    a, b = (numpy.asarray(nibabel.load(path).dataobj, dtype=numpy.float32) for path in (ours, theirs))
    print(f"| {text} | {precision} | {gdm_s:.1f} | {peer_s:.1f} | {peer_s / gdm_s:.2f} | {inferer_s:.1f} | {gdm_cpu:.0f} | "
          f"{peer_cpu:.0f} | {abs(a - b).max():.0f} |", flush=True)


def main():
    if sys.argv[1:2] == ["--peer"]:
        synthesise(*sys.argv[2:6])
        return
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    tool, model, folder = os.path.join(sys.argv[1], "gdm-synth"), sys.argv[2], sys.argv[3]
    os.makedirs(folder, exist_ok=True)
    print(f"torch {torch.__version__}, monai {monai.__version__}, {THREADS} threads, overlap {OVERLAP:g}\n")
    print("| shape | precision | gdm / s | MONAI / s | times | its inferer alone / s | gdm, processor s | MONAI, processor s | "
          "largest difference / HU |")
    print("|---|---|---|---|---|---|---|---|---|")
    for text in sys.argv[4:] or ["256x256x256"]:
        shape = [int(part) for part in text.split("x")]
        source, ours, theirs = (os.path.join(folder, name) for name in ("in.nii", "gdm.nii", "monai.nii"))
        axes = numpy.meshgrid(*[numpy.linspace(-1, 1, n) for n in shape], indexing="ij", sparse=True)
        body = sum((a / 0.8) ** 2 for a in axes) < 1
        noise = numpy.random.default_rng(1).normal(40, 60, shape)
        nibabel.save(nibabel.Nifti1Image(numpy.where(body, noise, -1000).astype(numpy.int16), numpy.diag([3.5, 3.5, 3.5, 1.0])), source)
        for precision in os.environ.get("PRECISIONS", "fp32 bf16").split():
            row(text, precision, tool, model, source, ours, theirs)


main()
