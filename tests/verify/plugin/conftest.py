"""Runs of pytest inside these tests forget what they import: everything is imported before."""

import properties
from verify.claims.catalogue import claims_in

claims_in(properties)
