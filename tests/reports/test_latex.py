r"""LaTeX and BibTeX: nothing of a record is interpreted, mathematics is mathematics, and TeX compiles it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import latex
from tests.reports import samples

RECORDS = [record for record, _ in samples.all_cases()]
# What `typeset` and `escape` may write: ordinary characters, Latin letters, and commands, of which TeX knows these.
ORDINARY = r"[A-Za-z0-9 \-+=*/.,:;!?()\[\]'`@\"\u00c0-\u017f]"


def assert_sound(source: str) -> None:
    """Braces balance, mathematics ends, and no character is left that TeX interprets or does not know."""
    rest = re.sub(r"\\[{}$&#%_]|\\\|", "", source)
    commands = re.findall(r"\\([A-Za-z]+)", rest)
    assert set(commands) <= KNOWN, set(commands) - KNOWN
    depth = mathematics = 0
    for sign in re.sub(r"\\[A-Za-z]+", "", rest):
        depth += (sign == "{") - (sign == "}")
        mathematics ^= sign == "$"
        assert depth >= 0
        assert sign in "{}$" or (mathematics and sign in "_^<>|~") or sign in "~|" or re.match(ORDINARY, sign), sign
    assert depth == mathematics == 0


KNOWN = set(re.findall(r"\\([A-Za-z]+)", " ".join(latex.SYMBOLS.values()))) | set(
    re.findall(
        r"\w+",
        "frac hat tilde bar sqrt mathrm log ln exp max min sup inf cos det textbackslash textasciicircum "
        "textasciitilde textless textgreater textbar dots cite",
    )
)


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("steps t^-1/2 log t", r"steps $t^{- 1 / 2} \log t$"),
        ("‖∇L(W)‖_* ≥ γ G", r"$\| \nabla L ( W ) \|_{*} \ge \gamma G$"),
        ("β₁² and ŵ", r"$\beta_{1}^{2}$ and $\hat{w}$"),
        ("√(v_i + ε)", r"$\sqrt{v_{i} + \varepsilon}$"),
        ("50 % of a_b & {c} #1 ~x\\y", r"50 \% of $a_{b}$ \& $\{ c \}$ \#1 \textasciitilde{}x\textbackslash{}y"),
        ("$x", r"\$x"),
        ("Müller – “so” ☃", "Müller -- ``so'' [U+2603]"),
        ("2.5 × 10⁻⁷", r"$2.5 \times 10^{- 7}$"),
    ],
)
def test_typeset(words, written):
    assert latex.typeset(words) == written
    assert_sound(written)


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("law t^-1/2 log t", r"law $t^{- 1 / 2}$ $\log$ $t$"),
        ("γ / bound, 5 $", r"$\gamma$ $/$ bound, 5 \$"),
        ("½ γ", "½ γ"),
    ],
)
def test_labels_of_figures(words, label):
    assert latex.mathtext(words) == label


@given(st.text(max_size=30) | st.text(alphabet="tγ_^{}()$%&#~\\|<>√₁²̃'\"‖ ≤", max_size=20))
def test_anything_is_sound(words):
    assert_sound(latex.typeset(words))
    assert_sound(latex.escape(words))


def test_the_table_has_a_row_for_each_claim():
    table = latex.claims_table(RECORDS)
    rows = [line for line in table.splitlines() if line.startswith("{}")]
    assert len(rows) == len(RECORDS)
    for record, row in zip(RECORDS, rows, strict=True):
        cells = re.split(r"(?<!\\)&", row.removesuffix(r" \\ \addlinespace"))
        assert len(cells) == 6
        assert latex.typeset(record["title"]) in cells[0]
        assert ("\\cite{" in cells[1]) == ("reference" in record)
        assert cells[-1].strip() == record["verdict"].lower()
        for cell in cells:
            assert_sound(cell.strip())


def test_each_paper_once_and_the_newest_version():
    old = samples.record(created="2025-01-01T00:00:00+00:00")
    old["reference"] = old["reference"] | {"title": "An older title"}
    new = samples.record(created="2026-01-01T00:00:00+00:00")
    new["reference"] = new["reference"] | {
        "title": "50 % of {it}",
        "arxiv": None,
        "authors": "Müller, O'Neil and Xu et al.",
    }
    without = samples.refuted_case()[0]
    assert latex.bibliography([new, old, without]) == (
        "@misc{fan2025,\n"
        "  author = {Müller and O'Neil and Xu and others},\n"
        "  title = {{50 \\% of \\{it\\}}},\n"
        "  year = {2026},\n}\n"
    ).replace("2026", "2025")
    assert "eprint = {2502.04664}" in latex.bibliography([old])


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed; the strict syntax test stands")
def test_it_compiles(tmp_path: Path):
    odd = samples.record(title="".join(latex.SYMBOLS) + " a₁²ᵀ ŵ √(x_i^2) 100 % $ & # _ { } ~ ^ \\ é ☃")
    (tmp_path / "claims.tex").write_text(latex.claims_table([*RECORDS, odd]), "utf-8")
    (tmp_path / "document.tex").write_text(
        f"\\documentclass{{article}}{latex.PACKAGES}\\begin{{document}}\\input{{claims}}\\end{{document}}", "utf-8"
    )
    command = ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
