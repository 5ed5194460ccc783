"""Planted bugs: small changes of the program, each of which some claim or some test must notice.

`make mutants` plants them one by one in copies of the tree, and tells what turned red.
"""
