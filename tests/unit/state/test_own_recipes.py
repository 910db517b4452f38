"""Recipes of the user's own: kept as files, and bad files named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import Bench, kinds_network

from unetscope.domain.recipe_file import ENDING
from unetscope.io.text_files import DiskTexts
from unetscope.presenters.kernel_editor import KernelPresenter
from unetscope.state.own_recipes import OwnRecipes

KERNEL = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Bench()


@pytest.fixture
def own(bench: Bench) -> OwnRecipes:
    return OwnRecipes(bench.jobs, DiskTexts())


def told(own: OwnRecipes) -> list[str]:
    sentences: list[str] = []
    own.told.connect(lambda sentence: sentences.append(sentence))
    return sentences


def run(bench: Bench) -> None:
    bench.jobs.run()
    bench.jobs.run()  # what is done reads the list again


def test_a_saved_recipe_is_there_after_the_next_start(bench: Bench, own: OwnRecipes) -> None:
    own.save(" Ring/2 ", KERNEL)
    run(bench)
    later = OwnRecipes(bench.jobs, DiskTexts())
    later.load()
    bench.jobs.run()
    (recipe,) = later.recipes
    assert recipe.name == "Ring/2"
    assert recipe.kernel((3, 5)).tobytes() == KERNEL.tobytes()
    later.remove(recipe)
    run(bench)
    assert later.recipes == ()


def test_a_recipe_without_a_name_is_refused(bench: Bench, own: OwnRecipes) -> None:
    sentences = told(own)
    own.save("  ", KERNEL)
    run(bench)
    assert "needs a name" in sentences[-1]
    assert own.recipes == ()


def test_a_recipe_goes_out_to_a_file_and_comes_in_again(
    bench: Bench, own: OwnRecipes, tmp_path: Path
) -> None:
    own.save("Ring", KERNEL)
    run(bench)
    path = tmp_path / f"shared{ENDING}"
    own.give_out(own.recipes[0], path)
    run(bench)
    own.remove(own.recipes[0])
    run(bench)
    assert not own.recipes
    own.take_in(path)
    run(bench)
    assert own.recipes[0].kernel((3, 5)).tobytes() == KERNEL.tobytes()


def test_a_bad_file_is_named_and_the_others_are_read(bench: Bench, own: OwnRecipes) -> None:
    own.save("Ring", KERNEL)
    run(bench)
    DiskTexts().own("bad", ENDING).write_text("{}")
    sentences = told(own)
    own.load()
    bench.jobs.run()
    assert [recipe.name for recipe in own.recipes] == ["Ring"]
    assert f"bad{ENDING} is no recipe" in sentences[-1]


def test_a_folder_that_cannot_be_written_to_is_told_of(
    bench: Bench, own: OwnRecipes, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("a file stands in the way")
    sentences = told(own)
    own.save("Ring", KERNEL)
    run(bench)
    assert "cannot be written" in sentences[-1]


# --------------------------------------------------------- in the kernel editor


def test_an_own_recipe_is_put_like_any_other(bench: Bench, own: OwnRecipes) -> None:
    editor = KernelPresenter(bench.store, bench.desk, bench.live, own=own)
    bench.open_model(kinds_network())
    editor.set_value(0, 0, 4.0)
    kept = editor.view.kernel
    assert kept is not None
    kept = kept.copy()
    editor.save_recipe("Mine")
    run(bench)
    assert [recipe.name for recipe in editor.view.own] == ["Mine"]
    editor.select_filter(2)
    editor.set_keep_norm(False)
    editor.apply_recipe("own.Mine")
    assert np.array_equal(editor.view.kernel, kept)  # type: ignore[arg-type]
    assert bench.session.history.done[-1].label == "Mine on conv · filter 2 · input 0"


def test_the_numbers_of_a_recipe_are_live_and_one_step(bench: Bench, own: OwnRecipes) -> None:
    editor = KernelPresenter(bench.store, bench.desk, bench.live, own=own)
    bench.open_model(kinds_network())
    editor.set_keep_norm(False)
    editor.apply_recipe("gaussian")
    before = editor.view.kernel
    assert [setting.name for setting in editor.view.settings] == ["sigma"]
    for sigma in (0.5, 0.4, 0.3):
        editor.set_recipe("sigma", sigma)
    assert len(bench.session.history.done) == 1
    assert not np.array_equal(editor.view.kernel, before)  # type: ignore[arg-type]
    editor.set_value(0, 0, 1.0)
    editor.set_recipe("sigma", 0.9)
    assert len(bench.session.history.done) == 3


def test_files_of_numbers_are_pasted(bench: Bench, own: OwnRecipes, tmp_path: Path) -> None:
    editor = KernelPresenter(bench.store, bench.desk, bench.live, own=own)
    bench.open_model(kinds_network())
    np.save(tmp_path / "kernel.npy", KERNEL.astype(np.float64))
    editor.paste_file(tmp_path / "kernel.npy")
    bench.jobs.run()
    assert np.array_equal(editor.view.kernel, KERNEL)  # type: ignore[arg-type]
    (tmp_path / "kernel.csv").write_text("\n".join(["1;2,5;3;4;5"] * 3))
    editor.paste_file(tmp_path / "kernel.csv")
    bench.jobs.run()
    assert editor.view.kernel is not None
    assert editor.view.kernel[0].tolist() == [1, 2.5, 3, 4, 5]
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    editor.paste_file(tmp_path / "objects.npy")
    bench.jobs.run()
    assert "holds no array of numbers" in editor.view.problem
    assert len(bench.session.history.done) == 2


def test_a_whole_filter_is_copied_and_pasted(bench: Bench, own: OwnRecipes) -> None:
    editor = KernelPresenter(bench.store, bench.desk, bench.live, own=own)
    network = bench.open_model(kinds_network())
    text = editor.copied(whole_filter=True)
    editor.select_filter(3)
    editor.paste(text)
    trained, now = network.trained["conv"][0], bench.session.weights()[0]
    assert np.array_equal(now[..., 3], trained[..., 0])
    assert np.array_equal(now[..., :3], trained[..., :3])
    assert bench.session.history.done[-1].label == "pasted filter on conv · filter 3"


def test_painting_is_one_step_and_a_blend_too(bench: Bench, own: OwnRecipes) -> None:
    editor = KernelPresenter(bench.store, bench.desk, bench.live, own=own)
    network = bench.open_model(kinds_network())
    editor.fill([(0, 0)], 0.5)
    editor.fill([(0, 0), (0, 1)], 0.5, same_gesture=True)
    assert bench.session.history.done[-1].label == "0.5 in 2 cells on conv · filter 0 · input 0"
    assert len(bench.session.history.done) == 1
    assert bench.session.weights()[0][0, :2, 0, 0].tolist() == [0.5, 0.5]
    for share in (0.9, 0.4, 0.0):
        editor.blend(share, same_gesture=share != 0.9)
    assert len(bench.session.history.done) == 2
    assert np.array_equal(bench.session.weights()[0], network.trained["conv"][0])


def test_tables_are_shown_and_edited_and_refuse_recipes(bench: Bench, own: OwnRecipes) -> None:
    editor = KernelPresenter(bench.store, bench.desk, bench.live, own=own)
    network = bench.open_model(kinds_network())
    editor.show_part(1)
    assert editor.view.rows == ("bias",)
    assert editor.view.columns == ("0", "1", "2", "3")
    assert not editor.view.takes_recipes
    editor.set_value(0, 2, 9.0)
    assert bench.session.weights()[1][2] == 9
    assert bench.session.history.done[-1].label == "value (0, 2) on conv · bias"
    editor.apply_recipe("box")
    assert (
        editor.view.problem
        == "Box is for kernels; this is a table of numbers. Nothing has changed."
    )
    editor.change_kernels("turn")
    assert editor.view.problem.startswith("Turn by 90° is for kernels")
    editor.change_kernels("negate")
    editor.revert_page()
    assert np.array_equal(bench.session.weights()[1], network.trained["conv"][1])
    bench.update(lambda s: s.select_layer("dense"))
    editor.show_part(0)
    editor.select_in_channel(9)
    assert editor.view.kernel is not None
    assert editor.view.kernel.shape == (2, 2)
    assert list(editor.view.rows) == ["8", "9"]
