"""The audit log at the edge: each operation that changes something leaves a line.

An operation does so unless it is in `NOT_AUDITED`. The line is on disk before the answer leaves.
"""

import logging
from collections.abc import Mapping
from functools import wraps
from typing import Any

import attrs
import msgspec

import actors
from flamenco.access.begun import NotVouched
from flamenco.config.installation import flat_values
from flamenco.config.secrets import MASK, SECRETS
from flamenco.manager.audit import NoteChange
from flamenco.model.audit import LONGEST_VALUE
from flamenco.model.bounds import cut
from flamenco.store import state_of
from web.api.asking import who
from web.askers import Unknown, asker
from web.context import farm, reader, services
from web.operations import Operation
from web.turns import address
from web.wire import encode

logger = logging.getLogger(__name__)

NOT_AUDITED = frozenset(
    {
        # what Workers report of themselves and their tasks: the history of jobs and workers has it
        "requestBlocklisting",
        "scheduleTask",
        "signOff",
        "signOn",
        "takeFramePicture",
        "taskOutputProduced",
        "taskUpdate",
        "workerStateChanged",
        # files of a job that is about to be submitted
        "handOutPack",
        "shamanCheckout",
        "shamanCheckoutRequirements",
        "shamanFileStore",
        # questions, and what changes nothing for others
        "askAboutBlendFile",
        "askForDeviceToken",
        "beginDevice",
        "beginSingleSignOn",
        "checkBlenderExePath",
        "checkSharedStoragePath",
        "dryRunJob",
        "markNoticesRead",
        "submitJobCheck",
    }
)
"""Ids of operations that are no `GET` and leave no line."""

KINDS = {
    "job_id": "job",
    "task_id": "task",
    "worker_id": "worker",
    "tag_id": "tag",
    "user_id": "user",
    "credential_id": "credential",
    "token_id": "join token",
    "subscription_id": "subscription",
    "delivery_id": "delivery",
}
"""{parameter of a path: kind of what it names}."""

SETTINGS = frozenset({"updateConfigurationFile", "saveSetupAssistantConfig"})
"""Operations that change the configuration."""

REFUSALS = frozenset({"finishSingleSignOn", "signIn", "signInByProxy", "useLink"})
"""Operations whose refusal leaves a line, too."""

LEFT_OUT = frozenset({"settings", "metadata"})
"""Fields of requests that stand with the job."""

_SECRET_KEYS = frozenset(".".join(each) for each in SECRETS)


def is_audited(operation: Operation) -> bool:
    """True if an operation leaves a line."""
    return operation.method != "GET" and operation.id not in NOT_AUDITED


def audited(operation: Operation) -> Operation:
    """The operation, which leaves a line if it changes something."""
    if not is_audited(operation):
        return operation
    handler = operation.handler

    @wraps(handler)
    async def carry_out(**arguments: Any) -> object:
        about, subject = _subject(operation, arguments)
        asked = {} if about == "settings" else _asked(arguments.get("body"))
        before = await _state(about, subject)
        note = NoteChange(
            who=_who(),
            address=address(),
            operation=operation.id,
            about=about,
            subject=subject,
            asked=asked,
        )
        try:
            result = await handler(**arguments)
        except (Unknown, NotVouched):
            if operation.id in REFUSALS:
                await _write(attrs.evolve(note, after={"refused": True}))
            raise
        after = await _state(about, subject)
        changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        await _write(
            attrs.evolve(
                note,
                who=_who(),
                subject=subject or _made(result),
                before={key: _shown(key, before[key]) for key in changed if key in before},
                after={key: _shown(key, after[key]) for key in changed if key in after},
            )
        )
        return result

    return attrs.evolve(operation, handler=carry_out)


async def _write(note: NoteChange) -> None:
    """Write a line. The change stands, even if that fails."""
    try:
        await farm().audit.ask(note)
    except actors.ActorError as error:
        logger.error("%s by %s is not in the audit log: %s", note.operation, note.who, error)


def _who() -> str:
    asking = asker()
    if asking.worker_id:
        return f"worker {asking.worker_id}"
    shown = asking.credential
    by_token = shown is not None and bool(shown.scopes)
    return f"{who()}, token {shown.name}" if shown is not None and by_token else who()


def _subject(operation: Operation, arguments: Mapping[str, Any]) -> tuple[str, str]:
    if operation.id in SETTINGS:
        return "settings", ""
    for name, kind in KINDS.items():
        if name in arguments:
            return kind, str(arguments[name])
    return "", ""


async def _state(about: str, subject: str) -> Mapping[str, Any]:
    """Values that may change."""
    if about == "settings":
        return flat_values(await services().file.read())
    return await reader().look(lambda db: state_of(db, about, subject)) if subject else {}


def _shown(key: str, value: Any) -> Any:
    if key in _SECRET_KEYS:
        return MASK if value else ""
    plain = msgspec.to_builtins(value)
    text = encode(plain).decode()
    return plain if len(text) <= LONGEST_VALUE else cut(text, LONGEST_VALUE)


def _asked(body: Any) -> Mapping[str, Any]:
    """The fields of a request; those that its class does not show are secret."""
    if isinstance(body, list | tuple):
        return {"items": _shown("items", body)}
    if body is None or not attrs.has(type(body)):
        return {}
    return {
        field.name: _shown(field.name, getattr(body, field.name))
        for field in attrs.fields(type(body))
        if field.repr is not False
        and field.name not in LEFT_OUT
        and getattr(body, field.name) is not msgspec.UNSET
    }


def _made(result: object) -> str:
    """The id of what an operation has made."""
    holder = next(
        (getattr(result, name) for name in ("user", "token") if hasattr(result, name)), result
    )
    return str(getattr(holder, "id", getattr(holder, "uuid", "")) or "")
