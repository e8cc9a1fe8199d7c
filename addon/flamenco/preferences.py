# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences (reference add-on §2)."""

import textwrap
from pathlib import Path
from typing import Any

import bpy

from . import choices, manager, sign_in_operators
from .errors import FlamencoError
from .paths import find_project_root

# Labels do not wrap by themselves.
_LINE_LENGTH = 50

_PROJECT_FINDERS = [
    ("BLENDER_PROJECT", "Blender Project", "The folder that contains .blender_project"),
    ("GIT", "Git", "The folder that contains .git"),
    ("SUBVERSION", "Subversion", "The folder that contains .svn"),
]


def _url_changed(_preferences: bpy.types.AddonPreferences, _context: bpy.types.Context) -> None:
    how = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
    try:
        bpy.ops.flamenco.ping_manager(how)
    except RuntimeError as ex:
        print(f"Flamenco: {ex}")


def _set_token(preferences: bpy.types.AddonPreferences, text: str) -> None:
    try:
        manager.set_token(text)
    except FlamencoError as ex:
        print(f"Flamenco: {ex}")
        return
    _url_changed(preferences, bpy.context)


class FlamencoManager(bpy.types.PropertyGroup):
    """A Manager that can be chosen by its name."""

    # `name` is a property of every group.
    url: bpy.props.StringProperty(name="Address", description="Address of the Manager")


_manager_choices: list[list[tuple[str, str, str, int]]] = [[]]
"""All choices that Blender was given, since it keeps pointers to their texts."""


def _managers(self: bpy.types.AddonPreferences, _context: bpy.types.Context) -> list[Any]:
    urls = [(one.url, one.name or one.url) for one in self.managers]
    if self.manager_url not in dict(urls):
        urls.append((self.manager_url, self.manager_url))
    items = [(url, name, url, choices.number(url)) for url, name in urls]
    if items != _manager_choices[-1]:
        _manager_choices.append(items)
    return _manager_choices[-1]


def _choose_manager(preferences: bpy.types.AddonPreferences, number: int) -> None:
    for url, _name, _description, its_number in _managers(preferences, bpy.context):
        if its_number == number and url != preferences.manager_url:
            preferences.manager_url = url


class FlamencoPreferences(bpy.types.AddonPreferences):
    """Preferences: the Manager's address, and the way to find a project's root."""

    bl_idname = __package__

    manager_url: bpy.props.StringProperty(
        name="Manager URL",
        description="Address of the Flamenco Manager",
        default="http://localhost:8080/",
        update=_url_changed,
    )
    managers: bpy.props.CollectionProperty(type=FlamencoManager)
    manager: bpy.props.EnumProperty(
        name="Manager",
        description="The Manager that jobs are sent to",
        items=_managers,
        get=lambda self: choices.number(self.manager_url),
        set=_choose_manager,
    )
    # With functions of its own, Blender does not write it into its file of preferences.
    api_token: bpy.props.StringProperty(
        name="API Token",
        description="Proof of who you are, from your page at the Manager; only for Managers that "
        "ask for it. It is kept by the system's keyring, or in a file that only you can read",
        subtype="PASSWORD",
        get=lambda _self: manager.token(),
        set=_set_token,
    )
    project_finder: bpy.props.EnumProperty(
        name="Project Finder",
        description="How to find the project that the blend file is part of; files copied to the "
        "shared storage keep their places below the project's folder",
        items=_PROJECT_FINDERS,
    )
    job_storage_for_gui: bpy.props.StringProperty(
        name="Job Storage",
        description="Destination of files that are not in the shared storage yet",
        get=lambda _self: _storage(),
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Called by Blender to show the preferences."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        row = layout.row(align=True)
        row.prop(self, "manager_url")
        row.operator("flamenco.ping_manager", text="", icon="FILE_REFRESH")
        _draw_managers(layout, self)
        layout.prop(self, "api_token")
        sign_in_operators.draw(layout, context.window_manager)
        for state in _state(context):
            for text in textwrap.wrap(state, _LINE_LENGTH):
                _line(layout, text)
        column = layout.column()
        column.enabled = False
        column.prop(self, "job_storage_for_gui")
        layout.prop(self, "project_finder")
        if bpy.data.filepath:
            root = find_project_root(Path(bpy.data.filepath), self.project_finder)
            _line(layout, f"Project: {root}")


def _draw_managers(layout: bpy.types.UILayout, preferences: FlamencoPreferences) -> None:
    row = layout.row(align=True)
    row.operator("flamenco.find_managers", icon="VIEWZOOM")
    row.operator("flamenco.add_manager", icon="ADD")
    column = layout.column(align=True)
    for index, one in enumerate(preferences.managers):
        row = column.row(align=True)
        row.prop(one, "name", text="")
        row.prop(one, "url", text="")
        row.operator("flamenco.remove_manager", text="", icon="X").index = index


def _storage() -> str:
    info = manager.info()
    return info.storage if info else "Unknown, refresh first"


def _state(context: bpy.types.Context) -> list[str]:
    info = manager.info()
    lines = [context.window_manager.flamenco_status_ping]
    if info is None:
        lines.append("Press the refresh button to ask the Manager for its job types")
    elif info.shaman:
        lines.append("The Manager keeps files for the next job (Shaman)")
    return [line for line in lines if line]


def _line(layout: bpy.types.UILayout, text: str) -> None:
    row = layout.split(factor=0.4)
    row.label(text="")
    row.label(text=text)


classes = (FlamencoManager, FlamencoPreferences)
