"""NIfTI and NRRD masks by their place in the patient, compared with nibabel and SimpleITK."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from nibabel.affines import apply_affine
from numpy.typing import NDArray
from tests.unit.io.builders import save_nifti
from tests.unit.io.references.mask_files import ORIENTATIONS, blobs, series_of, source_images

from unetscope.domain.errors import StudyError
from unetscope.domain.label_matching import propose_matching
from unetscope.domain.reference import Reference, Segment
from unetscope.io.model_card import read_card
from unetscope.io.references.reading import is_reference, read_reference
from unetscope.io.series import Series
from unetscope.io.study import open_study

SHAPE = (5, 7, 6)
TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def series(tmp_path: Path) -> Series:
    return series_of(source_images(shape=SHAPE, spacing=(2.0, 0.75, 1.25)), tmp_path / "series")


def numbered(reference: Reference) -> NDArray[np.uint8]:
    """Labels as the file has them."""
    return reference.labels(tuple((s.number, (s.number,)) for s in reference.segments))


def in_ras(series: Series, order: tuple[int, ...], signs: tuple[int, ...]) -> NDArray[np.float64]:
    """Affine of a file on the grid of a series whose axes are these, some run backwards."""
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    start = np.zeros(3)
    for axis, (which, sign) in enumerate(zip(order, signs, strict=True)):
        affine[:3, axis] = sign * series.affine[:3, which]
        start[which] = series.shape[which] - 1 if sign < 0 else 0
    affine[:3, 3] = series.affine[:3, :3] @ start + series.affine[:3, 3]
    return np.asarray(TO_LPS @ affine)


def turned(labels: NDArray[Any], order: tuple[int, ...], signs: tuple[int, ...]) -> NDArray[Any]:
    return labels.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_file_on_the_same_grid_is_equal_whatever_its_axes(
    tmp_path: Path, series: Series, order: tuple[int, ...]
) -> None:
    labels = blobs(SHAPE, 3)
    for signs in itertools.product((1, -1), repeat=3):
        path = save_nifti(
            tmp_path / "m.nii.gz", turned(labels, order, signs), in_ras(series, order, signs)
        )
        reference = read_reference(path, series)
        assert np.array_equal(numbered(reference), labels)
        assert reference.notes == ()


def clear_of_ties(index: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where no coordinate lies halfway between two voxels, which may go either way."""
    return np.asarray((np.abs(index - np.floor(index) - 0.5) > 1e-3).all(axis=-1))


def nearest_by_nibabel(
    path: Path, series: Series, slices: Sequence[int]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Labels of some slices, and where they are beyond doubt."""
    image = nib.load(path)
    values = np.asarray(image.dataobj)
    _, rows, columns = series.shape
    index = np.stack(np.meshgrid(slices, range(rows), range(columns), indexing="ij"), axis=-1)
    into = np.linalg.inv(image.affine) @ TO_LPS @ series.affine
    at = apply_affine(into, index)
    ijk = np.rint(at).astype(int)
    inside = ((ijk >= 0) & (ijk < values.shape)).all(axis=-1)
    found = np.zeros(inside.shape, values.dtype)
    found[inside] = values[tuple(ijk[inside].T)]
    return found, clear_of_ties(at)


@pytest.mark.parametrize("seed", range(12))
def test_an_oblique_grid_of_another_size_is_sampled_as_nibabel_does(
    tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    orientation = list(ORIENTATIONS.values())[seed % len(ORIENTATIONS)]
    images = source_images(orientation, (9, 14, 13), (2.0, 0.75, 1.25))
    series = series_of(images, tmp_path / "series")
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * rng.uniform(0.6, 2.5, 3)
    labels = blobs((15, 17, 19), 4, seed)
    middle = (TO_LPS @ series.affine @ (4, 6, 6, 1))[:3]
    affine[:3, 3] = middle - affine[:3, :3] @ (7, 8, 9)
    path = save_nifti(tmp_path / "m.nii", labels, affine)
    reference = read_reference(path, series)
    expected, clear = nearest_by_nibabel(path, series, range(9))
    assert (expected > 0).mean() > 0.2
    assert clear.mean() > 0.98
    assert np.array_equal(numbered(reference)[clear], expected[clear])
    assert reference.notes


@pytest.mark.parametrize("dtype", ["u1", "i2", ">i2", "i4", "i8", "u2", "f4", ">f8"])
def test_whole_numbers_of_any_type_are_labels(tmp_path: Path, series: Series, dtype: str) -> None:
    labels = blobs(SHAPE, 3).astype(np.int64)
    labels[labels == 3] = 120 if dtype == "u1" else 2035
    affine = in_ras(series, (2, 1, 0), (1, 1, 1))
    values = labels.transpose(2, 1, 0).astype(dtype)
    path = tmp_path / "m.nii.gz"
    nib.save(nib.Nifti1Image(values, affine, dtype=np.dtype(dtype)), path)
    reference = read_reference(path, series)
    assert [s.number for s in reference.segments] == [1, 2, int(labels.max())]
    for number in (1, 2, int(labels.max())):
        assert np.array_equal(reference.mask(number), labels == number)


def written(
    tmp_path: Path, series: Series, values: NDArray[Any], name: str = "m.nii.gz", **header: Any
) -> Path:
    """Save ``(slices, rows, columns, ...)`` values on the grid of a series."""
    file_order = values.transpose(2, 1, 0, *range(3, values.ndim))
    affine = in_ras(series, (2, 1, 0), (1, 1, 1))
    return save_nifti(tmp_path / name, file_order, affine, **header)


def test_probabilities_count_from_one_half_on(tmp_path: Path, series: Series) -> None:
    chances = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    chances[0, 0, :2] = (0.5, np.nan)
    reference = read_reference(written(tmp_path, series, chances), series)
    assert [s.number for s in reference.segments] == [1]
    assert np.array_equal(reference.mask(1), np.nan_to_num(chances) >= 0.5)
    assert any("one half" in note for note in reference.notes)


def test_one_volume_for_each_structure(tmp_path: Path, series: Series) -> None:
    masks = np.random.default_rng(0).integers(0, 2, (*SHAPE, 3)).astype(np.uint8)
    reference = read_reference(written(tmp_path, series, masks), series)
    assert [s.number for s in reference.segments] == [1, 2, 3]
    for number in (1, 2, 3):
        assert np.array_equal(reference.mask(number), masks[..., number - 1])


def test_the_first_volume_is_the_background_when_each_voxel_has_one(
    tmp_path: Path, series: Series
) -> None:
    labels = blobs(SHAPE, 2)
    channels = (labels[..., np.newaxis] == np.arange(3)).astype(np.float32)
    reference = read_reference(written(tmp_path, series, channels), series)
    assert np.array_equal(numbered(reference), labels)
    assert any("background" in note for note in reference.notes)


def test_labels_below_zero_are_none(tmp_path: Path, series: Series) -> None:
    labels = blobs(SHAPE, 2).astype(np.int16)
    labels[0, 0, 0] = -1
    reference = read_reference(written(tmp_path, series, labels), series)
    assert np.array_equal(numbered(reference), np.maximum(labels, 0))
    assert any("below 0" in note for note in reference.notes)


def test_numbers_out_of_reach_are_none(tmp_path: Path, series: Series) -> None:
    labels = blobs(SHAPE, 2).astype(np.float32)
    labels[0, 0, :3] = (-1e30, np.inf, np.nan)
    reference = read_reference(written(tmp_path, series, labels), series)
    labels[0, 0, :3] = 0
    assert np.array_equal(numbered(reference), labels)


def test_a_pair_of_header_and_voxels(tmp_path: Path, series: Series) -> None:
    labels = blobs(SHAPE, 2)
    affine = in_ras(series, (2, 1, 0), (1, 1, 1))
    nib.save(nib.Nifti1Pair(labels.transpose(2, 1, 0), affine), tmp_path / "m.hdr")
    assert np.array_equal(numbered(read_reference(tmp_path / "m.hdr", series)), labels)


def test_a_grid_that_is_a_little_off_is_said(tmp_path: Path, series: Series) -> None:
    labels = blobs(SHAPE, 2)
    affine = in_ras(series, (2, 1, 0), (1, 1, 1))
    affine[:3, 3] += affine[:3, 0] * 0.3
    path = save_nifti(tmp_path / "m.nii", labels.transpose(2, 1, 0), affine)
    reference = read_reference(path, series)
    assert np.array_equal(numbered(reference), labels)
    assert any("grid of its own" in note for note in reference.notes)


def test_metres_are_millimetres_times_a_thousand(tmp_path: Path, series: Series) -> None:
    labels = blobs(SHAPE, 2)
    affine = in_ras(series, (2, 1, 0), (1, 1, 1))
    affine[:3] /= 1000
    image = nib.Nifti1Image(labels.transpose(2, 1, 0), affine)
    image.header.set_xyzt_units("meter")
    nib.save(image, tmp_path / "m.nii")
    assert np.array_equal(numbered(read_reference(tmp_path / "m.nii", series)), labels)


def test_an_image_is_no_mask(tmp_path: Path, series: Series) -> None:
    rng = np.random.default_rng(0)
    for values in (
        rng.normal(100, 50, SHAPE),
        rng.integers(0, 60_000, (5, 21, 20)).astype(np.uint16),
    ):
        path = save_nifti(tmp_path / "m.nii", values, np.eye(4))
        with pytest.raises(StudyError, match="looks like an image"):
            read_reference(path, series)


def test_neither_file_says_how_it_lies(tmp_path: Path, series: Series) -> None:
    labels = blobs((7, 6, 5), 2)
    mask = save_nifti(tmp_path / "m.nii", labels, None)
    image = open_study(save_nifti(tmp_path / "i.nii", labels.astype(np.int16), None)).series[0]
    reference = read_reference(mask, image)
    shown = np.stack([image.raw(index) for index in range(len(image))])
    assert np.array_equal(numbered(reference), shown)
    assert any("Neither file says" in note for note in reference.notes)
    with pytest.raises(StudyError, match="does not say where its masks lie"):
        read_reference(mask, series)
    placed = written(tmp_path, series, blobs(SHAPE, 2), "placed.nii")
    with pytest.raises(StudyError, match="series does not say where"):
        read_reference(placed, image)


def test_the_reference_of_the_sample_is_the_sample_s(resources: Path) -> None:
    series = open_study(resources / "sample" / "study").series[0]
    path = resources / "sample" / "reference.nii.gz"
    reference = read_reference(path, series)
    some = [0, 45, 90, 91, 135, 180]
    expected, clear = nearest_by_nibabel(path, series, some)
    assert clear.all()
    assert (expected > 0).mean() > 0.2
    assert np.array_equal(numbered(reference)[some], expected)
    assert reference.notes == ()
    card = read_card(resources / "sample" / "brain-tissue-unet.keras")
    assert card is not None
    matching = propose_matching(card.classes, reference.segments)
    assert matching == ((1, (1,)), (2, (2,)), (3, (3,)))


# ------------------------------------------------------------------------- NRRD


def sampled_by_itk(path: Path, series: Series) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Labels, and where they are beyond doubt."""
    grid = SimpleITK.Image(series.shape[::-1], SimpleITK.sitkUInt8)
    steps = series.affine[:3, [2, 1, 0]]
    sizes = np.linalg.norm(steps, axis=0)
    grid.SetSpacing(sizes.tolist())
    grid.SetDirection((steps / sizes).ravel().tolist())
    grid.SetOrigin(series.affine[:3, 3].tolist())
    image = SimpleITK.ReadImage(path)
    found = SimpleITK.Resample(
        image, grid, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0, image.GetPixelID()
    )
    at = [
        image.TransformPhysicalPointToContinuousIndex((series.affine @ (*index, 1))[:3].tolist())
        for index in np.ndindex(series.shape)
    ]
    clear = clear_of_ties(np.array(at)).reshape(series.shape)
    return np.asarray(SimpleITK.GetArrayFromImage(found)), clear


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("packed", [False, True])
def test_an_nrrd_is_sampled_as_simpleitk_does(
    tmp_path: Path, series: Series, seed: int, packed: bool
) -> None:
    rng = np.random.default_rng(seed)
    dtype = [np.uint8, np.int16, np.uint16, np.int32][seed % 4]
    image = SimpleITK.GetImageFromArray(blobs((11, 12, 13), 3, seed).astype(dtype))
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    if np.linalg.det(turn) < 0:
        turn[:, 0] *= -1
    image.SetDirection(turn.ravel().tolist())
    image.SetSpacing(rng.uniform(0.5, 1.5, 3).tolist())
    middle = (series.affine @ (2, 3, 3, 1))[:3]
    image.SetOrigin((middle - turn @ (np.array(image.GetSpacing()) * (6, 6, 5))).tolist())
    path = tmp_path / "m.nrrd"
    SimpleITK.WriteImage(image, path, useCompression=packed)
    assert is_reference(path)
    reference = read_reference(path, series)
    expected, clear = sampled_by_itk(path, series)
    assert (expected > 0).mean() > 0.2
    assert clear.mean() > 0.9
    assert np.array_equal(numbered(reference)[clear], expected[clear])


def nrrd(path: Path, fields: str, content: bytes) -> Path:
    path.write_bytes(f"NRRD0004\n{fields}\n\n".encode() + content)
    return path


def space_of(series: Series, turn: tuple[int, int, int] = (1, 1, 1)) -> str:
    columns = (series.affine[:3, [2, 1, 0]] * np.array(turn)[:, np.newaxis]).T
    said = " ".join("(" + ",".join(f"{v:.9g}" for v in vector) + ")" for vector in columns)
    origin = ",".join(f"{v:.9g}" for v in series.affine[:3, 3] * turn)
    return f"space directions: {said}\nspace origin: ({origin})"


@pytest.mark.parametrize(
    ("space", "turn"),
    [
        ("left-posterior-superior", (1, 1, 1)),
        ("RAS", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
    ],
)
def test_each_space_is_the_patient_s(
    tmp_path: Path, series: Series, space: str, turn: tuple[int, int, int]
) -> None:
    labels = blobs(SHAPE, 2)
    fields = (
        "# a comment\ntype: short\ndimension: 3\nsizes: 6 7 5\nencoding: gzip\nendian: big\n"
        f"space: {space}\n{space_of(series, turn)}"
    )
    content = gzip.compress(labels.astype(">i2").tobytes())
    reference = read_reference(nrrd(tmp_path / "m.nrrd", fields, content), series)
    assert np.array_equal(numbered(reference), labels)
    assert reference.kind == "NRRD"


SLICER = """\
Segment0_Name:=Left kidney ä
Segment0_LabelValue:=1
Segment0_Layer:=0
Segment0_Color:=1 0.5 0
Segment0_Tags:=Segmentation.Status:inprogress|TerminologyEntry:Segmentation category and type - \
3D Slicer General Anatomy list~SCT^123037004^Anatomical Structure~SCT^64033007^Kidney\
~SCT^7771000^Left~Anatomic codes - DICOM master list~^^~^^|
Segment1_Name:=Liver
Segment1_LabelValue:=2
Segment1_Layer:=0
Segment2_Name:=Lesion
Segment2_LabelValue:=1
Segment2_Layer:=1"""


def test_a_segmentation_of_slicer_with_layers(tmp_path: Path, series: Series) -> None:
    first, second = blobs(SHAPE, 2, 1), blobs(SHAPE, 1, 2)
    directions = space_of(series).replace("space directions: ", "space directions: none ")
    fields = (
        "type: unsigned char\ndimension: 4\nsizes: 2 6 7 5\nkinds: list domain domain domain\n"
        f"encoding: raw\nspace: left-posterior-superior\n{directions}\n{SLICER}"
    )
    content = np.stack([first, second], axis=-1).tobytes()
    reference = read_reference(nrrd(tmp_path / "m.seg.nrrd", fields, content), series)
    kidney, liver, lesion = reference.segments
    assert kidney == Segment(1, "Left kidney ä", "#ff8000", kidney.code)
    assert kidney.code is not None
    assert kidney.code.value == "64033007"
    assert (liver.name, lesion.name) == ("Liver", "Lesion")
    assert np.array_equal(reference.mask(kidney.number), first == 1)
    assert np.array_equal(reference.mask(liver.number), first == 2)
    assert np.array_equal(reference.mask(lesion.number), second == 1)


def test_voxels_beside_the_header_and_nowhere_else(tmp_path: Path, series: Series) -> None:
    labels = blobs(SHAPE, 2)
    folder = tmp_path / "masks"
    folder.mkdir()
    (folder / "m.raw").write_bytes(labels.tobytes())
    (tmp_path / "m.raw").write_bytes(labels.tobytes())
    plain = (
        "type: uint8\ndimension: 3\nsizes: 6 7 5\nencoding: raw\n"
        f"space: left-posterior-superior\n{space_of(series)}\n"
    )
    path = folder / "m.nhdr"
    reference = read_reference(nrrd(path, f"{plain}data file: m.raw", b""), series)
    assert np.array_equal(numbered(reference), labels)
    for elsewhere in ("../m.raw", str(tmp_path / "m.raw"), "sub\\m.raw", "C:m.raw"):
        with pytest.raises(StudyError, match="another folder"):
            read_reference(nrrd(path, f"{plain}data file: {elsewhere}", b""), series)
    with pytest.raises(StudyError, match="not beside it"):
        read_reference(nrrd(path, f"{plain}data file: gone.raw", b""), series)
    with pytest.raises(StudyError, match="several files"):
        read_reference(nrrd(path, f"{plain}data file: LIST\nm.raw: 1", b""), series)
