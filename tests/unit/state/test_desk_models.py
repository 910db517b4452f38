"""New models, which the engine builds."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import Bench, unet

from unetscope.domain.edits import SetKernel
from unetscope.domain.errors import ModelError
from unetscope.domain.ports import Notice, Saved
from unetscope.domain.presets import NewModel
from unetscope.state import jobs

PATH = Path("/models/unet.keras")
NEW = NewModel.proposed("unet")


class Ears:
    """Hears what the desk says."""

    def __init__(self, bench: Bench) -> None:
        self.notices: list[Notice] = []
        self.busy: list[tuple[float, str]] = []
        self.opened: list[Path] = []
        bench.desk.notice.connect(self.on_notice)
        bench.desk.busy_changed.connect(self.on_busy)
        bench.desk.opened.connect(self.on_opened)

    def on_notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def on_busy(self, share: float, sentence: str) -> None:
        self.busy.append((share, sentence))

    def on_opened(self, path: Path) -> None:
        self.opened.append(path)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ears(bench: Bench) -> Ears:
    return Ears(bench)


def test_the_model_asked_for_last_wins_over_one_that_is_being_built(
    bench: Bench, ears: Ears
) -> None:
    bench.desk.create_model(NEW, PATH)
    later = bench.open_model()
    _, _, done, failed = bench.engine.created[0]
    done(Saved(PATH, "sha256:2", 4))
    failed(ModelError("Too late."))
    bench.jobs.run()
    assert bench.session.network is later
    assert ears.notices == []
    assert ears.busy[-1] == (1.0, "")


def test_cancelling_means_that_what_is_built_is_not_opened(bench: Bench, ears: Ears) -> None:
    bench.desk.create_model(NEW, PATH)
    bench.desk.cancel()
    bench.files.networks[PATH] = unet()
    bench.engine.created[0][2](Saved(PATH, "sha256:0", 4))
    bench.jobs.run()
    assert bench.session.network is None
    assert ears.busy[-1] == (1.0, "")


def test_edits_made_while_a_model_is_built_are_not_lost(bench: Bench, ears: Ears) -> None:
    network = bench.open_model()
    bench.desk.create_model(NEW, PATH)
    bench.store.update(lambda s: s.edit(SetKernel("enc", 0, 0, np.ones((3, 3)))))
    bench.files.networks[PATH] = unet(fingerprint="sha256:1")
    bench.engine.created[0][2](Saved(PATH, "sha256:1", 4))
    bench.jobs.run()
    assert bench.session.network is network
    assert bench.session.edits
    assert "edited meanwhile" in ears.notices[-1].hint
    assert ears.busy[-1] == (1.0, "")


def test_a_study_that_is_read_meanwhile_does_not_end_the_wait(bench: Bench, ears: Ears) -> None:
    bench.desk.create_model(NEW, PATH)
    bench.open_study()
    assert ears.busy[-1] == (-1.0, "Building unet.keras")


def test_a_new_model_is_opened_when_the_engine_has_written_it(bench: Bench, ears: Ears) -> None:
    bench.desk.create_model(NEW, PATH)
    assert ears.busy == [(-1.0, "Building unet.keras")]
    network = bench.files.networks[PATH] = unet()
    ((new, asked, done, _),) = bench.engine.created
    assert (new, asked) == (NEW, PATH)

    done(Saved(PATH, network.fingerprint, 4))
    bench.jobs.run()

    assert bench.session.network is network
    assert [notice.what for notice in ears.notices] == ["Built unet.keras."]
    assert ears.opened == [PATH]
    assert ears.busy[-1] == (1.0, "")


def test_a_new_model_that_cannot_be_written_says_why(bench: Bench, ears: Ears) -> None:
    before = bench.open_model()
    bench.desk.create_model(NEW, PATH)
    bench.engine.created[0][3](ModelError("The disk is full.", "Choose another folder."))
    assert bench.session.network is before
    assert ears.notices == [Notice("The disk is full.", "Choose another folder.")]
    assert ears.busy[-1] == (1.0, "")


@pytest.fixture
def slow_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model file that takes longer to read than the user should wait without a word."""
    monkeypatch.setattr(jobs, "LONG", 0.0)
    read = bench.files.read_network
    path = Path("/models/m.keras")
    bench.files.networks[path] = unet()

    def slowly(asked: Path, _: object) -> object:
        patience = time.monotonic() + 10
        while not bench.jobs.letters and time.monotonic() < patience:
            time.sleep(0.001)
        return read(asked)

    monkeypatch.setattr(bench.files, "read_network", slowly)
    return path


def test_a_model_that_takes_long_to_read_is_told_of(
    bench: Bench, ears: Ears, slow_file: Path
) -> None:
    bench.desk.open_model(slow_file)
    bench.jobs.run()
    assert ears.busy == [(-1.0, "Opening m.keras"), (1.0, "")]
    assert ears.opened == [slow_file]


def test_opening_a_model_can_be_cancelled(bench: Bench, ears: Ears, slow_file: Path) -> None:
    bench.desk.open_model(slow_file)
    bench.jobs.work()  # it is read, but nobody was told
    bench.desk.cancel()
    bench.jobs.run()
    assert ears.opened == []
    assert bench.session.network is None
    assert ears.busy[-1] == (1.0, "")
    assert bench.engine.described == []
