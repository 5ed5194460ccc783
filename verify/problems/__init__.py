"""What is measured: one package a family of problems, none of which knows another.

For claims and identification.
"""
