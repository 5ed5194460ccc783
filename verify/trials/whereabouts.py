"""Where another process finds a claim, or an open question, that it is the same one there, and how it works on it."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis.errors import HypothesisDeprecationWarning

from solvers.errors import InputError
from verify.backend import let_go_of_programs, working_on
from verify.claims import catalogue
from verify.cluster.agreement import Refused
from verify.trials import fingerprint as fingerprints

if TYPE_CHECKING:
    from types import ModuleType


@dataclass(frozen=True)
class Whereabouts:
    """A claim or a question as plain data.

    id: its own. home: the module that defines it, or the path of a file. mark: its fingerprint.
    """

    id: str
    home: str
    mark: str

    @classmethod
    def of(cls, target: Any, module: ModuleType, *, file: bool) -> Whereabouts:
        """Those of a claim or a question of that module. file: find the module by its path, and not by its name."""
        return cls(target.id, home_of(module, file=file), _mark(target, module))

    def found(self) -> Any:
        """The claim or the question, as it is in this process.

        Raises `Refused` where it is another one here, and `InputError` where it is not here at all.
        """
        known = _defined(self.home)
        if self.id not in known:
            raise InputError(f"{self.home} defines no claim {self.id} here: install the same on all machines.")
        target, mark = known[self.id]
        if mark != self.mark:
            raise Refused(f"has another text or other data of {self.id}: install the same there, and start it anew.")
        return target


def home_of(module: ModuleType, *, file: bool) -> str:
    """The path of a module's file, or its name."""
    return str(Path(str(module.__file__)).absolute()) if file else module.__name__


@contextmanager
def at_work(platform: str | None) -> Iterator[None]:
    """What a worker does its pieces of work in: on that platform, and with room for programs.

    Raises `InputError` if there is no such device.
    """
    let_go_of_programs()
    with warnings.catch_warnings(), working_on(platform):
        # Where other threads of this process, such as those of a worker, take random numbers while hypothesis draws.
        warnings.filterwarnings("ignore", "Do not use the `random` module", HypothesisDeprecationWarning)
        yield


@cache
def _defined(home: str) -> dict[str, tuple[Any, str]]:
    """The claims and questions of a module or file by id, with their fingerprints as of when it was imported."""
    module = catalogue.of_file(Path(home)) if home.endswith(".py") else importlib.import_module(home)
    targets = (*catalogue.claims_of(module), *catalogue.questions_of(module))
    return {target.id: (target, _mark(target, module)) for target in targets}


def _mark(target: Any, module: ModuleType) -> str:
    """The fingerprint of a claim, or of a question's."""
    return fingerprints.fingerprint(getattr(target, "claim", target), str(module.__file__))
