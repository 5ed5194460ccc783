"""Backward error analysis: modified equations, and the bias that they show.

For claims; it knows no other family.
"""
