"""The board pairs each worker with the best task it may run, and each task with a worker."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flamenco.model.board import Board, IdleWorker, ReadyTask, may_run

TYPES = ("blender", "ffmpeg", "misc")
TAGS = ("gpu", "fast")
WORKERS = ("anna", "bert", "carl")

tasks = st.builds(
    ReadyTask,
    task_id=st.sampled_from([f"t{number}" for number in range(8)]),
    job_id=st.just("j"),
    type=st.sampled_from(TYPES),
    tag=st.sampled_from((None, *TAGS)),
    job_priority=st.integers(0, 3),
    priority=st.integers(0, 3),
    excluded=st.frozensets(st.sampled_from(WORKERS), max_size=2),
)
workers = st.builds(
    IdleWorker,
    worker_id=st.sampled_from(WORKERS),
    task_types=st.frozensets(st.sampled_from(TYPES)),
    tags=st.frozensets(st.sampled_from(TAGS)),
)


class BoardAgainstAPlainList(RuleBasedStateMachine):
    """The board gives what looking through everything would give."""

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.ready: dict[str, tuple[int, ReadyTask]] = {}
        self.idle: dict[str, IdleWorker] = {}
        self.age = 0

    @rule(task=tasks)
    def task_arrives(self, task):
        match = self.board.add_task(task)
        takers = [each for each in self.idle.values() if may_run(each, task)]
        if takers:
            assert match is not None
            assert match.task == task
            assert match.worker in takers
            del self.idle[match.worker.worker_id]
            self.ready.pop(task.task_id, None)
        else:
            assert match is None
            self.age += 1
            age = self.ready[task.task_id][0] if task.task_id in self.ready else self.age
            self.ready[task.task_id] = (age, task)

    @rule(worker=workers)
    def worker_arrives(self, worker):
        match = self.board.add_worker(worker)
        self.idle.pop(worker.worker_id, None)
        fitting = [(age, task) for age, task in self.ready.values() if may_run(worker, task)]
        if not fitting:
            assert match is None
            self.idle[worker.worker_id] = worker
            return
        _, best = min(fitting, key=lambda at: (-at[1].job_priority, -at[1].priority, at[0]))
        assert match is not None
        assert match.task == best
        del self.ready[best.task_id]

    @rule(task_id=st.sampled_from([f"t{number}" for number in range(8)]))
    def task_leaves(self, task_id):
        self.board.remove_task(task_id)
        self.ready.pop(task_id, None)

    @rule(worker_id=st.sampled_from(WORKERS))
    def worker_leaves(self, worker_id):
        self.board.remove_worker(worker_id)
        self.idle.pop(worker_id, None)

    @invariant()
    def nobody_waits_for_what_is_there(self):
        assert self.board.waiting == len(self.ready)
        assert self.board.idle == len(self.idle)
        for worker in self.idle.values():
            assert not any(may_run(worker, task) for _, task in self.ready.values())


TestBoard = BoardAgainstAPlainList.TestCase


@given(st.permutations(range(20)))
def test_equal_tasks_are_started_in_the_order_of_their_arrival(order):
    board = Board()
    for number in order:
        board.add_task(ReadyTask(task_id=str(number), job_id="j", type="misc"))
    worker = IdleWorker(worker_id="anna", task_types=frozenset({"misc"}))
    started = []
    for _ in order:
        match = board.add_worker(worker)
        assert match is not None
        started.append(int(match.task.task_id))
    assert started == list(order)
