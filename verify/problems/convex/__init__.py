"""Convex objectives with weight decay, and minima over norm balls.

For claims; it knows no other family.
"""
