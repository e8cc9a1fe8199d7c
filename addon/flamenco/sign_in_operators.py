# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators by which the artist signs in at the Manager."""

from threading import Event

import bpy

from . import manager, sign_in
from .background import Flow, in_background
from .errors import Aborted, FlamencoError
from .operators import FlowOperator, ping

_ended: Event | None = None
"""Set to end the sign-in that is under way; None if there is none."""


class FLAMENCO_OT_sign_in(FlowOperator, bpy.types.Operator):
    """Operator that has the artist confirm a code in the browser, and takes the token."""

    bl_idname = "flamenco.sign_in"
    bl_label = "Sign In"
    bl_description = "Show a code, and open the Manager's page where you confirm it"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """True if no sign-in is under way."""
        return _ended is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Called by Blender when the user presses the button.

        It waits in the main window, since that of the preferences may be closed meanwhile.
        """
        if context.window.parent is None or bpy.app.version < (3, 2, 0):
            return super().invoke(context, event)
        with context.temp_override(window=context.window.parent):
            return super().invoke(bpy.context, event)

    def flow(self) -> Flow[tuple[str, str]]:
        """Show the code, wait for the artist, and refresh."""
        global _ended  # noqa: PLW0603 - for `flamenco.end_sign_in`
        wm = bpy.context.window_manager
        client = manager.client(manager.preferences().manager_url)
        _ended = ended = Event()
        try:
            code = yield from in_background(lambda: sign_in.begin(client))
            wm.flamenco_sign_in_code = code.user
            if bpy.app.background:
                print(f"Flamenco: confirm the code {code.user} at {code.page}", flush=True)
            else:
                bpy.ops.wm.url_open(url=code.page)
            token = yield from in_background(lambda: sign_in.token(client, code, ended))
        except Aborted:
            raise
        except FlamencoError as ex:
            wm.flamenco_status_ping = str(ex)
            raise
        finally:
            ended.set()
            _ended, wm.flamenco_sign_in_code = None, ""
        manager.set_token(token, client.url)
        return (yield from ping())


class FLAMENCO_OT_end_sign_in(bpy.types.Operator):
    """Operator that ends the sign-in that is under way."""

    bl_idname = "flamenco.end_sign_in"
    bl_label = "End the Sign-in"
    bl_description = "Do not wait for the code to be confirmed"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """True if a sign-in is under way."""
        return _ended is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        if _ended is not None:
            _ended.set()
        return {"FINISHED"}


def draw(layout: bpy.types.UILayout, wm: bpy.types.WindowManager) -> None:
    """Draw the button, or the code that is to be confirmed."""
    row = layout.row(align=True)
    if _ended is None:
        row.operator("flamenco.sign_in", icon="USER")
        return
    row.label(text=f"Confirm {wm.flamenco_sign_in_code} in the browser", icon="TIME")
    row.operator("flamenco.end_sign_in", text="", icon="CANCEL")


classes = (FLAMENCO_OT_sign_in, FLAMENCO_OT_end_sign_in)
