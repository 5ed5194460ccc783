"""Continuous-time limits of methods, in log time.

For problems, and for `verify.flow`.
"""
