# SPDX-License-Identifier: GPL-3.0-or-later
"""Submission of the open file as a job to the Manager (reference add-on §6)."""

import sys
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import bpy

from . import (
    dependencies,
    job_properties,
    manager,
    my_jobs,
    outputs,
    packing,
    preflight,
    questions,
    rewriting,
    scene_properties,
    settings_group,
    unanswered,
)
from .background import Flow, begun, in_background
from .client import Client, JobState
from .delivery import Delivered, Sender
from .errors import (
    Aborted,
    AnswerLost,
    FlamencoError,
    JobRejected,
    JobTypeOutdated,
    ManagerBusy,
    ManagerRefused,
    ManagerUnreachable,
    NotReady,
    StillUnderWay,
    VersionMismatch,
)
from .evaluation import values_for_submission
from .job import BLENDFILE_FOR_CHECK, JobDraft
from .manager_info import ManagerInfo
from .paths import file_name, find_project_root, pack_folder_name, path_for_manager, place_below
from .plan import PackPlan, plan_in_place, plan_pack
from .version import VERSION


@dataclass(frozen=True)
class Submitted:
    """The outcome of a submission."""

    job_name: str
    copied: int
    """Number of files in the pack; 0 if the file was already in the shared storage."""
    missing: tuple[Path, ...]
    elsewhere: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    """Possible faults of the job."""

    @property
    def level(self) -> str:
        """Blender's level of the report."""
        return "WARNING" if self.missing or self.elsewhere or self.warnings else "INFO"

    def __str__(self) -> str:
        text = f'Job "{self.job_name}" submitted'
        if self.copied:
            text += f", {_count(self.copied)} copied to the shared storage"
        if self.missing:
            text += f"; {_count(len(self.missing))} missing: {self.missing[0]}"
            if len(self.missing) > 1:
                text += f" and {len(self.missing) - 1} more, see the terminal"
        if self.elsewhere:
            text += (
                f"; {_count(len(self.elsewhere))} outside the shared storage,"
                " which Workers may not find (see the terminal)"
            )
        return "; ".join([text, *self.warnings])


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


@dataclass
class Submission:
    """A running submission, whose progress is in the window manager's properties."""

    job_name: str
    force: bool
    """True if the versions of Manager and add-on may differ."""
    transfer: packing.Transfer = field(default_factory=packing.Transfer)
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Its mark at the Manager, by which it is known if it is sent again."""
    asks: Callable[[], None] | None = None
    """Shows the question to the artist; None if nobody is there, and a script wants to go on."""
    question: questions.Question | None = None
    """The thing that it waits for."""

    def run(self) -> Flow[Submitted]:
        """All steps. Raises FlamencoError; whatever happens, another submission can follow."""
        outcome = "IDLE"
        try:
            submitted = yield from self._steps()
            outcome = "DONE"
        except Aborted:
            outcome = "ABORTED"
            raise
        finally:
            self.transfer.abort.set()
            _show(outcome, "")
        bpy.context.window_manager.flamenco_version_mismatch = False
        return submitted

    def abort(self) -> None:
        """Abort it. If the Manager gets the job all the same, it is told to delete it."""
        if bpy.context.window_manager.flamenco_can_abort:
            self.transfer.abort.set()
            _show("ABORTING", "Aborting")

    def show_progress(self) -> None:
        """Show the progress of copying in the panel."""
        wm = bpy.context.window_manager
        if wm.flamenco_bat_progress != self.transfer.percent:
            wm.flamenco_bat_progress = self.transfer.percent

    def _steps(self) -> Flow[Submitted]:
        _show("COMMUNICATING", "Asking the Manager", can_abort=True)
        info = yield from manager.refresh()
        scene_properties.use_offered(bpy.context.scene)
        self._check_version(info)
        self._stop_if_aborted()
        _show("SAVING", "Saving the file", can_abort=True)
        if bpy.data.filepath and bpy.data.is_dirty:
            yield from self._ask(questions.unsaved())
        blendfile = _save()
        draft = self._draft(info)
        storage = Path(info.storage)
        inside = yield from in_background(lambda: place_below(storage, blendfile))
        if inside is None:
            outputs.refuse_private(draft, bpy.context.scene, blendfile, storage)
        client = manager.client(manager.preferences().manager_url)
        _show("COMMUNICATING", "Checking the job", can_abort=True)
        yield from in_background(lambda: client.check_job(draft.submitted(BLENDFILE_FOR_CHECK)))
        self._stop_if_aborted()
        outside = outputs.outside_of_farm(bpy.context.scene)
        faults = yield from self._faults(draft)
        plan = yield from self._plan(blendfile, inside, info)
        yield from self._ask(questions.incomplete(plan, faults))
        used = plan.files or (plan.blendfile,)
        files = yield from in_background(lambda: packing.stamps(used))
        mark = (client.url, draft, files)
        known = yield from in_background(lambda: unanswered.take(mark))
        if known is not None:
            self.key, delivered = known.key, known.delivered
        else:
            delivered = yield from self._deliver(client, info, plan, draft.name)
        sent = unanswered.Unanswered(mark, self.key, delivered)
        warnings = yield from self._send(client, draft, sent)
        told = (*faults, *outside, *warnings)
        return Submitted(draft.name, len(plan.files), plan.missing, plan.elsewhere, told)

    def _check_version(self, info: ManagerInfo) -> None:
        """Raises VersionMismatch unless forced, which only applies once (reference add-on §6)."""
        mismatch = info.short_version != VERSION
        bpy.context.window_manager.flamenco_version_mismatch = mismatch
        if mismatch and not self.force:
            raise VersionMismatch(info.short_version, VERSION)

    def _stop_if_aborted(self) -> None:
        if self.transfer.abort.is_set():
            raise Aborted

    def _is_wanted(self) -> bool:
        return not self.transfer.abort.is_set()

    def _draft(self, info: ManagerInfo) -> JobDraft:
        context = bpy.context
        scene = context.scene
        job_type = settings_group.job_type()
        if job_type is None or job_type.name != scene.flamenco_job_type:
            raise NotReady(
                "The Manager does not know the chosen job type (any more). Choose another one"
            )
        name = self.job_name or scene.flamenco_job_name
        if not name:
            raise NotReady("The job has no name; enter one and submit again")
        names = settings_group.names(context, name)
        settings = values_for_submission(job_type, scene.flamenco_job_settings, names)
        return JobDraft(
            name=name,
            job_type=job_type,
            priority=scene.flamenco_job_priority,
            settings=job_properties.overridden(scene, job_type, settings),
            paused=scene.flamenco_job_submit_as_paused,
            worker_tag=scene.flamenco_worker_tag,
            platform=manager.platform(),
            user=manager.user(),
            comment=scene.flamenco_comment.strip(),
            requirements=job_properties.needed(scene),
            keep=scene.flamenco_keep,
        )

    def _faults(self, draft: JobDraft) -> Flow[tuple[str, ...]]:
        """Faults that would show on the farm only."""
        if draft.job_type.setting("blendfile") is None:
            return ()
        camera = outputs.without_camera(bpy.context.scene)
        return (*camera, *(yield from preflight.faults(bpy.context.scene)))

    def _plan(self, blendfile: Path, inside: Path | None, info: ManagerInfo) -> Flow[PackPlan]:
        """`inside` is the blend file as it is called in the shared storage, if it is there."""
        _show("INVESTIGATING", "Looking for the files it uses", can_abort=True)
        used = yield from dependencies.of_open_file()
        finder, storage = manager.preferences().project_finder, Path(info.storage)

        def made() -> PackPlan:
            if not info.shaman and not storage.is_dir():
                raise NotReady(
                    f"The shared storage {storage} cannot be reached from this computer. Mount it,"
                    " or correct its path in the Manager's configuration"
                )
            if inside is not None:
                return plan_in_place(inside, storage, used)
            return plan_pack(blendfile, find_project_root(blendfile, finder), storage, used)

        def told() -> PackPlan:
            plan = made()
            _list_in_terminal("Missing", plan.missing)
            _list_in_terminal("Outside the shared storage", plan.elsewhere)
            return plan

        plan = yield from in_background(told)
        self._stop_if_aborted()
        return plan

    def _ask(self, question: questions.Question | None) -> Flow[None]:
        """Wait for the artist's answer, if there is a question. Raises Aborted or NotReady."""
        if self.asks is None or question is None:
            return
        self.question = question
        before = bpy.context.window_manager.flamenco_bat_status
        _show(before, "Waiting for an answer", can_abort=True)
        self.asks()
        yield question.answer
        self.question = None
        answer = question.answer.result()
        if answer == questions.STOP:
            raise Aborted
        if answer == questions.FIX:
            raise NotReady("Choose the folder with the missing files, and submit again")

    def _deliver(
        self, client: Client, info: ManagerInfo, plan: PackPlan, name: str
    ) -> Flow[Delivered]:
        """Bring the files to where Workers find them."""
        if not plan.files:
            return Delivered(path_for_manager(plan.blendfile))
        sender = Sender(plan, _another_blender(), manager.cache_folder(), self.transfer)
        what = _count(len(plan.files))
        if info.shaman:
            checkout = file_name(name)
            _show("TRANSFERRING", f"Sending {what}", can_abort=True)
            return (yield from in_background(lambda: sender.to_shaman(client, checkout)))
        # The Manager deletes the folder that it hands out with the job.
        given = yield from in_background(lambda: client.hand_out_pack(name, self.key))
        now = datetime.now(timezone.utc).astimezone()
        pack = Path(info.storage, given or pack_folder_name(name, now))
        _show("TRANSFERRING", f"Copying {what}", can_abort=True)
        return (yield from in_background(lambda: sender.to_storage(pack), Delivered.discard))

    def _send(
        self, client: Client, draft: JobDraft, known: unanswered.Unanswered
    ) -> Flow[tuple[str, ...]]:
        self._stop_if_aborted()
        _show("COMMUNICATING", "Sending the job", can_abort=True)
        delivered = known.delivered
        job = draft.submitted(delivered.blendfile, delivered.checkout)
        sent = begun(lambda: client.submit_job(job, self.key, self._is_wanted))
        try:
            yield sent
            state = sent.result()
        except (ManagerUnreachable, ManagerBusy, StillUnderWay) as ex:
            unanswered.keep(known)
            raise AnswerLost(ex) from ex
        except (JobRejected, JobTypeOutdated, ManagerRefused):
            yield from in_background(delivered.discard)
            raise
        except (Aborted, GeneratorExit):
            begun(lambda: _withdraw(client, sent, delivered))
            raise
        my_jobs.follow(draft.name, client, state)
        return state.warnings


def _withdraw(client: Client, sent: "Future[JobState]", delivered: Delivered) -> None:
    """Delete what comes of a job that nobody wants any more, once it is known."""
    try:
        client.delete_job(sent.result().id)
    except FlamencoError as ex:
        print(f"Flamenco: {ex}")
    delivered.discard()


def _save() -> Path:
    """Save the open file if it has changed; returns its path. Raises NotReady.

    Blender does not notice changes made by a script through ``bpy.data``, so scripts have to save
    the file themselves.
    """
    if not bpy.data.filepath:
        raise NotReady("The file has never been saved. Save it first, then submit again")
    if bpy.data.is_dirty:
        try:
            bpy.ops.wm.save_mainfile()
        except RuntimeError as ex:
            raise NotReady(f"The file cannot be saved, so it was not submitted: {ex}") from ex
    return Path(bpy.path.abspath(bpy.data.filepath)).absolute()


def _another_blender() -> list[str]:
    """The command that rewrites paths; a Blender that is a Python module has no program."""
    script = str(rewriting.SCRIPT)
    if not bpy.app.binary_path:
        return [sys.executable, script]
    options = ["--background", "--factory-startup", "--python-exit-code", "1"]
    return [bpy.app.binary_path, *options, "--python", script]


def _show(status: str, text: str, *, can_abort: bool = False) -> None:
    wm = bpy.context.window_manager
    wm.flamenco_bat_status = status
    wm.flamenco_bat_status_txt = text
    wm.flamenco_can_abort = can_abort
    if status not in {"TRANSFERRING", "ABORTING"}:
        wm.flamenco_bat_progress = 0


def _list_in_terminal(title: str, files: tuple[Path, ...]) -> None:
    for file in files:
        print(f"Flamenco: {title}: {file}")
