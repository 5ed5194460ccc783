"""What computed results depend on beside their input: the source texts of this engine, and the libraries."""

from __future__ import annotations

import functools
import hashlib
import sys
from importlib.machinery import SourceFileLoader
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Never

_PACKAGES = (
    "jax", "jaxlib", "optax", "diffrax", "numpy", "scipy", "cvxpy", "clarabel", "hypothesis", "scikit-learn"
)  # fmt: skip
_ENGINE = ("solvers", "verify")


class AsWritten(SourceFileLoader):
    """Loads a user's file as it stands, and leaves no compiled one beside it.

    Python takes a compiled file for that of any text of the same length that was written within the same second.
    """

    def path_stats(self, path: Any) -> Never:
        """Refused, so that no compiled file is looked for or written."""
        raise OSError(f"{path} is read as it stands.")


def digest(path: Path) -> str:
    """A hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def engine(without: tuple[str, ...] = ()) -> list[str]:
    """The source texts of this engine, as they are when first asked for, each by its name and a hash.

    without: packages of `verify` that are left out.
    """
    places = [
        Path(place) for name in _ENGINE if (spec := find_spec(name)) for place in spec.submodule_search_locations or ()
    ]
    files = sorted((str(path.relative_to(place.parent)), path) for place in places for path in place.rglob("*.py"))
    return [f"{name} {digest(path)}" for name, path in files if Path(name).parts[1] not in without]


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that compute, "none" for what is not installed."""
    found = {"python": sys.version.split()[0]}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
