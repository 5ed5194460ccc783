"""While testing, types and array shapes of annotated functions are checked, and hypothesis draws the same each time."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jaxtyping
import pytest
import typer.main
from beartype import BeartypeConf, beartype
from hypothesis import settings

from verify.haste import collect_rarely, hasten

ROOT = Path(__file__).parent.parent
# These take more than their fields' types (lists, say), and their own sentences on wrong input are tested.
UNCHECKED = {"verify.datasets.dataset", "solvers.norms"}
# These hand arrays on, and use types of hypothesis that beartype cannot check.
UNCHECKED |= {
    "verify.trials.trial",
    "verify.trials.drawing",
    "verify.trials.settling",
    "verify.trials.shrinking",
    "verify.trials.record",
}
# This makes arrays of a shape while hypothesis draws, and the checker draws random numbers to check a tuple.
UNCHECKED |= {"solvers.labelled"}
_strictly = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int will do for a float


def check(function: Callable[..., object]) -> Callable[..., object]:
    """The function with its types checked, from its first call on: each worker imports thousands, and calls a part."""
    checked = functools.cache(lambda: _strictly(function))

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        return checked()(*args, **kwargs)

    return call


def _modules() -> list[str]:
    paths = [path for package in ("solvers", "verify") for path in (ROOT / package).rglob("*.py")]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if path.name != "__init__.py"}
    return sorted(names - UNCHECKED)


# Before jax starts; workers and subprocesses inherit it. Most programs of tests run for milliseconds.
hasten(level=0)

# Typer builds all commands anew for each call, in 40 ms.
typer.main.get_command = functools.cache(typer.main.get_command)

# Before a test imports them. Compiled functions pay for the checks when they are traced, not when they run.
jaxtyping.install_import_hook(_modules(), "tests.conftest.check")

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")


def pytest_collection_finish() -> None:
    """With all modules of tests imported, and so the packages."""
    collect_rarely()


@pytest.fixture(scope="module", autouse=True)
def few_programs() -> Iterator[None]:
    """After a file, let go of compiled programs if there are many: Linux allows a process so many and no more."""
    yield
    # Only where jax is in use already: some tests look at what a light start imports.
    if backend := sys.modules.get("verify.backend"):
        backend.let_go_of_programs()


@contextmanager
def untyped() -> Iterator[None]:
    """While it lasts no types are checked: where hypothesis draws, say, since the checker draws random numbers too."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture
def untyped_caller() -> Iterator[None]:
    """For tests that pass wrong types on purpose, as a user's call does, where no runtime checking stands before it."""
    with untyped():
        yield
