"""Experiments: what they measure, and that what was finished is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import verify.gallery
from reports.records import write_record
from solvers import max_margin, normalised_margin
from solvers.errors import InputError, NonSeparableError
from tests.reports import samples
from verify import run
from verify.cli import app
from verify.gallery import EXPERIMENTS, fan2025_experiment
from verify.gallery.experiment import After, Experiment, Finding
from verify.gallery.making import make

SMALL = fan2025_experiment.Parameters(classes=3, features=4, points=5, spread=0.1, datasets=2, steps=1000)
CHOSEN = [method for method in fan2025_experiment.METHODS if method.name in ("SignGD", "NGD", "Spectral Descent")]


def compute(p: fan2025_experiment.Parameters, seed: int = 0) -> dict:
    results: dict = {}
    for name, part in fan2025_experiment.parts(p, seed).items():
        # Through JSON, as the command keeps them.
        results[name] = json.loads(json.dumps(part(results), allow_nan=False))
    return results


@pytest.fixture(scope="module")
def results():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fan2025_experiment, "METHODS", tuple(CHOSEN))
        yield compute(SMALL)


def datasets(results: dict):
    return [fan2025_experiment.dataset(SMALL, 0, index, draw) for index, draw in enumerate(results["draws"])]


def test_datasets_are_clouds_around_their_centres():
    p = replace(SMALL, points=200)
    drawn = fan2025_experiment.dataset(p, 0, 0, 0)
    assert (drawn.n, drawn.d, drawn.classes) == (600, 4, 3)
    centres = np.stack([drawn.x[drawn.y == c].mean(axis=0) for c in range(3)])
    assert np.std(drawn.x - centres[drawn.y]) == pytest.approx(0.1, rel=0.1)
    assert np.std(centres) > 0.5
    np.testing.assert_array_equal(fan2025_experiment.dataset(p, 0, 0, 0).x, drawn.x)
    others = [fan2025_experiment.dataset(p, *axes).x for axes in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert all(not np.any(other == drawn.x) for other in others)


def test_draws_have_a_positive_margin():
    p = fan2025_experiment.Parameters(classes=3, features=2, points=4, spread=0.6, datasets=6)
    draws = fan2025_experiment.parts(p, 0)["draws"]({})
    assert max(draws) > 0  # else nothing was turned away, and this test shows nothing
    for index, taken in enumerate(draws):
        for draw in range(taken + 1):
            data = fan2025_experiment.dataset(p, 0, index, draw)
            if draw == taken:
                assert max_margin(data.x, data.y).lower > 0
            else:
                with pytest.raises(NonSeparableError):
                    max_margin(data.x, data.y)


def test_draws_without_a_margin_are_told(monkeypatch):
    monkeypatch.setattr(fan2025_experiment, "_DRAWS", 3)
    hopeless = replace(SMALL, classes=4, features=1)  # on a line through 0 only two classes can be told apart
    with pytest.raises(InputError, match="has a positive margin: take less spread or more features"):
        fan2025_experiment.parts(hopeless, 0)["draws"]({})


def test_curves_are_what_the_weights_say(results):
    data = datasets(results)
    for method in CHOSEN:
        kept = results[method.name]
        assert kept["time"][-1] == kept["correlation_time"][-1] == 1000
        again = run(method.optimizer, data, loss="cross_entropy", steps=1000, norms=list(fan2025_experiment.NORMS))
        for norm in fan2025_experiment.NORMS:
            for i, (s, w) in enumerate(zip(data, again.weights, strict=True)):
                v = max_margin(s.x, s.y, norm).weights
                cosine = np.sum(w * v) / np.sqrt(np.sum(w * w) * np.sum(v * v))
                assert kept["correlation"][norm][i][-1] == pytest.approx(cosine, abs=1e-9)
                assert kept["margin"][norm][i][-1] == pytest.approx(normalised_margin(w, s.x, s.y, norm), rel=1e-9)


def test_no_margin_exceeds_its_reference(results):
    for method in CHOSEN:
        for norm in fan2025_experiment.NORMS:
            upper = np.array(results[f"reference {norm}"]["upper"])
            assert np.all(np.array(results[method.name]["margin"][norm]) <= upper[:, None] * (1 + 1e-12))


def test_finding_tells_the_numbers(results, monkeypatch):
    monkeypatch.setattr(fan2025_experiment, "METHODS", tuple(CHOSEN))
    found = fan2025_experiment.find(SMALL, results)
    margins = {name: results["SignGD"]["margin"][name] for name in fan2025_experiment.NORMS}
    gaps = [1 - m[-1] / u for m, u in zip(margins["linf"], results["reference linf"]["upper"], strict=True)]
    assert found.numbers["last_gap"]["SignGD"]["linf"] == pytest.approx(gaps)
    assert found.rows[0][:3] == ("SignGD (η₀ = 0.1)", "max-norm", pytest.approx(np.median(gaps)))
    assert f"In the max-norm SignGD has a gap of {np.median(gaps):.2g} at the end" in found.sentences[0]
    assert all(len(row) == len(found.headings) for row in found.rows)
    shown = [c for c in found.drawing["curves"] if (c["series"], c["row"], c["column"]) == (0, 0, 0)]
    assert len(shown) == 1
    assert shown[0]["y"][-1] == pytest.approx(np.median(gaps))
    assert np.all(np.diff(shown[0]["x"]) > 0)


def test_methods_with_wrong_norms_are_found_out(results, monkeypatch):
    """The false twin: SignGD said to follow the spectral norm, and Spectral Descent the max-norm."""
    monkeypatch.setattr(fan2025_experiment, "METHODS", tuple(CHOSEN))
    honest = " ".join(fan2025_experiment.find(SMALL, results).sentences)
    assert "In the max-norm SignGD has" in honest
    assert "SignGD is nearer" not in honest
    swapped = {"SignGD": "spectral", "Spectral Descent": "linf"}
    wrong = [replace(method, norm=swapped.get(method.name, method.norm)) for method in CHOSEN]
    monkeypatch.setattr(fan2025_experiment, "METHODS", tuple(wrong))
    false = " ".join(fan2025_experiment.find(SMALL, results).sentences)
    assert "and SignGD, the nearest method of another norm" in false
    assert "a method of the norm itself is the nearest on 0 of 2 datasets" in false
    assert "SignGD is nearer to the margin of the max-norm than to that of the spectral norm" in false


def test_parameters_from_text():
    changed = EXPERIMENTS["fan2025-experiment"].with_parameters({"steps": "500", "spread": "0.25"}).parameters
    assert (changed.steps, changed.spread) == (500, 0.25)
    with pytest.raises(InputError, match="has no parameter 'step': its parameters are classes, features"):
        EXPERIMENTS["fan2025-experiment"].with_parameters({"step": "500"})
    with pytest.raises(InputError, match="steps=many is no int"):
        EXPERIMENTS["fan2025-experiment"].with_parameters({"steps": "many"})
    with pytest.raises(InputError, match="two classes, one feature"):
        fan2025_experiment.Parameters(classes=1)


@dataclass(frozen=True)
class Toy:
    """Parameters of an experiment whose parts count how often they are computed."""

    size: int = 2


class Counter:
    def __init__(self):
        self.computed: list[str] = []
        self.broken = False

    def parts(self, p: Toy, seed: int):
        def first(_):
            self.computed.append("first")
            return [seed, p.size]

        def second(results):
            if self.broken:
                raise KeyboardInterrupt
            self.computed.append("second")
            return sum(results["first one"])

        return {"first one": first, "second/one": After(("first one",), second)}

    def experiment(self) -> Experiment:
        return Experiment("toy", "A toy", "nobody", "Nothing.", "panels", Toy(), self.parts, find_toy)


def find_toy(p: Toy, results) -> Finding:
    curve = {"x": [1, 10], "y": [1.0, results["second/one"]], "low": [1.0, 1.0], "high": [1.0, 1.0]}
    drawing = {
        "x": {"label": "t", "scale": "log"},
        "rows": [{"label": "gap", "scale": "linear"}],
        "columns": ["all"],
        "series": [{"name": "one", "group": 0}],
        "curves": [curve | {"series": 0, "row": 0, "column": 0, "strong": False}],
    }
    sentences = [f"The sum is {results['second/one']}."]
    return Finding(drawing, "A line.", "A line.", sentences, ["Sum"], [[results["second/one"]]], {})


@pytest.fixture
def counter(untyped_caller):
    return Counter()


def made(experiment: Experiment, folder: Path, seed: int = 0, fresh: bool = False) -> dict:
    return make(experiment, seed, folder, fresh=fresh, show=lambda *_: None)


def test_finished_parts_are_kept(counter, tmp_path):
    toy = counter.experiment()
    first = made(toy, tmp_path)
    assert counter.computed == ["first", "second"]
    assert made(toy, tmp_path) == first
    assert counter.computed == ["first", "second"]
    made(toy, tmp_path, fresh=True)
    assert counter.computed == ["first", "second"] * 2
    assert made(toy, tmp_path, seed=1)["rows"] == [[3]]
    assert made(replace(toy, parameters=Toy(5)), tmp_path, seed=1)["rows"] == [[6]]
    assert counter.computed == ["first", "second"] * 4


def test_an_interruption_costs_one_part(counter, tmp_path):
    counter.broken = True
    with pytest.raises(KeyboardInterrupt):
        made(counter.experiment(), tmp_path)
    counter.broken = False
    made(counter.experiment(), tmp_path)
    assert counter.computed == ["first", "second"]


def test_a_damaged_part_is_computed_again(counter, tmp_path):
    made(counter.experiment(), tmp_path)
    (tmp_path / "gallery/parts/toy/second-one.json").write_text("{")
    made(counter.experiment(), tmp_path)
    assert counter.computed == ["first", "second", "second"]


@pytest.fixture
def call(counter, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify.gallery, "EXPERIMENTS", {"toy": counter.experiment()})

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["verify", "gallery", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return command


def test_command(call, counter, tmp_path):
    code, out, _ = call()
    assert (code, out.split()[0]) == (0, "toy")
    code, out, _ = call("all", "--seed", "4", "-o", "size=3")
    assert code == 0
    assert "The sum is 7." in out
    assert "html: verify-report/index.html" in out
    exhibit = json.loads((tmp_path / "verify-report/gallery/toy.json").read_text())
    assert exhibit["reproduce"] == "verify gallery toy --seed 4 -o size=3"
    assert (exhibit["seed"], exhibit["parameters"]) == (4, {"size": 3})
    assert exhibit["created"][:10] in call()[1]
    write_record(tmp_path / "verify-report", samples.record(), samples.curves())
    code, out, _ = call("toy", "--seed", "4", "-o", "size=3")
    assert code == 0
    assert counter.computed == ["first", "second"]
    assert 'id="exhibit-toy"' in (tmp_path / "verify-report/index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "There is no experiment 'nothing'"),
        (["toy", "-o", "size"], "not of the form key=value"),
        (["toy", "-o", "length=3"], "has no parameter 'length'"),
    ],
)
def test_command_refuses(call, arguments, words):
    code, _, err = call(*arguments)
    assert code == 2
    assert words in err
