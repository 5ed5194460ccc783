"""The two-layer CNN on a feature and noise patches.

For claims; it knows no other family.
"""
