"""A task's log on stdout, even while it grows."""

import sys
from codecs import IncrementalDecoder, getincrementaldecoder

import attrs

from flamenco.api.events import EventTaskUpdate
from flamenco.cli.showing import complain, on_terminal
from flamenco.cli.texts import visible_lines
from flamenco.client import ManagerClient, Resync, Topics, open_client
from flamenco.logs import once
from flamenco.model.statuses import TaskStatus

_Decoder = getincrementaldecoder("utf-8")

ENDED = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELED})


async def print_log(manager: str, job: str, task: str, follow: bool) -> int:
    """Print the log, and with ``follow`` its growth until the task ends."""
    async with open_client(manager, "CLI") as client:
        printer = Printer(client, task)
        if not follow:
            await printer.print_more()
            if not printer.has_printed:
                complain(f"the task has no log; it is {(await client.task(task)).status}")
            return 0
        async with client.follow(Topics(job=(job,), tasklog=(task,))) as events:
            await printer.print_more()
            status = (await client.task(task)).status
            while status not in ENDED:
                event = await anext(events)
                await printer.print_more()
                if isinstance(event, EventTaskUpdate) and event.id == task:
                    status = event.status
                elif isinstance(event, Resync):
                    status = (await client.task(task)).status
            await printer.print_more()
            return 0 if status is TaskStatus.COMPLETED else 1


@attrs.define
class Printer:
    """A printer that resumes a log where it stopped: events only say that there is more."""

    _client: ManagerClient
    _task: str
    _printed: int = 0
    """Number of bytes of the log that were printed."""
    _decoder: IncrementalDecoder = attrs.field(factory=lambda: _Decoder(errors="replace"))

    @property
    def has_printed(self) -> bool:
        return self._printed > 0

    async def print_more(self) -> None:
        log = await self._client.task_log(self._task)
        if log is None or log.size <= self._printed:
            return
        content = await self._client.log_from(log, self._printed)
        self._printed += len(content)
        text = "".join(once(self._decoder.decode(content).splitlines(keepends=True)))
        sys.stdout.write(visible_lines(text) if on_terminal() else text)
        sys.stdout.flush()
