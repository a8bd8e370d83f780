"""The images that are copied: layers are archives that Docker can unpack, of bytes that nobody can compress."""

from __future__ import annotations

import io
import random
import tarfile
from dataclasses import dataclass

from tests.registries import images
from tests.registries.images import Blob, Content, Flavour

MB = 1_000_000


@dataclass(frozen=True)
class Shape:
    """So many layers of so many bytes each."""

    layers: int
    layer_bytes: int

    def __str__(self) -> str:
        size = f"{self.layer_bytes // MB} MB" if self.layer_bytes >= MB else f"{self.layer_bytes // 1000} kB"
        return f"{self.layers} x {size}"

    def image(self, seed: str) -> Content:
        """An image of this shape; another seed gives one that shares nothing with it."""
        flavour = Flavour.DOCKER
        layers = [_layer(f"{seed}/{number}", self.layer_bytes) for number in range(self.layers)]
        about = {"os": "linux", "architecture": "amd64", "config": {"Labels": {"seed": seed}}}
        diff_ids = [layer.digest for layer in layers]
        config = Blob(images.encoded({**about, "rootfs": {"type": "layers", "diff_ids": diff_ids}}), flavour.config)
        return images.of_blobs(config, layers, flavour)


def index(seed: str, children: int) -> Content:
    """An index with so many small images."""
    names = [f"linux/amd64/{number}" for number in range(children)]
    return images.index(seed, names, Flavour.DOCKER, sizes=(1000, 1000))


def _layer(seed: str, size: int) -> Blob:
    # Random bytes are made for a part only: a gigabyte of them would take seconds.
    part = random.Random(seed).randbytes(min(size, 20 * MB))  # noqa: S311 - nothing secret
    data = part * (size // len(part))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(f"files/{seed}")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return Blob(archive.getvalue(), Flavour.DOCKER.layer)
