"""The history list: every step by name, and a jump to any of them that is exact."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import Bench, kinds_network, unet

from unetscope.domain.edits import SetBias, SetKernel
from unetscope.io.text_files import DiskTexts
from unetscope.presenters.history import HistoryPresenter
from unetscope.state.edit_lists import EditLists


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def history(bench: Bench) -> HistoryPresenter:
    lists = EditLists(bench.store, bench.jobs, bench.desk, DiskTexts())
    presenter = HistoryPresenter(bench.store, bench.desk, lists)
    bench.open_model(unet())
    return presenter


def three_steps(bench: Bench) -> list[bytes]:
    states = [bench.session.weights("enc")[1].tobytes()]
    for i in range(3):
        bench.update(lambda s, i=i: s.edit(SetBias("enc", i, i + 0.1), label=f"step {i}"))  # type: ignore[misc]
        states.append(bench.session.weights("enc")[1].tobytes())
    return states


def test_without_a_model_it_says_what_it_is_for(bench: Bench) -> None:
    lists = EditLists(bench.store, bench.jobs, bench.desk, DiskTexts())
    view = HistoryPresenter(bench.store, bench.desk, lists).view
    assert view.rows == ()
    assert view.empty


def test_every_step_is_listed_and_what_is_undone_is_marked(
    bench: Bench, history: HistoryPresenter
) -> None:
    three_steps(bench)
    history.jump(1)
    rows = history.view.rows
    assert [row.label for row in rows] == ["As opened", "step 0", "step 1", "step 2"]
    assert [row.undone for row in rows] == [False, False, True, True]
    assert [row.trained for row in rows] == [True, False, False, False]
    assert history.view.current == 1


def test_a_jump_is_exact_in_both_directions(bench: Bench, history: HistoryPresenter) -> None:
    states = three_steps(bench)
    for row in (0, 3, 1, 2, 0, 2):
        history.jump(row)
        assert bench.session.weights("enc")[1].tobytes() == states[row]


def test_the_saved_state_is_marked_as_soon_as_it_is_saved(
    bench: Bench, history: HistoryPresenter
) -> None:
    three_steps(bench)
    history.jump(2)
    bench.desk.save_model(Path("/models/new.keras"))
    assert [row.saved for row in history.view.rows] == [False, False, True, False]


def test_forgotten_steps_leave_what_is_in_force(bench: Bench, history: HistoryPresenter) -> None:
    states = three_steps(bench)
    history.jump(2)
    history.forget()
    assert len(history.view.rows) == 2
    assert history.view.rows[1].label == "2 steps, the last step 1"
    assert bench.session.weights("enc")[1].tobytes() == states[2]
    history.jump(0)
    assert bench.session.weights("enc")[1].tobytes() == states[0]


# ---------------------------------------------------------------- files of edits


def told(bench: Bench) -> list[str]:
    notices: list[str] = []
    bench.desk.notice.connect(lambda notice: notices.append(notice.what), check_nargs=False)
    return notices


def test_saved_edits_are_applied_again_bit_for_bit_in_one_step(
    bench: Bench, history: HistoryPresenter, tmp_path: Path
) -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3))
    bench.update(lambda s: s.edit(SetKernel("mid", 1, 2, kernel)).edit(SetBias("enc", 0, 1 / 3)))
    edits, path = bench.session.edits, tmp_path / "some.edits.json"
    history.save(path)
    bench.jobs.run()
    history.jump(0)
    bench.update(lambda s: s.edit(SetBias("enc", 1, 5.0)))
    history.apply(path)
    bench.jobs.run()
    assert bench.session.edits == edits
    assert bench.session.history.done[-1].label == "Edits from some.edits.json"
    bench.update(lambda s: s.undo())
    assert bench.session.edits == (SetBias("enc", 1, 5.0),)


def test_edits_of_another_model_that_fit_are_applied_when_the_user_agrees(
    bench: Bench, history: HistoryPresenter, tmp_path: Path
) -> None:
    three_steps(bench)
    path = tmp_path / "some.edits.json"
    history.save(path)
    bench.jobs.run()
    edits = bench.session.edits
    bench.open_model(unet(seed=5, fingerprint="sha256:5"), path="/other.keras")
    asked: list[tuple[object, Path]] = []
    history.asked.connect(lambda found, where: asked.append((found, where)))
    history.apply(path)
    bench.jobs.run()
    assert bench.session.edits == ()
    history.agree(*asked[0])  # type: ignore[arg-type]
    assert bench.session.edits == edits


def test_edits_that_do_not_fit_are_refused_and_nothing_changes(
    bench: Bench, history: HistoryPresenter, tmp_path: Path
) -> None:
    three_steps(bench)
    path = tmp_path / "some.edits.json"
    history.save(path)
    bench.jobs.run()
    bench.open_model(kinds_network(), path="/kinds.keras")
    notices = told(bench)
    asked: list[object] = []
    history.asked.connect(lambda found, _: asked.append(found))
    text = json.loads(path.read_text())
    text["fingerprint"] = "sha256:else"
    path.write_text(json.dumps(text))
    history.apply(path)
    bench.jobs.run()
    assert bench.session.edits == ()
    assert not asked
    assert "was made for another model" in notices[-1]
    assert "no layer called enc" in notices[-1]


def test_a_file_that_is_no_list_of_edits_is_refused(
    bench: Bench, history: HistoryPresenter, tmp_path: Path
) -> None:
    notices = told(bench)
    for name, content in (("a.edits.json", b"{}"), ("b.edits.json", b"\xff\xfe\x00")):
        path = tmp_path / name
        path.write_bytes(content)
        history.apply(path)
        bench.jobs.run()
        assert name in notices[-1]
    history.apply(tmp_path / "missing.edits.json")
    bench.jobs.run()
    assert "missing.edits.json cannot be read" in notices[-1]
    assert bench.session.history.done == ()
