"""What of an exhibit is kept, and what is computed again."""

from tests.verify import toys
from verify.gallery.making import make


def test_a_part_whose_experiment_was_edited_is_computed_again(tmp_path, monkeypatch, untyped_caller):
    def rows(result: int) -> list:
        toy = toys.written(tmp_path, monkeypatch, result=result)
        return make(toy.EXPERIMENT, 0, tmp_path, show=lambda *_: None)["rows"]

    assert rows(1) == [[1]]
    assert rows(22) == [[22]]


def test_a_part_that_was_made_by_the_same_code_is_kept(tmp_path, monkeypatch, untyped_caller):
    toy = toys.written(tmp_path, monkeypatch)
    made = [make(toy.EXPERIMENT, 0, tmp_path, show=lambda *_: None) for _ in range(2)]
    assert toy.COMPUTED == ["toy"]
    assert made[0] == made[1]
