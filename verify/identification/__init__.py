"""Which norm a run follows, and which norm's KKT points the runs of a network approach.

For the command line and `verify.identify`.
"""
