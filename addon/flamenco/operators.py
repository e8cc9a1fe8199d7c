# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's operators (reference add-on §6)."""

import logging
from collections.abc import Callable
from pathlib import Path

import bpy

from . import manager, scene_properties, settings_group
from .background import PAUSED, Flow, run
from .errors import Aborted, FlamencoError
from .job import NO_TAG
from .paths import nearest_existing
from .questions import FIX, GO_ON, LINES, MOST_LINES, SKIP, STOP, Question
from .submission import Submission

_log = logging.getLogger(__name__)

_TICK = 0.02
"""Seconds between looks at a flow in the user interface."""

_current: Submission | None = None


class FlowOperator:
    """An operator that blocks when a script calls it and is modal in the user interface.

    `flow` returns a level and a text to report.
    """

    def flow(self) -> Flow[tuple[str, str]]:
        """The operator's work, as a flow."""
        raise TypeError(f"{type(self).__name__} has no flow")

    def tick(self, _event: bpy.types.Event) -> None:
        """Called at every timer event and every key while the operator is modal."""

    def is_aborted(self) -> bool:
        """True if the user does not want to wait for the rest of the flow."""
        return False

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender when a script runs the operator."""
        return self._finish(lambda: run(self.flow()))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Called by Blender when the user presses the operator's button."""
        self._flow = self.flow()
        # The first step runs now, so that a second click notices the first one.
        result = self._finish(self._advance)
        if result != {"PASS_THROUGH"}:
            return result
        wm = context.window_manager
        self._timer = wm.event_timer_add(_TICK, window=context.window)
        wm.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Called by Blender for every event while the operator runs."""
        self.tick(event)
        if self.is_aborted():
            result = self._finish(self._abort)
            context.window_manager.event_timer_remove(self._timer)
            _redraw(context)
            return result
        paused = self._future is PAUSED
        if event.type != "TIMER" or not self._future.done():
            return {"RUNNING_MODAL"} if paused else {"PASS_THROUGH"}
        if not paused:
            _redraw(context)
        result = self._finish(self._advance)
        if result == {"PASS_THROUGH"}:
            return result
        context.window_manager.event_timer_remove(self._timer)
        _redraw(context)
        return result

    def cancel(self, context: bpy.types.Context) -> None:
        """Called by Blender when another file is opened, or Blender quits, in the meantime."""
        self._flow.close()
        context.window_manager.event_timer_remove(self._timer)

    def _advance(self) -> tuple[str, str] | None:
        try:
            self._future = next(self._flow)
        except StopIteration as end:
            return end.value
        return None

    def _abort(self) -> None:
        """End the flow at once; what it waits for goes on in the background."""
        self._flow.throw(Aborted())

    def _finish(self, step: Callable[[], tuple[str, str] | None]) -> set[str]:
        """Report the outcome of a step, so that no error becomes a traceback on the screen."""
        try:
            result = step()
        except FlamencoError as ex:
            self.report({ex.level}, str(ex))
            return {"CANCELLED"}
        except Exception as ex:  # noqa: BLE001 - the boundary to Blender
            _log.exception("Unexpected error")
            self.report({"ERROR"}, f"Unexpected error ({ex}); the terminal shows where")
            return {"CANCELLED"}
        if result is None:
            return {"PASS_THROUGH"}
        level, text = result
        self.report({level}, text)
        return {"FINISHED"}


def _redraw(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"PROPERTIES", "PREFERENCES"}:
                area.tag_redraw()


class FLAMENCO_OT_ping_manager(FlowOperator, bpy.types.Operator):
    """Operator that asks the Manager for its job types, worker tags and shared storage."""

    bl_idname = "flamenco.ping_manager"
    bl_label = "Refresh from Manager"
    bl_description = "Ask the Manager for its job types, worker tags and shared storage"
    bl_options = {"REGISTER"}  # noqa: RUF012

    def flow(self) -> Flow[tuple[str, str]]:
        """Refresh, and report the Manager found."""
        return (yield from ping())


def ping() -> Flow[tuple[str, str]]:
    """Refresh; the report of the Manager found."""
    wm = bpy.context.window_manager
    wm.flamenco_status_ping = "Asking the Manager…"
    try:
        info = yield from manager.refresh()
    except FlamencoError as ex:
        wm.flamenco_status_ping = str(ex)
        raise
    text = f"{info.name} version {info.version} found"
    wm.flamenco_status_ping = text
    warnings = scene_properties.follow_manager()
    return ("WARNING" if warnings else "INFO"), ". ".join([text, *warnings])


class FLAMENCO_OT_submit_job(FlowOperator, bpy.types.Operator):
    """Operator that sends the open file to the Manager as a job."""

    bl_idname = "flamenco.submit_job"
    bl_label = "Submit to Flamenco"
    bl_description = "Send the open file to the Flamenco Manager as a job"
    bl_options = {"REGISTER"}  # noqa: RUF012

    job_name: bpy.props.StringProperty(
        name="Job Name", description="Name of the job; if empty, the scene's Flamenco job name"
    )
    ignore_version_mismatch: bpy.props.BoolProperty(
        name="Ignore Version Mismatch",
        description="Submit even if Manager and add-on have different versions",
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """True if a job type is chosen and no other submission is running."""
        if context.scene.flamenco_job_type in {"", NO_TAG}:
            cls.poll_message_set("Choose a Flamenco job type first")
            return False
        if not can_submit(context):
            cls.poll_message_set("Another submission is running")
            return False
        return True

    def flow(self) -> Flow[tuple[str, str]]:
        """Submit, and report the outcome."""
        global _current  # noqa: PLW0603 - for `flamenco.abort`
        asks = _ask if self.options.is_invoke else None
        _current = Submission(self.job_name, self.ignore_version_mismatch, asks=asks)
        try:
            submitted = yield from _current.run()
        finally:
            _current = None
        return submitted.level, str(submitted)

    def tick(self, event: bpy.types.Event) -> None:
        """Show the progress of copying; ESC aborts it."""
        if _current is None:
            return
        if event.type == "ESC":
            _current.abort()
        _current.show_progress()

    def is_aborted(self) -> bool:
        """True after ESC, or `flamenco.abort`."""
        return _current is not None and _current.transfer.abort.is_set()


def can_submit(context: bpy.types.Context) -> bool:
    """True if no submission is running."""
    return context.window_manager.flamenco_bat_status in {"IDLE", "DONE", "ABORTED"}


def _ask() -> None:
    bpy.ops.flamenco.answer("INVOKE_DEFAULT")


class FLAMENCO_OT_answer(bpy.types.Operator):
    """Dialog that shows the running submission's question."""

    bl_idname = "flamenco.answer"
    bl_label = "Submit to Flamenco"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    _question: Question | None = None

    choice: bpy.props.EnumProperty(
        items=[(one, one, "", number) for number, one in enumerate((GO_ON, FIX, STOP))],
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """True while there is a question."""
        return _current is not None and _current.question is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Called by the submission."""
        self._question = _current.question
        self.choice = next(iter(self._question.labels))
        return context.window_manager.invoke_props_dialog(self, width=600)

    def draw(self, _context: bpy.types.Context) -> None:
        """Called by Blender."""
        column = self.layout.column(align=True)
        column.label(text=self._question.title, icon="ERROR")
        for number, finding in enumerate(self._question.findings):
            row = column.row()
            row.label(text=str(finding))
            choices = row.row(align=True)
            choices.alignment = "RIGHT"
            for choice in (SKIP, STOP) if finding.mend is None else (FIX, SKIP, STOP):
                choices.prop_enum(self, _line(number), choice)
        if self._question.more:
            column.label(text=f"and {self._question.more} more, see the terminal")
        row = self.layout.row()
        for choice, label in self._question.labels.items():
            row.prop_enum(self, "choice", choice, text=label)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender for OK."""
        # A script answers without the dialog.
        question = self._question or _current.question
        question.decide(self.choice, [getattr(self, _line(one)) for one in range(MOST_LINES)])
        if question.answer.result() == FIX:
            bpy.ops.file.find_missing_files("INVOKE_DEFAULT")
        return {"FINISHED"}

    def cancel(self, _context: bpy.types.Context) -> None:
        """Called by Blender when the dialog is left."""
        self._question.settle(STOP)


def _line(number: int) -> str:
    """The name of the property with what becomes of a finding."""
    return f"line_{number}"


FLAMENCO_OT_answer.__annotations__.update(
    {
        _line(number): bpy.props.EnumProperty(items=LINES, options={"HIDDEN", "SKIP_SAVE"})
        for number in range(MOST_LINES)
    }
)


class FLAMENCO_OT_abort(bpy.types.Operator):
    """Operator that aborts the running submission."""

    bl_idname = "flamenco.abort"
    bl_label = "Abort Submission"
    bl_description = "Abort the submission; files copied so far are removed"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """True if there is a submission that can be aborted."""
        return _current is not None and context.window_manager.flamenco_can_abort

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        if _current is not None:
            _current.abort()
        return {"FINISHED"}


class FLAMENCO_OT_eval_setting(bpy.types.Operator):
    """Operator that sets one job setting to the value of its expression."""

    bl_idname = "flamenco.eval_setting"
    bl_label = "Evaluate Setting"
    bl_options = {"INTERNAL", "UNDO"}  # noqa: RUF012

    setting_key: bpy.props.StringProperty(name="Setting Key")
    setting_eval_description: bpy.props.StringProperty(name="Description")

    @classmethod
    def description(
        cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """The tooltip."""
        text = properties.setting_eval_description
        return f"Set value to: {text}" if text else "Compute the value of this setting"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        job_type = settings_group.job_type()
        setting = job_type.setting(self.setting_key) if job_type else None
        if setting is None or not setting.eval:
            self.report({"ERROR"}, f'Job setting "{self.setting_key}" has nothing to evaluate')
            return {"CANCELLED"}
        try:
            settings_group.assign(context, setting)
        except FlamencoError as ex:
            self.report({ex.level}, str(ex))
            return {"CANCELLED"}
        return {"FINISHED"}


class FLAMENCO3_OT_explore_file_path(bpy.types.Operator):
    """Operator that opens a folder in the operating system's file browser."""

    bl_idname = "flamenco3.explore_file_path"
    bl_label = "Open in File Browser"
    bl_description = "Open the path, or the nearest folder above it that exists"

    path: bpy.props.StringProperty(name="Path")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Called by Blender."""
        folder = nearest_existing(Path(bpy.path.abspath(self.path))) if self.path else None
        if folder is None:
            self.report({"ERROR"}, f'No folder above "{self.path}" exists')
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=str(folder if folder.is_dir() else folder.parent))
        return {"FINISHED"}


classes = (
    FLAMENCO_OT_ping_manager,
    FLAMENCO_OT_submit_job,
    FLAMENCO_OT_answer,
    FLAMENCO_OT_abort,
    FLAMENCO_OT_eval_setting,
    FLAMENCO3_OT_explore_file_path,
)
