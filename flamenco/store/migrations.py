"""The schema, as the list of changes that lead to it. A landed one is never edited.

The number of those applied is SQLite's `user_version`.
"""

from collections.abc import Callable
from pathlib import PurePosixPath

from sqlite_utils import Database

from flamenco.store.old_frames import count_old_frames


def _first(db: Database) -> None:
    db.table("jobs").create(
        {
            "id": str,
            "name": str,
            "type": str,
            "priority": int,
            "status": str,
            "activity": str,
            "settings": str,
            "metadata": str,
            "worker_tag": str,
            "shaman_checkout_id": str,
            "steps_completed": int,
            "steps_total": int,
            "created": str,
            "updated": str,
            "delete_requested_at": str,
        },
        pk="id",
    )
    db.table("jobs").create_index(["status"])
    db.table("tasks").create(
        {
            "id": str,
            "job_id": str,
            "idx": int,
            "name": str,
            "type": str,
            "priority": int,
            "depends_on": str,
            "status": str,
            "activity": str,
            "steps_completed": int,
            "steps_total": int,
            "worker_id": str,
            "lease": int,
            "last_seq": int,
            "log_size": int,
            "failed_by": str,
            "created": str,
            "updated": str,
            "last_touched": str,
            "commands": str,
        },
        pk="id",
        foreign_keys=[("job_id", "jobs", "id")],
    )
    db.table("tasks").create_index(["job_id", "idx"])
    db.table("tasks").create_index(["worker_id"])
    db.table("workers").create(
        {
            "id": str,
            "name": str,
            "secret_hash": str,
            "address": str,
            "platform": str,
            "software": str,
            "task_types": str,
            "tags": str,
            "status": str,
            "request": str,
            "can_restart": int,
            "created": str,
            "updated": str,
            "last_seen": str,
            "deleted_at": str,
        },
        pk="id",
    )
    db.table("last_rendered").create({"id": int, "job_id": str}, pk="id")


def _run(db: Database, script: str) -> None:
    """Run statements in the transaction of their migration, which `executescript` would end."""
    for statement in script.split(";"):
        db.execute(statement)


_RULES = """
CREATE TABLE tasks_anew (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    idx INTEGER, name TEXT, type TEXT, priority INTEGER, depends_on TEXT, status TEXT,
    activity TEXT, steps_completed INTEGER, steps_total INTEGER, worker_id TEXT, lease INTEGER,
    last_seq INTEGER, log_size INTEGER, failed_by TEXT, created TEXT, updated TEXT, started TEXT,
    last_touched TEXT
) WITHOUT ROWID;
INSERT INTO tasks_anew
    SELECT id, job_id, idx, name, type, priority, depends_on, status, activity, steps_completed,
        steps_total, worker_id, lease, last_seq, log_size, failed_by, created, updated,
        last_touched, last_touched
    FROM tasks;
CREATE TABLE commands_anew (task_id TEXT PRIMARY KEY, commands TEXT);
INSERT INTO commands_anew SELECT id, commands FROM tasks;
DROP TABLE tasks;
ALTER TABLE tasks_anew RENAME TO tasks;
CREATE TABLE commands (
    task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE, commands TEXT
);
INSERT INTO commands SELECT task_id, commands FROM commands_anew;
DROP TABLE commands_anew;
CREATE INDEX tasks_of_job ON tasks (job_id, idx);
CREATE INDEX tasks_at_work ON tasks (worker_id) WHERE status = 'active';
CREATE TABLE attempts (
    task_id TEXT REFERENCES tasks (id) ON DELETE CASCADE,
    lease INTEGER, job_id TEXT, worker_id TEXT, worker_name TEXT, started TEXT, ended TEXT,
    ending TEXT, reason TEXT, exit_code INTEGER, peak_memory INTEGER,
    PRIMARY KEY (task_id, lease)
) WITHOUT ROWID;
CREATE INDEX attempts_of_worker ON attempts (worker_id, ended);
CREATE TABLE job_blocks (
    job_id TEXT REFERENCES jobs (id) ON DELETE CASCADE,
    worker_id TEXT, task_type TEXT, reason TEXT, created TEXT,
    PRIMARY KEY (job_id, worker_id, task_type)
) WITHOUT ROWID;
CREATE TABLE tags (id TEXT PRIMARY KEY, name TEXT UNIQUE, description TEXT);
ALTER TABLE jobs ADD COLUMN requirements TEXT DEFAULT '{}';
ALTER TABLE jobs ADD COLUMN keep INTEGER DEFAULT 0;
ALTER TABLE jobs ADD COLUMN archived_at TEXT;
ALTER TABLE jobs ADD COLUMN delete_files INTEGER DEFAULT 0;
ALTER TABLE workers ADD COLUMN specs TEXT DEFAULT '{}';
ALTER TABLE workers ADD COLUMN schedule TEXT;
ALTER TABLE workers ADD COLUMN schedule_due TEXT;
"""


def _rules(db: Database) -> None:
    """Commands beside the tasks; attempts, blocklist, tags, specs, schedules and archive."""
    _run(db, _RULES)


def _log_heads(db: Database) -> None:
    """Add texts of the Manager in a task's log from before the worker's first."""
    db.execute(
        "CREATE TABLE log_heads ("
        "task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE, content BLOB)"
    )


_LISTS = """
CREATE INDEX jobs_by_created ON jobs ((archived_at IS NULL), status, created, id);
CREATE INDEX jobs_by_updated ON jobs ((archived_at IS NULL), status, updated, id);
CREATE INDEX jobs_by_name ON jobs ((archived_at IS NULL), status, name COLLATE NOCASE, id);
CREATE INDEX jobs_by_priority ON jobs ((archived_at IS NULL), status, priority, id);
CREATE INDEX workers_by_name ON workers (name COLLATE NOCASE, id) WHERE deleted_at IS NULL;
CREATE INDEX workers_by_status ON workers (status, id) WHERE deleted_at IS NULL;
CREATE INDEX workers_by_last_seen ON workers (ifnull(last_seen, ''), id) WHERE deleted_at IS NULL;
"""


def _lists(db: Database) -> None:
    """Indexes that hold the lists in each order they are asked for."""
    _run(db, _LISTS)


def _warnings(db: Database) -> None:
    """Add likely mistakes in a job."""
    db.execute("ALTER TABLE jobs ADD COLUMN warnings TEXT DEFAULT '[]'")


_PARKED = """
CREATE TABLE parked (
    kind TEXT NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX jobs_of_unknown_status ON jobs ((archived_at IS NULL)) WHERE ifnull(status, '')
    NOT IN ('active', 'cancel-requested', 'canceled', 'completed', 'failed', 'pause-requested',
    'paused', 'queued', 'requeueing', 'under-construction');
"""


def _parked(db: Database) -> None:
    """Add the parked objects, and an index of the jobs whose status can't be read."""
    _run(db, _PARKED)


def _task_warnings(db: Database) -> None:
    """Add likely mistakes in a task's result."""
    db.execute("ALTER TABLE tasks ADD COLUMN warnings TEXT DEFAULT '[]'")


def _checkouts(db: Database) -> None:
    """Add the checkouts that Shaman made: so far, those of the jobs."""
    db.execute("CREATE TABLE checkouts (path TEXT PRIMARY KEY) WITHOUT ROWID")
    for (path,) in db.execute("SELECT DISTINCT shaman_checkout_id FROM jobs").fetchall():
        if isinstance(path, str) and _is_plain(path):
            db.execute("INSERT INTO checkouts (path) VALUES (?)", (path,))


def _is_plain(path: str) -> bool:
    """True if it is the only way to write this path, and leads nowhere else."""
    pure = PurePosixPath(path)
    inside = pure.parts and not pure.is_absolute() and ".." not in pure.parts
    return bool(inside) and str(pure) == path and "\0" not in path


def _frames(db: Database) -> None:
    """Add the frames that each task makes, and how many those of each job are."""
    db.execute("ALTER TABLE tasks ADD COLUMN frames TEXT DEFAULT ''")
    db.execute("ALTER TABLE jobs ADD COLUMN frames TEXT DEFAULT '{}'")
    count_old_frames(db.conn)


_PICTURES = """
CREATE TABLE pictures (
    job_id TEXT NOT NULL,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    lease INTEGER NOT NULL, frame INTEGER NOT NULL, output TEXT NOT NULL, name TEXT NOT NULL,
    width INTEGER, height INTEGER, small INTEGER, large INTEGER, reason TEXT, made TEXT,
    PRIMARY KEY (task_id, lease, frame, output)
) WITHOUT ROWID;
CREATE INDEX pictures_of_job ON pictures (job_id, frame);
"""


def _pictures(db: Database) -> None:
    """Add the pictures of frames, whose files lie beside the database."""
    _run(db, _PICTURES)


_DUTIES = """
CREATE INDEX jobs_unfinished ON jobs (created) WHERE delete_requested_at IS NULL
    AND status NOT IN ('canceled', 'completed', 'failed', 'under-construction');
CREATE INDEX jobs_being_deleted ON jobs (id) WHERE delete_requested_at IS NOT NULL;
"""


def _duties(db: Database) -> None:
    """Add indexes of what the housekeeping looks after, so that finished jobs cost nothing."""
    _run(db, _DUTIES)


def _files(db: Database) -> None:
    """Add the image that a picture shows, and the time that its frame took."""
    db.execute("ALTER TABLE pictures ADD COLUMN file TEXT DEFAULT ''")
    db.execute("ALTER TABLE pictures ADD COLUMN seconds REAL")


_APPROVALS = """
ALTER TABLE jobs ADD COLUMN approvals INTEGER DEFAULT 0;
UPDATE jobs SET approvals = (
    SELECT count(*) FROM tasks AS waiting
    WHERE waiting.job_id = jobs.id AND type = 'approval' AND status IN ('queued', 'soft-failed')
        AND json_valid(depends_on) AND NOT EXISTS (
            SELECT 1 FROM json_each(waiting.depends_on) AS needed
            JOIN tasks ON tasks.id = needed.value AND tasks.status != 'completed'
        )
) WHERE status IN ('active', 'queued');
"""


def _approvals(db: Database) -> None:
    """Add how many tasks of a job wait for a yes or no."""
    _run(db, _APPROVALS)


def _running_since(db: Database) -> None:
    """Add the time since which a worker runs."""
    db.execute("ALTER TABLE workers ADD COLUMN running_since TEXT")


_TIMES = """
CREATE INDEX attempts_of_job ON attempts (job_id, ended);
CREATE INDEX jobs_by_status ON jobs ((archived_at IS NULL), status, id);
CREATE INDEX jobs_by_type ON jobs ((archived_at IS NULL), status, type COLLATE NOCASE, id);
CREATE INDEX approvals_of_job ON tasks (job_id) WHERE type = 'approval';
ALTER TABLE jobs ADD COLUMN pace TEXT DEFAULT '{}';
ALTER TABLE jobs ADD COLUMN started TEXT;
ALTER TABLE jobs ADD COLUMN ended TEXT;
ALTER TABLE jobs ADD COLUMN owner TEXT AS (
    ifnull(iif(json_valid(metadata), metadata ->> '$."user.name"', ''), '')
);
ALTER TABLE jobs ADD COLUMN first_start TEXT AS (ifnull(started, ''));
CREATE INDEX jobs_by_owner ON jobs ((archived_at IS NULL), status, owner COLLATE NOCASE, id);
CREATE INDEX jobs_by_started ON jobs ((archived_at IS NULL), status, first_start, id);
UPDATE jobs SET started = (SELECT min(attempts.started) FROM attempts WHERE job_id = jobs.id);
UPDATE jobs SET ended = (SELECT max(attempts.ended) FROM attempts WHERE job_id = jobs.id)
    WHERE status IN ('canceled', 'completed', 'failed');
"""


def _times(db: Database) -> None:
    """Add the times and the pace of jobs, and indexes of their attempts and approvals."""
    _run(db, _TIMES)


_SUBMISSIONS = """
CREATE TABLE submissions (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, job_id TEXT NOT NULL, created TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX submissions_by_age ON submissions (created);
ALTER TABLE checkouts ADD COLUMN key TEXT;
ALTER TABLE checkouts ADD COLUMN created TEXT;
CREATE UNIQUE INDEX packs ON checkouts (key) WHERE key IS NOT NULL;
"""


def _submissions(db: Database) -> None:
    """Add the keys of submissions, and the packs that were handed out for them."""
    _run(db, _SUBMISSIONS)


def _farm_past(db: Database) -> None:
    """Add an index of all attempts by their end, for the statistics of the farm."""
    db.execute("CREATE INDEX attempts_by_end ON attempts (ended)")


def _happenings(db: Database) -> None:
    """Add the history of jobs: changes of their status, and requests."""
    db.execute(
        "CREATE TABLE happenings ("
        "job_id TEXT REFERENCES jobs (id) ON DELETE CASCADE, number INTEGER, at TEXT, kind TEXT, "
        "what TEXT, detail TEXT, author TEXT, count INTEGER, PRIMARY KEY (job_id, number)"
        ") WITHOUT ROWID"
    )


_NOTICES = """
CREATE TABLE notices (
    id TEXT PRIMARY KEY, at TEXT, kind TEXT, text TEXT, job_id TEXT, worker_id TEXT
) WITHOUT ROWID;
CREATE INDEX notices_by_time ON notices (at);
CREATE TABLE notice_marks (browser TEXT PRIMARY KEY, until TEXT) WITHOUT ROWID;
"""


def _notices(db: Database) -> None:
    """Add notices, and how far each browser's person has read them."""
    _run(db, _NOTICES)


_NOTICE_ORDER = """
CREATE TABLE numbered (
    number INTEGER PRIMARY KEY,
    id TEXT UNIQUE, at TEXT, kind TEXT, text TEXT, job_id TEXT, worker_id TEXT
);
INSERT INTO numbered (id, at, kind, text, job_id, worker_id)
    SELECT id, at, kind, text, job_id, worker_id FROM notices ORDER BY at;
DROP TABLE notices;
ALTER TABLE numbered RENAME TO notices;
ALTER TABLE notice_marks ADD COLUMN number INTEGER DEFAULT 0;
UPDATE notice_marks SET number =
    ifnull((SELECT max(notices.number) FROM notices WHERE at <= until), 0);
"""


def _notice_order(db: Database) -> None:
    """Number notices in the order in which they came: a clock may be put back."""
    _run(db, _NOTICE_ORDER)


_EARLIER_STARTS = """
UPDATE jobs SET started = (
    SELECT min(begun) FROM (
        SELECT started AS begun FROM attempts WHERE job_id = jobs.id
        UNION ALL SELECT started FROM tasks WHERE job_id = jobs.id
    )
) WHERE started IS NULL;
"""


def _earlier_starts(db: Database) -> None:
    """Fill in the start of jobs of which no attempt had ended when times were added."""
    db.execute(_EARLIER_STARTS)


_LOADS = """
CREATE TABLE loads (
    worker_id TEXT, at TEXT, cpu REAL, memory_mib INTEGER, gpus TEXT, PRIMARY KEY (worker_id, at)
) WITHOUT ROWID;
CREATE INDEX loads_by_time ON loads (at);
"""


def _loads(db: Database) -> None:
    """Add the loads of workers' machines, by the minute."""
    _run(db, _LOADS)


_NEWEST_PICTURES = "CREATE INDEX pictures_newest ON pictures (made) WHERE large > 0"


def _newest_pictures(db: Database) -> None:
    """Add an index of the pictures that are kept by their time, since the page shows the newest."""
    db.execute(_NEWEST_PICTURES)


_PEOPLE = """
CREATE TABLE users (
    id TEXT PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE, role TEXT, password TEXT, created TEXT
) WITHOUT ROWID;
CREATE TABLE credentials (
    id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id) ON DELETE CASCADE, kind TEXT,
    digest TEXT UNIQUE, name TEXT, scopes TEXT, created TEXT, expires TEXT, seen TEXT, address TEXT
) WITHOUT ROWID;
CREATE INDEX credentials_by_user ON credentials (user_id);
ALTER TABLE jobs ADD COLUMN owner_id TEXT DEFAULT '';
"""


def _people(db: Database) -> None:
    """Add users, their sign-ins, tokens and links, and whose a job is."""
    _run(db, _PEOPLE)


_ADMISSION = """
ALTER TABLE workers ADD COLUMN awaits_approval INTEGER DEFAULT 0;
ALTER TABLE workers ADD COLUMN used_twice TEXT;
CREATE TABLE join_tokens (
    id TEXT PRIMARY KEY, name TEXT, key TEXT, tags TEXT, worker_id TEXT, once INTEGER, created TEXT,
    expires TEXT, used INTEGER
) WITHOUT ROWID;
"""


def _admission(db: Database) -> None:
    """Add tokens by which workers join, and what became of a worker's admission."""
    _run(db, _ADMISSION)


_AUDIT = """
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, at TEXT, who TEXT, address TEXT, operation TEXT, about TEXT,
    subject TEXT, asked TEXT, before TEXT, after TEXT, previous TEXT, hash TEXT
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_subject ON audit (subject, number);
"""
_AUDIT_STAYS = """
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'lines of the audit log are not changed'); END
"""


def _audit(db: Database) -> None:
    """Add the audit log, whose lines are not changed any more."""
    _run(db, _AUDIT)
    db.execute(_AUDIT_STAYS)


_SUBSCRIPTIONS = """
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY, user_id TEXT, name TEXT, channel TEXT, address TEXT, secret TEXT,
    wishes TEXT, created TEXT
) WITHOUT ROWID;
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE,
    subscription_id TEXT REFERENCES subscriptions (id) ON DELETE CASCADE,
    topic TEXT, notices TEXT, more INTEGER, is_test INTEGER, created TEXT, due TEXT,
    attempts INTEGER, state TEXT, reason TEXT, ended TEXT
);
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id);
CREATE INDEX deliveries_waiting ON deliveries (number) WHERE state = 'waiting';
CREATE TABLE outbox (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER);
INSERT INTO outbox SELECT 1, ifnull(max(number), 0) FROM notices;
"""


def _subscriptions(db: Database) -> None:
    """Add who is told of notices, what is on its way there, and how far notices were passed on."""
    _run(db, _SUBSCRIPTIONS)


_CHECKOUTS_OF_SUBMISSIONS = """
ALTER TABLE checkouts ADD COLUMN submission TEXT;
CREATE INDEX checkouts_by_submission ON checkouts (submission) WHERE submission IS NOT NULL;
"""


def _checkouts_of_submissions(db: Database) -> None:
    """Add the keys of the submissions that Shaman made checkouts for."""
    _run(db, _CHECKOUTS_OF_SUBMISSIONS)


def _worker_settings(db: Database) -> None:
    """Add what workers tell of their configuration."""
    db.execute("ALTER TABLE workers ADD COLUMN settings TEXT DEFAULT '[]'")


def _push_key(db: Database) -> None:
    """Add the key by which push services know this Manager."""
    _run(db, "CREATE TABLE push_key (one INTEGER PRIMARY KEY CHECK (one = 1), key TEXT);")


_SOURCES = """
ALTER TABLE users ADD COLUMN source TEXT DEFAULT '';
ALTER TABLE users ADD COLUMN subject TEXT DEFAULT '';
ALTER TABLE users ADD COLUMN disabled INTEGER DEFAULT 0;
CREATE UNIQUE INDEX users_by_source ON users (source, subject) WHERE source != '';
"""


def _sources(db: Database) -> None:
    """Add who vouches for a user that has no password, and whether a user is disabled."""
    _run(db, _SOURCES)


MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    _first,
    _rules,
    _log_heads,
    _lists,
    _warnings,
    _parked,
    _task_warnings,
    _checkouts,
    _frames,
    _pictures,
    _duties,
    _files,
    _approvals,
    _running_since,
    _times,
    _submissions,
    _farm_past,
    _happenings,
    _notices,
    _notice_order,
    _earlier_starts,
    _loads,
    _newest_pictures,
    _people,
    _admission,
    _audit,
    _subscriptions,
    _checkouts_of_submissions,
    _worker_settings,
    _push_key,
    _sources,
)
