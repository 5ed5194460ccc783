"""Margins of linear models on separable data: gaps, residuals, budgets, lemmas.

For claims; it knows no other family.
"""
