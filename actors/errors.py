"""What can go wrong between actors: one class for each thing a caller may want to tell apart."""

from __future__ import annotations


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


class ActorCrashed(ActorError):
    """The handler raised an error while it worked on this ask; `__cause__` is that error.

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


class UnknownMessage(ActorError):
    """The actor has no handler for this type of message.

    >>> print(UnknownMessage("/jobs/7 (Job) has no handler for Pause"))
    /jobs/7 (Job) has no handler for Pause
    """


class MailboxFull(ActorError):
    """The mailbox (or the stash) has reached its capacity.

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
    """A living actor of this parent, or a registered key, has that name already.

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
