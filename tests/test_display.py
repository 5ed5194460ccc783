"""What a notebook asks of every result: plain data, a piece of HTML, and axes; a table of the classes, one contract."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes

import solvers
import verify
from verify import Rate, Twin, conjecture, drawn, laws
from verify.claims.judge import judge
from verify.flows.flow import Flow
from verify.identification.identify import Identification
from verify.models import two_layer
from verify.optimizers import PowerDecay, sign_gd
from verify.problems.laboratory import Laboratory
from verify.runs.simulation import Trajectories

STEEPEST = sign_gd(PowerDecay(0.1, 0.5))
DATA = drawn(3, classes=0)
CLAIM = conjecture(
    "sign-gd",
    "SignGD <maximises> the L-infinity margin & no other: the gap is O(t^-1/2 log t).",
    optimizer=STEEPEST,
    norm="linf",
    kind=Rate(laws.power(1 / 2, log=1)),
    twins=(Twin("the L2 margin", norm="l2"),),
)


@cache
def runs() -> Any:
    return verify.run(STEEPEST, DATA, steps=200, norms=["linf", "l2"])


@cache
def flow() -> Any:
    return verify.flow(DATA[:1], log_time=20.0, handover=10, norms=["l2"])


@cache
def identified() -> Any:
    return verify.identify(STEEPEST, DATA, steps=200, norms=["linf", "l2"])


@cache
def identified_on_a_model() -> Any:
    return verify.identify(STEEPEST, DATA[:1], model=two_layer(2), steps=200, norms=["linf", "l2"])


LAB = Laboratory(DATA, steps=200, norms=CLAIM.norms)  # one compiled program for the claim and its twin


@cache
def judged() -> Any:
    return judge(CLAIM, CLAIM.measure(LAB))


def lost() -> Any:
    """Runs that left the range of floating point: their curves end in NaN."""
    found = runs()
    end = np.arange(len(found.time)) > len(found.time) // 2
    margin = np.where(end, np.nan, found.margin)
    return replace(found, margin=margin, exact=False, horizon=np.full(len(margin), 10))


def undecided() -> Any:
    """A verdict on cases of which none could be judged."""
    m = judged().measurement
    return judge(CLAIM, replace(m, judged=np.zeros(len(m.judged), bool)))


def multiclass() -> Any:
    x = np.random.default_rng(0).normal(size=(5, 6))
    return solvers.max_margin(x, np.arange(5) % 3, "spectral")


# By what it is: a maker, and what its HTML must say.
RESULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "Reference": (lambda: solvers.max_margin(DATA[0].x, DATA[0].y, "linf"), "The maximal linf margin"),
    "Reference of classes": (multiclass, "The maximal spectral margin"),
    "Trajectories": (runs, "exact at any margin"),
    "Trajectories that end early": (lost, "3 left the range of floating point"),
    "Flow": (flow, "To t = e^20 on 1 dataset"),
    "Identification": (identified, "Which margin?"),
    "Identification on a model": (identified_on_a_model, "KKT points of which margin?"),
    "Verdict on nothing": (undecided, "0 of 3 cases"),
    "Verdict": (judged, "SignGD &lt;maximises&gt; the L-infinity margin &amp; no other"),
}
CLASSES = [solvers.Reference, Trajectories, Flow, Identification, verify.Verdict]


@pytest.fixture(params=RESULTS)
def result(request) -> Any:
    return RESULTS[request.param][0]()


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    yield
    pyplot.close("all")


class Reader(HTMLParser):
    """Holds the tags of a piece of HTML against each other."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_table_has_every_class():
    assert {type(make()) for make, _ in RESULTS.values()} == set(CLASSES)


def test_it_stays_frozen(result):
    assert is_dataclass(result)
    with pytest.raises(FrozenInstanceError):
        setattr(result, fields(result)[0].name, None)


def test_its_dictionary_is_what_json_gives_back(result):
    told = result.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_its_arrays_can_be_read_back(result):
    told = result.to_dict()
    arrays = {f.name: getattr(result, f.name) for f in fields(result)}
    if isinstance(result, verify.Verdict):
        told, arrays = told["curves"] | {"judged": told["judged"]}, {"judged": result.measurement.judged}
        np.testing.assert_array_equal(told["time"], result.measurement.clock.shown(result.measurement.log_time))
    arrays = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)}
    assert arrays
    for name, value in arrays.items():
        np.testing.assert_array_equal(np.array(told[name], dtype=float), value.astype(float), err_msg=name)


def test_every_field_is_in_its_dictionary(result):
    if not isinstance(result, verify.Verdict):  # whose measurement and claim hold functions
        assert {f.name for f in fields(result)} <= result.to_dict().keys()


def test_it_is_drawn_on_the_axes_that_are_given(result):
    ax = pyplot.subplots()[1]
    assert result.plot(ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.has_data() or ["nothing to show" in text.get_text() for text in ax.texts] == [True]
    ax.figure.canvas.draw()


def test_it_is_drawn_in_a_new_figure_otherwise(result):
    before = pyplot.get_fignums()
    axes = result.plot()
    assert isinstance(axes, Axes)
    assert [number for number in pyplot.get_fignums() if number not in before] == [axes.figure.number]


@pytest.mark.parametrize("name", RESULTS)
def test_its_html_is_whole_and_says_what_it_is(name):
    make, words = RESULTS[name]
    text = make()._repr_html_()
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert {"div", "table", "th", "td"} <= reader.seen
    assert words in text
    assert ">nan<" not in text


def test_a_verdict_tells_evidence_and_claim():
    told = judged().to_dict()
    assert told["outcome"] == judged().outcome
    assert told["evidence"]["informative"] == judged().evidence.informative
    assert told["claim"]["statement"] == CLAIM.statement
    assert told["claim"]["twins"] == ["the L2 margin"]
    assert [case["x"] for case in told["cases"]] == [s.x.tolist() for s in DATA]
    assert {"time", "gap", "law", "allowed"} == told["curves"].keys()


def test_a_verdict_draws_law_allowed_curve_and_twin():
    wrong = CLAIM.twin(0)
    twin = judge(wrong, wrong.measure(LAB))
    labels = judged().plot(twins=[twin]).get_legend_handles_labels()[1]
    assert labels == [
        "10–90 % of datasets",
        "median of datasets",
        "law t^-1/2 log t",
        "allowed by the gap budget",
        "false twin",
    ]


def test_a_run_is_drawn_against_its_references():
    references = [r for n in ("linf", "l2") for r in solvers.max_margins([(s.x, s.y) for s in DATA], n)]
    axes = runs().plot(references=references)
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert lines.keys() == {"linf", "l2"}
    upper = np.array([r.upper for r in references[:3]])
    gap = np.median(1 - runs().normalised_margin("linf")[:, -1] / upper)
    assert lines["linf"][-1] == pytest.approx(np.log10(gap))
    assert set(runs().plot(references=references[:3]).get_legend_handles_labels()[1]) == {"linf"}


def test_an_identification_shows_log_t_where_a_flow_went_on():
    found = identified()
    assert found.plot().get_xlabel() == "steps t"
    far = np.linspace(1, 3, 5) * found.log_time[-1]
    longer = replace(
        found,
        log_time=np.append(found.log_time, far[1:]),
        gaps={norm: np.pad(gap, ((0, 0), (0, 4)), "edge") for norm, gap in found.gaps.items()},
    )
    axes = longer.plot()
    assert axes.get_xlabel() == "log t"
    assert axes.lines[0].get_xdata()[-1] == pytest.approx(np.log10(far[-1]))


def test_an_identification_tells_its_sentence():
    assert identified().to_dict()["sentence"] == identified().sentence


def test_a_reference_draws_its_multipliers():
    reference = multiclass()
    axes = reference.plot(of="multipliers")
    assert sorted(bar.get_height() for bar in axes.patches) == pytest.approx(sorted(reference.multipliers.ravel()))
    with pytest.raises(solvers.InputError, match="no 'points' to plot"):
        reference.plot(of="points")


QUIET = """
import sys
import numpy as np
from solvers import max_margin
from verify.runs.trajectory import Trajectories
one = np.ones((1, 1))
at, never, w = np.array([1]), np.array([-1]), [np.ones(2)]
run = Trajectories(at, one, one, one, {"l2": one}, {}, one, one, one > 0, never, True, w, at)
for result in (max_margin([[1.0, 2.0]], [1], "linf"), run):
    result.to_dict(), result._repr_html_()
print([name for name in sys.modules if name.partition(".")[0] == "matplotlib"])
"""


def test_nothing_draws_before_it_is_asked_to():
    ended = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True, timeout=300)
    assert ended.stdout.strip() == "[]"
