"""What commands write: refused before anything is computed, plain values, and arrays with their story."""

import json
from pathlib import Path

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.cli.calling import Caller
from verify.cli.written import Outputs


def test_arrays_are_saved_with_what_was_found(tmp_path, capsys):
    outputs = Outputs(None, tmp_path / "new" / "run.npz", True)
    outputs.check()
    outputs.write({"norm": "l2", "share": np.nan, "curves": {"time": np.arange(3)}}, {"time": np.arange(3)})
    assert json.loads(capsys.readouterr().out) == {"norm": "l2", "share": None, "curves": {"time": [0, 1, 2]}}
    with np.load(tmp_path / "new" / "run.npz", allow_pickle=False) as saved:
        np.testing.assert_array_equal(saved["time"], [0, 1, 2])
        assert json.loads(str(saved["about"])) == {"norm": "l2", "share": None}


@pytest.mark.parametrize(
    ("figure", "save", "sentence"),
    [
        ("a.pdf", None, "A figure is an .svg or .png file, not a.pdf: change"),
        (None, "a.npy", "Curves are saved in an .npz file, not in a.npy: change"),
        (None, "folder.npz", "folder.npz cannot be written: give a file in a folder"),
        ("file/a.svg", None, "a.svg cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(tmp_path, monkeypatch, figure, save, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=sentence):
        Outputs(figure and Path(figure), save and Path(save), False).check()


@pytest.mark.parametrize(
    "line",
    [
        ["attain", "ji2021/normalised-gd", "--rate", "-1"],
        ["sharpen", "ji2021/normalised-gd"],
        ["dossier", "--optimizer", "sign_gd"],
    ],
    ids=lambda line: line[0],
)
def test_a_folder_that_cannot_be_is_refused_before_the_work(tmp_path, monkeypatch, capsys, line):
    (tmp_path / "file").touch()
    call = Caller(monkeypatch, capsys, columns=200)
    code, out, err = call(*line, "--folder", str(tmp_path / "file" / "folder"))
    assert (code, out) == (2, "")
    assert "cannot be written: give another --folder." in err
