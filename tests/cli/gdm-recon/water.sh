#!/usr/bin/env bash
# Absolute HU through project and fbp or fdk: a cylinder of water is 0 +- 2 HU and the air around it -1000 +- 5, in every
# geometry, from oversampled rays without noise.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"

python3 - <<'PY'
import array, json, math, struct
n, k, mm = 64, 24, 3.0
header = bytearray(352)
struct.pack_into("<i", header, 0, 348)
struct.pack_into("<8h", header, 40, 3, n, n, k, 1, 1, 1, 1)
struct.pack_into("<hh", header, 70, 4, 16)
struct.pack_into("<8f", header, 76, 1, mm, mm, mm, 1, 1, 1, 1)
struct.pack_into("<ff", header, 108, 352, 1)
header[123] = 2
struct.pack_into("<hh", header, 252, 0, 1)
for row, values in enumerate([(-mm, 0, 0, 94.5), (0, mm, 0, -94.5), (0, 0, mm, -34.5)]):
    struct.pack_into("<4f", header, 280 + 16 * row, *values)
header[344:348] = b"n+1\0"
part = [(a - 1.5) / 4 for a in range(4)]
inside = lambda i, j: sum(math.hypot((i + a - 31.5) * mm, (j + b - 31.5) * mm) < 70 for a in part for b in part)
slice_hu = array.array("h", [round(-1000 + 1000 * inside(i, j) / 16) for j in range(n) for i in range(n)])
open("water.nii", "wb").write(bytes(header) + slice_hu.tobytes() * k)

def geometry(name, kind, **more):
    scan = {"kind": kind, "detector_columns": 120, "detector_rows": 48, "column_spacing_mm": 2.5, "row_spacing_mm": 3.2,
            "angles_deg": {"first": 0, "step": 3, "count": 120}, **more}
    if kind != "parallel":
        scan.update(source_to_isocenter_mm=800, source_to_detector_mm=1000)
    json.dump(scan, open(name + ".json", "w"))
geometry("parallel", "parallel")
geometry("fan", "fan")
geometry("curved", "fan", detector_shape="curved")
geometry("cone", "cone")
geometry("offset", "cone", column_offset_mm=40)
geometry("short", "cone", angles_deg={"first": 10, "step": 2, "count": 104})
PY
for kind in parallel fan curved cone offset short; do
  gdm-recon project water.nii -o $kind-s.nii --geometry $kind.json --oversample 2 -q
  gdm-recon fdk $kind-s.nii -o $kind-hu.nii -q
done
gdm-recon project water.nii -o stack-s.nii --views 120 --oversample 2 -q
gdm-recon fbp stack-s.nii -o stack-hu.nii -q
gdm-recon fbp stack-s.nii -o stack-again-hu.nii --grid cone-hu.nii -q
python3 - <<'PY'
import array, math
for kind in ["parallel", "fan", "curved", "cone", "offset", "short", "stack", "stack-again"]:
    hu = array.array("h", open(kind + "-hu.nii", "rb").read()[352:])
    water, air = [], []
    for z in range(9, 15):
        for j in range(64):
            for i in range(64):
                radius_mm = 3 * math.hypot(i - 31.5, j - 31.5)
                if radius_mm < 55 or 78 < radius_mm < 90:
                    (water if radius_mm < 60 else air).append(hu[i + 64 * (j + 64 * z)])
    water, air = sum(water) / len(water), sum(air) / len(air)
    print(f"{kind}: water {water:.2f} HU, air {air:.2f} HU")
    assert abs(water) < 2 and abs(air + 1000) < 5, kind
PY
