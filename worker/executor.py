"""Execution of one task: runs its commands and reports on it (reference rules §15)."""

import logging
from collections.abc import Mapping
from pathlib import Path

import attrs
import trio

from flamenco.model.jobs import Command
from flamenco.model.reasons import FailureKind
from flamenco.model.statuses import TaskStatus
from flamenco.protocol import Assign, Failure, Report
from worker.command import CannotRun, CommandFailed, CommandKind, Conditions
from worker.outbox import Outbox
from worker.pictures import Output, PictureService
from worker.tasklog import TaskLog
from worker.usage import Usage
from worker.warm.keeper import Keeper

log = logging.getLogger(__name__)

MOST_WARNINGS = 20
MOST_OF_A_WARNING = 500
"""Characters."""


@attrs.frozen
class Workshop:
    """Everything that a task needs to run."""

    commands: Mapping[str, CommandKind]
    outbox: Outbox
    pictures: PictureService
    conditions: Conditions = attrs.field(factory=Conditions)
    keeper: Keeper | None = None
    """Keeper of the Blenders that stay open; None if none may."""


@attrs.define
class FrameTimes:
    """Times that the frames of a task take, one after the other."""

    _began: float = attrs.field(factory=trio.current_time)
    _frame: int | None = None
    _ended: float | None = None

    def of(self, frame: int) -> float:
        """Seconds that a frame took whose image was written now; it may have several."""
        if self._ended is not None and frame != self._frame:
            self._began = self._ended
        self._frame, self._ended = frame, trio.current_time()
        return self._ended - self._began


@attrs.define
class Execution:
    """One task under its lease. Cancelling `run` stops it and reports nothing."""

    assign: Assign
    workshop: Workshop
    usage: Usage = attrs.field(init=False, factory=Usage)
    was_impossible: bool = attrs.field(init=False, default=False)
    """True if something that the task needs was missing on this machine."""
    _log: TaskLog = attrs.field(init=False)
    steps_left: int = attrs.field(init=False, default=0)
    """Announced steps of the command that are not done."""
    _steps: int = attrs.field(init=False, default=0)
    _warnings: list[str] = attrs.field(init=False, factory=list)
    _times: FrameTimes = attrs.field(init=False, factory=FrameTimes)

    def __attrs_post_init__(self) -> None:
        self._log = TaskLog(self.workshop.outbox, self.assign.task_id, self.assign.lease)

    @property
    def id(self) -> str:
        """The task's id."""
        return self.assign.task_id

    @property
    def job(self) -> str:
        """The id of its job."""
        return self.assign.job_id

    @property
    def keeper(self) -> Keeper | None:
        """The keeper of Blenders that stay open."""
        return self.workshop.keeper

    @property
    def conditions(self) -> Conditions:
        """The conditions under which its programs run."""
        return self.workshop.conditions

    async def run(self) -> None:
        """Run all commands in order, and report the task's outcome."""
        self.report(TaskStatus.ACTIVE, "Started")
        if self.keeper is not None:
            await self.keeper.make_room(self.job)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._log.keep_flushing)
            nursery.start_soon(self.usage.keep_measuring)
            failure = await self._run_commands()
            nursery.cancel_scope.cancel()
        self.was_impossible = isinstance(failure, CannotRun)
        if failure is None:
            self.report(TaskStatus.COMPLETED, "Completed")
        else:
            log.warning("Task %s failed: %s", self.assign.name, failure)
            self._log.write(f"Failed: {failure}")
            self.report(TaskStatus.FAILED, f"Failed: {failure}", failure)

    async def _run_commands(self) -> CommandFailed | None:
        """Run the commands up to the first that fails; returns that failure."""
        for command in self.assign.commands:
            try:
                await self._run_command(command)
            except CommandFailed as error:
                return error
            except Exception as error:  # a bug of ours must not end the Worker
                log.exception("Command %s of task %s crashed", command.name, self.assign.name)
                return CommandFailed(
                    f"{command.name}: internal error: {type(error).__name__}: {error}"
                )
        return None

    async def _run_command(self, command: Command) -> None:
        kind = self.workshop.commands.get(command.name)
        if kind is None:
            reason = Failure(FailureKind.MISSING_PLUGIN, command.name)
            raise CannotRun(f'unknown command: "{command.name}"', reason)
        self.steps_left = command.total_step_count
        await kind.run(command.parameters, self)
        if command.total_step_count == 0:
            self.steps_left = 1
            self.step()

    def follow(self, followed: bool) -> None:
        """Note that the log is now being followed, or no longer."""
        self._log.follow(followed)

    def log(self, line: str) -> None:
        """Add a line to the task's log."""
        self._log.write(line)

    def tell(self, activity: str) -> None:
        """Set the task's present activity, in a few words."""
        self._log.tell(activity)

    def warn(self, sentence: str) -> None:
        """Warn of something that may be wrong in the result; said once, with the task's end."""
        sentence = sentence[:MOST_OF_A_WARNING]
        if sentence not in self._warnings and len(self._warnings) < MOST_WARNINGS:
            self._warnings.append(sentence)
            self._log.write(f"Warning: {sentence}")

    def step(self) -> None:
        """Count one of the command's steps as done, up to the number it announced."""
        if self.steps_left > 0:
            self.steps_left -= 1
            self._steps += 1
            task_id, lease = self.assign.task_id, self.assign.lease
            self.workshop.outbox.add(
                Report(task_id=task_id, lease=lease, steps_completed=self._steps)
            )

    def saved(self, path: str, frame: int, output: str = "", *, is_new: bool = True) -> None:
        """Let a picture be made of an image that was written, now or by an earlier attempt."""
        seconds = self._times.of(frame)
        self.workshop.pictures.offer(
            Output(
                task_id=self.assign.task_id,
                lease=self.assign.lease,
                frame=frame,
                output=output,
                path=Path(path),
                seconds=seconds if is_new else None,
            )
        )

    def report(
        self, status: TaskStatus, activity: str, failed: CommandFailed | None = None
    ) -> None:
        """Report a status, with the log lines that wait and the programs' usage.

        A Worker that cannot run a command at all asks not to get such tasks of the job again.
        """
        self.workshop.outbox.add(
            Report(
                task_id=self.assign.task_id,
                lease=self.assign.lease,
                status=status,
                activity=activity,
                log=self._log.take_all(),
                exit_code=self.usage.exit_code,
                peak_memory=self.usage.peak_memory,
                blocklist=str(failed) if isinstance(failed, CannotRun) else None,
                failure=failed.failure if failed else None,
                warnings=tuple(self._warnings),
            )
        )
