"""Errors between actors: one class for each case that a caller may want to tell apart."""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound=BaseException)

LONGEST_TEXT = 1000  # characters of one error in the text of another


class ActorError(Exception):
    """The base of all errors of this package.

    >>> issubclass(MailboxFull, ActorError)
    True
    """


class ActorStopped(ActorError):
    """The actor has ended, so the message was not handled.

    >>> print(ActorStopped("/jobs/7 has ended (stopped)"))
    /jobs/7 has ended (stopped)
    """


class ActorParked(ActorStopped):
    """The actor has crashed too often and pauses, so the message was not handled.

    >>> issubclass(ActorParked, ActorStopped)
    True
    """


class ActorCrashed(ActorError):
    """The handler raised an error while it worked on this ask.

    `__cause__` is that error; where it came from an ask of its own, the error at the root of all.

    >>> error = ActorCrashed("/jobs/7 crashed on Submit: KeyError('x')")
    >>> error.__cause__ = KeyError("x")
    >>> error.__cause__
    KeyError('x')
    """


class AskTimeout(ActorError):
    """No reply came within the timeout of the ask. The message may still be handled later.

    >>> issubclass(AskTimeout, ActorError)
    True
    """


class AskCycle(ActorError):
    """The ask (or the wait for room) would close a ring of actors that wait for each other.

    >>> print(AskCycle("/a -> /b -> /a: let one of them `tell`, or ask from `start_soon`"))
    /a -> /b -> /a: let one of them `tell`, or ask from `start_soon`
    """


class ReplyDropped(ActorError):
    """The actor put off its reply with `defer_reply`, and then forgot it.

    >>> print(ReplyDropped("/jobs/7 deferred its reply to Submit and forgot it"))
    /jobs/7 deferred its reply to Submit and forgot it
    """


class UnknownMessage(ActorError):
    """The actor has no handler for this type of message.

    >>> print(UnknownMessage("/jobs/7 (Job) has no handler for Pause"))
    /jobs/7 (Job) has no handler for Pause
    """


class MailboxFull(ActorError):
    """The mailbox has reached its capacity.

    >>> print(MailboxFull("the mailbox of /jobs/7 is full (10000 messages)"))
    the mailbox of /jobs/7 is full (10000 messages)
    """


class CommitFailed(ActorError):
    """The changes this answer depends on could not be stored; `__cause__` is the store's error.

    >>> error = CommitFailed("/jobs/7 could not store its changes")
    >>> error.__cause__ = OSError("disk full")
    >>> error.__cause__
    OSError('disk full')
    """


class NameTaken(ActorError):
    """A child of this parent has that name already.

    >>> print(NameTaken("/jobs has a child named '7' already"))
    /jobs has a child named '7' already
    """


def unwrap(error: Exception) -> Exception:
    """The one error inside nested groups of one; otherwise the error as it is.

    Nurseries wrap even a single error. Supervision and askers are told the error itself.

    >>> unwrap(ExceptionGroup("nursery", [ValueError("boom")]))
    ValueError('boom')
    """
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def leaves(error: Exception) -> list[Exception]:
    """All errors in a group, however nested; the error itself if it is none.

    >>> leaves(ExceptionGroup("", [ValueError(1), ExceptionGroup("", [KeyError(2)])]))
    [ValueError(1), KeyError(2)]
    """
    if isinstance(error, ExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def brief(error: BaseException) -> str:
    """The error as a text of bounded length; what passed through actors names each of them.

    >>> brief(KeyError("x")), len(brief(ValueError("x" * 1_000_000)))
    ("KeyError('x')", 1001)
    """
    text = str(error) if isinstance(error, ActorCrashed) else repr(error)
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2
    return f"{text[:half]}…{text[-half:]}"


def crash_of(path: str, what: str, error: Exception) -> ActorCrashed:
    """The error that those who ask get for a crash: "/jobs/7 crashed on Submit: KeyError('x')".

    >>> crash_of("/a", "crashed on Go", crash_of("/b", "crashed on Come", KeyError("x")))
    ActorCrashed("/a crashed on Go: /b crashed on Come: KeyError('x')")
    """
    crash = ActorCrashed(f"{path} {what}: {brief(error)}")
    crash.__cause__ = (error.__cause__ if isinstance(error, ActorCrashed) else None) or error
    return crash


def forget_tracebacks(error: E) -> E:
    """Let go of the frames that an error holds, and with them of an ended actor's state."""
    found, seen = list[BaseException]([error]), set[int]()
    while found:
        one = found.pop()
        if id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = None
            inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
            found += [e for e in (one.__cause__, one.__context__, *inner) if e is not None]
    return error
