# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's version, which the Manager's ``shortversion`` must equal (reference add-on §6)."""

VERSION = "4.0.0.dev0"
