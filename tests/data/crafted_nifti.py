#!/usr/bin/env python3
"""Writes damaged and impossible NIfTI files (row A1 of the reliability list) into a folder and prints a line for each:
file name, tab, part of the message that is expected. The modules are those of Debian's python3-minimal.
  crafted_nifti.py DIR            write and list
  crafted_nifti.py DIR PROGRAM    also run `PROGRAM info --check NAME` on each, with NAME.out and NAME.err, and add its
                                  exit status and its peak memory in KiB to the line"""
import os
import struct
import sys
import zlib

NAN, INF = float("nan"), float("inf")
V1 = {"dim": (40, "8h"), "datatype": (70, "h"), "bitpix": (72, "h"), "pixdim": (76, "8f"), "vox_offset": (108, "f"),
      "slope": (112, "f"), "inter": (116, "f"), "codes": (252, "2h"), "quaternion": (256, "3f"), "srow": (280, "12f")}
V2 = {"datatype": (12, "h"), "bitpix": (14, "h"), "dim": (16, "8q"), "pixdim": (104, "8d"), "vox_offset": (168, "q"),
      "slope": (176, "d"), "inter": (184, "d"), "codes": (344, "2i"), "quaternion": (352, "3d"), "srow": (400, "12d")}
UNIT = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)


def header(version=1, order="<", **fields):
    """A good header of 8 x 8 x 8 int16 voxels; `fields` replace what is in it."""
    layout, size = (V1, 352) if version == 1 else (V2, 544)
    values = {"dim": (3, 8, 8, 8, 1, 1, 1, 1), "datatype": 4, "bitpix": 16, "pixdim": (1,) * 8, "vox_offset": size,
              "slope": 1, "inter": 0, "codes": (0, 1), "quaternion": (0, 0, 0), "srow": UNIT}
    values.update(fields)
    data = bytearray(size)
    struct.pack_into(order + "i", data, 0, size - 4)
    magic = (344, b"n+1\0") if version == 1 else (4, b"n+2\0\r\n\x1a\n")
    data[magic[0]:magic[0] + len(magic[1])] = magic[1]
    for name, value in values.items():
        offset, kind = layout[name]
        struct.pack_into(order + kind, data, offset, *(value if isinstance(value, tuple) else (value,)))
    return bytes(data)


def gz(data, level=6):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def flipped(data, byte, bit=0):
    data = bytearray(data)
    data[byte] ^= 1 << bit
    return bytes(data)


def dims(*extents):
    return (len(extents),) + extents + (1,) * (7 - len(extents))


VOXELS = struct.pack("<512h", *((n * 37) % 2000 - 1000 for n in range(512)))
GOOD = header() + VOXELS
SINGULAR = (1, 2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0)  # the second column is twice the first


def bomb():
    """64 MiB of zeros in 64 KiB behind a header that promises 1 KiB."""
    return gz(header() + bytes(64 << 20), 9)


def crafted():
    one = {
        "huge-dims": (dict(dim=dims(32767, 32767, 32767)), "is truncated"),
        "wrapped-product": (dict(dim=dims(32767, 32767, 32767, 32767)), "dim[4] is 32767, expected a 3-D volume"),
        "negative-dim": (dict(dim=dims(8, -8, 8)), "dim[2] is -8, expected 1 to 32767"),
        "zero-dim": (dict(dim=dims(8, 8, 0)), "dim[3] is 0, expected 1 to 32767"),
        "no-axes": (dict(dim=(0, 8, 8, 8, 1, 1, 1, 1)), "dim[0] is 0, expected 1 to 7"),
        "eight-axes": (dict(dim=(8,) * 8), "dim[0] is 8, expected 1 to 7"),
        "nan-pixdim": (dict(codes=(0, 0), pixdim=(1, NAN, 1, 1, 0, 0, 0, 0)), "pixdim[1] is nan"),
        "inf-pixdim": (dict(codes=(0, 0), pixdim=(1, 1, INF, 1, 0, 0, 0, 0)), "pixdim[2] is inf"),
        "zero-pixdim": (dict(codes=(1, 0), pixdim=(1, 1, 1, 0, 0, 0, 0, 0)), "pixdim[3] is 0"),
        "nan-offset": (dict(vox_offset=NAN), "vox_offset is nan"),
        "1e30-offset": (dict(vox_offset=1e30), "vox_offset is 1"),
        "negative-offset": (dict(vox_offset=-352), "vox_offset is -352"),
        "offset-in-header": (dict(vox_offset=100), "vox_offset is 100, expected at least 352"),
        "fractional-offset": (dict(vox_offset=352.5), "vox_offset is 352.5"),
        "offset-behind-end": (dict(vox_offset=4096), "is truncated"),
        "datatype-0": (dict(datatype=0), "datatype 0 is not one of NIfTI's"),
        "datatype-999": (dict(datatype=999), "datatype 999 is not one of NIfTI's"),
        "datatype-rgb": (dict(datatype=128, bitpix=24), "the voxels are RGB24"),
        "datatype-complex": (dict(datatype=32, bitpix=64), "the voxels are complex64"),
        "bitpix-8": (dict(bitpix=8), "bitpix is 8, expected 16 for int16"),
        "singular-sform": (dict(srow=SINGULAR), "the sform is singular"),
        "zero-sform": (dict(srow=(0,) * 12), "the sform is singular"),
        "nan-sform": (dict(srow=(NAN,) + UNIT[1:]), "the sform contains nan"),
        "long-quaternion": (dict(codes=(1, 0), quaternion=(1, 1, 1)), "has length above 1"),
        "nan-quaternion": (dict(codes=(1, 0), quaternion=(NAN, 0, 0)), "has length above 1"),
        "nan-intercept": (dict(slope=2, inter=NAN), "scl_inter is nan"),
        "negative-code": (dict(codes=(0, -1)), "sform_code is -1"),
    }
    two = {
        "v2-dim0-200": (dict(dim=(200,) + (8,) * 7), "dim[0] is 200, expected 1 to 7"),
        "v2-dim0-negative": (dict(dim=(-300,) + (8,) * 7), "dim[0] is -300, expected 1 to 7"),
        "v2-dim0-2g": (dict(dim=(1 << 31,) + (8,) * 7), "dim[0] is 2147483648, expected 1 to 7"),
        "v2-huge-dim": (dict(dim=dims(1 << 40, 1 << 20, 1 << 20)), "dim[1] is 1099511627776"),
        "v2-negative-offset": (dict(vox_offset=-1), "vox_offset is -1"),
        "v2-huge-offset": (dict(vox_offset=1 << 62), "vox_offset is 4"),
    }
    for name, (fields, part) in one.items():
        yield name + ".nii", header(**fields) + VOXELS, part
        yield name + "-packed.nii.gz", gz(header(**fields) + VOXELS), part
        yield name + "-swapped.nii", header(order=">", **fields) + VOXELS, part
    for name, (fields, part) in two.items():
        yield name + ".nii", header(2, **fields) + VOXELS, part
        yield name + "-swapped.nii", header(2, ">", **fields) + VOXELS, part
    yield "empty.nii", b"", "the file is empty"
    yield "empty.nii.gz", gz(b""), "the file is empty"
    yield "54-bytes.nii", GOOD[:54], "the file ends after 54 bytes, expected a header of 348"
    yield "header-alone.nii", GOOD[:352], "is truncated: 352 bytes, expected 1376"
    yield "cut.nii", GOOD[:-1], "is truncated: 1375 bytes, expected 1376"
    yield "no-magic.nii", GOOD[:344] + bytes(4) + GOOD[348:], "magic string is missing"
    yield "header-of-pair.nii", GOOD[:344] + b"ni1\0" + GOOD[348:], "is the header of a .hdr/.img pair"
    yield "lone.hdr", GOOD[:344] + b"ni1\0" + bytes(4), "lone.img: No such file"
    yield "words.nii", b"not an image at all\n" * 40, "is text, expected a NIfTI volume"
    yield "much-behind.nii", GOOD + bytes(2 << 20), "more than padding follows the voxels"
    packed = gz(GOOD)
    yield "cut.nii.gz", packed[:-1], "the gzip data are damaged"
    yield "half.nii.gz", packed[:len(packed) // 2], "the gzip data are damaged"
    yield "flipped.nii.gz", flipped(packed, len(packed) // 2), "the gzip data are damaged"
    yield "flipped-crc.nii.gz", flipped(packed, len(packed) - 8), "the gzip data are damaged"
    yield "flipped-length.nii.gz", flipped(packed, len(packed) - 1, 6), "the gzip data are damaged"
    yield "behind.nii.gz", packed + b"garbage!", "the gzip data are damaged"
    yield "bomb.nii.gz", bomb(), "decompresses to more than the expected 1376 bytes"


def run(program, name):
    """Exit status (negative: signal) and peak memory in KiB; this process's own 10 MB are a lower bound of the latter."""
    child = os.fork()
    if child == 0:
        for descriptor, suffix in (1, ".out"), (2, ".err"):
            os.dup2(os.open(name + suffix, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
        os.execv(program, [program, "info", "--check", name])
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss


def main(folder, program=None):
    program = program and os.path.abspath(program)
    os.chdir(folder)
    for name, content, part in crafted():
        with open(name, "wb") as file:
            file.write(content)
        print(name, part, *(run(program, name) if program else ()), sep="\t", flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
