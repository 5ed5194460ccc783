"""Processes that hold a fixed set of cores, started before numpy and jax count them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cores() -> list[int]:
    """The cores that this process may use. Raises `OSError` where a process cannot be held to some of them."""
    if not hasattr(os, "sched_getaffinity"):
        raise OSError("Benchmarks hold processes to single cores, which this system does not offer: run on Linux.")
    return sorted(os.sched_getaffinity(0))


def _hold(held: Sequence[int], platforms: str | None) -> None:
    if "numpy" in sys.modules or "jax" in sys.modules:
        raise RuntimeError("numpy or jax was imported before the process was held to its cores: import them later.")
    os.sched_setaffinity(0, held)
    for name in _THREADS:
        os.environ[name] = str(len(held))
    if platforms:
        os.environ["JAX_PLATFORMS"] = platforms


def worker(held: Sequence[int], platforms: str | None = "cpu") -> ProcessPoolExecutor:
    """One process on these cores, its BLAS with as many threads, its jax with these platforms (None: all)."""
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=_hold, initargs=(tuple(held), platforms)
    )
