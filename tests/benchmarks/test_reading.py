"""How long a series takes to open: its first picture, and all of it as one array."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import generate_uid
from tests.benchmarks.conftest import Compare
from tests.unit.io.builders import mr_slice, save

from unetscope.io.study import Study, open_study

SIZE = 256
GROUP = "a folder of single-frame 256×256 files"


class _Seen(Exception):  # noqa: N818  (nothing went wrong)
    """The first picture is there."""


def scanned(z: float, number: int, pixels: NDArray[np.uint16]) -> Dataset:
    """A slice with a header of the kind and length that scanners write."""
    referenced = Dataset()
    referenced.ReferencedSOPClassUID = pydicom.uid.MRImageStorage
    referenced.ReferencedSOPInstanceUID = generate_uid()
    ds = mr_slice(
        z,
        pixels,
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND"],
        FrameOfReferenceUID="1.2.3.5",
        AcquisitionDate="20260102",
        AcquisitionTime=f"1010{number % 60:02d}.25",
        ContentTime=f"1011{number % 60:02d}.5",
        Manufacturer="A maker",
        InstitutionName="A clinic",
        ReferringPhysicianName="B^C",
        ReferencedImageSequence=[referenced] * 3,
        PatientBirthDate="19800101",
        PatientSex="F",
        PatientAge="045Y",
        PatientWeight="70",
        ScanningSequence="GR",
        SequenceVariant=["SK", "SP"],
        MRAcquisitionType="3D",
        RepetitionTime="2300",
        EchoTime="2.98",
        InversionTime="900",
        EchoNumbers="1",
        MagneticFieldStrength="3",
        FlipAngle="9",
        PatientPosition="HFS",
        AcquisitionNumber="1",
        InstanceNumber=str(number + 1),
        SliceLocation=str(z),
        BitsStored=12,
        HighBit=11,
        WindowCenter="500",
        WindowWidth="1000",
    )
    ds["ReferencedImageSequence"].is_undefined_length = True
    ds.private_block(0x0029, "A MAKER", create=True).add_new(0x10, "OB", bytes(12_000))
    return ds


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand files, fewer where nothing is timed; names say nothing about position."""
    count = 1000 if request.config.getoption("benchmark_enable") else 40
    path = tmp_path_factory.mktemp("series")
    rng = np.random.default_rng(0)
    names = list(range(count))
    random.Random(1).shuffle(names)
    for number, name in enumerate(names):
        pixels = rng.integers(0, 4096, (SIZE, SIZE), np.uint16)
        save(scanned(number * 1.5 - 40, number, pixels), path / f"IM{name:05d}")
    return path


def by_pydicom(folder: Path) -> NDArray[np.uint16]:
    """The loop that everyone writes."""
    datasets = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    datasets.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    return np.stack([ds.pixel_array for ds in datasets])


def by_simpleitk(folder: Path) -> NDArray[np.uint16]:
    """GDCM, through the series reader of SimpleITK."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    volume: NDArray[np.uint16] = SimpleITK.GetArrayFromImage(reader.Execute())
    return volume


def whole(folder: Path) -> NDArray[np.float32]:
    """All slices in one array, with the parts told meanwhile as the window has them told."""
    (series,) = open_study(folder, so_far=lambda _: None).series
    return series.volume()


def first_picture(folder: Path) -> NDArray[np.float32]:
    """What the window shows first."""
    pictures: list[NDArray[np.float32]] = []

    def so_far(study: Study) -> None:
        pictures.append(study.series[0].slice(0))
        raise _Seen

    with pytest.raises(_Seen):
        open_study(folder, so_far=so_far)
    return pictures[0]


def test_the_whole_series(compare: Compare, folder: Path) -> None:
    ways = {
        "pydicom loop": lambda: by_pydicom(folder),
        "SimpleITK": lambda: by_simpleitk(folder),
    }
    compare(GROUP, "whole series", lambda: whole(folder), ways, rounds=7)
    ours = whole(folder)
    assert np.array_equal(ours, by_pydicom(folder))
    assert np.array_equal(ours, by_simpleitk(folder))


def test_the_first_picture(compare: Compare, folder: Path) -> None:
    ways = {
        "pydicom loop": lambda: by_pydicom(folder),
        "SimpleITK": lambda: by_simpleitk(folder),
    }
    compare(GROUP, "first picture", lambda: first_picture(folder), ways, rounds=7)
    assert (by_pydicom(folder) == first_picture(folder)).all(axis=(1, 2)).any()


def test_the_headers_alone(compare: Compare, folder: Path) -> None:
    def pydicom_headers() -> None:
        for path in sorted(folder.iterdir()):
            pydicom.dcmread(path, stop_before_pixels=True)

    ways = {"pydicom headers": pydicom_headers}
    compare(GROUP, "sorted and grouped, no pixels", lambda: open_study(folder), ways, rounds=7)
    assert len(open_study(folder).series) == 1
