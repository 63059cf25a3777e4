"""Reads .safetensors files with PyTorch alone, so that a Python without that package does."""

import json

import torch

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
}


def read_safetensors(path):
    """The file's tensors by name: 8 bytes of header length, a JSON header, then the tensors' bytes."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        # A copy, since a tensor's bytes need not begin at a multiple of its element's size.
        tensors[name] = torch.frombuffer(bytearray(content[start + begin : start + end]), dtype=dtype).reshape(entry["shape"])
    return tensors
