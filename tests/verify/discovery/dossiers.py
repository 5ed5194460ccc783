"""One small dossier, that all tests share: SignGD under its own step sizes, on few and short runs."""

import functools
from dataclasses import replace

import pytest

from verify import optimizers
from verify.discovery import behaviour, moving
from verify.discovery import dossier as module
from verify.discovery.dossier import Dossier, dossier
from verify.optimizers import PowerDecay

STEPS = 2_000


@functools.cache
def small() -> Dossier:
    """Of sizes that share their programs, on one kind of mini-batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moving, "MOVED", {"n": (4, 8), "gamma": (0.63, 1.6)})
        patch.setattr(behaviour, "SAMPLINGS", ("cyclic",))
        patch.setattr(module, "POWERS", (0.5, 0.8))
        return dossier(
            lambda step_size: optimizers.sign_gd(step_size),
            name="mine.py:make",
            step_size=PowerDecay(0.1, 0.5),
            norms=["linf", "l2"],
            steps=STEPS,
            draws=4,
        )


def without_laws() -> Dossier:
    """The same, if nothing were suggested."""
    return replace(small(), suggestions=(), followed=False)
