"""Where claims come from, and what they promise."""

import pytest

from verify.claims import Paper, Promise, Read


@pytest.mark.parametrize(
    ("authors", "short"),
    [
        ("Qian", "Qian 2030"),
        ("Lyu, Li", "Lyu, Li 2030"),
        ("Fan, Schmidt, Thrampoulidis", "Fan, Schmidt, Thrampoulidis 2030"),
        ("Zou, Cao, Li, Gu", "Zou et al. 2030"),
    ],
)
def test_a_paper_is_named_by_up_to_three_authors(authors, short):
    assert Paper("key", authors, "title", 2030).short == short


def test_provenance_reads_as_words():
    assert str(Read.SECONDARY) == "in a secondary source"
    assert str(Promise.TIGHT) == "tight"
    assert [str(read) for read in Read] == list(dict.fromkeys(map(str, Read)))
