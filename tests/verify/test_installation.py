"""What is installed, and which folders of compiled programs are sound."""

import zlib
from importlib.metadata import version
from pathlib import Path

import pytest

from verify import installation
from verify.installation import EXTRAS, Library, cache, libraries

PROGRAM = zlib.compress(bytes(range(256)) * 40)


def keep(folder: Path, name: str, content: bytes = PROGRAM, timed: bool = True) -> None:
    """As jax keeps a program, with the time of its last use where the folder's size is bounded."""
    (folder / f"{name}-cache").write_bytes(content)
    if timed:
        (folder / f"{name}-atime").write_bytes(b"12345678")


@pytest.mark.parametrize("bounded", [True, False])
def test_whole_programs_with_their_times_are_sound(tmp_path, bounded):
    keep(tmp_path, "a")
    keep(tmp_path, "b")
    (tmp_path / ".lockfile").touch()
    found = cache(tmp_path, bounded=bounded)
    assert found.sound
    assert (found.programs, found.size) == (2, 2 * len(PROGRAM))


def test_an_empty_folder_is_sound(tmp_path):
    assert cache(tmp_path).sound
    assert cache(tmp_path).programs == 0


@pytest.mark.parametrize("content", [PROGRAM[:-3], PROGRAM[:10], b"", b"no archive", b"\0" * 100], ids=len)
def test_a_program_cut_short_is_not_sound(tmp_path, content):
    keep(tmp_path, "a")
    keep(tmp_path, "b", content)
    found = cache(tmp_path)
    assert not found.sound
    assert found.damaged == ("b-cache",)
    assert found.untimed == ()


@pytest.mark.parametrize(
    ("timed", "bounded", "untimed"),
    [
        ((True, False), False, ("b-cache",)),  # made in a bounded folder, whatever jax is told now
        ((False, False), True, ("a-cache", "b-cache")),
        ((False, False), False, ()),  # never bounded: jax asks for no times
    ],
)
def test_a_program_without_its_time_is_not_sound_where_the_size_is_bounded(tmp_path, timed, bounded, untimed):
    for name, has in zip("ab", timed, strict=True):
        keep(tmp_path, name, timed=has)
    found = cache(tmp_path, bounded=bounded)
    assert found.untimed == untimed
    assert found.sound == (not untimed)
    assert found.damaged == ()


def test_what_no_library_here_can_read_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(installation, "_zstd", lambda: None)
    keep(tmp_path, "a", b"\x28\xb5\x2f\xfd whatever")
    assert cache(tmp_path).unread == 1
    assert cache(tmp_path).sound


def test_progress_counts_the_programs(tmp_path):
    keep(tmp_path, "a")
    keep(tmp_path, "b")
    seen = []
    cache(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_libraries_are_those_of_the_package():
    found = {library.name: library for library in libraries()}
    assert found["numpy"].installed == version("numpy")
    assert found["numpy"].fits
    assert "scikit-learn" in found
    assert "beartype" not in found
    assert "beartype" in {library.name for library in libraries("test")}


def test_extras_of_extras_are_followed():
    names = {library.name for library in libraries("dev")}
    assert names >= {"polars", "beartype", "mkdocs", "pyright"}
    assert any(name.startswith("jax-cuda12") for name in {library.name for library in libraries("cuda")})
    assert "implicit-bias-verify" not in names


def test_the_extras_are_those_of_the_package():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    section = text.partition("[project.optional-dependencies]\n")[2].partition("\n\n")[0]
    assert {line.partition(" = ")[0] for line in section.splitlines()} == EXTRAS.keys()


@pytest.mark.parametrize(
    ("wanted", "installed", "fits"),
    [
        (">=1.5", "1.5", True),
        (">=1.5", "1.4.9", False),
        ("<2,>=1.6", "2.0", False),
        ("", "0.1", True),
        ("", None, False),
    ],
)
def test_a_version_fits_or_not(wanted, installed, fits):
    assert Library("x", wanted, installed).fits == fits


def test_a_package_that_is_not_there_asks_for_nothing():
    assert libraries("", "no-such-package-at-all") == []
