"""The discrete engine: batches, models, simulation, trajectory.

For problems, and for `verify.run`.
"""
