"""How jax is set up: float64, and one CPU device a core, since XLA on CPU runs one program on one core.

And which devices there are.
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import jax

from solvers.errors import InputError
from verify import compiled, xla

_TOO_LATE = (
    "jax was at work before verify was imported, and this version of it may compute products of matrices wrongly on "
    f"CPUs: import verify first, or set {xla.VARIABLE}={xla.RIGHTLY}."
)


_THREADS, _OWN_WORD = "NPROC", "VERIFY_SAID_NPROC"


def _cpu_devices() -> int:
    """Cores for this process: all of them, shared out among the workers of pytest-xdist."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // workers)


def configure() -> None:
    """Switch on float64, one CPU device a core, errors on silent rank promotion, a cache without its faults, and
    products that are right.

    Called once, when the engine is imported; a backend that the user has already started keeps its devices, and may
    compute wrongly, of which there is a warning.
    """
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_numpy_rank_promotion", "raise")
    compiled.mend()
    xla.compute_rightly()
    count = _cpu_devices()
    _give_threads(count)
    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:
        if xla.may_be_late():
            warnings.warn(_TOO_LATE, stacklevel=2)


def _give_threads(count: int) -> None:
    """Let XLA have two threads a device, or one for one device, unless the user has said how many, before it starts.

    It has one a core, and two devices whose programs wait for decompositions of many matrices then wait for ever. A
    process with a share of the cores only hands its work to and fro between them. What this process says is no user's
    word to those that it starts.
    """
    said = os.environ.get(_THREADS)
    if said is None or said == os.environ.get(_OWN_WORD):
        os.environ[_THREADS] = os.environ[_OWN_WORD] = str(2 * count if count > 1 else 1)


configure()


_MAPS, _ALLOWED = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")


def mapped() -> float:
    """The share taken of the memory mappings that Linux allows a process; 0 on other systems.

    A compiled program takes about nine, and where none is left XLA ends the process.
    """
    try:
        return _MAPS.read_bytes().count(b"\n") / int(_ALLOWED.read_text())
    except OSError:
        return 0.0


def let_go_of_programs(share: float = 0.4) -> bool:
    """Forget the programs compiled in this process if they take more than a share of what it may map; whether so.

    For between one piece of work and the next: what is needed again is compiled again, or found in jax's cache.
    """
    if mapped() <= share:
        return False
    jax.clear_caches()
    gc.collect()
    return True


def power_of_two(size: int, least: int = 1) -> int:
    """The next power of two, and at least `least`."""
    return max(least, 1 << (size - 1).bit_length())


Progress = Callable[[int, int], None]
"""Called with the dataset-steps done and the dataset-steps in all."""


def devices(platform: str | None = None) -> list[Any]:
    """The devices of a platform ("cpu", "gpu"), by default those that work goes to: see `working_on`.

    Raises `InputError` if there is none.
    """
    chosen = getattr(jax.config, "jax_default_device", None)
    if platform is None and chosen is not None:
        platform = chosen.platform
    try:
        return jax.devices(platform)
    except RuntimeError as error:
        raise InputError(f"There is no {platform!r} device here: use cpu, or install jax for it.") from error


def working_on(platform: str | None) -> AbstractContextManager[object]:
    """A context in which everything is computed on that platform; None leaves the choice to jax.

    Raises `InputError` if there is no such device.
    """
    return nullcontext() if platform is None else jax.default_device(devices(platform)[0])
