"""`verify identify`: what it prints and draws, and how it refuses bad input."""

import json
import re

import numpy as np
import pytest

from verify.cli import app, common


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common.out, "width", 200)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["verify", "identify", *arguments])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


SHORT = ("--data", "drawn:binary", "--draws", "2", "--steps", "10000", "--norm", "linf", "--norm", "l2")


def test_it_ranks_the_norms_and_draws_them(call, tmp_path):
    code, out, _ = call("--optimizer", "sign_gd", *SHORT, "--figure", "sign.svg")
    assert code == 0
    ranking = out.partition("It maximises")[0]
    assert max(map(len, ranking.splitlines())) <= 80
    assert re.search(r"^ linf +0\.99\d+ .* 2 of 2 +0 +2 of 2 *$", ranking, re.MULTILINE)
    assert re.search(r"^ l2 .* 0 of 2 +0 +0 of 2 *$", ranking, re.MULTILINE)
    assert "It maximises the linf margin, on 2 of 2 datasets" in out
    figure = (tmp_path / "sign.svg").read_text()
    assert "linf" in figure
    assert "sign_gd on drawn:binary" in figure


def test_json_and_arrays(call, tmp_path):
    code, out, err = call("--optimizer", "sign_gd", *SHORT, "--json", "--save", "found.npz")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["title"], found["norm"]) == ("sign_gd on drawn:binary", "linf")
    assert found["sentence"].startswith("It maximises the linf margin, on 2 of 2 datasets")
    assert [score["norm"] for score in found["ranking"]] == ["linf", "l2"]
    with np.load(tmp_path / "found.npz", allow_pickle=False) as saved:
        assert saved["gaps_linf"].shape == (2, len(saved["log_time"])) == np.shape(found["curves"]["gaps"]["linf"])
        assert json.loads(str(saved["about"]))["norm"] == "linf"


def test_a_flow_has_a_panel_of_its_own(call, tmp_path):
    code, out, _ = call(
        "--optimizer", "gradient_descent", "-o", "step_size=0.5", *SHORT, "--log-time", "100", "--figure", "g.svg"
    )
    assert code == 0
    assert "It maximises the l2 margin" in out
    assert "up to t = e^100 " in out
    assert "of the flow" in (tmp_path / "g.svg").read_text()


def test_a_file_of_data(call, tmp_path):
    (tmp_path / "d.csv").write_text("a,b,label\n1,2,1\n-1,-3,-1\n")
    code, out, _ = call("--optimizer", "sign_gd", "--data", "d.csv", "--steps", "1000")
    assert code == 0
    assert "On this dataset it maximises the linf margin" in out


def test_weights_that_do_not_move_are_said_not_to(call):
    code, out, err = call("--optimizer", "optax.sign_sgd", "-o", "learning_rate=0", *SHORT)
    assert code == 0
    assert "The weights do not move" in out
    assert "nan" not in out
    assert "divide by zero" not in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--optimizer", "nadamax"], "There is no optimizer 'nadamax'"),
        (["--optimizer", "sign_gd", "--figure", "a.pdf"], "an .svg or .png file"),
        (["--optimizer", "sign_gd", "--data", "iris"], "separable"),
        (["--optimizer", "sign_gd", "--data", "drawn", "--draws", "0"], "cannot be drawn"),
        (["--optimizer", "sign_gd", "--norm", "l2"], "name two at least"),
        (["--optimizer", "sign_gd", "--data", "drawn:binary", "--norm", "spectral", "--norm", "l2"], "matrix"),
        (["--optimizer", "sign_gd", "--steps", "0"], "at least one step"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(call, arguments, sentence):
    code, _, err = call(*arguments)
    assert code == 2
    assert sentence in err
    assert err.startswith("verify: ")
    assert len(err.strip().splitlines()) == 1


def test_no_count_is_cut_in_a_terminal_of_80_columns():
    from io import StringIO

    from rich.console import Console

    from reports.identification import Row, table

    written = StringIO()
    numbers = {"share": 0.912345, "fall": 0.51, "slope": 0.4, "misalignment": 0.0123}
    row = Row("max(spectral, others linf)", **numbers, wins=12, falls=13, judged=16, stands=1)
    Console(width=80, file=written).print(table([row]))
    assert "13 of 16" in written.getvalue()
    assert "12 of 16" in written.getvalue()
