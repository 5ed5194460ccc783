"""Homogeneous networks: flows, margins, KKT residuals.

For claims; it knows no other family.
"""
