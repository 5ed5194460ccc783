"""How jax is set up: float64, and one CPU device a core, since XLA on CPU runs one program on one core."""

from __future__ import annotations

import os

import jax


def _cpu_devices() -> int:
    """Cores for this process: all of them, shared out among the workers of pytest-xdist."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // workers)


def configure() -> None:
    """Switch on float64, one CPU device a core, and errors on silent rank promotion.

    Called once, when the engine is imported; a backend that the user has already started keeps its devices.
    """
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_numpy_rank_promotion", "raise")
    try:
        jax.config.update("jax_num_cpu_devices", _cpu_devices())
    except RuntimeError:
        return


configure()
