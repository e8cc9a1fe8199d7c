"""Changeover: a farm of Flamenco 3 becomes one of this Manager.

`old` finds what its Manager has written, `database` reads that as this farm's model, and `bringing`
puts it into a storage of ours. The old folder is only read.
"""

from flamenco.changeover.bringing import bring
from flamenco.changeover.old import OldFarm, find
from flamenco.changeover.report import Report

__all__ = ["OldFarm", "Report", "bring", "find"]
