# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers for the choices of Blender's menus, which have to stay when the list changes.

A .blend file stores a choice as its number. Blender's menus pass numbers on as a C float, which is
exact up to 2**24 only.
"""

import zlib

MOST = 2**24
"""Upper limit of the numbers, exclusive."""

_owners: dict[int, str] = {}
"""{number: the choice that got it in this Blender}."""


def number(identifier: str) -> int:
    """The number of a choice, from 1: a checksum, or the next one that no other choice has."""
    found = 1 + zlib.crc32(identifier.encode()) % (MOST - 1)
    while _owners.setdefault(found, identifier) != identifier:
        found = found % (MOST - 1) + 1
    return found
