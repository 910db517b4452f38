"""Big studies: read by several threads, shown in part meanwhile; zips that are bombs."""

from __future__ import annotations

import shutil
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid
from tests.unit.io.builders import mr_slice, mr_stack, save, save_nifti, save_stack

from unetscope.domain.errors import Cancelled, StudyError
from unetscope.io import archive, reading, study
from unetscope.io.reading import best_first, look_at_each
from unetscope.io.series import IN_PART
from unetscope.io.study import Study, open_study


@pytest.fixture(scope="module")
def long_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety slices, and one file that is none."""
    folder = tmp_path_factory.mktemp("long")
    save_stack(folder, mr_stack(90))
    (folder / "notes.txt").write_text("nothing to see")
    return folder


def test_a_long_study_is_known_in_part_after_its_first_file(long_folder: Path) -> None:
    parts: list[Study] = []
    whole = open_study(long_folder, so_far=parts.append)
    assert [len(part.series[0]) for part in parts] == [1, 64]
    for part in parts:
        (series,) = part.series
        assert series.warnings == (IN_PART,)
        assert not series.geometry_sure
        for index in (0, len(series) - 1):
            now = whole.series[0].find(series.slice_id(index))
            assert now is not None
            assert np.array_equal(whole.series[0].raw(now), series.raw(index))
    assert len(whole.series[0]) == 90
    assert whole.series[0].warnings == ()
    assert whole.series[0].geometry_sure
    assert [skipped.reason for skipped in whole.skipped] == ["not a DICOM file"]


def test_a_slice_of_another_opening_is_not_found(long_folder: Path) -> None:
    one, other = open_study(long_folder).series[0], open_study(long_folder).series[0]
    assert one.find(one.slice_id(-1)) == 89
    assert other.find(one.slice_id(0)) is None


def test_the_order_of_reading_changes_nothing(
    long_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = open_study(long_folder)
    monkeypatch.setattr(reading, "best_first", lambda files: list(range(len(files)))[::-1])
    other = open_study(long_folder)
    assert [usual.series[0].path(i) for i in range(90)] == [
        other.series[0].path(i) for i in range(90)
    ]
    assert usual.skipped == other.skipped


def test_a_short_study_is_told_whole_at_once(tmp_path: Path) -> None:
    parts: list[Study] = []
    open_study(save_stack(tmp_path, mr_stack(5)), so_far=parts.append)
    assert parts == []


def test_reading_a_long_study_stops_when_told_to(long_folder: Path) -> None:
    looked: list[int] = []
    with pytest.raises(Cancelled):
        open_study(
            long_folder,
            progress=lambda done, _: looked.append(done),
            cancelled=lambda: len(looked) > 20,
        )
    assert max(looked) < 91
    assert not [t for t in threading.enumerate() if t.name.startswith("read")]


def test_the_first_file_is_from_the_middle_of_the_biggest_folder() -> None:
    files = [Path(name) for name in ("a/1", "b/1", "b/2", "b/3", "c/1")]
    assert best_first(files) == [2, 0, 1, 3, 4]
    assert best_first([]) == []


def test_files_are_waited_for_together() -> None:
    meeting = threading.Barrier(reading._THREADS, timeout=20)
    pieces = 1 + reading._THREADS
    files = [Path(f"{number}") for number in range(1 + pieces * reading._AT_ONCE)]
    met: set[str] = set()

    def look(file: Path) -> str:
        thread = threading.current_thread().name
        if thread == "MainThread":
            time.sleep(2 * reading._AT_HAND)
        elif thread not in met:
            met.add(thread)
            meeting.wait()  # passes only when every thread waits for a file
        return file.name

    first, *rest = look_at_each(files, look)
    assert first == (len(files) // 2, files[len(files) // 2].name)
    assert [place for place, _ in rest] == [p for p in range(len(files)) if p != first[0]]
    assert len(met) == reading._THREADS


def test_files_at_hand_are_read_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_AT_HAND", 10.0)
    threads: set[str] = set()

    def look(_: Path) -> None:
        threads.add(threading.current_thread().name)

    assert len(list(look_at_each([Path(str(number)) for number in range(99)], look))) == 99
    assert threads == {"MainThread"}


@pytest.mark.parametrize("at_hand", [0.0, 10.0], ids=["threads", "one thread"])
def test_what_goes_wrong_with_a_file_comes_out(
    at_hand: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_AT_HAND", at_hand)

    def look(file: Path) -> None:
        if file.name == "40":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(look_at_each([Path(str(number)) for number in range(60)], look))


# --------------------------------------------------------------------------- zips


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                pack.write(file, file.relative_to(folder))
    return path


def test_a_long_zip_is_known_in_part_before_it_is_unpacked(
    long_folder: Path, tmp_path: Path
) -> None:
    parts: list[tuple[int, int]] = []

    def so_far(part: Study) -> None:
        unpacked = len(list(part.series[0].path(0).parent.iterdir()))
        parts.append((len(part.series[0]), unpacked))
        assert part.series[0].slice(0).shape == (4, 5)

    whole = open_study(zipped(long_folder, tmp_path / "long.zip"), so_far=so_far)
    assert parts[0] == (1, 1)
    assert len(whole.series[0]) == 90


def test_a_zip_of_a_pair_and_hidden_files(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    (inside / "__MACOSX").mkdir(parents=True)
    for name in ("__MACOSX/a.dcm", "__MACOSX/b.dcm", ".DS_Store"):
        (inside / name).write_bytes(b"x")
    save_nifti(inside / "t1.nii", np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4))
    save(mr_slice(), inside / "b" / "one.dcm")
    opened = open_study(zipped(inside, tmp_path / "mixed.zip"))
    assert sorted(series.shape for series in opened.series) == [(1, 4, 5), (5, 4, 3)]
    assert {(skipped.path.name, skipped.reason) for skipped in opened.skipped} == {
        ("__MACOSX", "a hidden folder"),
        (".DS_Store", "a hidden file"),
    }


def refusal(path: Path) -> str:
    with pytest.raises(StudyError) as caught:
        open_study(path)
    assert caught.value.hint
    return caught.value.what


def test_a_zip_bomb_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("a.dcm", bytes(2_000_000))
    monkeypatch.setattr(archive.Archive, "fetch", lambda *_: pytest.fail("something was unpacked"))
    monkeypatch.setattr(archive, "_HARMLESS", 1_000_000)
    assert refusal(bomb) == "bomb.zip unpacks to more than 200 times its size."
    monkeypatch.setattr(archive, "_MOST_BYTES", 1_999_999)
    assert refusal(bomb).startswith("bomb.zip unpacks to more than")
    monkeypatch.undo()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    assert "0.0 GB are free" in refusal(bomb)


def test_a_zip_that_holds_more_than_it_says_is_refused(tmp_path: Path) -> None:
    liar = tmp_path / "liar.zip"
    with zipfile.ZipFile(liar, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("a.dcm", bytes(100_000))
    raw = liar.read_bytes()
    liar.write_bytes(raw.replace((100_000).to_bytes(4, "little"), (5_000).to_bytes(4, "little")))
    assert refusal(liar) == "liar.zip cannot be unpacked."


def test_a_zip_within_a_zip_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    inner = zipped(save_stack(tmp_path / "stack", mr_stack(2)), tmp_path / "outer" / "inner.zip")
    assert "No images" in refusal(zipped(inner.parent, tmp_path / "outer.zip"))


def test_many_series_in_one_folder_grow_side_by_side(tmp_path: Path) -> None:
    for number in range(40):
        uid = "1.9.1" if number % 2 else "1.9.2"
        ds = mr_slice(number * 2.0, SeriesInstanceUID=uid, SOPInstanceUID=generate_uid())
        save(ds, tmp_path / f"{number:03d}.dcm")
    parts: list[Study] = []
    whole = open_study(tmp_path, so_far=parts.append)
    assert [len(series) for series in parts[0].series] == [1]
    assert [len(series) for series in whole.series] == [20, 20]
    assert study._MANY < 40
