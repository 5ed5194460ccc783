"""Seeds from a master seed and named axes."""

from __future__ import annotations

import hashlib

import numpy as np
from jaxtyping import Shaped


def generator(x: Shaped[np.ndarray, "n d"], y: Shaped[np.ndarray, " n"], purpose: str) -> np.random.Generator:
    """Random numbers that depend on the points, their labels and what they are for, and on nothing else."""
    found = hashlib.sha256(f"{purpose} {x.shape}".encode())
    for part in (x, y):  # without a copy of it
        found.update(np.ascontiguousarray(part).data)
    return np.random.default_rng(np.frombuffer(found.digest(), np.uint32))


def derived_seed(seed: int, *axes: str) -> int:
    """A seed from the master seed and named axes."""
    return int.from_bytes(hashlib.sha256("/".join([str(seed), *axes]).encode()).digest()[:8], "big")
