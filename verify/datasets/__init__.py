"""Points and labels, and the strategies that draw them.

For every floor above, and for users.
"""

from verify.datasets.dataset import Dataset, datasets_of, rotated, scaled_to_unit_rows, shown

__all__ = ["Dataset", "datasets_of", "rotated", "scaled_to_unit_rows", "shown"]
