#!/usr/bin/env python3
"""Quality of reconstructions of real CT: simulated scans of the cases of manifests with 10^5 photons, rays on a three
times finer object, seed 1; means over the cases of each manifest, graded by gdm-metrics.

usage: quality_ct.py BIN FOLDER MANIFEST[=CASE,CASE...]... [--views 24,48,96] [--methods fbp,sirt,cgls,tv]
                     [--geometry FILE] [--slab N]

BIN holds gdm-recon and gdm-metrics; what exists in FOLDER is not made again. CASE is the id of a case, or :N for the
first N of the split test. With --geometry the scan is that of the file, in whose name {views} stands for their number,
and the command fdk makes what fbp makes of parallel beams. --slab N takes the N slices in the middle of a volume of more
than 256 x 256 voxels: parallel beams see each slice alone."""
import argparse
import gzip
import json
import os
import struct
import subprocess

COLUMNS = {"mae_hu": "MAE / HU", "rmse_hu": "RMSE / HU", "psnr_db": "PSNR / dB", "ssim": "SSIM"}


def chosen(argument):
    """A name and the cases of MANIFEST[=CASES], with whole paths."""
    path, _, wanted = argument.partition("=")
    with open(path) as file:
        manifest = json.load(file)
    cases = manifest["cases"]
    if wanted.startswith(":"):
        cases = [c for c in cases if c["split"] == "test"][:int(wanted[1:])]
    elif wanted:
        cases = [c for c in cases if c["id"] in wanted.split(",")]
    for case in cases:
        case["target"] = os.path.abspath(os.path.join(os.path.dirname(path), case["target"]))
    name = os.path.splitext(os.path.basename(path))[0]
    return ",".join(c["id"] for c in cases) if len(cases) < 3 else name, {**manifest, "cases": cases}


def cut(path, slices, output):
    """The slices in the middle of a NIfTI-1 volume of many pixels; returns the file to take."""
    with gzip.open(path) as file:
        header = bytearray(file.read(352))
        ni, nj, nk = struct.unpack_from("<3h", header, 42)
        if ni * nj <= 256 * 256 or nk <= slices:
            return path
        offset, bits = int(struct.unpack_from("<f", header, 108)[0]), struct.unpack_from("<h", header, 72)[0]
        first, slice_bytes = (nk - slices) // 2, ni * nj * bits // 8
        file.seek(offset + first * slice_bytes)
        voxels = file.read(slices * slice_bytes)
    if struct.unpack_from("<h", header, 254)[0] == 0:
        raise SystemExit(f"quality_ct.py: {path} has no sform, which a slab needs")
    struct.pack_into("<h", header, 46, slices)
    struct.pack_into("<f", header, 108, 352.0)
    for row in range(3):  # of the sform; the qform, which would stand elsewhere, is left out
        at = 280 + 16 * row
        per_k, start = struct.unpack_from("<2f", header, at + 8)
        struct.pack_into("<f", header, at + 12, start + first * per_k)
    struct.pack_into("<h", header, 252, 0)
    with gzip.open(output, "wb", 1) as file:
        file.write(bytes(header) + voxels)
    return output


def made(bin_folder, output, command, *options):
    """Runs gdm-recon unless its output exists; returns the manifest."""
    manifest = os.path.join(output, "manifest.json")
    if not os.path.exists(manifest):
        subprocess.run([f"{bin_folder}/gdm-recon", command, *options, "-o", output, "-q", "--force"], check=True,
                       stdout=subprocess.DEVNULL)
    return manifest


def predictions(path):
    """A reconstruction is an input to networks in the manifest that gdm-recon writes; to be graded it is a prediction."""
    with open(path) as file:
        manifest = json.load(file)
    for case in manifest["cases"]:
        case["prediction"] = next(v for k, v in case["inputs"].items() if k != "sinogram")
    output = os.path.join(os.path.dirname(path), "predictions.json")
    with open(output, "w") as file:
        json.dump(manifest, file)
    return output


def grade(args, manifest, folder, views):
    """{method: {column: mean}} of one number of views."""
    acquisition = ["--photons", "1e5", "--oversample", "3", "--seed", "1"]
    scan = ["--geometry", args.geometry.replace("{views}", str(views))] if args.geometry else ["--views", str(views)]
    scans = made(args.bin, f"{folder}/scans", "project", manifest, *scan, *acquisition)
    methods = []
    for method in args.methods.split(","):
        command, options = "iterative", ["--method", method]
        if method == "fbp":
            command, options = "fdk" if args.geometry else "fbp", []
        start = os.times().children_user
        methods.append(f"{method}={predictions(made(args.bin, f'{folder}/{method}', command, scans, *options))}")
        print(f"{folder} {method}: {os.times().children_user - start:.0f} s of the processor", flush=True)
    report = subprocess.run([f"{args.bin}/gdm-metrics", *methods, "--metrics", ",".join(COLUMNS), "--json", "-q"],
                            check=True, stdout=subprocess.PIPE).stdout
    return {m["name"]: {key: m["aggregate"][key]["mean"] for key in COLUMNS} for m in json.loads(report)["methods"]}


def prepared(args, name, manifest):
    """Writes the manifest of the cases as they are taken, and returns its name and folder."""
    folder = os.path.join(args.folder, name)
    os.makedirs(folder, exist_ok=True)
    for case in manifest["cases"]:
        if args.slab:
            case["target"] = cut(case["target"], args.slab, os.path.abspath(f"{folder}/{case['id']}.nii.gz"))
    with open(f"{folder}/cases.json", "w") as file:
        json.dump(manifest, file)
    return f"{folder}/cases.json", folder


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("bin")
    parser.add_argument("folder")
    parser.add_argument("manifests", nargs="+")
    parser.add_argument("--views", default="24,48,96")
    parser.add_argument("--methods", default="fbp,sirt,cgls,tv")
    parser.add_argument("--geometry")
    parser.add_argument("--slab", type=int, default=0)
    args = parser.parse_args()
    lines = []
    for argument in args.manifests:
        name, manifest = chosen(argument)
        cases, folder = prepared(args, name, manifest)
        for views in args.views.split(","):
            for method, means in grade(args, cases, f"{folder}/{views}", views).items():
                cells = [f"{means[key]:.{3 if key == 'ssim' else 1}f}" for key in COLUMNS]
                lines.append(f"| {name} ({len(manifest['cases'])}) | {views} | {method} | {' | '.join(cells)} |")
    print("| cases | views | method | " + " | ".join(COLUMNS.values()) + " |")
    print("|---" * (3 + len(COLUMNS)) + "|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
