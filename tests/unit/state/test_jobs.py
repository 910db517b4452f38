"""Background jobs, in real threads: nothing here waits for time to pass, only for each other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from unetscope.domain.errors import StudyError, UnetscopeError
from unetscope.state import jobs as jobs_module
from unetscope.state.jobs import JobContext, Jobs

HANG = 20.0  # seconds after which a test that waits has failed


class Owner:
    """The owner's thread: takes letters from the workers and does what they say."""

    def __init__(self) -> None:
        self.letters: queue.Queue[Callable[[], None]] = queue.Queue()
        self.jobs = Jobs(self.letters.put)
        self.answers: list[object] = []
        self.errors: list[UnetscopeError] = []
        self.progress: list[tuple[float, str]] = []
        self.threads: set[int] = set()

    def submit(self, key: str, work: Callable[[JobContext], object]) -> None:
        self.jobs.submit(
            key,
            work,
            done=self._done,
            failed=self.errors.append,
            progress=lambda share, sentence: self.progress.append((share, sentence)),
        )

    def _done(self, answer: object) -> None:
        self.threads.add(threading.get_ident())
        self.answers.append(answer)

    def take(self, letters: int = 1) -> None:
        for _ in range(letters):
            self.letters.get(timeout=HANG)()

    def finish(self) -> None:
        """Let every job end, then take all letters."""
        self.jobs._pool.shutdown(wait=True)
        while not self.letters.empty():
            self.take()


@pytest.fixture
def owner() -> Iterator[Owner]:
    owner = Owner()
    yield owner
    owner.jobs.stop()


def test_work_runs_elsewhere_and_its_answer_comes_home(owner: Owner) -> None:
    owner.submit("a", lambda _: threading.get_ident())
    owner.take()
    assert owner.answers != [threading.get_ident()]
    assert owner.threads == {threading.get_ident()}


def test_the_latest_of_a_key_wins(owner: Owner) -> None:
    go, started = threading.Event(), threading.Event()

    def slow(job: JobContext) -> str:
        started.set()
        go.wait(HANG)
        return "slow"

    owner.submit("slice", slow)
    assert started.wait(HANG)
    owner.submit("slice", lambda _: "fast")
    go.set()
    owner.finish()
    assert owner.answers == ["fast"]


def test_an_answer_that_waits_to_be_delivered_is_superseded_too(owner: Owner) -> None:
    owner.submit("slice", lambda _: "first")
    letter = owner.letters.get(timeout=HANG)
    owner.submit("slice", lambda _: "second")
    letter()
    owner.finish()
    assert owner.answers == ["second"]


def test_jobs_of_other_keys_do_not_disturb_each_other(owner: Owner) -> None:
    owner.submit("a", lambda _: "a")
    owner.submit("b", lambda _: "b")
    owner.finish()
    assert sorted(map(str, owner.answers)) == ["a", "b"]


def test_a_cancelled_job_ends_at_its_next_step_and_never_answers(owner: Owner) -> None:
    go, started = threading.Event(), threading.Event()
    steps: list[str] = []

    def work(job: JobContext) -> str:
        started.set()
        go.wait(HANG)
        steps.append(f"cancelled {job.cancelled}")
        job.step(0.5)
        steps.append("went on")
        return "answer"

    owner.submit("study", work)
    assert started.wait(HANG)
    owner.jobs.cancel("study")
    go.set()
    owner.finish()
    assert steps == ["cancelled True"]
    assert (owner.answers, owner.errors, owner.progress) == ([], [], [])


def test_a_failure_after_cancelling_is_not_told(owner: Owner) -> None:
    go = threading.Event()

    def work(_: JobContext) -> None:
        go.wait(HANG)
        raise StudyError("Too late.")

    owner.submit("study", work)
    owner.jobs.cancel("study")
    owner.jobs.cancel("study")
    owner.jobs.cancel("never heard of")
    go.set()
    owner.finish()
    assert owner.errors == []


def test_an_error_the_user_can_act_on_is_delivered_as_it_is(owner: Owner) -> None:
    error = StudyError("No slices.", "Choose another folder.")

    def work(_: JobContext) -> None:
        raise error

    owner.submit("study", work)
    owner.take()
    assert owner.errors == [error]
    assert owner.answers == []


def test_a_bug_is_delivered_as_a_sentence_with_its_cause(
    owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_: JobContext) -> None:
        raise ZeroDivisionError("division by zero")

    owner.submit("study", work)
    owner.take()
    assert "ZeroDivisionError" in owner.errors[0].what
    assert owner.errors[0].hint == "Help → Report of trouble has the details."
    assert isinstance(owner.errors[0].__cause__, ZeroDivisionError)
    assert "job study failed" in caplog.text


def test_progress_comes_home_before_the_answer(owner: Owner) -> None:
    def work(job: JobContext) -> str:
        job.step(0.25, "Reading 1 of 4")
        return "answer"

    owner.submit("study", work)
    owner.take()
    assert (owner.progress, owner.answers) == ([(0.25, "Reading 1 of 4")], [])
    owner.take()
    assert owner.answers == ["answer"]


def test_progress_that_comes_too_fast_is_thinned_out(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 100.01, 100.02, 100.2])
    monkeypatch.setattr("unetscope.state.jobs.time", SimpleNamespace(monotonic=clock.__next__))
    job = JobContext(threading.Event(), lambda share, _: owner.progress.append((share, "")))
    for share in (0.1, 0.2, 0.3, 0.4):
        job.step(share)
    assert [share for share, _ in owner.progress] == [0.1, 0.4]


def test_stop_cancels_all_that_runs_or_waits_and_joins_the_threads(owner: Owner) -> None:
    before = set(threading.enumerate())
    started = threading.Barrier(3)
    ran: list[str] = []

    def forever(job: JobContext) -> None:
        started.wait(HANG)
        while True:
            job.step(0.0)

    owner.submit("a", forever)
    owner.submit("b", forever)
    owner.submit("c", lambda _: ran.append("c"))
    started.wait(HANG)
    owner.jobs.stop()
    assert set(threading.enumerate()) - before == set()
    while not owner.letters.empty():
        owner.take()
    assert (owner.answers, owner.errors, ran) == ([], [], [])


def test_what_takes_long_without_telling_how_far_it_is_is_told_of(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LONG", 0.01)
    told: list[object] = []
    go_on = threading.Event()

    def work(_: JobContext) -> str:
        assert go_on.wait(HANG)
        return "read"

    owner.jobs.submit(
        "model",
        work,
        done=told.append,
        failed=owner.errors.append,
        progress=lambda share, sentence: told.append((share, sentence)),
        long="Opening a model",
    )
    owner.take()
    go_on.set()
    owner.take()
    assert told == [(-1.0, "Opening a model"), "read"]


def test_what_is_done_soon_is_not_told_of(owner: Owner) -> None:
    told: list[object] = []
    owner.jobs.submit(
        "model",
        lambda _: "read",
        done=told.append,
        failed=owner.errors.append,
        progress=lambda *given: told.append(given),
        long="Opening a model",
    )
    owner.finish()
    assert told == ["read"]
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer):
            timer.join(1.0)  # it was cancelled, and ends soon
            assert not timer.is_alive()
