"""Runs of pytest inside these tests forget what they import: everything is imported before."""

import properties
from verify.claims.catalogue import defined_in

defined_in(properties)
