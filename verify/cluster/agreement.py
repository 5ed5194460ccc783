"""What computed results depend on beside their input, in one process; all that share work must agree on it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from importlib.metadata import version

from solvers.errors import InputError
from verify import sources

FLAGS = "XLA_FLAGS"
_WORDS = {
    "engine": "other source texts of verify and solvers",
    "threads": "several threads for pieces of work, which would run at once in one process",
}
_REMEDIES = {"threads": "start it with --nthreads 1", FLAGS: "start it anew, or with the same"}


class Refused(InputError):
    """A worker is not what the process that asks is; the message begins with what it has, after "The worker ..."."""


def settle_in(flags: str | None) -> None:
    """Let jax compile here as it does in the process that asks, unless this one was told otherwise.

    flags: that process' `XLA_FLAGS`. It has an effect before jax has started its devices only.
    """
    if flags is not None:
        os.environ.setdefault(FLAGS, flags)


def identity(platform: str | None, threads: int = 1) -> dict[str, str]:
    """By name what this process has: versions, a hash of the engine's source texts, jax's flags and its device.

    platform: the device that is asked for, "cpu" or "gpu"; None leaves the choice to jax. threads: those that take
    pieces of work in this process. Raises `InputError` if there is no such device.
    """
    from verify.backend import devices

    return {
        "threads": str(threads),
        "implicit-bias-verify": version("implicit-bias-verify"),
        **sources.versions(),
        "engine": hashlib.sha256("\n".join(sources.engine()).encode()).hexdigest()[:12],
        FLAGS: os.environ.get(FLAGS, "none"),
        "device": devices(platform)[0].platform,
    }


def compare(wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Raise `Refused` at the first thing in which a worker's identity is not the wanted one."""
    for name, value in wanted.items():
        own = found.get(name, "none")
        if own != value:
            words = _WORDS.get(name, f"{name} {own} where {value} is wanted")
            raise Refused(f"has {words}: {_REMEDIES.get(name, 'install the same there, and start it anew')}.")
