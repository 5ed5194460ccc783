"""What a paper takes over: files that are there, the same each time, with their fonts."""

from __future__ import annotations

import re
import zlib

import pytest

from reports import paper
from reports.records import ReportError, write_record
from tests.reports import samples


@pytest.fixture
def run(tmp_path):
    for case in (samples.all_cases()[0], samples.anatomy_case(), samples.all_exact_case()):
        write_record(tmp_path, *case)
    return tmp_path


def test_files(run):
    paths = paper.write_paper(run)
    names = {path.name for path in paths["figures"].iterdir()}
    assert names == {"fan2025__signgd-max-norm.pdf", "fan2025__budget.pdf", "fan2025__budget-anatomy.pdf"}
    assert paths["latex"].read_text("utf-8").count("\\cite{fan2025}") == 3
    assert paths["bibtex"].read_text("utf-8").count("@misc{fan2025,") == 1


def test_pdfs_are_vectors_with_embedded_fonts_and_no_date():
    case = samples.anatomy_case()
    first = paper.pdfs(*case)
    assert len(first) == 2
    assert paper.pdfs(*case) == first
    for content in first.values():
        assert content.startswith(b"%PDF")
        assert b"CreationDate" not in content
        assert b"/FontFile2" in content
        assert b"/Type3" not in content
        assert b"/Subtype /Image" not in content
        streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
        assert any(
            b" l\n" in zlib.decompressobj().decompress(stream) for stream in streams[:1] + streams[-1:] + streams
        )


def test_no_records(tmp_path):
    with pytest.raises(ReportError, match="run `make verify` first"):
        paper.write_paper(tmp_path)
