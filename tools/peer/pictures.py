"""CIFAR's binary files as tensors, and the views of them that a plan of crops and flips asks for."""

import hashlib

import numpy as np
import torch

SIDE = 32
PADDING = 4
OFFSETS = 2 * PADDING + 1


def read_records(files, label_bytes):
    """Pictures uint8 [N, 3, 32, 32] and labels int64 [N] of files in the official layout; the last label byte is the class."""
    size = label_bytes + 3 * SIDE * SIDE
    records = np.concatenate([np.fromfile(file, dtype=np.uint8).reshape(-1, size) for file in files])
    pictures = records[:, label_bytes:].reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(pictures), records[:, label_bytes - 1].astype(np.int64)


def fingerprint(pictures, labels, classes):
    """SHA-256 over sizes, labels and interleaved pixels, as Tempered's datasets have it: equal where the data are."""
    digest = hashlib.sha256(f"{len(labels)} pictures {SIDE}x{SIDE}x3 in {classes} classes\n".encode())
    digest.update(labels.astype("<u2").tobytes())
    digest.update(np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)).tobytes())
    return digest.hexdigest()


class Pictures:
    """A set of pictures on a device, padded once, out of which batches of views are gathered."""

    def __init__(self, pictures, labels, mean, std, device, dtype):
        self.padded = torch.nn.functional.pad(torch.from_numpy(pictures), (PADDING,) * 4).to(device)
        self.labels = torch.from_numpy(labels).to(device)
        # Normalised in float32, as ToTensor and Normalize do it, whatever the network computes in.
        self.mean = torch.tensor(mean, dtype=torch.float32, device=device).view(1, 3, 1, 1)
        self.std = torch.tensor(std, dtype=torch.float32, device=device).view(1, 3, 1, 1)
        self.span = torch.arange(SIDE, device=device)
        self.channels = torch.arange(3, device=device).view(1, 3, 1, 1)
        self.dtype = dtype

    def __len__(self):
        return len(self.labels)

    def normalised(self, pictures):
        return pictures.float().div(255).sub(self.mean).div(self.std).to(self.dtype)

    def views(self, indices, variants):
        """Pictures and labels of a batch: crop (top * 9 + left) of the padded picture, mirrored afterwards where the last bit says so."""
        offset, flip = variants.div(2, rounding_mode="floor"), variants % 2 == 1
        top, left = offset.div(OFFSETS, rounding_mode="floor"), offset % OFFSETS
        rows = top[:, None] + self.span
        columns = left[:, None] + torch.where(flip[:, None], SIDE - 1 - self.span, self.span)
        cut = self.padded[indices[:, None, None, None], self.channels, rows[:, None, :, None], columns[:, None, None, :]]
        return self.normalised(cut), self.labels[indices]

    def plain(self, begin, end):
        """Pictures and labels as they are, in their order."""
        inner = self.padded[begin:end, :, PADDING:-PADDING, PADDING:-PADDING]
        return self.normalised(inner), self.labels[begin:end]
