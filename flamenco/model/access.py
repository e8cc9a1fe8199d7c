"""Permissions: the roles of people, what they may do, and what each operation asks for.

An operation that is not in the table is nobody's, and fails a test.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, StrEnum


class AuthMode(StrEnum):
    """Whether it matters who asks."""

    OPEN = "open"
    """Whoever reaches the Manager may use it, as with Flamenco 3."""
    USERS = "users"
    """Only people who have signed in, programs with a token, and workers."""


class Danger(StrEnum):
    """Danger in the way that a farm is reached."""

    OPEN = "open"
    """Whoever reaches the Manager over the network may use it."""
    CLEAR = "clear"
    """Passwords and tokens travel over the network in clear."""


def danger_of(mode: AuthMode, *, is_reached: bool, is_encrypted: bool = False) -> Danger | None:
    """The danger of a farm that is, or is not, reached from other machines."""
    if not is_reached:
        return None
    if mode is AuthMode.OPEN:
        return Danger.OPEN
    return None if is_encrypted else Danger.CLEAR


class Role(StrEnum):
    """Roles of people; each may do all that those before it may."""

    VIEWER = "viewer"
    ARTIST = "artist"
    WRANGLER = "wrangler"
    OPERATOR = "operator"


class Permission(StrEnum):
    """Demand of an operation."""

    VISIT = "visit"
    """Know that a Manager is there, and ask to be let in: everybody has it."""
    WORK = "work"
    """Take tasks and report about them, as the worker whose credentials are shown."""
    PATHS = "paths"
    """Learn where files lie."""
    LOOK = "look"
    SUBMIT = "submit"
    OWN_JOBS = "own jobs"
    """Change the jobs that one has submitted."""
    JOBS = "jobs"
    """Change all jobs."""
    WORKERS = "workers"
    """Change workers and tags."""
    SETTINGS = "settings"
    LEAVE = "leave"
    """End the sign-in or token that one shows."""
    NOTICES = "notices"
    """Say where one hears of notices elsewhere."""
    ACCOUNT = "account"
    """See and change one's own password, sign-ins and tokens, and let devices in as oneself."""
    USERS = "users"
    """Add and remove users, end their sign-ins and tokens, and read the audit log."""


OF_ANYBODY = frozenset({Permission.VISIT})
OF_WAITING = OF_ANYBODY | {Permission.WORK}
"""Of workers that wait for approval, which are told to sleep."""
OF_WORKERS = OF_WAITING | {Permission.PATHS}

_LOOKING = OF_ANYBODY | {Permission.LOOK, Permission.PATHS, Permission.LEAVE}
_VIEWERS = _LOOKING | {Permission.NOTICES, Permission.ACCOUNT}
_ARTISTS = _VIEWERS | {Permission.SUBMIT, Permission.OWN_JOBS}
_WRANGLERS = _ARTISTS | {Permission.JOBS, Permission.WORKERS}

PERMISSIONS_OF: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWERS,
    Role.ARTIST: _ARTISTS,
    Role.WRANGLER: _WRANGLERS,
    Role.OPERATOR: _WRANGLERS | {Permission.SETTINGS, Permission.USERS},
}


class Admission(Enum):
    """Outcome of a registration."""

    JOINS = "joins"
    WAITS = "waits for approval"
    REFUSED = "refused"


def admission(mode: AuthMode, *, has_secret: bool, right: bool | None, by_hand: bool) -> Admission:
    """Outcome for a new worker; ``right`` is None if it has shown no secret.

    ``has_secret``: the farm has a registration secret; ``by_hand``: workers without it may wait.
    """
    if has_secret and right is not None:
        return Admission.JOINS if right else Admission.REFUSED
    if mode is AuthMode.OPEN:
        return Admission.REFUSED if has_secret else Admission.JOINS
    return Admission.WAITS if by_hand else Admission.REFUSED


class Scope(StrEnum):
    """Use of a token, as far as its user may do it."""

    READ = "read"
    SUBMIT = "submit"
    JOBS = "jobs"
    WORKERS = "workers"
    SETTINGS = "settings"


class DeviceError(StrEnum):
    """Reason why a device is not let in, or not yet (RFC 8628 §3.5)."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired_token"
    DENIED = "access_denied"


_IN_SCOPE: Mapping[Scope, frozenset[Permission]] = {
    Scope.READ: frozenset(),
    Scope.SUBMIT: frozenset({Permission.SUBMIT}),
    Scope.JOBS: frozenset({Permission.OWN_JOBS, Permission.JOBS}),
    Scope.WORKERS: frozenset({Permission.WORKERS}),
    Scope.SETTINGS: frozenset({Permission.SETTINGS, Permission.NOTICES}),
}
"""{scope: what it adds to looking}."""


def of_token(role: Role, scopes: Iterable[Scope]) -> frozenset[Permission]:
    """The permissions of a token of a user with this role; accounts are out of its reach."""
    return PERMISSIONS_OF[role] & _LOOKING.union(*(_IN_SCOPE[scope] for scope in scopes))


_OPERATIONS: Mapping[Permission, tuple[str, ...]] = {
    Permission.VISIT: (
        "askForDeviceToken",
        "beginDevice",
        "beginSingleSignOn",
        "finishSingleSignOn",
        "getVersion",
        "registerWorker",
        "signIn",
        "signInByProxy",
        "useLink",
        "whoAmI",
    ),
    Permission.WORK: (
        "mayWorkerRun",
        "requestBlocklisting",
        "scheduleTask",
        "signOff",
        "signOn",
        "takeFramePicture",
        "taskOutputProduced",
        "taskUpdate",
        "workerState",
        "workerStateChanged",
    ),
    Permission.PATHS: ("getSharedStorage", "getVariables"),
    Permission.LOOK: (
        "deleteJobWhatWouldItDo",
        "fetchFarmStatistics",
        "fetchGlobalLastRenderedInfo",
        "fetchJob",
        "fetchJobBlocklist",
        "fetchJobFrameStates",
        "fetchJobFrameTimes",
        "fetchJobFrames",
        "fetchJobHistory",
        "fetchJobLastRenderedInfo",
        "fetchJobPicture",
        "fetchJobPictures",
        "fetchJobSteps",
        "fetchJobTasks",
        "fetchJobTimeline",
        "fetchJobVideo",
        "fetchJobWorkers",
        "fetchJobs",
        "fetchManagerActors",
        "fetchNewestPictures",
        "fetchNotices",
        "fetchTask",
        "fetchTaskAttempts",
        "fetchTaskLogInfo",
        "fetchTaskLogTail",
        "fetchWorker",
        "fetchWorkerHistory",
        "fetchWorkerLoad",
        "fetchWorkerSleepSchedule",
        "fetchWorkerTag",
        "fetchWorkerTags",
        "fetchWorkers",
        "followEvents",
        "getConfiguration",
        "getFarmStatus",
        "getJobType",
        "getJobTypes",
        "markNoticesRead",
        "searchJobLogs",
        "whyJobWaits",
        "whyTaskWaits",
    ),
    Permission.SUBMIT: (
        "askAboutBlendFile",
        "dryRunJob",
        "fetchBlendFiles",
        "giveUpFiles",
        "handOutPack",
        "shamanCheckout",
        "shamanCheckoutRequirements",
        "shamanFileStore",
        "shamanFileStoreCheck",
        "submitJob",
        "submitJobCheck",
    ),
    Permission.OWN_JOBS: (
        "changeJobs",
        "changeTasks",
        "deleteJob",
        "removeJobBlocklist",
        "requeueFailedTasks",
        "setJobArchived",
        "setJobKeep",
        "setJobPriority",
        "setJobStatus",
        "setJobTag",
        "setTaskStatus",
        "tryJobAgain",
    ),
    Permission.JOBS: ("approveTask", "deleteJobMass", "rejectTask"),
    Permission.WORKERS: (
        "approveWorker",
        "changeWorkers",
        "createJoinToken",
        "createWorkerTag",
        "deleteWorker",
        "deleteWorkerTag",
        "endJoinToken",
        "fetchJoinTokens",
        "requestWorkerStatusChange",
        "revokeWorkerCredentials",
        "setWorkerSleepSchedule",
        "setWorkerTags",
        "tryWorkerAgain",
        "updateWorkerTag",
    ),
    Permission.SETTINGS: (
        "checkBlenderExePath",
        "checkSharedStoragePath",
        "findBlenderExePath",
        "fetchManagerConnections",
        "getConfigurationFile",
        "saveSetupAssistantConfig",
        "tryActorAgain",
        "updateConfigurationFile",
    ),
    Permission.LEAVE: ("signOut",),
    Permission.NOTICES: (
        "addSubscription",
        "changeSubscription",
        "fetchDeliveries",
        "fetchPushKey",
        "fetchSubscriptions",
        "previewMessage",
        "removeSubscription",
        "sendDeliveryAgain",
        "testSubscription",
    ),
    Permission.ACCOUNT: (
        "changePassword",
        "confirmDevice",
        "createToken",
        "endCredential",
        "fetchCredentials",
        "fetchDevice",
    ),
    Permission.USERS: (
        "addUser",
        "changeUser",
        "fetchAuditLog",
        "fetchUsers",
        "makeUserLink",
        "removeUser",
    ),
}

PERMISSION_OF: Mapping[str, Permission] = {
    operation: permission
    for permission, operations in _OPERATIONS.items()
    for operation in operations
}
"""{id of an operation of the HTTP API: what it asks for}."""


def may(held: frozenset[Permission], operation: str) -> bool:
    """True if who holds these permissions may ask for an operation.

    Whether a job is one's own is asked afterwards, see `may_change`.
    """
    return PERMISSION_OF.get(operation) in held


def may_change(held: frozenset[Permission], user: str, owner: str) -> bool:
    """True if a user may change a job of ``owner``; a job without one is nobody's own."""
    is_own = bool(owner) and user == owner
    return Permission.JOBS in held or (is_own and Permission.OWN_JOBS in held)
