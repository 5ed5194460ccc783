"""The errors that every floor raises on bad input: one sentence that names the input and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class InputError(ValueError):
    """Bad input from a user. Its message is one sentence: what is wrong, and what to do instead."""


class NonSeparableError(InputError):
    """The data has no positive margin, for a reason `why`, and with a `remedy`, which its message names.

    `certificate` holds non-negative weights that sum to one, `[n]` for binary and `[n, k]` for multiclass
    labels (zero at the true class), whose combination of the margin's data vectors vanishes: by Gordan's
    theorem no weight vector then separates the data strictly.
    """

    def __init__(self, message: str, certificate: np.ndarray, why: str = "", remedy: str = ""):
        super().__init__(message)
        self.certificate, self.why, self.remedy = certificate, why, remedy


class UndecidedError(InputError):
    """Whether the data has a positive margin, or how large it is, is undecided at working precision."""


class BracketError(InputError):
    """A reference is not what its own weights and multipliers prove, which is no input's fault but the program's."""
