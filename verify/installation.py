"""What is installed of what this package asks for, and whether a folder of compiled programs is sound."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "implicit-bias-verify"
EXTRAS = {
    "cuda": "runs on NVIDIA GPUs",
    "cluster": "theorems tried on several machines, by Dask",
    "test": "the project's own tests, and a bound on the size of the cache",
    "docs": "the documentation site",
    "dev": "checks of style, types and imports",
}
"""The extras, and what each is for."""

_PROGRAM, _USED = "-cache", "-atime"  # how jax ends the names of a program and of the time when it was last used
_ZSTD = b"\x28\xb5\x2f\xfd"  # how a frame of Zstandard begins (RFC 8878, section 3.1.1)


@dataclass(frozen=True)
class Library:
    """A library that is asked for. wanted: its versions, in the notation of pip. installed: None where it is not."""

    name: str
    wanted: str
    installed: str | None

    @property
    def fits(self) -> bool:
        """Whether it is there, in a version that is wanted."""
        return self.installed is not None and Requirement(f"x{self.wanted}").specifier.contains(self.installed, True)


def libraries(extra: str = "", package: str = PACKAGE) -> list[Library]:
    """What a package asks for: always, or for an extra beyond that; extras of others are followed."""
    found: dict[str, Library] = {}
    for asked in _asked(package, extra):
        name = canonicalize_name(asked.name)
        if name != canonicalize_name(package):
            found[name] = Library(name, str(asked.specifier), _version(asked.name))
        for inner in asked.extras:
            found |= {each.name: each for each in libraries(inner, asked.name)}
    return list(found.values())


def _asked(package: str, extra: str) -> Iterator[Requirement]:
    try:
        lines = requires(package) or []
    except PackageNotFoundError:
        return
    for asked in map(Requirement, lines):
        marker = asked.marker
        if marker is None or marker.evaluate({"extra": ""}):
            wanted = not extra
        else:
            wanted = bool(extra) and marker.evaluate({"extra": extra})
        if wanted:
            yield asked


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Cache:
    """A folder of programs that jax has compiled.

    programs: how many. size: in bytes. untimed: those without the time of their last use, where others have one or
    the folder's size is bounded: jax then fails to make room, and keeps no new program. damaged: those that end too
    early, or are no archive. unread: those in a compression that this Python cannot read.
    """

    folder: Path
    programs: int
    size: int
    untimed: tuple[str, ...]
    damaged: tuple[str, ...]
    unread: int

    @property
    def sound(self) -> bool:
        """Whether jax can take its programs as they are."""
        return not self.untimed and not self.damaged


def cache(folder: Path, *, bounded: bool = False, progress: Callable[[int, int], None] | None = None) -> Cache:
    """Read all programs of a folder.

    bounded: whether jax is told to bound its size. progress: called with the programs that are read, and with all.
    """
    programs = sorted(folder.glob(f"*{_PROGRAM}"))
    timed = [path.with_name(path.name.removesuffix(_PROGRAM) + _USED).is_file() for path in programs]
    untimed = [path.name for path, there in zip(programs, timed, strict=True) if not there]
    whole: list[bool | None] = []
    for done, path in enumerate(programs, 1):
        whole.append(_whole(path.read_bytes()))
        if progress:
            progress(done, len(programs))
    return Cache(
        folder=folder,
        programs=len(programs),
        size=sum(path.stat().st_size for path in programs),
        untimed=tuple(untimed) if bounded or any(timed) else (),
        damaged=tuple(path.name for path, there in zip(programs, whole, strict=True) if there is False),
        unread=whole.count(None),
    )


def _whole(content: bytes) -> bool | None:
    """Whether an archive has its end; None for one that cannot be read here."""
    archive: Any = zlib.decompressobj()
    if content.startswith(_ZSTD):
        archive = _zstd()
        if archive is None:
            return None
    try:
        archive.decompress(content)
    except Exception:  # each library has its own
        return False
    return archive.eof


def _zstd() -> Any:
    """A reader of Zstandard, as jax takes it: of Python 3.14, or of the package `zstandard`."""
    for module, name in (("compression.zstd", "ZstdDecompressor"), ("zstandard", "ZstdDecompressor")):
        try:
            made = getattr(import_module(module), name)()
        except ImportError:
            continue
        return made if module == "compression.zstd" else made.decompressobj()
    return None
