"""The theorems, one file each, by paper. `pytest properties/` tries to refute all of them."""
