"""Compiling in haste, for programs that run briefly: checks of theorems spend more on compiling than on running.

XLA's emitters of fused loops take a fifth of a quick run's processor time. Programs without them run as fast where
matrix products dominate, and half as fast where elementwise work on long arrays does.
"""

from __future__ import annotations

import os
from importlib.metadata import version

_KNOWING = ("0.10.",)  # jaxlib's versions that were tried: XLA ends the process at a flag that it does not know
_FLAG = "xla_cpu_use_fusion_emitters"


def _known() -> bool:
    return version("jaxlib").startswith(_KNOWING)


def hasten() -> None:
    """Let this process and those that it starts compile in haste, if jax has not started its devices yet.

    For programs that own their process, such as the command line; flags that the user has set are left alone.
    """
    if _known():
        os.environ.setdefault("XLA_FLAGS", f"--{_FLAG}=false")


def with_care() -> dict[str, bool] | None:
    """`jax.jit`'s `compiler_options` for a program that runs for long, which is then compiled as ever."""
    return {_FLAG: True} if _known() else None
