"""Users and their credentials: how they are kept, and found."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from flamenco.model.access import Role
from flamenco.model.people import Credential, CredentialKind, User
from flamenco.store.tables import Rows, Table

USERS = Table("users", User, stand_in={"role": Role.VIEWER})
CREDENTIALS = Table(
    "credentials",
    Credential,
    structured=frozenset({"scopes"}),
    stand_in={"kind": CredentialKind.LINK},
)


@attrs.frozen
class PutUser:
    user: User


@attrs.frozen
class DeleteUser:
    """Forget a user, whose credentials are over."""

    user_id: str


@attrs.frozen
class PutCredential:
    credential: Credential


@attrs.frozen
class DeleteCredential:
    credential_id: str


@attrs.frozen
class Holder:
    """A user, and the credential that stands for it."""

    user: User
    credential: Credential


def holder_of(db: sqlite3.Connection, digest: str) -> Holder | None:
    """Holder of the secret with this digest, also if it is over. Raises `UnreadableRow`."""
    credential = CREDENTIALS.one(db, "WHERE digest = ?", (digest,))
    user = credential and user_of(db, credential.user_id)
    return Holder(user, credential) if credential and user else None


def user_of(db: sqlite3.Connection, user_id: str) -> User | None:
    """The user with this id. Raises `UnreadableRow`."""
    return USERS.one(db, "WHERE id = ?", (user_id,))


def user_named(db: sqlite3.Connection, name: str) -> User | None:
    """The user with this name, in upper or lower case. Raises `UnreadableRow`."""
    return USERS.one(db, "WHERE name = ? COLLATE NOCASE", (name,))


def all_users(db: sqlite3.Connection) -> Rows[User]:
    """All users, by their names."""
    return USERS.read(db, "ORDER BY name COLLATE NOCASE")


def all_credentials(db: sqlite3.Connection) -> Rows[Credential]:
    """All credentials, the newest first."""
    return CREDENTIALS.read(db, "ORDER BY created DESC, id")


def _put_user(connection: sqlite3.Connection, change: PutUser) -> None:
    connection.execute(USERS.put(), USERS.row(change.user))


def _delete_user(connection: sqlite3.Connection, change: DeleteUser) -> None:
    connection.execute("DELETE FROM users WHERE id = ?", (change.user_id,))


def _put_credential(connection: sqlite3.Connection, change: PutCredential) -> None:
    connection.execute(CREDENTIALS.put(), CREDENTIALS.row(change.credential))


def _delete_credential(connection: sqlite3.Connection, change: DeleteCredential) -> None:
    connection.execute("DELETE FROM credentials WHERE id = ?", (change.credential_id,))


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    PutUser: _put_user,
    DeleteUser: _delete_user,
    PutCredential: _put_credential,
    DeleteCredential: _delete_credential,
}
