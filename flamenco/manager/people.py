"""The actor that owns the users, and the sign-ins, tokens and links that stand for them."""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import attrs

import actors
from flamenco import clock
from flamenco.manager.refusals import NotAllowed, NotFound, Refusal
from flamenco.manager.services import Services
from flamenco.model.access import Role
from flamenco.model.people import (
    PROXY,
    Credential,
    CredentialKind,
    Identity,
    User,
    is_last_operator,
)
from flamenco.store import (
    DeleteCredential,
    DeleteUser,
    PutCredential,
    PutUser,
    all_credentials,
    all_users,
)

FIRST_OPERATOR = "operator"
"""Name of the first operator until that person chooses another."""

MOST_OF_KIND = 100
"""Maximum number of sign-ins of a user, and of tokens."""

TIDY_SECONDS = 60.0

SEEN_AGAIN = timedelta(minutes=1)
"""Time within which another use of a credential is not written down."""


@attrs.frozen
class CredentialsEnded:
    """Credentials are over, and with them all that was open by them."""

    ids: frozenset[str]


@attrs.frozen
class UserLeft:
    """A user is no more, or is disabled."""

    user_id: str


@attrs.frozen
class AddUser(actors.Request[None]):
    """Add a user, who sets a password by the link."""

    user: User
    link: Credential


@attrs.frozen
class AddFirstOperator(actors.Request[bool]):
    """Let whoever has a link become the first operator; False if there is one already.

    A link from an earlier start is over.
    """

    link: Credential


@attrs.frozen
class ChangeUser(actors.Request[None]):
    """Change a user; what is None stays."""

    user_id: str
    role: Role | None = None
    disabled: bool | None = None


@attrs.frozen
class RemoveUser(actors.Request[None]):
    """Forget a user."""

    user_id: str


@attrs.frozen
class Admit(actors.Request[None]):
    """Let a new credential count. One that replaces another ends it."""

    credential: Credential
    password: str | None = None
    """Hash of the password that was checked for it, which may have changed since."""
    replaces: str = ""


@attrs.frozen
class Enter(actors.Request[User | None]):
    """Let somebody in for whom another vouches, who becomes a user by that; None: not let in."""

    identity: Identity
    role: Role | None
    """None: no group of this person has one, any more perhaps."""
    sign_in: Credential
    """Credential that counts from then on; whose it is is not said in it."""
    replaces: str = ""


@attrs.frozen
class EndCredential(actors.Request[None]):
    """End a credential, of this user if one is named."""

    credential_id: str
    user_id: str | None


@attrs.frozen
class UseLink(actors.Request[None]):
    """Set the password of a link's user, who is signed in from then on, and end the link."""

    link_id: str
    user: User
    """The user with the password, and, if there was none before, a name of its own choice."""
    sign_in: Credential


@attrs.frozen
class ChangePassword(actors.Request[None]):
    """Change a password, and end all sign-ins of the user but the one that asks."""

    user_id: str
    password: str
    """Its hash."""
    keep: str


@attrs.frozen
class Used:
    """A credential was used from an address."""

    credential_id: str
    at: datetime
    address: str


@attrs.frozen
class Tidy:
    """It is time to forget what has expired."""


class People(actors.Actor):
    """The owner of users and credentials, which keeps names unique, and an operator at the helm."""

    replies_with = (Refusal,)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._users: dict[str, User] = {}
        self._credentials: dict[str, Credential] = {}

    async def started(self) -> None:
        """Read users and credentials."""
        ask = self._services.reader.ask
        self._users = {user.id: user for user in await ask(all_users)}
        self._credentials = {each.id: each for each in await ask(all_credentials)}
        self.tell(self.ref, Tidy())

    # Users

    @actors.handles(AddUser)
    def add_user(self, message: AddUser) -> None:
        """Add a user, if the name is free."""
        self._check_name(message.user)
        self._put(message.user)
        self._admit(message.link)

    @actors.handles(AddFirstOperator)
    def add_first_operator(self, message: AddFirstOperator) -> bool:
        """Add an operator without a password, unless one is there."""
        everybody = self._users.values()
        operators = [each for each in everybody if each.role is Role.OPERATOR and not each.disabled]
        if any(user.can_enter(self._sources) for user in operators):
            return False
        user = next(iter(operators), None) or User(
            id=str(uuid.uuid4()), name=FIRST_OPERATOR, role=Role.OPERATOR, created=clock.now()
        )
        self._put(user)
        self._end(self._of(user.id, CredentialKind.LINK))
        self._admit(attrs.evolve(message.link, user_id=user.id))
        return True

    @actors.handles(ChangeUser)
    def change_user(self, message: ChangeUser) -> None:
        """Change a user, unless nobody would be left to run the farm."""
        user = self._user(message.user_id)
        self._change(
            user,
            role=user.role if message.role is None else message.role,
            disabled=user.disabled if message.disabled is None else message.disabled,
        )

    @actors.handles(RemoveUser)
    def remove_user(self, message: RemoveUser) -> None:
        """Delete a user with all credentials, unless nobody would be left to run the farm."""
        user = self._user(message.user_id)
        self._check_not_last(user)
        self._end(self._of(user.id))
        del self._users[user.id]
        self.record(DeleteUser(user.id))
        self.publish(UserLeft(user.id))

    @actors.handles(ChangePassword)
    def change_password(self, message: ChangePassword) -> None:
        """Change a password, and end what was open by the old one."""
        user = self._user(message.user_id)
        self._put(attrs.evolve(user, password=message.password))
        sign_ins = self._of(user.id, CredentialKind.SIGN_IN)
        self._end([each for each in sign_ins if each.id != message.keep])

    # Credentials

    @actors.handles(Admit)
    def admit(self, message: Admit) -> None:
        """Keep a credential; a user's oldest sign-in or link makes room for a new one."""
        user = self._user(message.credential.user_id)
        self._check_enabled(user)
        if message.password not in (None, user.password):
            raise NotAllowed("the password was changed meanwhile: sign in anew")
        self._make_room(user, message.credential.kind, message.replaces)
        self._admit(message.credential)

    @actors.handles(Enter)
    def enter(self, message: Enter) -> User | None:
        """Sign in who is vouched for, with the role that this one has by now.

        Without one all that is open ends, tokens too. The last operator stays one.
        """
        told, role = message.identity, message.role
        user = next((each for each in self._users.values() if each.is_of(told)), None)
        if user is not None and self._is_last(user):
            role = user.role
        if role is None:
            self._end(self._of(user.id) if user is not None else ())
            return None
        if user is None:
            user = User(
                id=str(uuid.uuid4()),
                name=told.name,
                role=role,
                source=told.source,
                subject=told.subject,
                created=clock.now(),
            )
            self._check_name(user)
            self._put(user)
        self._check_enabled(user)
        if user.role is not role:
            user = self._change(user, role=role, disabled=False)
        self._make_room(user, CredentialKind.SIGN_IN, message.replaces)
        self._admit(attrs.evolve(message.sign_in, user_id=user.id))
        return user

    @actors.handles(EndCredential)
    def end_credential(self, message: EndCredential) -> None:
        """End a credential."""
        found = self._credentials.get(message.credential_id)
        if found is None or message.user_id not in (None, found.user_id):
            raise NotFound(f"there is no sign-in or token {message.credential_id}")
        self._end([found])

    @actors.handles(UseLink)
    def use_link(self, message: UseLink) -> None:
        """Set a password by a link, which is over with that, and all that was open before."""
        link = self._credentials.get(message.link_id)
        if link is None:
            raise NotAllowed("this link was used already, or is over")
        now, user = self._user(link.user_id), message.user
        self._check_name(user)
        self._put(attrs.evolve(now, password=user.password, name=user.name))
        self._end([link, *self._of(user.id, CredentialKind.SIGN_IN)])
        self._admit(message.sign_in)

    @actors.handles(Used)
    def used(self, message: Used) -> None:
        """Keep when, and from where, a credential was used."""
        found = self._credentials.get(message.credential_id)
        if found is not None and message.at - found.seen >= SEEN_AGAIN:
            self._admit(attrs.evolve(found, seen=message.at, address=message.address))

    @actors.handles(Tidy)
    def tidy(self, message: Tidy) -> None:
        """Forget what is over, and look again in a while."""
        now = clock.now()
        self._end([each for each in self._credentials.values() if each.ends <= now])
        self.after(TIDY_SECONDS, message)

    # Parts

    @property
    def _sources(self) -> Collection[str]:
        """Those who vouch for people now."""
        config = self._services.config.auth
        return {config.oidc.issuer, PROXY if config.trusted_header else ""} - {""}

    def _user(self, user_id: str) -> User:
        if user_id not in self._users:
            raise NotFound(f"there is no user {user_id}")
        return self._users[user_id]

    def _of(self, user_id: str, *kinds: CredentialKind) -> list[Credential]:
        return [
            each
            for each in self._credentials.values()
            if each.user_id == user_id and (not kinds or each.kind in kinds)
        ]

    def _check_name(self, user: User) -> None:
        if not user.name.strip():
            raise Refusal("name: a user needs one")
        others = (each for each in self._users.values() if each.id != user.id)
        if any(each.name.casefold() == user.name.casefold() for each in others):
            raise NotAllowed(f"there is a user {user.name} already")

    def _is_last(self, user: User) -> bool:
        return is_last_operator(self._users.values(), user.id, self._sources)

    def _check_not_last(self, user: User) -> None:
        if self._is_last(user):
            raise NotAllowed(f"{user.name} is the last operator: make somebody else one first")

    def _change(self, user: User, *, role: Role, disabled: bool) -> User:
        """Change a user, and end what is open as it was before."""
        if disabled or role is not Role.OPERATOR:
            self._check_not_last(user)
        changed = attrs.evolve(user, role=role, disabled=disabled)
        self._put(changed)
        if disabled:
            self._end(self._of(user.id, CredentialKind.SIGN_IN, CredentialKind.LINK))
            self.publish(UserLeft(user.id))
        self.publish(CredentialsEnded(frozenset(each.id for each in self._of(user.id))))
        return changed

    def _make_room(self, user: User, kind: CredentialKind, replaces: str) -> None:
        """End a user's credentials that a new one of a kind replaces."""
        others = self._of(user.id, kind)
        replaced = [each for each in others if each.id == replaces]
        if kind is CredentialKind.LINK:
            replaced = others
        elif len(others) >= MOST_OF_KIND:
            if kind is CredentialKind.TOKEN:
                raise NotAllowed(f"{user.name} has {MOST_OF_KIND} tokens: end some first")
            replaced.append(min(others, key=lambda each: each.seen))
        self._end(replaced)

    def _check_enabled(self, user: User) -> None:
        if user.disabled:
            raise NotAllowed(f"{user.name} is disabled: an operator can let that user in again")

    def _put(self, user: User) -> None:
        self._users[user.id] = user
        self.record(PutUser(user))

    def _admit(self, credential: Credential) -> None:
        self._credentials[credential.id] = credential
        self.record(PutCredential(credential))

    def _end(self, ended: Iterable[Credential]) -> None:
        ids = frozenset(each.id for each in ended)
        for each in ids:
            del self._credentials[each]
            self.record(DeleteCredential(each))
        if ids:
            self.publish(CredentialsEnded(ids))
