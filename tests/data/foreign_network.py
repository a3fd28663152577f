"""Features of the robust-tissue networks, computed without gdm and without torch, for the test of nn_layers_test.cpp
that needs their weights (github spikedoanz/niivue-tinygrad):

    gdm-encoder import robust_tissue.LIA.safetensors --layers share/gdm/encoders/robust-tissue.json \
      -o FOLDER/encoder.safetensors
    python3 tests/data/foreign_network.py robust_tissue.LIA.safetensors FOLDER/expected.safetensors
    GDM_TEST_FOREIGN=FOLDER test-gdm-nn --test-case='layers: a real network*'

The layers stand here as the network's makers give them, not as gdm describes them. Needs numpy.
"""
import json
import struct
import sys

import numpy as np


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        payload = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(payload[begin:end], "<f4").reshape(entry["shape"]).astype(np.float64)
    return tensors


def write(path, tensors):
    header, payload = {}, b""
    for name, array in tensors.items():
        data = np.ascontiguousarray(array, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(payload), len(payload) + len(data)]}
        payload += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + payload)


def convolve(x, weight, bias, dilation, stride):
    """(in, d, h, w) -> (out, ...), zeros around of the dilation's width."""
    d = dilation
    padded = np.pad(x, ((0, 0), (d, d), (d, d), (d, d)))
    size = x.shape[1:]
    out = np.zeros((weight.shape[0],) + size)
    for i in range(3):
        for j in range(3):
            for k in range(3):
                part = padded[:, i * d : i * d + size[0], j * d : j * d + size[1], k * d : k * d + size[2]]
                out += np.tensordot(weight[:, :, i, j, k], part, 1)
    return (out + bias[:, None, None, None])[:, ::stride, ::stride, ::stride]


def pooled(x, edge):
    c, d, h, w = x.shape
    return x.reshape(c, d // edge, edge, h // edge, edge, w // edge, edge).mean((2, 4, 6))


def main():
    weights = read(sys.argv[1])
    x = np.random.default_rng(1).random((1, 48, 40, 32)).astype(np.float32)
    found = {"x": x[None]}
    dilations = {0: 1, 2: 2, 4: 4, 6: 6, 8: 8, 10: 1, 12: 10, 14: 12, 16: 16, 18: 12, 20: 10}
    pools = {0: 1, 8: 4, 12: 1, 16: 2, 20: 4}
    y = x.astype(np.float64)
    for index, dilation in dilations.items():
        y = convolve(y, weights["%d.weight" % index], weights["%d.bias" % index], dilation, 2 if index == 10 else 1)
        y = y / (1 + np.exp(-y))
        if index in pools:
            found["c%d" % index] = pooled(y, pools[index])[None]
    write(sys.argv[2], found)


main()
