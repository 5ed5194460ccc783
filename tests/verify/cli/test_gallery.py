"""The command that makes the gallery."""

import pytest

import verify.gallery
from solvers.errors import InputError
from tests.verify import toys
from tests.verify.cli.calling import Caller
from verify.cli.gallery import gallery


def test_an_option_that_one_experiment_lacks_stops_nothing_midway(tmp_path, monkeypatch, untyped_caller):
    toy, other = toys.written(tmp_path, monkeypatch), toys.written(tmp_path, monkeypatch, "other", "length")
    monkeypatch.setattr(verify.gallery, "EXPERIMENTS", {m.EXPERIMENT.id: m.EXPERIMENT for m in (toy, other)})
    with pytest.raises(InputError, match="other has no parameter 'size'"):
        gallery("all", option=["size=3"], report_dir=tmp_path)
    assert not toy.COMPUTED


def test_an_experiment_is_a_line_of_80_columns(tmp_path, monkeypatch, untyped_caller, capsys):
    monkeypatch.chdir(tmp_path)
    call = Caller(monkeypatch, capsys)
    lines = call("gallery")[1].splitlines()
    assert [line.split()[0] for line in lines] == list(verify.gallery.EXPERIMENTS)
    assert max(map(len, lines)) <= 80
    wide = call("gallery", "--wide")[1].splitlines()[1:]
    for line, experiment in zip(wide, verify.gallery.EXPERIMENTS.values(), strict=True):
        assert experiment.title in line
        assert all(f"{name}=" in line for name in vars(experiment.parameters))
