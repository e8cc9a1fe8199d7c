"""The database: SQLite's schema, changes in groups, and read queries.

The rest of the farm sees `Store` alone: it loads snapshots and commits changes, and `Reader`
answers queries beside it.
"""

from flamenco.store.ahead import WriteAheadLog
from flamenco.store.audit import (
    AuditFilter,
    InsertAuditLine,
    RemoveAuditLines,
    audit_lines,
    last_audit_hash,
    last_audit_line_before,
    state_of,
)
from flamenco.store.changes import (
    AppendLog,
    DeleteBlock,
    DeleteBlocks,
    DeleteCheckout,
    DeleteJob,
    DeletePicture,
    DeleteTag,
    DeleteTasks,
    InsertAttempt,
    InsertJob,
    InsertTasks,
    PutBlock,
    PutCheckout,
    PutJob,
    PutPicture,
    PutTag,
    PutTask,
    PutWorker,
    ReadCommands,
    RememberRendered,
    SweepTasks,
)
from flamenco.store.database import Store, check_integrity, open_store
from flamenco.store.details import StoredLease
from flamenco.store.errors import DamagedDatabase, NewerDatabase, StoreError, UnreadableRow
from flamenco.store.frames import JobFrames, newest_pictures
from flamenco.store.happenings import PutHappening, history_of
from flamenco.store.joining import (
    DeleteJoinToken,
    PutJoinToken,
    all_join_tokens,
    awaits_approval,
    count_waiting,
    join_token,
)
from flamenco.store.lists import Listing, Page, in_utc, listed_jobs, listed_tasks, listed_workers
from flamenco.store.loads import ForgetLoads, PutLoad, loads_of, newest_loads
from flamenco.store.notices import PutNotice, PutReadMark, notices_for
from flamenco.store.outputs import unfinished_writers
from flamenco.store.parking import (
    DeleteParked,
    HandBackLeases,
    MarkWorkerDeleted,
    PutParked,
    RequestDeletion,
    Shown,
)
from flamenco.store.past import Share, Tried, attempts_of, farm_since, going_on, shares
from flamenco.store.people import (
    DeleteCredential,
    DeleteUser,
    Holder,
    PutCredential,
    PutUser,
    all_credentials,
    all_users,
    holder_of,
    user_named,
)
from flamenco.store.queries import Reader, open_reader
from flamenco.store.snapshots import WorkerSnapshot, job_key, worker_key
from flamenco.store.steps import read_steps
from flamenco.store.submissions import (
    ForgetSubmissions,
    PutPack,
    Remembered,
    RememberSubmission,
)
from flamenco.store.tables import Rows
from flamenco.store.touched import Touched
from flamenco.store.work import Held, held_tasks, job_names, task_names, waiting_approvals

__all__ = [
    "AppendLog",
    "AuditFilter",
    "DamagedDatabase",
    "DeleteBlock",
    "DeleteBlocks",
    "DeleteCheckout",
    "DeleteCredential",
    "DeleteJob",
    "DeleteJoinToken",
    "DeleteParked",
    "DeletePicture",
    "DeleteTag",
    "DeleteTasks",
    "DeleteUser",
    "ForgetLoads",
    "ForgetSubmissions",
    "HandBackLeases",
    "Held",
    "Holder",
    "InsertAttempt",
    "InsertAuditLine",
    "InsertJob",
    "InsertTasks",
    "JobFrames",
    "Listing",
    "MarkWorkerDeleted",
    "NewerDatabase",
    "Page",
    "PutBlock",
    "PutCheckout",
    "PutCredential",
    "PutHappening",
    "PutJob",
    "PutJoinToken",
    "PutLoad",
    "PutNotice",
    "PutPack",
    "PutParked",
    "PutPicture",
    "PutReadMark",
    "PutTag",
    "PutTask",
    "PutUser",
    "PutWorker",
    "ReadCommands",
    "Reader",
    "RememberRendered",
    "RememberSubmission",
    "Remembered",
    "RemoveAuditLines",
    "RequestDeletion",
    "Rows",
    "Share",
    "Shown",
    "Store",
    "StoreError",
    "StoredLease",
    "SweepTasks",
    "Touched",
    "Tried",
    "UnreadableRow",
    "WorkerSnapshot",
    "WriteAheadLog",
    "all_credentials",
    "all_join_tokens",
    "all_users",
    "attempts_of",
    "audit_lines",
    "awaits_approval",
    "check_integrity",
    "count_waiting",
    "farm_since",
    "going_on",
    "held_tasks",
    "history_of",
    "holder_of",
    "in_utc",
    "job_key",
    "job_names",
    "join_token",
    "last_audit_hash",
    "last_audit_line_before",
    "listed_jobs",
    "listed_tasks",
    "listed_workers",
    "loads_of",
    "newest_loads",
    "newest_pictures",
    "notices_for",
    "open_reader",
    "open_store",
    "read_steps",
    "shares",
    "state_of",
    "task_names",
    "unfinished_writers",
    "user_named",
    "waiting_approvals",
    "worker_key",
]
