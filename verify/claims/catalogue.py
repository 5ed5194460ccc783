"""The claims that are installed, and those of a file."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import textwrap
import traceback
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from solvers.errors import InputError
from verify.sources import AsWritten

GROUP = "implicit_bias_verify.claims"
"""The entry points of packages of claims."""


def claims_of(module: ModuleType) -> Iterator[Any]:
    """The claims that a module defines: its `CLAIM`s, and those in its tuples."""
    from verify.claims.claim import Claim

    for value in vars(module).values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, Claim):
                yield item


def questions_of(module: ModuleType) -> Iterator[Any]:
    """The open questions that a module defines: its `QUESTION`s, and those in its tuples."""
    from verify.claims.question import Question

    for value in vars(module).values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, Question):
                yield item


def all_claims() -> dict[str, Any]:
    """Every claim of the installed packages of the entry point group `GROUP`, by id."""
    return {name: claim for name, (claim, _) in located_claims().items()}


def located_in(package: ModuleType) -> dict[str, tuple[Any, ModuleType]]:
    """A package's claims by id, each with the module that defines it."""
    found: dict[str, tuple[Any, ModuleType]] = {}
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if info.name.rpartition(".")[2].startswith("test_"):
            module = importlib.import_module(info.name)
            found |= {claim.id: (claim, module) for claim in claims_of(module)}
    return dict(sorted(found.items()))


def questions_in(package: ModuleType) -> dict[str, tuple[Any, ModuleType]]:
    """A package's open questions by id, each with the module that defines it."""
    found: dict[str, tuple[Any, ModuleType]] = {}
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if info.name.rpartition(".")[2].startswith("test_") and info.name.split(".")[-2] == "open":
            module = importlib.import_module(info.name)
            found |= {question.id: (question, module) for question in questions_of(module)}
    return dict(sorted(found.items()))


def located_claims() -> dict[str, tuple[Any, ModuleType]]:
    """The installed claims by id, each with the module that defines it."""
    found: dict[str, tuple[Any, ModuleType]] = {}
    for entry in entry_points(group=GROUP):
        found |= located_in(entry.load())
    return dict(sorted(found.items()))


def from_file(path: Path) -> dict[str, Any]:
    """The claims that a Python file defines, by id; raises `InputError` if it is none."""
    return {claim.id: claim for claim in claims_of(of_file(path))}


def of_file(path: Path) -> ModuleType:
    """A Python file as a module, of the name under which pytest imports it: with the packages that it lies in."""
    name, folder = import_name(path)
    spec = importlib.util.spec_from_file_location(name, path, loader=AsWritten(name, str(path.absolute())))
    if path.suffix != ".py" or not path.is_file() or spec is None or spec.loader is None:
        raise InputError(f"{path} is no Python file: give the path of a file that defines a Claim.")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # as pytest does, so that a claim may import what lies beside it
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{path} cannot be run ({raised(error, path)}): mend it, and check it again.") from error
    return module


def import_name(path: Path) -> tuple[str, Path]:
    """The name under which a file is imported, with the packages that it lies in, and the folder that they lie in."""
    name, folder = path.stem, path.absolute().parent
    while (folder / "__init__.py").is_file():
        name, folder = f"{folder.name}.{name}", folder.parent
    return name, folder


def raised(error: BaseException, path: Path | None) -> str:
    """What was raised, and at which line of a file, in few words."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if path is not None and Path(frame.filename) == path.absolute()]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    text = textwrap.shorten(f"{type(error).__name__}: {message}".rstrip(": ."), 120, placeholder=" ...")
    return text if line is None else f"{text}, line {line}"


def chosen(target: str) -> list[Any]:
    """The claims of a file, or of an id or the first part of ids; raises `InputError` if there are none."""
    return [claim for claim, _ in located(target)]


def located(target: str) -> list[tuple[Any, ModuleType]]:
    """The claims that `chosen` finds, each with the module that defines it."""
    if target.endswith(".py"):
        module = of_file(Path(target))
        found = {claim.id: (claim, module) for claim in claims_of(module)}
        if not found and next(questions_of(module), None) is not None:
            raise no_claim(target)
        if not found:
            raise InputError(f"{target} defines no claim: put a verify.Claim at its top level.")
        return list(found.values())
    matching = [each for name, each in located_claims().items() if name == target or name.startswith(f"{target}/")]
    if not matching:
        raise no_claim(target)
    return matching


def no_claim(target: str, remedy: str = "see `verify list`, or give a file that defines one.") -> InputError:
    """That there is no such claim; of an open question, or a file of some, what can be done with it."""
    if target.endswith(".py") or target.partition("/")[0] == "open":
        return InputError(f"{target} is of open questions, which are hunted and not checked: verify hunt {target}.")
    return InputError(f"There is no claim {target!r}: {remedy}")


def asked(target: str) -> list[tuple[Any, ModuleType]]:
    """The open questions of a file, or of an id or the first part of ids, each with its module; none where there is
    none."""
    if target.endswith(".py"):
        module = of_file(Path(target))
        return [(question, module) for question in questions_of(module)]
    if target.partition("/")[0] != "open":
        return []
    found = {name: each for entry in entry_points(group=GROUP) for name, each in questions_in(entry.load()).items()}
    matching = [each for name, each in found.items() if name == target or name.startswith(f"{target}/")]
    if not matching:
        raise InputError(f"There is no open question {target!r}: see `verify list open`.")
    return matching
