"""From a claim that holds to the sharpest one that does: laws are searched for, and judged on data of their own.

The command line calls this; it knows trials, and nothing of records.
"""

from verify.discovery.attaining import Attained, attain, attained
from verify.discovery.dependence import Scaling, scaling
from verify.discovery.sharpening import Sharpened, sharpen
from verify.discovery.slowest import Slowest
from verify.discovery.stating import sharper
from verify.discovery.tightening import Tightened, tighten

__all__ = [
    "Attained",
    "Scaling",
    "Sharpened",
    "Slowest",
    "Tightened",
    "attain",
    "attained",
    "scaling",
    "sharpen",
    "sharper",
    "tighten",
]
