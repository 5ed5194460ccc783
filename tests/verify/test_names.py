"""The package's public names."""

from __future__ import annotations

import importlib
import pkgutil

import verify


def test_every_public_name_is_there_and_stays_what_it_is():
    first = {name: getattr(verify, name) for name in verify.__all__}
    for info in pkgutil.iter_modules(verify.__path__):
        if info.name not in ("plugin", "__main__"):
            importlib.import_module(f"verify.{info.name}")
    # A module of the same name would have taken the name's place once it was imported.
    assert {name: getattr(verify, name) for name in verify.__all__} == first
