"""`verify doctor`: what it says of libraries, devices and compiled programs, and its exit code."""

import json
import platform
import re
import zlib

import jax
import pytest

from tests.verify.cli.calling import Caller, one_sentence
from verify import installation
from verify.cli import doctor


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "_told_to_jax", lambda found: (None, False))
    return Caller(monkeypatch, capsys)


def words(out: str) -> str:
    return " ".join(out.split())


def test_it_says_what_is_there_in_80_columns(call):
    code, out, _ = call("doctor")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert f"python {platform.python_version()}" in words(out)
    assert f"jax {jax.__version__}" in words(out)
    assert f"{len(jax.devices())} {jax.devices()[0].platform}" in words(out)
    assert "[docs] the documentation site" in words(out)
    assert "set JAX_COMPILATION_CACHE_DIR" in words(out)
    assert "Nothing is to be mended." in out


def test_what_is_missing_is_said_with_what_it_is_for(call, monkeypatch):
    versions = {"mkdocs-material": None, "mkdocs": "1.9"}
    monkeypatch.setattr(installation, "_version", lambda name: versions.get(name, "999"))
    code, out, _ = call("doctor")
    assert code == 0  # nobody needs all of it
    assert "[docs] the documentation site: lacks mkdocs-material: pip install 'implicit-bias-verify[docs]'" in words(
        out
    )


def test_a_library_that_all_need_is_to_be_mended(call, monkeypatch):
    versions = {"optax": "0.1.0", "diffrax": None}
    monkeypatch.setattr(installation, "_version", lambda name: versions.get(name, "999"))
    code, out, _ = call("doctor")
    assert code == 1
    assert re.search(
        r"To mend: optax is 0\.1\.0, diffrax is missing: pip install 'optax>=[\d.]+' 'diffrax>=[\d.]+'\.", words(out)
    )


@pytest.mark.parametrize(
    ("content", "timed", "sentence"),
    [
        (
            zlib.compress(b"x" * 1000)[:-2],
            True,
            "1 compiled programs are cut short, p-cache for one: delete the folder",
        ),
        (
            zlib.compress(b"x" * 1000),
            False,
            "1 compiled programs lack the time of their last use (p-cache has no -atime",
        ),
    ],
)
def test_an_unsound_cache_of_make_is_to_be_mended(call, tmp_path, content, timed, sentence):
    folder = tmp_path / ".jax_cache/123"
    folder.mkdir(parents=True)
    (folder / "p-cache").write_bytes(content)
    if timed:
        (folder / "p-atime").write_bytes(b"12345678")
    code, out, _ = call("doctor")
    assert code == 1
    assert ".jax_cache/123: 1 programs, 0 MB; not sound" in words(out)
    assert f"To mend: {sentence}" in words(out)
    assert "Nothing is to be mended" not in out


def test_a_folder_that_is_given(call, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/p-cache").write_bytes(zlib.compress(b"x"))
    code, out, _ = call("doctor", "--cache", "mine")
    assert code == 0
    assert "mine: 1 programs, 0 MB; sound" in words(out)


def test_json_holds_the_same(call, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/p-cache").touch()
    code, out, _ = call("doctor", "--json", "--cache", "mine")
    told = json.loads(out)
    assert code == 1
    assert {"about": "cache", "found": "mine: 1 programs, 0 MB; not sound"} in told["facts"]
    assert len(told["faults"]) == 1


def test_no_device_is_a_sentence(call, monkeypatch):
    def none(platform=None):
        raise RuntimeError("Unable to initialize backend 'cuda'\nand a long story")

    monkeypatch.setattr(jax, "devices", none)
    code, out, _ = call("doctor")
    assert code == 1
    assert "jax finds no device (Unable to initialize backend 'cuda'): unset JAX_PLATFORMS" in words(out)


def test_the_folder_that_jax_was_told_is_looked_at(monkeypatch, tmp_path):
    before = jax.config.jax_compilation_cache_dir, jax.config.jax_compilation_cache_max_size
    try:
        jax.config.update("jax_compilation_cache_dir", str(tmp_path))
        jax.config.update("jax_compilation_cache_max_size", 1000)
        assert doctor._told_to_jax(doctor.Findings()) == (tmp_path, True)
    finally:
        jax.config.update("jax_compilation_cache_dir", before[0])
        jax.config.update("jax_compilation_cache_max_size", before[1])


def test_no_folder_is_refused(call):
    code, _, err = call("doctor", "--cache", "nowhere")
    assert code == 2
    assert "nowhere is no folder" in one_sentence(err)
