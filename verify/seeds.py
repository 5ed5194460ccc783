"""Seeds from a master seed and named axes."""

from __future__ import annotations

import hashlib

import numpy as np
from jaxtyping import Shaped


def generator(x: Shaped[np.ndarray, "n d"], y: Shaped[np.ndarray, " n"], purpose: str) -> np.random.Generator:
    """Random numbers that depend on the points, their labels and what they are for, and on nothing else."""
    shape = f"{purpose} {x.shape}".encode()
    digest = hashlib.sha256(shape + x.tobytes() + y.tobytes()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def derived_seed(seed: int, *axes: str) -> int:
    """A seed from the master seed and named axes."""
    return int.from_bytes(hashlib.sha256("/".join([str(seed), *axes]).encode()).digest()[:8], "big")
