# A label map without any patient: ball_head FILE makes a ball of brain, fluid, skull, muscle and skin, 36^3 voxels of
# 5 mm. Source it.
ball_head() {
  python3 - "$1" "${2:-0}" <<'P'
import array, math, struct, sys
n, mm = 36, 5.0
header = struct.pack('<i36x8h12xhhh8f', 348, 3, n, n, n, 1, 1, 1, 1, 0, 4, 16, 1, *[mm] * 3, 1, 1, 1, 1)[:108]
header = header[:108].ljust(108, b'\0') + struct.pack('<ff', 352, 1) + bytes(136) + struct.pack('<hh', 0, 1) + bytes(24)
m = -mm * (n - 1) / 2
header += struct.pack('<12f', -mm, 0, 0, -m, 0, mm, 0, m, 0, 0, mm, m) + bytes(16) + b'n+1\0' + bytes(4)
voxels = array.array('h')
for k in range(n):
    for j in range(n):
        for i in range(n):
            r = math.dist((i, j, k), [(n - 1) / 2] * 3)
            voxels.append(2 if r < 8 else 24 if r < 9.5 else 515 if r < 11 else 507 if r < 13 else 511 if r < 14 else 0)
if int(sys.argv[2]):
    voxels[18 * n * n + 18 * n + 18] = int(sys.argv[2])
assert len(header) == 352, len(header)
open(sys.argv[1], 'wb').write(header + voxels.tobytes())
P
}
