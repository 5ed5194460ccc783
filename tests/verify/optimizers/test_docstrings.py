"""The public optimizers' docstrings: each has its rule, an example whose output is the true one, and a reference."""

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from verify import optimizers
from verify.optimizers import OPTIMIZERS


def modules() -> list[ModuleType]:
    """The modules of the optimizers."""
    return [
        importlib.import_module(found.name) for found in pkgutil.iter_modules(optimizers.__path__, "verify.optimizers.")
    ]


def parts() -> dict[str, Callable[..., Any]]:
    """What else a user calls: the functions of the package's face."""
    faces = {name: getattr(optimizers, name) for name in optimizers.__all__}
    return {name: each for name, each in faces.items() if inspect.isroutine(inspect.unwrap(each))}


PUBLIC = {**parts(), **OPTIMIZERS, "PowerDecay": optimizers.PowerDecay, "Formula": optimizers.Formula}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_the_examples_print_what_they_show(module: ModuleType):
    failed, _ = doctest.testmod(module, report=True)
    assert failed == 0


def test_the_examples_are_found():
    found = [test for module in modules() for test in doctest.DocTestFinder().find(module)]
    assert {test.name.rpartition(".")[2] for test in found if test.examples} >= set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_has_its_rule_its_example_and_its_reference(name: str):
    docstring = inspect.getdoc(PUBLIC[name]) or ""
    paragraphs = docstring.split("\n\n")
    labels = ("Rule: ", "Raises `InputError` ", "Example: ", "Reference: ")
    if name == "rotated":
        labels = tuple(label for label in labels if not label.startswith("Raises"))
    starts = [next((i for i, text in enumerate(paragraphs) if text.startswith(label)), -1) for label in labels]
    assert -1 not in starts, f"{name} has not all of {labels}, each at the start of a paragraph"
    assert starts == sorted(starts), f"{name} has its parts in another order than {labels}"
    assert re.search(r"`[^`]* = [^`]*`", paragraphs[starts[0]]), f"the rule of {name} has no formula"
    assert paragraphs[starts[-2] + 1].startswith("    >>> "), f"the example of {name} has no code after it"
    assert re.search(r"\b(19|20)\d\d\b", paragraphs[starts[-1]]), f"the reference of {name} has no year"


@pytest.mark.parametrize("name", PUBLIC)
def test_each_names_its_arguments(name: str):
    docstring = inspect.getdoc(PUBLIC[name]) or ""
    for argument in inspect.signature(PUBLIC[name]).parameters:
        assert re.search(rf"\b{argument}(, \w+)*: ", docstring), f"{name} does not say what {argument} is"
