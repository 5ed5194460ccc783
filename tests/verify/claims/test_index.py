"""The index of claims: that it holds what the claims say, and that a stale one is not believed."""

import json
import sys
from pathlib import Path

import pytest

import properties
from tests.verify import conjecture
from verify.claims import index
from verify.claims.catalogue import located_in

HERE = Path(properties.__file__).parent


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "theorems").mkdir()
    (tmp_path / "theorems" / "__init__.py").touch()
    (tmp_path / "theorems" / "test_conjecture.py").write_text(conjecture.TRUE)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "theorems"
    for name in [name for name in sys.modules if name.partition(".")[0] == "theorems"]:
        del sys.modules[name]


def test_the_index_of_the_theorems_is_of_the_files_as_they_are():
    kept = index._kept(HERE)
    assert kept is not None, "the index is stale: run `make index`"
    assert kept == index._summarised(list(located_in(properties).values()), HERE)
    assert {summary.id for summary in index.summaries()} >= {summary.id for summary in kept}


def test_an_index_is_renewed_and_a_stale_or_damaged_one_is_left(package):
    assert index._kept(package) is None
    file = index.renew("theorems")
    (kept,) = index._kept(package) or []
    assert (kept.id, kept.kind, len(kept.twins), kept.read) == ("conjectures/true", "limit", 1, "as commonly stated")
    assert kept.file == "theorems/test_conjecture.py"
    file.write_text(json.dumps({"files": "0", "claims": []}))
    assert index._kept(package) is None
    file.write_text("{")
    assert index._kept(package) is None
    index.renew("theorems")
    (package / "test_conjecture.py").write_text(conjecture.FALSE)
    assert index._kept(package) is None


def test_a_name_that_is_no_package_is_refused():
    with pytest.raises(ValueError, match="no package that can be found"):
        index.renew("nowhere")
