"""Flags of XLA, which compiles for jax: those without which it computes wrongly, and how others are asked for.

jaxlib 0.10.2 fuses products of matrices with what comes before and after them into calls of a library (YNNPACK), and
some of these are wrong on CPUs: a product with constant zeros is NaN in every other compilation, and the last rows of
16 385 products of small matrices, squared and summed, are other rows' (jax's issue 39103). Products that are called by
themselves are right, and as fast.
"""

from __future__ import annotations

import os
from importlib.metadata import version

VARIABLE = "XLA_FLAGS"
_KNOWING = ("0.10.",)  # jaxlib's versions that were tried: XLA ends the process at a flag that it does not know
_WRONG = ("0.10.2",)
_FUSED, _ALONE = "xla_cpu_experimental_ynn_fusion_type", "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"
RIGHTLY = f"--{_FUSED}={_ALONE}"
"""What `compute_rightly` sets."""


def known() -> bool:
    """Whether jaxlib is of a version whose flags are known here."""
    return version("jaxlib").startswith(_KNOWING)


def ask(flags: dict[str, str]) -> None:
    """Set flags for this process and those that it starts; those that are set already are left alone.

    It has an effect before jax has started its devices only, and none where the version is not known.
    """
    if not known():
        return
    said = os.environ.get(VARIABLE, "").split()
    named = {flag.partition("=")[0] for flag in said}
    new = [f"--{name}={value}" for name, value in flags.items() if f"--{name}" not in named]
    os.environ[VARIABLE] = " ".join([*said, *new])


def compute_rightly() -> None:
    """Set the flag without which products may be wrong."""
    ask({_FUSED: _ALONE})


def computes_wrongly() -> bool:
    """Whether this version is one that may compute wrongly without that flag, and nobody has set it."""
    return version("jaxlib") in _WRONG and _FUSED not in os.environ.get(VARIABLE, "")
