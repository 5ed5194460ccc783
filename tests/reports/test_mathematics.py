"""Mathematics in plain text: what is found, what stays prose, and that nothing is lost or interpreted."""

from __future__ import annotations

import re
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.mathematics import mathml
from verify.claims.catalogue import all_claims


def formulas(words: str) -> list[str]:
    """The text of each formula that was found."""
    root = ElementTree.fromstring(f"<p>{mathml(words)}</p>")
    return ["".join(element.itertext()) for element in root.iter("math")]


def essence(words: str) -> str:
    """A text without what typesetting expresses by position: scripts' marks, brackets, spaces, kinds of dashes."""
    words = unicodedata.normalize("NFKD", words.replace("′", "'").translate(str.maketrans("ˆ˜¯", "\u0302\u0303\u0304")))
    return re.sub(r"[\s^_(){}√]", "", words).replace("−", "-")


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("t^-1/2", "<math><msup><mi>t</mi><mrow><mo>−</mo><mn>1</mn><mo>/</mo><mn>2</mn></mrow></msup></math>"),
        ("t^(-a)", "<math><msup><mi>t</mi><mrow><mo>−</mo><mi>a</mi></mrow></msup></math>"),
        ("x_i^2 .", "<math><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></math> ."),
        (
            "(log t).",
            '<span class="formula">(<math><mi>log</mi></math></span> '
            '<span class="formula"><math><mi>t</mi></math>).</span>',
        ),
        ("β₁²", "<math><msubsup><mi>β</mi><mn>1</mn><mn>2</mn></msubsup></math>"),
        ("√ε", "<math><msqrt><mi>ε</mi></msqrt></math>"),
        ("w̃", '<math><mover accent="true"><mi>w</mi><mo>˜</mo></mover></math>'),
        ("s_c'", "<math><msub><mi>s</mi><msup><mi>c</mi><mo>′</mo></msup></msub></math>"),
        ("log t", "<math><mi>log</mi></math> <math><mi>t</mi></math>"),
        ("<b>^2", "&lt;b&gt;^2"),
    ],
)
def test_typeset(words, html):
    assert mathml(words) == html


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("For any W, ‖∇L(W)‖_* ≥ γ G(W).", ["W", "‖∇L(W)‖*", "≥", "γ", "G(W)"]),
        ("L ≤ log 2 / n or G ≤ 1/(2n)", ["L", "≤", "log", "2", "/", "n", "G", "≤", "1/(2n)"]),
        ("Θ(1/(t (log t)^(2-2/L))), then", ["Θ(1/(t", "log", "t)2−2/L"]),
        ("shifted by 1 uᵀ on 16 datasets", ["1", "uT"]),
        ("grew by 10^-0.317", ["10−0.317"]),
        ("the margin γ, the mean x", ["γ", "x"]),
        ("changes G by e^{2Bs} at most", ["G", "e2Bs"]),
        ("min ½‖θ‖² s.t. y_i f(θ, x_i) ≥ 1", ["min", "½‖θ‖2", "yi", "f(θ", "xi", "≥", "1"]),
        ("√(β₂ (1-β₁)² / (1-β₂)) at", ["β2(1−β1)2/(1−β2)"]),
    ],
)
def test_formulas_are_found(words, found):
    assert formulas(words) == found


@pytest.mark.parametrize(
    "words",
    [
        "a max-norm margin, the min margin, and a log-log slope",
        "the L2 margin, l1.5, L-infinity, and KKT points",
        "optax.contrib.scale_by_muon with learning_rate=0.001, b2=0.95",
        "64 datasets - 3 of them; 1 + 1",
        "the samples' norm isn't the dataset(s), w/o, e.g., i.e., s.t.",
        "2nd and 10th, A posteriori; I say",
        "a^(, x^(), c_(, √(",
        "<script>alert('x')</script> & \"quotes\"",
        "",
    ],
)
def test_prose_stays(words):
    assert formulas(words) == []
    assert "".join(ElementTree.fromstring(f"<p>{mathml(words)}</p>").itertext()) == words


def texts() -> list[str]:
    claims = all_claims().values()
    return sorted({words for c in claims for words in (c.title, c.statement, *(twin.wrong for twin in c.twins))})


def test_nothing_of_a_claim_is_lost_and_little_of_its_mathematics_is_missed():
    missed = []
    for words in texts():
        told = "".join(ElementTree.fromstring(f"<p>{mathml(words)}</p>").itertext())
        assert essence(told) == essence(words)
        prose = re.sub("<math>.*?</math>", "", mathml(words))
        missed += [words] if re.search(r"[\^√∑Σα-ω₀-₉²]|\b_|_\b", prose) else []
    # A formula that has a word in it, such as bias / √ε, is left as it is written.
    assert len(missed) <= 0.03 * len(texts()), missed


@given(st.text(alphabet="tLγβ₁²^_()[]{}‖-−+=/ ≤√log12.5,'w\u0303Σ<&", max_size=20))
def test_nothing_is_lost(words):
    told = "".join(ElementTree.fromstring(f"<p>{mathml(words)}</p>").itertext())
    assert essence(told) == essence(words)
