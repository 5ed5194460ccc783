"""Faults of the cache of compiled programs: each program is compiled all the same, and one sentence tells why.

Warnings are errors here, as in every test, so that jax's own on the cache would be seen.
"""

import resource
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest
from jax._src import compilation_cache
from jax._src.lru_cache import LRUCache

from verify import backend, compiled

SETTINGS = (
    "jax_compilation_cache_dir",
    "jax_compilation_cache_max_size",
    "jax_persistent_cache_min_compile_time_secs",
)


def use(folder: Path, max_size: int = 10**8) -> None:
    """Let jax use that folder, as a new process would."""
    for name, value in zip(SETTINGS, (str(folder), max_size, 0.0), strict=True):
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path) -> Iterator[Path]:
    backend.configure()
    kept, told = [getattr(jax.config, name) for name in SETTINGS], compiled.notes[:]
    compiled.notes.clear()
    folder = tmp_path / "cache"
    use(folder)
    yield folder
    compiled.notes[:] = told
    for name, value in zip(SETTINGS, kept, strict=True):
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def runs(factor: float = 3.0) -> None:
    """A program of that factor, compiled or found: a new function each time, so that the folder is asked."""
    assert float(jax.jit(lambda x: factor * x + 1)(2.0)) == 2 * factor + 1


def programs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*-cache"))


def test_a_whole_cache_is_used_without_a_word(cache: Path):
    runs()
    (one,) = programs(cache)
    before = one.stat().st_mtime_ns
    use(cache)
    runs()
    assert [path.stat().st_mtime_ns for path in programs(cache)] == [before]
    assert isinstance(compilation_cache._cache, compiled.Mended)
    assert compiled.notes == []


@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_truncated_program_is_replaced(cache: Path, left: int):
    runs()
    (one,) = programs(cache)
    whole = one.read_bytes()
    one.write_bytes(whole[:left])
    use(cache)
    runs()
    runs(4.0)
    assert len(programs(cache)) == 2
    compilation_cache.decompress_executable(one.read_bytes())
    assert compiled.notes == [
        f"The cache of compiled programs in {cache} held a damaged program, which was removed and is compiled anew."
    ]


def test_a_program_of_other_bytes_is_replaced(cache: Path):
    runs()
    (one,) = programs(cache)
    whole = bytearray(one.read_bytes())
    whole[len(whole) // 2] ^= 255
    one.write_bytes(bytes(whole))
    use(cache)
    runs()
    assert one.read_bytes() != bytes(whole)
    assert len(compiled.notes) == 1


def test_missing_times_of_last_use_are_filled_in(cache: Path):
    """As after a run without a bound on the size, which writes none."""
    use(cache, max_size=-1)
    runs()
    runs(4.0)
    assert not list(cache.glob("*-atime"))
    use(cache)
    runs(5.0)
    runs(6.0)
    assert len(programs(cache)) == len(list(cache.glob("*-atime"))) == 4
    (note,) = compiled.notes
    assert note.endswith(" lacked the times of last use of some programs, which were filled in.")


@pytest.mark.parametrize(("shares", "looks"), [(1000, 1), (2.5, 2), (0.5, 4)])
def test_the_folder_is_read_through_once_for_each_share_of_its_bound(cache: Path, monkeypatch, shares, looks):
    """shares: how many programs one share of the bound has room for."""
    runs()
    size = programs(cache)[0].stat().st_size
    looked: list[int] = []
    look = LRUCache._evict_if_needed
    monkeypatch.setattr(LRUCache, "_evict_if_needed", lambda self, **size: (looked.append(1), look(self, **size)))
    use(cache, max_size=round(64 * shares * size))
    for factor in (4.0, 5.0, 6.0, 7.0):
        runs(factor)
    assert len(looked) == looks
    assert len(programs(cache)) == 5


def test_a_full_cache_makes_room(cache: Path):
    runs()
    size = programs(cache)[0].stat().st_size
    use(cache, max_size=round(1.5 * size))
    runs(4.0)
    assert len(programs(cache)) == 1
    use(cache, max_size=size // 2)
    runs(5.0)
    assert len(programs(cache)) == 1
    assert compiled.notes == []


def test_a_full_disk_is_left_alone(cache: Path):
    """A bound on the size of files, so that a write stops in the middle."""
    runs()
    before, limit = programs(cache), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
    try:
        runs(4.0)
        runs(5.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    (note,) = compiled.notes
    assert "cannot be used, and programs are compiled without it (OSError: " in note
    use(cache)
    runs(4.0)
    runs()
    assert set(before) < set(programs(cache))
    for path in programs(cache):
        compilation_cache.decompress_executable(path.read_bytes())


@pytest.mark.parametrize("where", ["a file in its place", "a file above it", "a folder for its lock"])
def test_a_folder_that_cannot_be_used_is_left_alone(tmp_path: Path, where: str):
    folder = tmp_path / "file" / "below" if where == "a file above it" else tmp_path / "file"
    if where == "a folder for its lock":
        (folder / ".lockfile").mkdir(parents=True)
    else:
        (tmp_path / "file").write_text("not a folder")
    use(folder)
    runs()
    runs(4.0)
    (note,) = compiled.notes
    assert note.startswith(f"The cache of compiled programs in {folder} cannot be used")


def test_a_cache_of_before_is_mended_too(cache: Path):
    compilation_cache._cache = compilation_cache.get_file_cache.__wrapped__(str(cache))[0]
    compiled.mend()
    assert isinstance(compilation_cache._cache, compiled.Mended)
