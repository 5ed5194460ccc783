"""Flags of XLA, which compiles for jax: those without which it computes wrongly, and how others are asked for.

From 0.10.2 on jaxlib fuses products of matrices with what comes before and after them into calls of a library
(YNNPACK), and some are wrong on CPUs: a product with constant zeros is NaN in many compilations (0.10.2 to 0.12.0), and
the last rows of 16 385 products of small matrices, squared and summed, are other rows' (0.10.2; jax's issue 39103).
Products that are called by themselves are right, and as fast. Versions that were not tried get no flag.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

VARIABLE = "XLA_FLAGS"
# Beginnings of jaxlib's versions that were tried: XLA ends the process at a flag that it does not know.
_KNOWING, _FUSING = ("0.10.",), ("0.10.", "0.11.", "0.12.0")
_WRONG = ("0.10.2", "0.11.", "0.12.0")
_FUSED, _ALONE = "xla_cpu_experimental_ynn_fusion_type", "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"
RIGHTLY = f"--{_FUSED}={_ALONE}"
"""What `compute_rightly` sets."""
_late: list[bool] = []


def known(versions: tuple[str, ...] = _KNOWING) -> bool:
    """Whether jaxlib is of a version that is known here, with one of these beginnings."""
    return version("jaxlib").startswith(versions)


def ask(flags: dict[str, str], versions: tuple[str, ...] = _KNOWING) -> None:
    """Set flags for this process and those that it starts; those that are set already are left alone.

    versions: beginnings of those that know the flags.
    It has an effect before jax has started its devices only, and none where the version is not known, or where the
    variable names a file of flags.
    """
    said = os.environ.get(VARIABLE, "").split()
    if not known(versions) or (said and not said[0].startswith("-")):
        return
    named = {flag.partition("=")[0] for flag in said}
    new = [f"--{name}={value}" for name, value in flags.items() if f"--{name}" not in named]
    os.environ[VARIABLE] = " ".join([*said, *new])


def compute_rightly() -> None:
    """Set the flag without which products may be wrong, and keep in mind whether that may have been too late."""
    if computes_wrongly() and "jax" in sys.modules:
        _late.append(True)
    ask({_FUSED: _ALONE}, _FUSING)


def computes_wrongly() -> bool:
    """Whether this version is one that may compute wrongly without that flag, and nobody has set it."""
    return known(_WRONG) and _FUSED not in os.environ.get(VARIABLE, "")


def may_be_late() -> bool:
    """Whether jax was there when the flag was set here: if it had started its devices, too, they go without."""
    return bool(_late)
