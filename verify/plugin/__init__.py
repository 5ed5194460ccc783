"""The pytest plugin: options, the fixture `theorem`, the board that shows where a run is.

Only pytest calls it, so its modules import the engine when a theorem is tried, not when pytest starts.
"""

from verify.plugin.asking import hunted
from verify.plugin.fixture import theorem
from verify.plugin.hooks import (
    pytest_addoption,
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_pycollect_makeitem,
)

__all__ = [
    "hunted",
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_pycollect_makeitem",
    "theorem",
]
