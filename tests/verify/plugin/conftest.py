"""Runs of pytest inside these tests forget what they import: everything is imported before."""

import properties
from verify.claims.catalogue import located_in

located_in(properties)
