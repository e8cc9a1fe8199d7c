# SPDX-License-Identifier: GPL-3.0-or-later
"""Submission of the open file as a job to the Manager (reference add-on §6)."""

import shutil
import sys
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from . import (
    dependencies,
    drafts,
    manager,
    my_jobs,
    outputs,
    packing,
    preflight,
    questions,
    rewriting,
    scene_properties,
    unanswered,
)
from .background import PAUSED, Flow, begun, in_background
from .client import Client, JobState
from .delivery import Delivered, Sender
from .drafts import Draft
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
from .findings import Finding
from .frame_sizes import most_bytes
from .job import BLENDFILE_FOR_CHECK
from .job_types import JobType
from .manager_info import ManagerInfo
from .paths import file_name, find_project_root, pack_folder_name, path_for_manager, place_below
from .plan import PackPlan, plan_in_place, plan_pack
from .unanswered import Unanswered
from .version import VERSION


@dataclass(frozen=True)
class Submitted:
    """The outcome of a submission."""

    job_names: tuple[str, ...]
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
        named = ", ".join(f'"{name}"' for name in self.job_names)
        count = len(self.job_names)
        text = f"Job {named} submitted" if count == 1 else f"{count} jobs submitted: {named}"
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
        storage = Path(info.storage)
        inside = yield from in_background(lambda: place_below(storage, blendfile))
        client = manager.client(manager.preferences().manager_url)
        while True:
            jobs = drafts.made(self.job_name)
            if inside is None:
                for draft in jobs:
                    outputs.refuse_private(draft.job, draft.scenes, blendfile, storage)
            told = yield from self._told(client, jobs, storage)
            rendered = list(dict.fromkeys(scene for draft in jobs for scene in draft.scenes))
            faults = yield from self._faults(jobs[0].job.job_type, rendered)
            plan = yield from self._plan(blendfile, inside, info)
            asked = [*map(Finding, dict.fromkeys(told)), *faults]
            mended = yield from self._ask(questions.incomplete(plan, asked, preflight.packing_of))
            if not mended:
                break
            yield from self._mend(mended)
        outside = outputs.outside_of_farm(bpy.context.scene, rendered)
        warnings = yield from self._send_all(client, info, plan, jobs)
        names = tuple(draft.job.name for draft in jobs)
        every = tuple(dict.fromkeys((*map(str, asked), *outside, *warnings)))
        return Submitted(names, len(plan.files), plan.missing, plan.elsewhere, every)

    def _told(self, client: Client, jobs: list[Draft], storage: Path) -> Flow[list[str]]:
        """Warnings of the Manager, and about its room. Raises FlamencoError for a wrong job."""
        _show("COMMUNICATING", "Checking the job", can_abort=True)
        told: list[str] = []
        for draft in jobs:
            job = draft.job.submitted(BLENDFILE_FOR_CHECK)
            told += yield from in_background(partial(client.check_job, job))
            self._stop_if_aborted()
        return [*told, *(yield from self._tight(jobs, storage))]

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

    def _faults(
        self, job_type: JobType, rendered: Iterable[bpy.types.Scene]
    ) -> Flow[tuple[Finding, ...]]:
        """Faults of these scenes that would show on the farm only."""
        found: list[Finding] = []
        for scene in rendered if job_type.setting("blendfile") else ():
            found += outputs.without_camera(scene)
            found += preflight.without_gpu(scene, job_type, bpy.context.scene)
            found += yield from preflight.faults(scene)
        return tuple(dict.fromkeys(found))

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

    def _tight(self, jobs: list[Draft], storage: Path) -> Flow[list[str]]:
        """A sentence if the frames may need more room than the shared storage has."""
        needed = sum(
            most_bytes(frames, scene.render) for draft in jobs for scene, frames in draft.rendered
        )
        try:
            free = (yield from in_background(lambda: shutil.disk_usage(storage))).free
        except OSError:  # it need not be mounted here
            return []
        if needed <= free:
            return []
        need, has = needed / 1e9, free / 1e9
        return [f"The frames may need {need:.1f} GB, and the shared storage has {has:.1f} GB free"]

    def _mend(self, findings: Iterable[Finding]) -> Flow[None]:
        """Mend what the artist wants to be mended, and save the file. Raises NotReady."""
        for one in findings:
            yield PAUSED
            try:
                if one.mend is not None:
                    one.mend()
            except RuntimeError as ex:
                raise NotReady(f"{one}: that cannot be mended here ({ex})") from ex
        bpy.ops.wm.save_mainfile()

    def _ask(self, question: questions.Question | None) -> Flow[list[Finding]]:
        """Wait for the artist's answer, if there is a question.

        Returns what is to be mended first. Raises Aborted or NotReady.
        """
        if self.asks is None or question is None:
            return []
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
        return question.mended

    def _send_all(
        self, client: Client, info: ManagerInfo, plan: PackPlan, jobs: list[Draft]
    ) -> Flow[list[str]]:
        """Send the jobs, each with files of its own: all of them, or none.

        Returns the Manager's warnings.
        """
        used = plan.files or (plan.blendfile,)
        files = yield from in_background(lambda: packing.stamps(used))
        marks = [(client.url, draft.job, files) for draft in jobs]
        now = datetime.now(timezone.utc)
        kept = yield from in_background(lambda: unanswered.take(marks))
        warnings: list[str] = []
        sent: list[Unanswered] = []
        made: list[Future[JobState]] = []
        try:
            for draft, mark, known in zip(jobs, marks, kept, strict=True):
                one = known
                if one is None:
                    own, folder = draft.job, ""
                    if plan.files:
                        own, folder = outputs.with_its_own_place(own, draft.scenes, now)
                    libraries = outputs.libraries_to_rewrite(draft.scenes, plan)
                    key, packed = str(uuid.uuid4()), plan.writing_to(folder, libraries)
                    delivered = yield from self._deliver(client, info, packed, own.name, key)
                    one = Unanswered(mark, key, delivered, own)
                sent.append(one)
                answer = yield from self._send(client, one)
                made.append(answer)
                warnings += answer.result().warnings
        except AnswerLost:
            unanswered.keep(sent)
            raise
        except BaseException as ex:
            others = [*zip(made, sent, strict=False)]
            undo = begun(lambda: [_withdraw(client, job, one) for job, one in others])
            if not isinstance(ex, (Aborted, GeneratorExit)):
                yield undo
            raise
        for one, job in zip(sent, made, strict=True):
            my_jobs.follow(one.draft.name, client, job.result())
        return warnings

    def _deliver(
        self, client: Client, info: ManagerInfo, plan: PackPlan, name: str, key: str
    ) -> Flow[Delivered]:
        """Bring the files to where Workers find them."""
        if not plan.files:
            return Delivered(path_for_manager(plan.blendfile))
        sender = Sender(plan, _another_blender(), manager.cache_folder(), self.transfer)
        what, undo = _count(len(plan.files)), partial(_give_up, client, key)
        if info.shaman:
            checkout = file_name(name)
            _show("TRANSFERRING", f"Sending {what}", can_abort=True)
            return (yield from in_background(lambda: sender.to_shaman(client, checkout, key), undo))
        # The Manager deletes the folder that it hands out with the job.
        given = yield from in_background(lambda: client.hand_out_pack(name, key), undo)
        now = datetime.now(timezone.utc).astimezone()
        pack = Path(info.storage, given or pack_folder_name(name, now))
        _show("TRANSFERRING", f"Copying {what}", can_abort=True)
        return (yield from in_background(lambda: sender.to_storage(pack), undo))

    def _send(self, client: Client, known: Unanswered) -> Flow["Future[JobState]"]:
        self._stop_if_aborted()
        _show("COMMUNICATING", "Sending the job", can_abort=True)
        delivered = known.delivered
        job = known.draft.submitted(delivered.blendfile, delivered.checkout)
        sent = begun(lambda: client.submit_job(job, known.key, self._is_wanted))
        try:
            yield sent
            sent.result()
        except (ManagerUnreachable, ManagerBusy, StillUnderWay) as ex:
            raise AnswerLost(ex) from ex
        except (JobRejected, JobTypeOutdated, ManagerRefused):
            yield from in_background(partial(_discard, client, known))
            raise
        except (Aborted, GeneratorExit):
            begun(lambda: _withdraw(client, sent, known))
            raise
        return sent


def _withdraw(client: Client, sent: "Future[JobState]", job: Unanswered) -> None:
    """Delete what comes of a job that nobody wants any more, once it is known."""
    try:
        client.delete_job(sent.result().id)
    except FlamencoError as ex:
        print(f"Flamenco: {ex}")
    _discard(client, job)


def _discard(client: Client, job: Unanswered) -> None:
    """Remove the files that were sent for a job which there is not."""
    job.delivered.discard()
    _tell_given_up(client, job.key)


def _give_up(client: Client, key: str, sent: "Future[Any]") -> None:
    """Remove what was sent, or handed out, for a submission that ends before its job."""
    if sent.exception() is None and isinstance(sent.result(), Delivered):
        sent.result().discard()
    _tell_given_up(client, key)


def _tell_given_up(client: Client, key: str) -> None:
    try:
        client.give_up(key)
    except FlamencoError as ex:
        print(f"Flamenco: {ex}")


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
