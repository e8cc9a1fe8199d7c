# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of Managers in the preferences: found, added and removed."""

import bpy

from . import manager, search
from .background import Flow, in_background
from .client import normal_url
from .errors import FlamencoError, NotReady
from .operators import FlowOperator

MOST = 50
"""Number of Managers in the list."""


def _add(url: str, name: str) -> bool:
    """Add a Manager, unless it is in the list."""
    managers = manager.preferences().managers
    if any(one.url == url for one in managers) or len(managers) >= MOST:
        return False
    one = managers.add()
    one.name, one.url = name, url
    return True


class FLAMENCO_OT_find_managers(FlowOperator, bpy.types.Operator):
    """Operator that looks for Managers on the network."""

    bl_idname = "flamenco.find_managers"
    bl_label = "Find on the Network"
    bl_description = "Look for Managers on the network, and add them to the list"

    def flow(self) -> Flow[tuple[str, str]]:
        """Search, ask each for its name, and report how many are new."""
        try:
            urls = yield from in_background(search.managers)
        except OSError as ex:
            raise NotReady(f"The network cannot be searched: {ex.strerror}") from ex
        new, answering = 0, []
        for url in urls:
            try:
                client = manager.client(url)
                name = str((yield from in_background(client.version)).get("name") or url)
            except FlamencoError:
                continue
            new += _add(client.url, name)
            answering.append(client.url)
        if not urls:
            return "WARNING", "No Manager answers on this network; type its address"
        if answering and manager.info() is None:
            manager.preferences().manager_url = answering[0]
        return "INFO", f"{len(urls)} found, {new} of them new"


class FLAMENCO_OT_add_manager(bpy.types.Operator):
    """Operator that adds the present Manager to the list."""

    bl_idname = "flamenco.add_manager"
    bl_label = "Add to the List"
    bl_description = "Add the Manager whose address is above, to choose it by its name"

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        preferences, info = manager.preferences(), manager.info()
        try:
            url = normal_url(preferences.manager_url)
        except FlamencoError as ex:
            self.report({ex.level}, str(ex))
            return {"CANCELLED"}
        return {"FINISHED"} if _add(url, info.name_at(url) if info else url) else {"CANCELLED"}


class FLAMENCO_OT_remove_manager(bpy.types.Operator):
    """Operator that takes a Manager off the list."""

    bl_idname = "flamenco.remove_manager"
    bl_label = "Remove"
    bl_description = "Take this Manager off the list"

    index: bpy.props.IntProperty(name="Index", min=0)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        manager.preferences().managers.remove(self.index)
        return {"FINISHED"}


classes = (FLAMENCO_OT_find_managers, FLAMENCO_OT_add_manager, FLAMENCO_OT_remove_manager)
