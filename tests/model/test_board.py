"""The board pairs each worker with the best task it may run, and each task with a worker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flamenco.model.board import Board, Candidate, Kind, Lane, Presence, Profile, Why, lacks
from flamenco.model.specs import Requirements, Specs, missing

TYPES = ("blender", "ffmpeg")
TAGS = ("gpu", "fast")
WORKERS = ("anna", "bert", "carl")
MADE = {"j1": 3.0, "j2": 1.0, "j3": 2.0}

kinds = st.builds(
    Kind,
    type=st.sampled_from(TYPES),
    tag=st.sampled_from((None, *TAGS)),
    requirements=st.builds(Requirements, cores=st.sampled_from((0, 8))),
    excluded=st.frozensets(st.sampled_from(WORKERS), max_size=2),
)
lanes = st.builds(Lane, st.sampled_from(sorted(MADE)), kinds, st.integers(0, 2))
profiles = st.builds(
    Profile,
    st.frozensets(st.sampled_from(TYPES)),
    st.frozensets(st.sampled_from(TAGS)),
    st.builds(Specs, cores=st.sampled_from((4, 8))),
)
candidates = st.builds(
    lambda name, profile: Candidate(name, name, profile), st.sampled_from(WORKERS), profiles
)


def fits(worker: Candidate, kind: Kind) -> bool:
    """The rule in its plainest form."""
    return (
        kind.type in worker.profile.task_types
        and (kind.tag is None or kind.tag in worker.profile.tags)
        and not missing(worker.profile.specs, kind.requirements)
        and worker.worker_id not in kind.excluded
    )


class BoardAgainstAPlainList(RuleBasedStateMachine):
    """The board gives what looking through everything would give."""

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.counts: dict[Lane, int] = {}
        self.job_priority = dict.fromkeys(MADE, 50)
        self.idle: dict[str, Candidate] = {}

    def order(self, lane: Lane):
        return (-self.job_priority[lane.job_id], -lane.priority, MADE[lane.job_id], lane.job_id)

    @rule(lane=lanes, more=st.integers(0, 3))
    def tasks_arrive(self, lane, more):
        priority = self.job_priority[lane.job_id]
        matches = self.board.change_lane(lane, priority, MADE[lane.job_id], more)
        self.counts[lane] = self.counts.get(lane, 0) + more
        takers = [each for each in self.idle.values() if fits(each, lane.kind)]
        assert len(matches) == min(len(takers), self.counts[lane])
        for match in matches:
            assert match.lane == lane
            assert match.worker in takers
            del self.idle[match.worker.worker_id]
            self.counts[lane] -= 1

    @rule(lane=lanes, fewer=st.integers(1, 3))
    def tasks_leave(self, lane, fewer):
        fewer = min(fewer, self.counts.get(lane, 0))
        priority = self.job_priority[lane.job_id]
        assert self.board.change_lane(lane, priority, MADE[lane.job_id], -fewer) == []
        self.counts[lane] = self.counts.get(lane, 0) - fewer

    @rule(job=st.sampled_from(sorted(MADE)), priority=st.integers(48, 52))
    def a_job_gets_another_priority(self, job, priority):
        self.job_priority[job] = priority
        for lane in [lane for lane, count in self.counts.items() if lane.job_id == job and count]:
            assert self.board.change_lane(lane, priority, MADE[job], 0) == []

    @rule(job=st.sampled_from(sorted(MADE)))
    def a_job_leaves(self, job):
        self.board.drop_job(job)
        self.counts = {lane: count for lane, count in self.counts.items() if lane.job_id != job}

    @rule(
        worker=candidates, presence=st.sampled_from((Presence.IDLE, Presence.IDLE, Presence.BUSY))
    )
    def worker_arrives(self, worker, presence):
        match = self.board.put_worker(worker, presence)
        self.idle.pop(worker.worker_id, None)
        waiting = [lane for lane, count in self.counts.items() if count and fits(worker, lane.kind)]
        if presence is Presence.IDLE and waiting:
            assert match is not None
            assert self.order(match.lane) == min(map(self.order, waiting))
            assert match.lane in waiting
            self.counts[match.lane] -= 1
            return
        assert match is None
        if presence is Presence.IDLE:
            self.idle[worker.worker_id] = worker

    @rule(worker_id=st.sampled_from(WORKERS))
    def worker_leaves(self, worker_id):
        self.board.remove_worker(worker_id)
        self.idle.pop(worker_id, None)

    @invariant()
    def nobody_waits_for_what_is_there(self):
        idle = (who for who, presence in self.board.workers if presence is Presence.IDLE)
        assert {who.worker_id for who in idle} == self.idle.keys()
        waiting = [lane for lane, count in self.counts.items() if count]
        assert not any(fits(each, lane.kind) for each in self.idle.values() for lane in waiting)

    def teardown(self):
        """When as many tasks leave as were counted, nothing is left for one who can do all.

        And when the workers leave, nothing is kept of what was there.
        """
        for lane, count in self.counts.items():
            self.board.change_lane(lane, self.job_priority[lane.job_id], MADE[lane.job_id], -count)
        able = Profile(frozenset(TYPES), frozenset(TAGS), Specs(cores=8))
        assert self.board.put_worker(Candidate("zoe", "zoe", able), Presence.IDLE) is None
        for who, _ in self.board.workers:
            self.board.remove_worker(who.worker_id)
        board = self.board
        kept = [board._lanes, board._heaps, *board._kinds.values(), board._workers, board._idle]
        assert not any(kept)


TestBoard = BoardAgainstAPlainList.TestCase

ANNA = Candidate("anna", "anna", Profile(frozenset({"misc"})))


def lane(job: str, priority: int = 50) -> Lane:
    return Lane(job, Kind("misc"), priority)


@given(st.permutations(range(8)))
def test_of_equal_jobs_the_oldest_is_first(ages):
    board = Board()
    for number, age in enumerate(ages):
        board.change_lane(lane(f"j{number}"), 50, age, 1)
    started = []
    for _ in ages:
        match = board.put_worker(ANNA, Presence.IDLE)
        started.append(ages[int(match.lane.job_id[1:])])
    assert started == sorted(ages)


def test_a_job_goes_before_another_by_its_priority_and_then_by_that_of_its_tasks():
    board = Board()
    board.change_lane(lane("low", 99), 10, 1, 1)
    board.change_lane(lane("high", 1), 90, 2, 1)
    board.change_lane(lane("high", 2), 90, 2, 1)
    order = [board.put_worker(ANNA, Presence.IDLE).lane for _ in range(3)]
    assert order == [lane("high", 2), lane("high", 1), lane("low", 99)]


def test_tasks_that_were_matched_may_be_withdrawn_before_the_offer_is_refused():
    board = Board()
    board.put_worker(ANNA, Presence.IDLE)
    assert board.change_lane(lane("j"), 50, 1, 1)
    assert board.change_lane(lane("j"), 50, 1, -1) == []
    assert board.put_worker(ANNA, Presence.IDLE) is None
    assert board.change_lane(lane("j"), 50, 1, 1) == []
    assert len(board.change_lane(lane("j"), 50, 1, 1)) == 1


def test_a_lane_of_which_too_much_was_withdrawn_is_found_again_when_it_has_tasks():
    board = Board()
    board.change_lane(lane("j"), 50, 1, 1)
    board.put_worker(ANNA, Presence.IDLE)
    board.change_lane(lane("j"), 50, 1, -1)
    assert board.put_worker(ANNA, Presence.IDLE) is None
    board.remove_worker("anna")
    assert board.change_lane(lane("j"), 50, 1, 2) == []
    assert board.put_worker(ANNA, Presence.IDLE).lane == lane("j")


def test_what_was_withdrawn_too_much_is_remembered_by_a_lane_without_tasks():
    """Its entry in the heap is gone: a worker found no task there."""
    board = Board()
    board.change_lane(lane("j"), 50, 1, 1)
    board.put_worker(ANNA, Presence.IDLE)
    board.change_lane(lane("j"), 50, 1, -1)
    board.put_worker(ANNA, Presence.IDLE)
    assert board.change_lane(lane("j"), 50, 1, 1) == []


@pytest.mark.parametrize("priority", [10, 90])
def test_a_lane_whose_job_got_another_priority_is_still_found(priority):
    board = Board()
    board.change_lane(lane("j"), 50, 1, 1)
    board.change_lane(lane("j"), priority, 1, 1)
    found = [board.put_worker(ANNA, Presence.ASKING) for _ in range(3)]
    assert [match and match.lane for match in found] == [lane("j"), lane("j"), None]


def test_a_lane_whose_job_became_less_urgent_is_run_after_the_others():
    board = Board()
    for name, priority in (("j", 90), ("k", 50), ("j", 10)):
        board.change_lane(lane(name), priority, 1, 1)
    found = [board.put_worker(ANNA, Presence.ASKING).lane for _ in range(3)]
    assert found == [lane("k"), lane("j"), lane("j")]


def test_a_million_tasks_are_one_entry():
    board = Board()
    board.change_lane(lane("j"), 50, 1, 1_000_000)
    assert board.put_worker(ANNA, Presence.IDLE).lane == lane("j")
    assert board.change_lane(lane("j"), 50, 1, -999_998) == []
    assert board.put_worker(ANNA, Presence.IDLE).lane == lane("j")
    assert board.put_worker(ANNA, Presence.IDLE) is None


def test_of_lanes_of_one_job_that_is_first_whose_first_task_is():
    board = Board()
    other = Lane("j", Kind("misc", excluded=frozenset({"bert"})))
    board.change_lane(lane("j"), 50, 1, 2, place=7)
    board.change_lane(other, 50, 1, 1, place=3)
    order = [board.put_worker(ANNA, Presence.IDLE).lane for _ in range(3)]
    assert order == [other, lane("j"), lane("j")]


def test_a_worker_that_asks_takes_what_is_there_and_else_asks_again():
    board = Board()
    assert board.put_worker(ANNA, Presence.ASKING) is None
    assert board.workers == ((ANNA, Presence.POLLING),)
    assert board.change_lane(lane("j"), 50, 1, 1) == []
    assert board.put_worker(ANNA, Presence.ASKING).lane == lane("j")
    assert board.workers == ((ANNA, Presence.BUSY),)


@pytest.mark.parametrize("presence", sorted(set(Presence) - {Presence.IDLE, Presence.ASKING}))
def test_a_worker_that_is_not_ready_gets_no_task(presence):
    board = Board()
    board.change_lane(lane("j"), 50, 1, 1)
    assert board.put_worker(ANNA, presence) is None
    assert board.workers == ((ANNA, presence),)
    assert board.change_lane(lane("j"), 50, 1, 1) == []


def test_of_idle_workers_that_can_do_it_the_one_that_waits_longest_gets_a_task():
    board = Board()
    anna, bert, carl = (Candidate(name, name, ANNA.profile) for name in WORKERS)
    for worker in (carl, anna, bert):
        board.put_worker(worker, Presence.IDLE)
    board.put_worker(carl, Presence.IDLE)
    order = board.change_lane(Lane("j", Kind("misc", excluded=frozenset({"anna"}))), 50, 1, 2)
    assert [match.worker for match in order] == [bert, carl]


def test_the_place_of_a_lane_is_that_of_its_first_task_while_it_holds_any():
    board = Board()
    other = Lane("j", Kind("misc", excluded=frozenset({"bert"})))
    board.change_lane(lane("j"), 50, 1, 1, place=7)
    board.change_lane(other, 50, 1, 1, place=5)
    board.change_lane(lane("j"), 50, 1, 1, place=1)
    order = [board.put_worker(ANNA, Presence.IDLE).lane for _ in range(3)]
    assert order == [other, lane("j"), lane("j")]
    board.change_lane(other, 50, 1, 1, place=5)
    board.change_lane(lane("j"), 50, 1, 1, place=1)
    assert board.put_worker(ANNA, Presence.IDLE).lane == lane("j")


def test_jobs_of_one_moment_do_not_take_turns():
    board = Board()
    for place, job in enumerate("baba"):
        kind = Kind("misc", excluded=frozenset({str(place)}))
        board.change_lane(Lane(job, kind), 50, 1, 1, place=place)
    order = [board.put_worker(ANNA, Presence.IDLE).lane.job_id for _ in range(4)]
    assert order == ["a", "a", "b", "b"]


def test_what_fits_is_remembered_within_bounds(monkeypatch):
    monkeypatch.setattr("flamenco.model.board.REMEMBERED_FITS", 10)
    board = Board()
    for number in range(25):
        assert board.may_run(ANNA, Kind("misc", excluded=frozenset({str(number)})))
        assert 1 <= len(board._fits) <= 10


def test_all_that_a_worker_lacks_is_told():
    kind = Kind("blender", "gpu", Requirements(cores=8))
    poor = Profile(frozenset({"misc"}), specs=Specs(cores=4))
    said = lacks(poor, kind, "the tag GPU")
    assert said[:2] == ("the task type blender", "the tag GPU")
    assert len(said) == 3
    rich = Profile(frozenset({"blender"}), frozenset({"gpu"}), Specs(cores=8))
    assert lacks(rich, kind) == ()


def served(board, lane):
    """Names of the workers that get a task each of a lane."""
    return [match.worker.name for match in board.change_lane(lane, 50, 1.0, 1)]


def board_after(jobs):
    """Idle workers, each of which has had a task of a job."""
    board = Board()
    profile = Profile(frozenset({"blender"}))
    for name, job in jobs.items():
        board.change_lane(Lane(job, Kind("blender")), 50, 1.0, 1)
        assert board.put_worker(Candidate(name, name, profile), Presence.IDLE)
    for name in jobs:
        assert not board.put_worker(Candidate(name, name, profile), Presence.IDLE)
    return board


def test_a_task_goes_to_a_worker_that_may_have_its_file_open():
    board = board_after({"anna": "j1", "bert": "j2", "carl": "j1"})
    assert served(board, Lane("j2", Kind("blender"))) == ["bert"]
    assert served(board, Lane("j2", Kind("blender"))) == ["anna"]
    assert served(board, Lane("j1", Kind("blender"))) == ["carl"]


def test_each_match_says_why_it_is_this_worker():
    board = board_after({"anna": "j1", "bert": "j2"})
    reasons = [board.change_lane(Lane("j2", Kind("blender")), 50, 1.0, 1)[0].why for _ in range(2)]
    assert reasons == [Why.WARM, Why.IDLE]
    board.change_lane(Lane("j2", Kind("blender")), 50, 1.0, 1)
    free = Candidate("anna", "anna", Profile(frozenset({"blender"})))
    assert board.put_worker(free, Presence.IDLE).why is Why.FIRST


@pytest.mark.parametrize("presence", [Presence.ASLEEP, Presence.AWAY])
def test_a_worker_that_was_away_has_no_file_open(presence):
    board = board_after({"anna": "j1", "bert": "j2"})
    bert = Candidate("bert", "bert", Profile(frozenset({"blender"})))
    board.put_worker(bert, presence)
    board.put_worker(bert, Presence.IDLE)
    assert served(board, Lane("j2", Kind("blender"))) == ["anna"]


def test_one_that_may_not_run_a_task_does_not_get_it_for_its_open_file():
    board = board_after({"anna": "j1", "bert": "j2"})
    assert served(board, Lane("j2", Kind("blender", excluded=frozenset({"bert"})))) == ["anna"]
    assert not board._idle_after.get("j1")
