#!/usr/bin/env python3
"""A second opinion on the safetensors files of gdm: read_safetensors.py FILE checks the layout and both digests and
prints a line "NAME DTYPE SHAPE BEGIN END SUM" for each tensor in the order of the payload; SUM is that of the bytes for
types without a Python equivalent. It needs no module beyond those of python3-minimal, which has no json: a header holds
strings, whole numbers, lists and dictionaries alone, and these are written the same in Python."""
import ast
import hashlib
import math
import struct
import sys

BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
        "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64}  # the others have 8
CODES = {"BOOL": "B", "U8": "B", "I8": "b", "I16": "h", "U16": "H", "F16": "e", "I32": "i", "U32": "I", "F32": "f",
         "I64": "q", "U64": "Q", "F64": "d", "C64": "f"}  # of the struct module; real and imaginary parts alternate

with open(sys.argv[1], "rb") as file:
    content = file.read()
(length,) = struct.unpack("<Q", content[:8])
text, payload = content[8:8 + length], content[8 + length:]
assert text.startswith(b"{") and (8 + length) % 64 == 0, "the payload is not aligned"
header = ast.literal_eval(text.decode("utf-8"))
metadata = header.pop("__metadata__")
assert hashlib.sha256(payload).hexdigest() == metadata["sha256"], "the payload is damaged"
blank = text.replace(metadata["header_sha256"].encode(), b"0" * 64)
assert hashlib.sha256(blank).hexdigest() == metadata["header_sha256"], "the header is damaged"
position = 0
for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    assert begin == position and (end - begin) * 8 == BITS.get(dtype, 8) * math.prod(shape), name + " has a wrong place"
    position, data = end, payload[begin:end]
    if dtype == "BF16":  # the upper half of a float
        dtype, data = "F32", b"".join(b"\0\0" + data[i:i + 2] for i in range(0, len(data), 2))
    code = CODES.get(dtype, "B")
    values = struct.unpack("<%d%s" % (len(data) // struct.calcsize(code), code), data)
    print(name, entry["dtype"], shape, begin, end, math.fsum(values))
assert position == len(payload), "the payload goes on behind the last tensor"
