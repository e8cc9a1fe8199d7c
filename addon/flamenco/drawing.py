# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in panels."""

import textwrap

import bpy

WIDTH = 60
"""Number of letters in a line."""


def draw_text(layout: bpy.types.UILayout, text: str, icon: str) -> None:
    """Draw a text of any length; Blender cuts off what is wider than the panel."""
    column = layout.column(align=True)
    for line in textwrap.wrap(text, WIDTH):
        column.label(text=line, icon=icon)
        icon = "BLANK1"
