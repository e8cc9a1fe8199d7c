"""Fields of a worker that it tells when it signs on."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from flamenco import clock
from flamenco.manager.workers.messages import Connect, SignOn
from flamenco.model.specs import Specs


def told_by_hello(message: Connect) -> Mapping[str, Any]:
    """Fields of a worker that begins a session."""
    hello = message.hello
    uptime = hello.uptime
    return {
        "name": hello.name,
        "address": message.address,
        "software": hello.software_version,
        "task_types": _plain(hello.task_types),
        "specs": hello.specs or Specs(),
        "settings": hello.settings or (),
        "can_restart": hello.can_restart,
        "running_since": None if uptime is None else clock.now() - timedelta(seconds=uptime),
    }


def told_by_call(message: SignOn, specs: Specs) -> Mapping[str, Any]:
    """Fields of a worker that begins to poll, whose equipment was ``specs``."""
    if message.capabilities is not None:
        specs = attrs.evolve(specs, capabilities=message.capabilities)
    return {
        "name": message.name,
        "address": message.address,
        "software": message.software,
        "task_types": _plain(message.task_types),
        "specs": specs,
        "settings": (),
        "can_restart": message.can_restart,
        "running_since": clock.now(),
    }


def _plain(task_types: Iterable[str]) -> tuple[str, ...]:
    return tuple(each.strip().lower() for each in task_types)
