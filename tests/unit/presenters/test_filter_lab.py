from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeFiles, FakeSeries, kinds_network, lab_maps_of, unet

from unetscope.domain.errors import EngineError
from unetscope.domain.lab import Lab, LabKernel, LabLayer, LabSource
from unetscope.domain.ports import Notice
from unetscope.domain.recipes import RECIPE_BY_ID
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.domain.sources import Arrays
from unetscope.io.array_file import write_arrays
from unetscope.io.text_files import DiskTexts
from unetscope.presenters.filter_lab import FilterLabPresenter
from unetscope.state.filter_lab import MADE_UP_KEY, FilterLab
from unetscope.state.lab_files import LabFiles
from unetscope.state.own_recipes import OwnRecipes


class WritingFiles(FakeFiles):
    """Writes arrays to the disk."""

    def write_arrays(self, path: Path, arrays: Arrays) -> None:
        write_arrays(path, arrays)


class LabTable(Bench):
    """A bench with a filter lab on it, watched."""

    def __init__(self, *, at_once: bool = True, watched: bool = True) -> None:
        super().__init__(at_once=at_once)
        self.loop = FilterLab(self.store, self.desk, self.live, self.engine)
        files = LabFiles(self.jobs, self.desk, DiskTexts(), WritingFiles())
        self.own = OwnRecipes(self.jobs, DiskTexts())
        self.lab = FilterLabPresenter(self.store, self.desk, self.loop, files, self.own)
        self.notices: list[Notice] = []
        self.tell = self.notices.append
        self.desk.notice.connect(self.tell)
        if watched:
            self.lab.watch(True)

    def open_both(self) -> None:
        self.open_study()
        self.open_model(unet())


@pytest.fixture
def bench() -> LabTable:
    bench = LabTable()
    bench.open_both()
    return bench


def test_nothing_is_asked_while_nobody_looks_and_everything_when_somebody_does() -> None:
    bench = LabTable(watched=False)
    bench.open_both()
    bench.lab.select(1)
    assert bench.engine.labs == []
    bench.lab.watch(True)
    assert len(bench.engine.labs) == 1
    assert bench.lab.view.rows[0].map is not None


def test_without_a_study_the_kernels_run_over_a_made_up_picture() -> None:
    bench = LabTable()
    assert bench.engine.labs[-1].request.image_key == MADE_UP_KEY
    assert "made-up" in bench.lab.view.picture
    bench.open_study()
    asked = bench.engine.labs[-1].request
    assert bench.live.shown is not None
    assert np.array_equal(asked.image, bench.live.shown.values)


def test_each_kernel_stands_beside_its_map_of_the_slice_shown(bench: LabTable) -> None:
    view = bench.lab.view
    assert view.rows[0].name == "Edge, bright right"
    asked = bench.engine.labs[-1].request
    for row, kernel, made in zip(view.rows, asked.kernels, lab_maps_of(asked).maps, strict=True):
        assert np.array_equal(row.kernel, kernel)
        assert row.map is not None
        assert np.array_equal(row.map.values, made)
    bench.update(lambda s: s.select_slice(4))
    assert bench.engine.labs[-1].request.image[0, 0] == bench.live.shown.values[0, 0]  # type: ignore[union-attr]


def test_the_network_s_input_is_another_picture_with_its_own_pixel_size(bench: LabTable) -> None:
    bench.lab.set_source(LabSource.INPUT)
    assert bench.live.fed is not None
    assert bench.engine.labs[-1].request.image is bench.live.fed.image
    assert bench.loop.picture.spacing == pytest.approx((0.5, 0.5))
    assert "input" in bench.lab.view.picture


def test_an_uncalibrated_series_has_no_millimetres() -> None:
    bench = LabTable()
    bench.open_study(FakeSeries(calibrated=False))
    assert bench.loop.picture.spacing is None


def test_only_what_changes_the_maps_is_asked_again(bench: LabTable) -> None:
    asked = len(bench.engine.labs)
    bench.lab.select(2)
    bench.lab.rename("other")
    bench.lab.ask_about(3, 8)
    assert len(bench.engine.labs) == asked
    bench.lab.set_layer(LabLayer(2, True, True, 1.0))
    bench.lab.set_flip(True)
    bench.lab.set_value(0, [(1, 1)], 5.0)
    assert len(bench.engine.labs) == asked + 3
    request = bench.engine.labs[-1].request
    assert request.layer == LabLayer(2, True, True, 1.0)
    assert request.kernels[0][2, 2] == 5.0  # upside down


def test_a_late_answer_of_an_older_question_is_shown_as_stale() -> None:
    bench = LabTable(at_once=False)
    bench.lab.set_value(0, [(0, 0)], 3.0)
    first, second = bench.engine.labs[-2:]
    first.done(lab_maps_of(first.request))
    assert bench.lab.view.stale
    assert bench.lab.view.rows[0].map is not None
    second.done(lab_maps_of(second.request))
    assert not bench.lab.view.stale


def test_maps_go_along_with_their_kernels_while_the_list_changes() -> None:
    bench = LabTable(at_once=False)
    asked = bench.engine.labs[-1]
    asked.done(lab_maps_of(asked.request))
    second = bench.lab.view.rows[1].map
    bench.lab.remove()
    assert bench.lab.view.rows[0].map is second


def test_trouble_of_the_engine_is_told_and_can_be_asked_again() -> None:
    bench = LabTable(at_once=False)
    asked = bench.engine.labs[-1]
    asked.failed(EngineError("The engine is gone.", "Try again."))
    assert "gone" in bench.lab.view.problem
    assert bench.lab.view.rows[0].map is None
    bench.lab.ask_again()
    again = bench.engine.labs[-1]
    assert again is not asked
    again.done(lab_maps_of(again.request))
    assert bench.lab.view.problem == ""


def test_rows_of_numbers_are_taken_and_anything_else_is_refused_with_a_sentence(
    bench: LabTable,
) -> None:
    bench.lab.take_text("1\t2\n3\t4,5")
    assert bench.lab.view.rows[-1].kernel.tolist() == [[1, 2], [3, 4.5]]
    assert bench.lab.view.selected == 4
    before = bench.session.lab
    bench.lab.take_text("good morning")
    assert "no table of numbers" in bench.lab.view.problem
    assert bench.session.lab == before
    bench.lab.select(0)
    assert bench.lab.view.problem == ""


def test_several_cells_are_filled_in_one_step(bench: LabTable) -> None:
    bench.lab.set_value(1, [(0, 0), (3, 3)], 9.0)
    kernel = bench.lab.view.rows[1].kernel
    assert (kernel == 9).sum() == 2
    bench.lab.undo()
    assert not (bench.lab.view.rows[1].kernel == 9).any()


def test_copied_text_reads_back_as_the_same_kernel(bench: LabTable) -> None:
    bench.lab.set_value(0, [(1, 1)], 0.1)
    bench.lab.take_text(bench.lab.text(0))
    rows = bench.lab.view.rows
    assert np.array_equal(rows[-1].kernel, rows[0].kernel)


def test_the_editor_s_kernel_comes_with_its_edits(bench: LabTable) -> None:
    bench.update(lambda s: s.select_filter(2))
    bench.lab.select(0)
    bench.lab.send(Scope.KERNEL)
    bench.lab.take_kernel_shown()
    kernel = bench.session.weights()[0][:, :, 0, 2]
    assert np.array_equal(bench.lab.view.rows[-1].kernel, kernel)
    assert "enc · filter 2 · input 0" in bench.lab.view.rows[-1].name


def test_without_a_network_there_is_no_kernel_to_take() -> None:
    bench = LabTable()
    bench.lab.take_kernel_shown()
    assert "No kernel is shown" in bench.lab.view.problem
    assert bench.lab.view.target == ""


def test_a_sent_kernel_is_one_step_stretched_with_the_old_norm(bench: LabTable) -> None:
    old = bench.session.weights()[0][:, :, 0, 0]
    bench.lab.send(Scope.KERNEL)
    new = bench.session.weights()[0][:, :, 0, 0]
    assert [step.label for step in bench.session.history.done] == [
        "Edge, bright right on enc · filter 0 · input 0"
    ]
    assert np.linalg.norm(new) == pytest.approx(np.linalg.norm(old), rel=1e-5)
    assert new.mean() == pytest.approx(old.mean(), abs=1e-6)
    columns = new - new.mean()
    assert np.allclose(columns, columns[0])  # upright stripes
    assert "4×4 was stretched to 3×3" in bench.notices[-1].hint
    assert "Norm and mean" in bench.notices[-1].hint
    bench.update(lambda s: s.undo())
    assert bench.session.edits == ()


def test_without_keep_norm_the_very_numbers_are_sent(bench: LabTable) -> None:
    bench.update(lambda s: s.set_keep_norm(False))
    bench.lab.add_recipe(RECIPE_BY_ID["sobel_x"], (3, 3))
    bench.lab.send(Scope.FILTER)
    assert np.array_equal(
        bench.session.weights()[0][:, :, 0, 0], RECIPE_BY_ID["sobel_x"].kernel((3, 3))
    )
    assert bench.notices[-1].hint == ""


def test_a_flipped_kernel_is_sent_as_it_was_put_into_the_layer(bench: LabTable) -> None:
    bench.update(lambda s: s.set_keep_norm(False))
    bench.update(lambda s: s.use_lab(Lab(flip=True).add(LabKernel.of("k", np.eye(3) * [1, 2, 3]))))
    bench.lab.send(Scope.KERNEL)
    assert np.array_equal(
        bench.session.weights()[0][:, :, 0, 0], np.diag([3, 2, 1]).astype(np.float32)
    )


def test_a_kernel_can_go_to_a_filter_of_another_layer_which_is_then_shown(bench: LabTable) -> None:
    assert bench.lab.view.layers == ("enc", "mid", "dec", "mask")
    bench.update(lambda s: s.select_filter(1))
    bench.lab.send_to_layer("mid")
    assert (bench.session.layer, bench.session.filter) == ("mid", 1)
    assert "mid · filter 1" in bench.session.history.done[-1].label
    changed = bench.session.weights()[0] != bench.session.network.trained["mid"][0]  # type: ignore[union-attr]
    assert changed[:, :, :, 1].all()
    assert not changed[:, :, :, [0, 2, 3, 4, 5]].any()


def test_transposed_depthwise_and_odd_kernels_take_it_too() -> None:
    bench = LabTable()
    bench.open_model(kinds_network())
    for name in ("conv", "up", "depth"):
        bench.update(partial(Session.select_layer, layer=name))
        steps = len(bench.session.history.done)
        bench.lab.send(Scope.LAYER)
        assert len(bench.session.history.done) == steps + 1, bench.lab.view.problem
    bench.update(lambda s: s.select_layer("bare"))
    bench.lab.send()
    assert "only zeros at 1×1" in bench.lab.view.problem
    bench.update(lambda s: s.select_layer("dense"))
    bench.lab.send()
    assert bench.lab.view.problem
    assert bench.lab.view.target == ""


def test_a_kernel_is_centred_resized_turned_and_each_can_be_undone(bench: LabTable) -> None:
    bench.lab.centre()
    assert bench.lab.view.size == (5, 5)
    bench.lab.resize(2, 6)
    assert bench.lab.view.size == (2, 6)
    bench.lab.change_kernel("negate")
    assert bench.lab.view.rows[0].kernel[0, 0] == 0.25
    bench.lab.change_kernel("turn")
    assert bench.lab.view.size == (6, 2)
    for size in ((2, 6), (2, 6), (5, 5), (4, 4)):
        bench.lab.undo()
        assert bench.lab.view.size == size
    assert not bench.lab.view.can_undo


def test_the_list_is_saved_and_read_back_as_json_and_as_array(
    bench: LabTable, tmp_path: Path
) -> None:
    kernels = bench.session.lab.kernels
    for name in ("list.json", "list.npy"):
        bench.lab.write_kernels(tmp_path / name)
        bench.jobs.run()
        assert not bench.notices[-1].trouble
        bench.lab.start_again()
        bench.lab.read_kernels(tmp_path / name)
        bench.jobs.run()
        added = bench.session.lab.kernels[4:]
        assert [k.rows for k in added] == [k.rows for k in kernels]
        bench.lab.undo()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gone.json", None),
        ("words.json", b"good morning"),
        ("words.npy", b"good morning"),
        ("bytes.json", b"\xff\xfe\x00"),
        ("huge.json", b" " * (5 << 20)),
    ],
)
def test_a_file_without_kernels_is_refused_and_the_list_stays(
    bench: LabTable, tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = bench.session.lab
    bench.lab.read_kernels(tmp_path / name)
    bench.jobs.run()
    assert bench.notices[-1].trouble
    assert bench.session.lab == before


def test_arrays_that_are_no_kernels_are_refused(bench: LabTable, tmp_path: Path) -> None:
    before = bench.session.lab
    for i, array in enumerate(
        (
            np.zeros(3),
            np.zeros((2, 40, 40)),
            np.zeros((99, 2, 2)),
            np.array([[None]]),
            np.eye(2) * 1j,
        )
    ):
        np.save(tmp_path / f"{i}.npy", array, allow_pickle=True)
        bench.lab.read_kernels(tmp_path / f"{i}.npy")
        bench.jobs.run()
        assert bench.notices[-1].trouble
    assert bench.session.lab == before


def test_kernels_of_several_sizes_make_no_array(bench: LabTable, tmp_path: Path) -> None:
    bench.lab.add_recipe(RECIPE_BY_ID["box"], (3, 5))
    bench.lab.write_kernels(tmp_path / "list.npy")
    bench.jobs.run()
    assert bench.notices[-1].trouble
    assert not (tmp_path / "list.npy").exists()


def test_the_saved_script_comes_with_the_picture_it_reads(bench: LabTable, tmp_path: Path) -> None:
    bench.lab.write_script(tmp_path / "edge.py")
    bench.jobs.run()
    assert np.array_equal(np.load(tmp_path / "edge.npy"), bench.loop.picture.image)
    text = (tmp_path / "edge.py").read_text()
    assert "'edge.npy'" in text
    assert "set_weights([kernel.reshape(4, 4, 1, 1), np.array([0.0])])" in text


def test_a_folder_that_cannot_be_written_is_told(bench: LabTable, tmp_path: Path) -> None:
    bench.lab.write_script(tmp_path / "nowhere" / "edge.py")
    bench.jobs.run()
    assert "could not be written" in bench.notices[-1].what


def test_a_kernel_is_kept_among_the_user_s_own_recipes(
    bench: LabTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path)
    bench.lab.set_value(0, [(1, 1)], 0.1)
    bench.lab.rename("mine")
    bench.lab.save_as_recipe("mine")
    bench.jobs.run()
    assert not bench.notices[-1].trouble
    (recipe,) = bench.lab.own_recipes
    bench.lab.add_recipe(recipe, recipe.own_size)
    rows = bench.lab.view.rows
    assert rows[-1].name == "mine"
    assert np.array_equal(rows[-1].kernel, rows[0].kernel)


def test_the_page_explains_the_kernel_at_hand(bench: LabTable) -> None:
    said = bench.lab.view.explained
    assert said is not None
    assert "kernel.reshape(4, 4, 1, 1)" in said.code
    assert "4×4×1×4" in said.together
    assert said.refusal == "no (4, 4)"
    bench.lab.ask_about(3, 8)
    said = bench.lab.view.explained
    assert said is not None
    assert "384 numbers" in " ".join(said.answer)


def test_an_empty_list_says_what_to_do(bench: LabTable) -> None:
    for _ in range(4):
        bench.lab.remove()
    view = bench.lab.view
    assert "empty" in view.empty
    assert view.explained is None
    bench.lab.send()
    bench.lab.duplicate()
    bench.lab.centre()
    assert (bench.session.edits, bench.lab.script(), bench.lab.text()) == ((), "", "")
