"""Which norm a run follows.

For the command line and `verify.identify`.
"""
