"""Who may do what, by the table."""

import itertools

from flamenco.model.access import (
    OF_ANYBODY,
    OF_WORKERS,
    PERMISSION_OF,
    PERMISSIONS_OF,
    Permission,
    Role,
    Scope,
    may,
    may_change,
    of_token,
)
from web.server import OPERATIONS

OWN = {Permission.ACCOUNT, Permission.LEAVE, Permission.NOTICES}
"""What is about oneself."""
ASKING = {
    "askForDeviceToken",
    "beginDevice",
    "beginSingleSignOn",
    "finishSingleSignOn",
    "registerWorker",
    "signIn",
    "signInByProxy",
    "useLink",
}
"""Operations that ask to be let in."""


def allowed(held) -> set[str]:
    return {operation for operation in PERMISSION_OF if may(held, operation)}


def test_every_operation_asks_for_a_permission_and_no_other_stands_in_the_table():
    assert set(PERMISSION_OF) == {each.id for each in OPERATIONS}


def test_each_role_may_do_more_than_the_one_before_it():
    for less, more in itertools.pairwise(Role):
        assert allowed(PERMISSIONS_OF[less]) < allowed(PERMISSIONS_OF[more])


def test_who_shows_nothing_learns_the_version_and_may_ask_to_be_let_in():
    assert allowed(OF_ANYBODY) == {"getVersion", "whoAmI"} | ASKING


def test_what_needs_no_credentials_has_a_path_without_parameters():
    assert not ["<" in each.path for each in OPERATIONS if may(OF_ANYBODY, each.id)].count(True)


def test_no_token_reaches_accounts_and_users():
    every = of_token(Role.OPERATOR, Scope)
    assert set(Permission) - every == {Permission.WORK, Permission.ACCOUNT, Permission.USERS}


def test_a_token_does_what_its_user_may_and_its_scope_says():
    for role, scope in itertools.product(Role, Scope):
        held = of_token(role, [scope])
        assert {Permission.LOOK} <= held <= PERMISSIONS_OF[role]
    assert not may(of_token(Role.OPERATOR, [Scope.READ]), "submitJob")
    assert may(of_token(Role.ARTIST, [Scope.SUBMIT]), "submitJob")
    assert not may(of_token(Role.VIEWER, [Scope.SUBMIT]), "submitJob")


def test_what_workers_do_is_theirs_alone():
    theirs = {each.id for each in OPERATIONS if each.worker_auth}
    assert theirs == allowed(OF_WORKERS) - allowed(PERMISSIONS_OF[Role.OPERATOR])


def test_viewers_change_nothing_of_the_farm():
    changing = {each.id for each in OPERATIONS if each.method != "GET"}
    theirs = allowed(PERMISSIONS_OF[Role.VIEWER]) & changing
    own = {each for each in theirs if PERMISSION_OF[each] in OWN}
    assert theirs - own == {"markNoticesRead"} | ASKING


def test_what_is_not_in_the_table_is_nobodys():
    assert not any(may(held, "isNotThere") for held in PERMISSIONS_OF.values())


def test_artists_change_their_own_jobs_and_wranglers_all():
    for user, owner in itertools.product(("", "ann"), ("", "ann", "ben")):
        own = user == owner == "ann"
        changing = {role for role in Role if may_change(PERMISSIONS_OF[role], user, owner)}
        assert changing == {Role.WRANGLER, Role.OPERATOR} | ({Role.ARTIST} if own else set())


def test_every_permission_is_asked_for():
    assert {*PERMISSION_OF.values()} == set(Permission)
