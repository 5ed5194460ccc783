"""The checker checked: conjectures whose truth is known, and every claim and twin of `properties`, judged over seeds.

Verdicts are counted against the truth. A verdict is appended to a file as it falls, so that an interrupted run goes on.
"""
