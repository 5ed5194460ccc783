"""Independent pieces of work on a cluster of processes, by Dask: who takes part, and what became of each piece.

For the command line and the benchmarks; nothing here knows what the pieces are.
"""
