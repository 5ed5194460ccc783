"""The folder in which jax keeps compiled programs: its faults cost time, and decide nothing.

jax keeps programs where `JAX_COMPILATION_CACHE_DIR` says so. A run that is killed may leave half of one there, a run
that bounds the folder's size differently leaves them without the time of their last use, which jax then misses at
every later program, and a disk may be full. jax warns of each, and where warnings are errors that ends a claim. Here a
program that cannot be read is removed, a missing time is filled in, a folder that cannot be used is left alone; a
sentence tells of it, once, and the program is compiled. A bounded folder is not read through for every program that is
kept, which takes a tenth of a second where there are thousands.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jax._src import compilation_cache
from jax._src.compilation_cache_interface import CacheInterface
from jax._src.lru_cache import LRUCache

_PROGRAM, _TIME = "-cache", "-atime"  # ends of the names of a program's two files
_SHARE = 64  # of the bound: so much a process adds before it looks for what is to go
_LOGGER = logging.getLogger(__name__)

notes: list[str] = []
"""What was told in this process, each sentence once."""


def _tell(folder: Path, what: str, error: Exception | None = None) -> None:
    why = "" if error is None else f" ({type(error).__name__}: {error})"
    sentence = f"The cache of compiled programs in {folder} {what}{why}."
    if not any(what in note for note in notes):
        notes.append(sentence)
        _LOGGER.warning(sentence)


class Mended(CacheInterface):
    """jax's cache, without its faults: what cannot be read is not there, and what cannot be kept is not kept."""

    def __init__(self, cache: LRUCache):
        self._cache, self._path = cache, cache._path
        self._left = False
        self._added: int | None = None  # bytes since the folder was last read through
        cache._evict_if_needed = self._make_room

    def get(self, key: str) -> bytes | None:  # pyright: ignore[reportIncompatibleMethodOverride]  # jax's has no type
        """The program of that key; None where there is none that is whole."""
        if self._left:
            return None
        try:
            value = self._cache.get(key)
        except Exception as error:
            return self._leave(error)
        try:
            if value is not None:
                compilation_cache.decompress_executable(value)
        except Exception:  # zlib's errors, or zstd's where that is installed
            self._remove(key)
            return None
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keep a program, if there is room for it."""
        if self._left or (self._cache.eviction_enabled and len(value) > self._cache.max_size):
            return
        try:
            self._cache.put(key, value)
        except Exception:
            self._retry(key, value)

    def _make_room(self, *, additional_size: int = 0) -> None:
        """In place of jax's: at the first program that is kept, and then once for each share of the bound."""
        if not self._cache.eviction_enabled:
            return
        share = self._cache.max_size // _SHARE
        if self._added is None or self._added + additional_size > share:
            LRUCache._evict_if_needed(self._cache, additional_size=max(additional_size, share))
            self._added = 0
        self._added += additional_size

    def _retry(self, key: str, value: bytes) -> None:
        """Once what is missing was filled in; the folder is left alone if that does not help."""
        try:
            filled = self._fill_in()
            (self._path / f"{key}{_PROGRAM}").unlink(missing_ok=True)  # half of it may be there
            self._cache.put(key, value)
        except Exception as error:
            self._leave(error)
            return
        if filled:
            _tell(self._path, "lacked the times of last use of some programs, which were filled in")

    def _fill_in(self) -> bool:
        """Give each program without a time of last use that of its writing; whether there was one."""
        filled = False
        for program in self._path.glob(f"*{_PROGRAM}"):
            time = program.with_name(program.name.removesuffix(_PROGRAM) + _TIME)
            if not time.is_file():
                time.write_bytes(program.stat().st_mtime_ns.to_bytes(8, "little"))
                filled = True
        return filled

    def _remove(self, key: str) -> None:
        try:
            for end in (_PROGRAM, _TIME):
                (self._path / f"{key}{end}").unlink(missing_ok=True)
        except OSError as error:
            self._leave(error)
            return
        _tell(self._path, "held a damaged program, which was removed and is compiled anew")

    def _leave(self, error: Exception) -> None:
        self._left = True
        _tell(self._path, "cannot be used, and programs are compiled without it", error)


def _mended(make: Callable[[str], Any]) -> Callable[[str], Any]:
    """jax's maker of a cache in a folder, mended; it makes none where there cannot be one."""

    @functools.wraps(make)
    def made(path: str) -> tuple[CacheInterface, str] | None:
        try:
            found = make(path)
        except Exception as error:
            _tell(Path(path), "cannot be used, and programs are compiled without it", error)
            return None
        return (Mended(found[0]), found[1]) if found and isinstance(found[0], LRUCache) else found

    return made


def mend() -> None:
    """Let jax use its cache through `Mended`, from the next program on."""
    # There is no setting for it, as of jax 0.10; tests tell if these names change.
    if not hasattr(compilation_cache.get_file_cache, "__wrapped__"):
        compilation_cache.get_file_cache = _mended(compilation_cache.get_file_cache)
    if isinstance(compilation_cache._cache, LRUCache):  # the user has compiled something before
        compilation_cache._cache = Mended(compilation_cache._cache)
