"""Mini-batches: which points each step of a run sees.

An epoch sees every point once, in batches of one size; where that does not divide the number of points its last batch
is smaller. A step's gradient is that of the mean loss over its batch. Orders are drawn for a stretch of steps at once,
outside of the loop over them, and depend on the dataset, the seed and the step alone: not on padding, nor on where the
stretch begins or what else runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int, UInt32

from solvers.errors import InputError
from verify import backend as backend
from verify.datasets.dataset import Dataset
from verify.seeds import generator

FULL, CYCLIC, RESHUFFLED, WITH_REPLACEMENT = KINDS = ("full", "cyclic", "reshuffled", "with-replacement")
_DRAWN_AT_ONCE = 1024  # points, at least


@dataclass(frozen=True)
class Sampling:
    """How the points of a step are chosen.

    kind: `full`, all of them; `cyclic`, in the dataset's own order; `reshuffled`, in a new random order every epoch;
    `with-replacement`, each at random, independently. batch: how many a step sees; None for all.
    Raises `InputError` for a kind that there is not, and for a batch that does not go with it.
    """

    kind: str = FULL
    batch: int | None = None

    def __post_init__(self):
        if self.kind not in KINDS:
            raise InputError(f"There is no sampling {self.kind!r}: use one of {', '.join(KINDS)}.")
        if self.kind == FULL and self.batch is not None:
            raise InputError(
                f"A full step sees all points, not a batch of {self.batch!r}: give sampling= one of "
                f"{', '.join(KINDS[1:])}, or no batch."
            )
        if self.kind != FULL and self.batch is None:
            raise InputError(f"The sampling {self.kind!r} has no batch size: give batch=1, say.")
        whole = isinstance(self.batch, int | np.integer) and not isinstance(self.batch, bool)
        if self.batch is not None and not (whole and self.batch >= 1):
            raise InputError(f"The batch is {self.batch!r}: give a whole number of points, 1 or more.")

    @property
    def full(self) -> bool:
        """Whether every step sees every point."""
        return self.batch is None

    def epoch(self, n: Any) -> Any:
        """The steps in which `n` points are seen once, or as many as `n`; 1 of full batches."""
        return 1 if self.batch is None else (n + self.batch - 1) // self.batch

    def __str__(self) -> str:
        return "full batch" if self.full else f"batches of {self.batch}, {self.kind}"

    def check(self, datasets: Sequence[Dataset]) -> None:
        """Raise `InputError` where a dataset has fewer points than a batch."""
        for i, dataset in enumerate(datasets):
            if self.batch is not None and self.batch > dataset.n:
                raise InputError(
                    f"The batch of {self.batch} is larger than dataset {i}, of {dataset.n} points: give a batch of at "
                    f"most {dataset.n}."
                )


ALL = Sampling()
"""Full batches."""


def keys(datasets: Sequence[Dataset], seed: int) -> UInt32[np.ndarray, "b 2"]:
    """A random key a dataset, from the seed and the dataset itself. Raises `InputError` for a negative seed."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"The seed is {seed!r}: give a whole number, 0 or more.")
    drawn = [generator(s.x, s.y, f"sampling {seed}").integers(0, 2**32, 2, dtype=np.uint32) for s in datasets]
    return np.array(drawn, np.uint32).reshape(-1, 2)


def stretch(batch: int, padded: int) -> int:
    """The steps whose points are drawn at once."""
    return max(1, max(_DRAWN_AT_ONCE, padded) // batch)


def draw(
    sampling: Sampling, key: UInt32[Array, "2"], n: Int[Array, ""], first: Int[Array, ""], *, padded: int
) -> tuple[Int[Array, "t m"], Float[Array, "t m"]]:
    """The points that the steps from `first` on see, `t = stretch(m, padded)` of them, and their weights in the mean.

    key: the dataset's. n: the number of its points; padded: with padding, so that shapes do not depend on `n`.
    A place that a smaller batch leaves empty has weight zero, and repeats the batch's first point.
    """
    m = sampling.batch or 0
    t, place = jnp.arange(stretch(m, padded)), jnp.arange(m)[None]
    step = first + t
    if sampling.kind == WITH_REPLACEMENT:
        bits = _bits(key, jnp.broadcast_to(step[:, None], (len(t), m)), jnp.broadcast_to(place, (len(t), m)))
        points = (bits.astype(jnp.uint64) * n.astype(jnp.uint64)) >> 32
        return points.astype(jnp.int32), jnp.full((len(t), m), 1 / m)
    epoch = sampling.epoch(n)
    if sampling.kind == CYCLIC:
        points = (step % epoch)[:, None] * m + place
    else:
        order = _orders(key, n, epoch, first // epoch, m, padded, len(t) * m + 2 * (padded + m - 1))
        begin = (step - first // epoch * epoch)[:, None] * m + place
        points = order[begin]
    inside = points < n
    points = jnp.where(inside, points, points[:, :1])
    return points.astype(jnp.int32), inside / jnp.sum(inside, axis=1, keepdims=True)


def _bits(key: UInt32[Array, "2"], outer: Int[Array, "*s"], inner: Int[Array, "*s"]) -> UInt32[Array, "*s"]:
    """Random bits, of which each depends on the key and its own two numbers."""

    def one(i: Array, j: Array) -> Array:
        folded = jax.random.fold_in(jax.random.fold_in(jax.random.wrap_key_data(key), i), j)
        return jax.random.key_data(folded)[0]

    return jax.vmap(one)(outer.ravel(), inner.ravel()).reshape(outer.shape)


def _orders(key: Array, n: Array, epoch: Array, first: Array, m: int, padded: int, size: int) -> Int[Array, " size"]:
    """Random orders of the points, epoch after epoch from `first` on; the empty places of an epoch are at its end.

    One sort for all epochs: by the epoch, and within it by random bits.
    """
    flat = jnp.arange(size)
    behind, place = flat // (epoch * m), flat % (epoch * m)
    bits = _bits(key, first + behind, place)
    major = 2 * behind + (place >= n)
    low = (padded + m).bit_length()
    if (2 * size + 1).bit_length() + 32 + low > 64:
        return jax.lax.sort((major.astype(jnp.int32), bits, place), num_keys=2)[2]
    # Packed into one number the same order is found several times as fast.
    parts = (major, 32 + low), (bits, low), (place, 0)
    packed = sum((part.astype(jnp.uint64) << shift for part, shift in parts), jnp.zeros(size, jnp.uint64))
    return (jnp.sort(packed) & ((1 << low) - 1)).astype(place.dtype)
