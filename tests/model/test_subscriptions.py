"""Who hears of which notice, when, and in which words a template may say it."""

from datetime import UTC, datetime, time, timedelta

import attrs
import pytest

from flamenco.model.notices import Notice, NoticeKind
from flamenco.model.schedules import SleepSchedule
from flamenco.model.subscriptions import (
    Channel,
    Jobs,
    Subscription,
    Wishes,
    check_template,
    concerns,
    due,
)

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ANNA = Subscription(
    id="s", user_id="anna", name="x", channel=Channel.APPRISE, address="json://x", created=NOW
)
DONE = Notice(id="n", at=NOW, kind=NoticeKind.JOB_DONE, text="done", job_id="job")
LOST = attrs.evolve(DONE, kind=NoticeKind.WORKER_LOST, job_id="", worker_id="w")


def with_wishes(**wishes) -> Subscription:
    return attrs.evolve(ANNA, wishes=Wishes(**wishes))


def test_without_wishes_all_is_heard_but_nothing_from_before():
    assert concerns(ANNA, DONE, "", "")
    assert concerns(ANNA, LOST, "", "")
    assert not concerns(ANNA, attrs.evolve(DONE, at=NOW - timedelta(seconds=1)), "", "")


def test_only_the_wanted_kinds_are_heard():
    wanted = with_wishes(kinds=(NoticeKind.JOB_FAILED, NoticeKind.WORKER_LOST))
    assert not concerns(wanted, DONE, "", "")
    assert concerns(wanted, LOST, "", "")


@pytest.mark.parametrize(("owner", "heard"), [("anna", True), ("ben", False), ("", False)])
def test_of_my_jobs_only_mine_are_heard_and_of_workers_all(owner, heard):
    mine = with_wishes(jobs=Jobs.MINE)
    assert concerns(mine, DONE, owner, "") is heard
    assert concerns(mine, LOST, "", "")
    nobodys = attrs.evolve(mine, user_id="")
    assert not concerns(nobodys, DONE, owner, "")


@pytest.mark.parametrize(("tag", "heard"), [("gpu", True), ("cpu", False), ("", False)])
def test_of_a_tag_only_its_jobs_are_heard(tag, heard):
    assert concerns(with_wishes(jobs=Jobs.TAG, tag_id="gpu"), DONE, "", tag) is heard
    assert not concerns(with_wishes(jobs=Jobs.TAG), DONE, "", "")


def test_people_are_told_when_more_had_time_to_join_and_programs_at_once():
    assert due(with_wishes(gather=90), NOW, UTC) == NOW + timedelta(seconds=90)
    webhook = attrs.evolve(with_wishes(gather=90), channel=Channel.WEBHOOK)
    assert due(webhook, NOW, UTC) == NOW


def test_what_happens_in_quiet_hours_is_told_at_their_end():
    quiet = SleepSchedule(is_active=True, start=time(22), end=time(7))
    nights = with_wishes(gather=0, quiet=quiet)
    assert due(nights, NOW, UTC) == NOW
    assert due(nights, NOW.replace(hour=23), UTC) == NOW.replace(day=5, hour=7)
    unknown = attrs.evolve(quiet, timezone="Mars/Olympus")
    assert due(with_wishes(gather=0, quiet=unknown), NOW, UTC) == NOW


@pytest.mark.parametrize("template", ["$text", "at ${time}: $kind on $farm, $$5"])
def test_a_template_names_what_there_is(template):
    check_template(template)


@pytest.mark.parametrize(
    ("template", "wrong"), [("$secret", r"\$secret"), ("5 $", "a lone"), ("${text", "a lone")]
)
def test_a_template_that_cannot_be_filled_in_is_refused_with_what_is_wrong(template, wrong):
    with pytest.raises(ValueError, match=wrong):
        check_template(template)
