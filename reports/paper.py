"""What a paper takes over from a report: the table of claims in LaTeX, the papers in BibTeX, figures as vector PDF."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

from matplotlib import style

from reports import anatomy, figures, latex, svg
from reports.records import Curves, Record, ReportError, load_curves, read_records, replace_file, slug

# The fonts' own dates of long ago are no news to a reader of the report.
logging.getLogger("fontTools.ttLib.tables._h_e_a_d").setLevel(logging.ERROR)
# TrueType fonts, embedded: publishers refuse Type 3.
_PDF: dict[str, Any] = {"pdf.fonttype": 42}


def write_paper(report_dir: Path | str) -> dict[str, Path]:
    """Write `claims.tex`, `references.bib` and `figures/<slug>.pdf` of a run's records into its folder.

    Their paths are returned by "latex", "bibtex" and "figures", the last of which is the folder. A claim's anatomy is
    drawn as `figures/<slug>-anatomy.pdf`. Records of the same bytes give files of the same bytes.

    Raises `ReportError` where there are no records, or one of them or its curves is damaged.
    """
    records = read_records(report_dir)
    if not records:
        raise ReportError(f"{report_dir} holds no records: run `make verify` first.")
    folder = Path(report_dir, "figures")
    folder.mkdir(exist_ok=True)
    for record in records:
        for name, content in pdfs(record, load_curves(report_dir, record)).items():
            _write(folder / f"{name}.pdf", content)
    paths = {"latex": Path(report_dir, "claims.tex"), "bibtex": Path(report_dir, "references.bib"), "figures": folder}
    _write(paths["latex"], latex.claims_table(records).encode())
    _write(paths["bibtex"], latex.bibliography(records).encode())
    return paths


def pdfs(record: Record, curves: Curves) -> dict[str, bytes]:
    """The figures of a claim as PDF by name, without those that have nothing to show; the same bytes each time."""
    drawn = {}
    name = slug(record["id"])
    for file, salt, canvas in ((name, "", figures.canvas), (f"{name}-anatomy", " anatomy", anatomy.canvas)):
        with svg.style(f"{record['id']}{salt}"), style.context(_PDF):
            made = canvas(record, curves, latex.mathtext)
            if made is not None:
                target = io.BytesIO()
                metadata = {"Title": record["title"], "CreationDate": None}
                made.savefig(target, format="pdf", transparent=True, metadata=metadata)
                drawn[file] = target.getvalue()
    return drawn


def _write(path: Path, content: bytes) -> None:
    replace_file(path, lambda file: file.write(content))
