"""The broker's memory under any order of events: one answer per job, nothing lost, limits kept."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from bestiary.server.jobs import Job, JobTable


def job(number, nbytes=10):
    return Job(f"{number:032x}", "token:a", b"r", b"h", [b"x" * nbytes], 1e9, nbytes)


class TableMachine(RuleBasedStateMachine):
    """Random submissions, assignments, losses, answers and confirmations against a plain list model."""

    waiting = Bundle("waiting")
    running = Bundle("running")

    def __init__(self):
        super().__init__()
        self.table = JobTable(queue_jobs=4, queue_bytes=60, kept_results=3, kept_bytes=50, kept_s=10)
        self.number = 0
        self.now = 0.0
        self.queue: list[Job] = []
        self.out: list[Job] = []
        self.answered: list[str] = []

    @rule(nbytes=st.integers(0, 30))
    def submit(self, nbytes):
        if self.table.has_room(nbytes):
            self.number += 1
            new = job(self.number, nbytes)
            self.table.add(new)
            self.queue.append(new)
        else:
            assert len(self.queue) >= 4 or sum(j.nbytes for j in self.queue + self.out) + nbytes > 60

    @rule(target=running)
    def take(self):
        taken = self.table.take()
        assert taken is (self.queue.pop(0) if self.queue else None)
        if taken is not None:
            self.out.append(taken)
        return taken

    @rule(taken=running)
    def lose(self, taken):
        if taken in self.out:
            self.table.put_back(taken)
            self.out.remove(taken)
            self.queue.insert(0, taken)

    @rule(taken=consumes(running), nbytes=st.integers(1, 40))
    def answer(self, taken, nbytes):
        if taken is None or taken.ended:
            return
        if taken in self.queue:
            self.queue.remove(taken)
        else:
            self.out.remove(taken)
        self.table.end(taken, [b"answer"], nbytes, self.now)
        self.answered.append(taken.id)
        with pytest.raises(RuntimeError):
            self.table.end(taken, [b"again"], nbytes, self.now)

    @rule(index=st.integers(0, 20))
    def confirm(self, index):
        if self.answered:
            self.table.forget(self.answered[index % len(self.answered)])

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds):
        self.now += seconds
        self.table.expire(self.now)

    @rule(seconds=st.floats(0, 1000))
    def sleep(self, seconds):
        self.now += seconds
        self.table.shift(seconds)

    @invariant()
    def nothing_is_lost(self):
        assert self.table.queued == self.queue
        assert sorted(j.id for j in self.table.open) == sorted(j.id for j in self.queue + self.out)
        for open_job in self.queue + self.out:
            assert self.table.find(open_job.id) is open_job and not open_job.ended
        assert len(set(self.answered)) == len(self.answered)

    @invariant()
    def limits_are_kept(self):
        kept = [found for found in map(self.table.find, self.answered) if found is not None]
        assert len(kept) == self.table.kept <= 3
        assert sum(found.nbytes for found in kept) == self.table._answer_bytes <= 50
        assert self.table._open_bytes == sum(j.nbytes for j in self.queue + self.out)


TestTable = TableMachine.TestCase
TestTable.settings = settings(max_examples=60, stateful_step_count=40)


def test_answers_expire():
    table = JobTable(9, 900, 9, 900, kept_s=10)
    for number in range(2):
        one = job(number)
        table.add(one)
        table.take()
        table.end(one, [b"a"], 1, now=float(number * 8))
    table.expire(11.0)
    assert table.find(job(0).id) is None and table.find(job(1).id) is not None
