"""The kinds of claims, one a file: when a measurement supports or refutes one, and how it is shown.

Claims hold one; trials and records ask it, and know none by name.
"""

from verify.claims.kinds.bound import Bound
from verify.claims.kinds.decay import Decay
from verify.claims.kinds.exists import Exists
from verify.claims.kinds.kind import Kind
from verify.claims.kinds.limit import Limit
from verify.claims.kinds.order import Order
from verify.claims.kinds.probability import HighProbability
from verify.claims.kinds.rate import Rate
from verify.claims.kinds.separation import Separation
from verify.claims.kinds.tight import Tight
from verify.claims.kinds.trend import Trend

__all__ = [
    "Bound",
    "Decay",
    "Exists",
    "HighProbability",
    "Kind",
    "Limit",
    "Order",
    "Rate",
    "Separation",
    "Tight",
    "Trend",
]
