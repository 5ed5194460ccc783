"""Figures: the same bytes each time, readable on any ground, and captions that tell what is seen."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

from reports import figures
from reports.records import ReportError, write_record
from tests.reports import samples


def drawn(case) -> str:
    svg = figures.figure(*case).svg
    assert svg is not None
    return svg


def contrast(one: str, other: str) -> float:
    """The WCAG contrast of two colours "#rrggbb"."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("case", samples.all_cases(), ids=lambda case: case[0]["paper"])
def test_deterministic(case):
    first = figures.figure(*case)
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other", "xtick.direction": "in", "axes.labelsize": 30}):
        assert figures.figure(*case) == first


@pytest.mark.parametrize("case", samples.all_cases()[:4], ids=lambda case: case[0]["paper"])
def test_svg_is_well_formed_and_self_contained(case):
    svg = drawn(case)
    root = ElementTree.fromstring(svg)
    assert root.tag == "svg"
    assert "width" not in root.attrib
    assert len(root.attrib["viewBox"].split()) == 4
    assert "http" not in svg
    assert "<style" not in svg
    assert "<script" not in svg
    title = root.find("title")
    assert title is not None
    assert title.text == figures.figure(*case).alt
    ids = set(re.findall(r'\bid="([^"]*)"', svg))
    assert set(re.findall(r'(?:url\(|href=")#([^")]*)', svg)) <= ids
    assert len(ids) == len(re.findall(r'\bid="', svg))


def test_ids_differ_between_claims():
    both = [set(re.findall(r'\bid="([^"]*)"', drawn(case))) for case in samples.all_cases()[:2]]
    assert not both[0] & both[1]


def test_ink_takes_the_colour_of_the_page():
    svg = drawn(samples.all_cases()[0])
    assert "currentColor" in svg
    painted = set(re.findall(r"#[0-9a-f]{6}\b", svg))
    assert painted == {figures.GAP, figures.TWIN, figures.REAL}
    for colour in painted:
        assert min(contrast(colour, ground) for ground in ("#ffffff", "#12161b", "#0d1117")) > 3.5


def test_legend_names_what_is_there():
    words = re.findall(r">([^<>\n]+)</text>", drawn(samples.all_cases()[0]))
    for label in ("10–90 % of datasets", "median of datasets", "law t^-1/2 log t", "false twin", "real datasets"):
        assert words.count(label) == 1
    assert {"step t", "relative gap", "10⁵"} <= set(words)
    alone = re.findall(r">([^<>\n]+)</text>", drawn(samples.refuted_case()))
    assert "the dataset" in alone
    assert not {"10–90 % of datasets", "false twin", "real datasets"} & set(alone)


def test_two_decades_are_labelled_when_the_gap_hardly_moves():
    record, curves = samples.refuted_case()
    curves["gap"] = np.linspace(0.31, 0.29, 21)[None]
    words = re.findall(r">([^<>\n]+)</text>", drawn((record, curves)))
    assert {"10⁻¹", "10⁰"} <= set(words)


@pytest.mark.parametrize(
    ("times", "gap"),
    [
        ([5.0], [[0.1], [0.2]]),
        ([5.0, 6.0], [[0.1, np.nan]]),
        ([0.0, 1.0, 2.0], np.ones((2, 3))),
        ([1.0, 1e308], np.ones((2, 2))),
        ([1.0, 10.0], [[1.7e308, 5e-324]]),
        ([1.0, 10.0], np.full((2, 2), 5e-324)),
    ],
    ids=["one time", "one value", "time zero", "long times", "the whole range", "denormal"],
)
def test_extremes_are_drawn(times, gap):
    case = samples.record(twins=[]), {"time": np.array(times), "gap": np.array(gap)}
    labels = re.findall(r">10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+</text>", drawn(case))
    assert len(labels) >= 4


def test_a_value_between_exact_ones_is_a_dot():
    axes = Canvas().add_subplot()
    curves = {"time": np.array([1.0, 10.0, 100.0, 1e3]), "gap": np.array([[0.0, 0.1, 0.0, 0.01]])}
    figures.draw(axes, samples.record(twins=[]), curves)
    (dots,) = [line for line in axes.get_lines() if line.get_marker() == "."]
    np.testing.assert_allclose(np.asarray(dots.get_xydata()), [[1, -1], [3, -2]])


def test_captions_tell_slopes_and_verdicts():
    record, curves = samples.record(), samples.curves()
    times = curves["time"]
    curves["gap"] = np.outer(np.linspace(0.9, 1.1, 5), times**-0.5)
    curves["twin_0"] = np.outer([0.1, 0.125, 0.2], np.ones(curves["twin_0_time"].size))
    words = figures.figure(record, curves).caption
    assert "over 5 datasets" in words
    assert "has the log-log slope −0.50; its last value is 0.00316." in words
    assert "Dashed: the claimed law t^-1/2 log t, scaled to the data, slope −0.50" in words
    assert "L2 margin instead of max-norm margin); its median ends at 0.125 with slope 0.00" in words
    assert "verdict on the twin: REFUTED" in words
    assert "Thin line: the real dataset iris." in words
    assert words.endswith("Verdict on the claim: SUPPORTED.")


def test_captions_tell_what_cannot_be_drawn():
    words = figures.figure(*samples.exact_case()).caption
    assert "5 of 12 datasets reached the margin exactly, 5 of them at the last time" in words
    assert "Unknown values, in 1 of 12 datasets, are left out." in words
    exact = figures.figure(*samples.all_exact_case())
    assert exact.svg is None
    assert "3 of 3 datasets reached the margin exactly" in exact.caption
    empty = figures.figure(*samples.no_curves_case())
    assert empty.svg is None
    assert "No curve of the gap was recorded" in empty.caption


def test_times_that_cannot_be_shown_are_told():
    curves = {"time": np.array([-1.0, 0.0, 1.0, 2.0]), "gap": np.ones((2, 4))}
    assert "The first 2 times, not above 0, cannot be shown." in figures.figure(samples.record(), curves).caption
    curves = {"time": np.array([-1.0, 0.0]), "gap": np.ones((2, 2))}
    assert "2 times are not above 0." in figures.figure(samples.record(), curves).caption


def test_log_time_is_told():
    words = figures.figure(*samples.log_time_case()).caption
    assert "log t, itself on a logarithmic scale: it ends at t = e^100000." in words


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_overview(tmp_path, ending):
    samples.write_all(tmp_path)
    alt = figures.overview(tmp_path, tmp_path / f"one.{ending}")
    figures.overview(tmp_path, tmp_path / f"two.{ending}")
    content = (tmp_path / f"one.{ending}").read_bytes()
    assert content == (tmp_path / f"two.{ending}").read_bytes()
    assert alt.startswith("4 small figures")
    if ending == "png":
        assert content.startswith(b"\x89PNG")
    else:
        assert ElementTree.fromstring(content).tag.endswith("svg")
        assert b"prefers-color-scheme: dark" in content


def test_overview_of_chosen_claims(tmp_path):
    samples.write_all(tmp_path)
    chosen = ["soudry2018/gradient-flow", "wang2021/n-1"]
    alt = figures.overview(tmp_path, tmp_path / "chosen.svg", ids=chosen)
    assert alt.startswith("2 small figures")
    assert alt.index("Gradient flow") < alt.index("One point")


def test_overview_errors(tmp_path):
    with pytest.raises(ReportError, match="make verify"):
        figures.overview(tmp_path, tmp_path / "a.svg")
    write_record(tmp_path, *samples.all_exact_case())
    with pytest.raises(ReportError, match="no curves to draw"):
        figures.overview(tmp_path, tmp_path / "a.svg")
    with pytest.raises(ReportError, match=r"\.svg or \.png"):
        figures.overview(tmp_path, tmp_path / "a.pdf")
    with pytest.raises(ReportError, match="no record of fan2025/x"):
        figures.overview(tmp_path, tmp_path / "a.svg", ids=["fan2025/x"])
    assert not list(tmp_path.glob("a.*"))
