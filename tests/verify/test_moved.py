"""Modules under earlier names: public ones are the real ones, the others are refused with their new homes."""

import importlib
import sys

import pytest

import verify
from verify import moved
from verify.claims.claim import Claim


@pytest.mark.parametrize(("name", "home"), moved.ALIASES.items(), ids=moved.ALIASES)
def test_a_public_name_is_the_module_itself(name, home):
    module = importlib.import_module(name)
    assert module is importlib.import_module(home)
    assert module is getattr(verify, name.removeprefix("verify."))
    assert module.__name__ == home
    assert module.__spec__ is not None
    assert module.__spec__.name == home


@pytest.mark.parametrize("name", moved.HOMES)
def test_a_module_that_moved_is_refused_with_homes_that_are_there(name):
    with pytest.raises(ModuleNotFoundError) as refused:
        importlib.import_module(f"verify.{name}")
    assert str(refused.value).startswith(f"verify.{name} has moved: import its names from verify.")
    assert refused.value.name == f"verify.{name}"
    for home in moved.HOMES[name].split():
        importlib.import_module(f"verify.{home}")


def test_other_names_are_refused_as_ever():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'verify\.nothing'"):
        importlib.import_module("verify.nothing")
    assert importlib.import_module("verify.claims.claim").Claim is Claim


def test_the_finder_is_asked_once():
    moved.install()
    assert sum(isinstance(finder, moved.Finder) for finder in sys.meta_path) == 1
