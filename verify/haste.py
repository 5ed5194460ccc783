"""Compiling in haste, for programs that run briefly: checks of theorems spend more on compiling than on running.

XLA's emitters of fused loops take a fifth of a quick run's processor time, and cutting each program into parts, to be
compiled side by side, takes a tenth. Programs without them run as fast where matrix products dominate, and half as fast
where elementwise work on long arrays does. Python's own search for garbage takes a fifteenth: it walks again and again
through what jax keeps of traced programs, where there is none.
"""

from __future__ import annotations

import gc

from verify import xla

_EMITTERS = "xla_cpu_use_fusion_emitters"
_PARTS = "xla_cpu_parallel_codegen_split_count"
_LEVEL = "xla_backend_optimization_level"
_YOUNG, _OLDER, _OLDEST = 50_000, 20, 20  # Python's thresholds of garbage collection; its own are 700, 10, 10
_hasty: list[bool] = []


def hasten(*, level: int = 1) -> None:
    """Let this process and those that it starts compile in haste, if jax has not started its devices yet; and this one
    collect garbage rarely.

    For programs that own their process, such as the command line; flags that the user has set are left alone.
    level: LLVM's of optimisation; with 0 compiling takes half the time again, and loops run up to five times as long.
    """
    _hasty.append(True)
    xla.compute_rightly()
    xla.ask({_EMITTERS: "false", _PARTS: "1", _LEVEL: str(level)})
    collect_rarely()


def collect_rarely() -> None:
    """Look for garbage seldom from now on, and never among what there is: modules stay, and programs live long."""
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDEST)


def hasty() -> bool:
    """Whether this process compiles in haste."""
    return bool(_hasty)


def with_care() -> dict[str, bool | int] | None:
    """`jax.jit`'s `compiler_options` for a program that runs for long, which is then compiled as ever."""
    return {_EMITTERS: True, _LEVEL: 3} if xla.known() else None


def in_passing() -> dict[str, bool | int] | None:
    """`jax.jit`'s `compiler_options` for a program that runs once, for less long than it is compiled."""
    return {_EMITTERS: False, _LEVEL: 0} if xla.known() else None
