"""A folder as a Manager of Flamenco 3 leaves it, written after the reference (database.md)."""

import hashlib
import json
import sqlite3
from pathlib import Path

import attrs
import bcrypt

SECRET = "1f" * 32
TAG, ANNA, BERT, GONE, NEVER = (f"{n:08x}-0000-4000-8000-000000000000" for n in range(1, 6))
JOBS = {
    name: f"aaaa{place:04x}-0000-4000-8000-000000000000"
    for place, name in enumerate(("done", "going", "failed", "paused"), 1)
}
THEN = "2026-11-29 08:52:32.846385633 +0000 UTC"
SUMMER = "2026-07-01 10:00:00.5 +0200 CEST m=+0.123456"

SCHEMA = """
CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY, version_id INTEGER, is_applied INTEGER);
CREATE TABLE workers (
    id INTEGER PRIMARY KEY, created_at, updated_at, uuid, secret, name, address, platform, software,
    status, last_seen_at, status_requested, lazy_status_request, supported_task_types, deleted_at,
    can_restart);
CREATE TABLE worker_tags (id INTEGER PRIMARY KEY, created_at, updated_at, uuid, name, description);
CREATE TABLE worker_tag_membership (worker_tag_id, worker_id);
CREATE TABLE sleep_schedules (
    id INTEGER PRIMARY KEY, created_at, updated_at, worker_id, is_active, days_of_week, start_time,
    end_time, next_check);
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, created_at, updated_at, uuid, name, job_type, priority, status,
    activity, settings, metadata, delete_requested_at, storage_shaman_checkout_id, worker_tag_id,
    steps_completed, steps_total);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, created_at, updated_at, uuid, name, type, job_id, index_in_job,
    priority, status, worker_id, last_touched_at, commands, activity, steps_completed, steps_total);
CREATE TABLE task_dependencies (task_id, dependency_id);
CREATE TABLE task_failures (created_at, task_id, worker_id);
CREATE TABLE job_blocks (id INTEGER PRIMARY KEY, created_at, job_id, worker_id, task_type);
CREATE TABLE last_rendereds (id INTEGER PRIMARY KEY, created_at, updated_at, job_id);
"""

CONFIG = """\
# ours
_meta: {version: 3}
manager_name: Old Farm
database: db/farm.sqlite
local_manager_storage_path: ./logs
shared_storage_path: render
websetup: true
shaman:
  enabled: false
task_timeout:
"""

SCRIPT = """
const JOB_TYPE = {label: "Ours", settings: []};
function compileJob(job) { job.addTask(author.Task("one", "misc")); }
"""


def task_id(job: str, number: int) -> str:
    return f"{JOBS[job][:9]}{number:04x}-4000-8000-000000000000"


@attrs.define
class OldFolder:
    """Writes it, in a schema of 3.9 or an older one."""

    folder: Path
    db: sqlite3.Connection

    def insert(self, table: str, **values: object) -> int:
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
        return self.db.execute(sql, tuple(values.values())).lastrowid

    def worker(self, uuid: str, name: str, **more: object) -> int:
        usual = {
            "created_at": THEN,
            "secret": bcrypt.hashpw(SECRET.encode(), bcrypt.gensalt(4, b"2a")).decode(),
            "address": "10.0.0.1",
            "platform": "linux",
            "software": "3.9",
            "status": "awake",
            "last_seen_at": SUMMER,
            "status_requested": "",
            "lazy_status_request": 0,
            "supported_task_types": "blender,ffmpeg,file-management,misc",
            "can_restart": 0,
        }
        return self.insert("workers", uuid=uuid, name=name, **(usual | more))

    def job(self, name: str, status: str, **more: object) -> int:
        usual = {
            "created_at": THEN,
            "updated_at": THEN,
            "job_type": "echo-sleep-test",
            "priority": 50,
            "activity": f"{status}: as it was",
            "settings": json.dumps({"message": "hi"}),
            "metadata": json.dumps({"project": "film", "count": 3}),
            "storage_shaman_checkout_id": "",
        }
        values = usual | more
        return self.insert("jobs", uuid=JOBS[name], name=name, status=status, **values)

    def task(self, job: str, job_id: int, number: int, status: str, **more: object) -> int:
        command = {"name": "echo", "parameters": {"message": f"{job} {number}"}}
        usual = {
            "created_at": THEN,
            "type": "misc",
            "priority": 50,
            "commands": json.dumps([command | {"total_step_count": 2}]),
            "activity": "",
            "steps_completed": 0,
            "index_in_job": number,
        }
        values = usual | more
        return self.insert(
            "tasks",
            uuid=task_id(job, number),
            name=f"{job}-{number}",
            job_id=job_id,
            status=status,
            **values,
        )

    def file(self, path: str, content: bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def file_of(self, job: str, name: str, content: bytes) -> None:
        self.file(f"logs/job-{JOBS[job][:4]}/{JOBS[job]}/{name}", content)


def write(folder: Path) -> OldFolder:
    """Workers, tag, schedule, and a job of each kind, with its files; the database stays open."""
    (folder / "db").mkdir(parents=True)
    db = sqlite3.connect(folder / "db" / "farm.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(SCHEMA)
    old = OldFolder(folder, db)
    old.insert("goose_db_version", version_id=8, is_applied=1)
    tag = old.insert("worker_tags", created_at=THEN, uuid=TAG, name="gpu", description="fast")
    anna = old.worker(ANNA, "anna", can_restart=1)
    bert = old.worker(BERT, "bert", status="offline", status_requested="asleep")
    gone = old.worker(GONE, "gone", deleted_at=THEN)
    old.worker(NEVER, "never", status="", last_seen_at=None)
    old.insert("worker_tag_membership", worker_tag_id=tag, worker_id=anna)
    hours = {"days_of_week": "mo tu", "start_time": "09:00", "end_time": ""}
    old.insert("sleep_schedules", created_at=THEN, worker_id=bert, is_active=1, **hours)

    done = old.job("done", "completed", storage_shaman_checkout_id="film/done", priority=70)
    old.task("done", done, 1, "completed", worker_id=gone, last_touched_at=THEN, steps_completed=2)
    old.file_of("done", f"task-{task_id('done', 1)}.txt", b"first line\nlast line\n")
    for suffix in ("", "-small", "-tiny"):
        old.file_of("done", f"last-rendered{suffix}.jpg", b"picture")
    old.insert("last_rendereds", created_at=THEN, updated_at=THEN, job_id=done)

    going = old.job("going", "active", worker_tag_id=tag)
    second = old.task("going", going, 2, "queued")
    first = old.task("going", going, 1, "active", worker_id=anna, last_touched_at=THEN)
    old.insert("task_dependencies", task_id=second, dependency_id=first)

    failed = old.job("failed", "failed")
    hard = old.task("failed", failed, 1, "failed", worker_id=bert)
    old.task("failed", failed, 2, "canceled")
    old.insert("task_failures", created_at=THEN, task_id=hard, worker_id=bert)
    old.insert("job_blocks", created_at=THEN, job_id=failed, worker_id=bert, task_type="misc")

    paused = old.job("paused", "paused")
    old.task("paused", paused, 1, "paused")

    old.file("flamenco-manager.yaml", CONFIG.encode())
    old.file("scripts/our_type.js", SCRIPT.encode())
    old.file("scripts/lib/names.js", b"exports.a = 1;")
    return old


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Content and time of all files in a folder."""
    return {
        str(file.relative_to(folder)): (
            hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "",
            file.stat().st_mtime_ns,
        )
        for file in sorted(folder.rglob("*"))
    }
