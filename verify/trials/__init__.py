"""One claim tried: draw, settle, shrink, twins, record.

For the plugin and the command line.
"""
