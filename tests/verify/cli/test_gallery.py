"""The command that makes the gallery."""

import pytest

import verify.gallery
from solvers.errors import InputError
from tests.verify import toys
from verify.cli.gallery import gallery


def test_an_option_that_one_experiment_lacks_stops_nothing_midway(tmp_path, monkeypatch, untyped_caller):
    toy, other = toys.written(tmp_path, monkeypatch), toys.written(tmp_path, monkeypatch, "other", "length")
    monkeypatch.setattr(verify.gallery, "EXPERIMENTS", {m.EXPERIMENT.id: m.EXPERIMENT for m in (toy, other)})
    with pytest.raises(InputError, match="other has no parameter 'size'"):
        gallery("all", option=["size=3"], report_dir=tmp_path)
    assert not toy.COMPUTED
