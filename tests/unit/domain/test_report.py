"""The report as a page: complete in itself, valid, always the same, silent about the patient."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.fakes import CARD, PATIENT, FakeSeries, unet

from unetscope.domain.card import ModelCard
from unetscope.domain.channels import ChannelSource
from unetscope.domain.edits import ScaleFilter, SetBias, SetKernel, SetLayerWeights
from unetscope.domain.interventions import CutSkip, PatchSkip, SilenceMap
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.report import Medium, Report, Table, report_html
from unetscope.domain.reporting import Subject, make_report, values_of
from unetscope.domain.sources import SeriesSource

DATE = "2026-11-22 15:00"
SERIES = FakeSeries(
    description="T1 of Jane Doe", warnings=("1 slice cannot be decoded (Doe.dcm).",)
)
VOID = {"meta", "img", "br"}
ROOT = Path(__file__).parents[3]


def subject(series: SeriesSource = SERIES, card: ModelCard = CARD) -> Subject:
    values = SERIES.slice(2)
    mask = (values % 3).astype(np.uint8)
    return Subject(
        series=series,
        index=2,
        values=values,
        grey=(values % 256).astype(np.uint8),
        network=unet(),
        card=card,
        saved=card,
        edits=(ScaleFilter("enc", filter=1, gain=0.5), SilenceMap("mid", 2)),
        trained=mask,
        mask=(mask + 1) % 3,
        fed=values / np.float32(255),
    )


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps what is said."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute of {tag} twice"
        self.links += [given[key] or "" for key in ("href", "src", "action") if key in given]
        if tag == "img":
            assert given["alt"]
            self.pictures.append(given["src"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("medium", Medium)
def test_the_page_is_complete_in_itself(medium: Medium) -> None:
    html = report_html(make_report(subject(), date=DATE), medium)
    page = Page(html)
    assert not page.open
    assert html.startswith("<!DOCTYPE html>")
    assert not page.tags & {"script", "link", "iframe", "object", "base", "form", "a"}
    assert page.links == page.pictures
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert "url(" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_pictures_are_the_slice_the_masks_what_changed_and_the_tensor() -> None:
    report = make_report(subject(), date=DATE)
    assert [one.title for one in report.pictures] == [
        "Slice 3",
        "Mask, trained",
        "Mask, edited",
        "What the edits change",
        "What the network was fed",
    ]
    first = report_html(report).partition("base64,")[2].partition('"')[0]
    picture = Image.open(BytesIO(base64.b64decode(first)))
    assert picture.size == (600, 600)
    assert picture.info == {"Description": "Unetscope, research use only"}
    grey = np.asarray(picture)[::75, ::75, 0]
    assert np.array_equal(grey, subject().grey)


def test_without_edits_there_is_one_mask_and_no_comparison() -> None:
    report = make_report(replace(subject(), edits=()), date=DATE)
    assert [one.title for one in report.pictures] == ["Slice 3", "Mask", "What the network was fed"]
    assert report.edited == ""
    assert (
        report.measures[0].header == ("Class", "Area, mm²") or len(report.measures[0].header) == 2
    )
    assert "as it was trained" in Page(report_html(report)).text


def test_a_reference_is_shown_beside_the_masks() -> None:
    reference = np.full((8, 8), 2, np.uint8)
    shown = make_report(replace(subject(), reference=reference), date=DATE).pictures
    assert [one.title for one in shown][-2] == "Reference"
    alone = make_report(replace(subject(), mask=None, reference=reference), date=DATE).pictures
    assert [one.title for one in alone] == ["Slice 3", "Reference", "What the network was fed"]
    assert alone[1].png == shown[-2].png


def test_nothing_tells_who_the_patient_is() -> None:
    html = report_html(make_report(subject(), date=DATE))
    told = (PATIENT.name, "Doe", "Jane", PATIENT.identity, PATIENT.birth_date, SERIES.date)
    assert not [word for word in (*told, SERIES.uid, SERIES.description) if word in html]
    assert "1 slice cannot be decoded." in html


def test_series_that_channels_are_made_of_are_not_named() -> None:
    sources = (ChannelSource("FLAIR of Jane Doe"), ChannelSource("T1 of Jane Doe"))
    steps = replace(CARD.preprocessing, channels="chosen", sources=sources)
    said = [{"series": one.series, "step": 0} for one in sources]
    card = replace(CARD, preprocessing=steps, trained_on={"channel_source": said})
    html = report_html(make_report(subject(card=card), date=DATE))
    assert "Doe" not in html


def test_all_that_is_said_is_escaped() -> None:
    evil = '<script>alert("x")</script> & "more"'
    series = FakeSeries(modality=evil, units=evil, warnings=(evil,))
    card = replace(CARD, name=evil, note=evil, content={"source": evil, "licence": evil})
    table = Table(title=evil, header=(evil,), rows=((evil,),), note=evil)
    html = report_html(
        make_report(subject(series, card), date=evil, measures=(table,), warnings=(evil,))
    )
    page = Page(html)
    assert "script" not in page.tags
    assert page.text.count(evil) >= 9


def test_the_page_differs_by_nothing_but_the_date() -> None:
    one, other = (report_html(make_report(subject(), date=date)) for date in (DATE, "2030-01-02"))
    assert one != other
    assert one.replace(DATE, "2030-01-02") == other


_IN_A_PROCESS = """
import sys
from tests.unit.domain.test_report import DATE, subject
from unetscope.domain.report import report_html
from unetscope.domain.reporting import make_report
sys.stdout.buffer.write(report_html(make_report(subject(), date=DATE)).encode())
"""


def test_two_processes_make_the_same_bytes() -> None:
    made = [
        subprocess.run(
            [sys.executable, "-c", _IN_A_PROCESS],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'app'}"},
        ).stdout
        for seed in ("1", "2")
    ]
    assert made[0] == made[1] == report_html(make_report(subject(), date=DATE)).encode()


def test_what_is_wrong_is_said_first() -> None:
    card = replace(CARD, confirmed=False, note="Guessed.", trained_on={"plane": "coronal"})
    report = make_report(replace(subject(card=card), mask=None, trained=None), date=DATE)
    assert report.warnings[:3] == (
        "Guessed.",
        "Input unconfirmed.",
        "There is no mask of this slice.",
    )
    confirmed = replace(card, confirmed=True)
    warned = make_report(subject(card=confirmed), date=DATE).warnings
    assert "The slice is not what the network was trained on: plane." in warned


def test_edits_say_their_numbers() -> None:
    assert values_of(ScaleFilter("a", filter=1, gain=0.5)) == "gain 0.5"
    assert values_of(SetKernel("a", in_channel=0, filter=1, values=np.eye(2))) == (
        "in channel 0, 2×2: 1 0 / 0 1"
    )
    large = SetKernel("a", in_channel=3, filter=1, values=np.arange(16).reshape(4, 4))
    assert values_of(large) == "in channel 3, 4×4 values from 0 to 15"
    assert values_of(SetBias("a", filter=0, value=0.25)) == "value 0.25"
    assert values_of(SetLayerWeights("a", weights=[np.zeros(2)])) == "1 arrays"
    assert values_of(SilenceMap("a", 2, how="mean")) == "how mean"
    assert values_of(CutSkip("a", source="b")) == "how zero"
    patch = PatchSkip("a", source="b", image=np.ones((8, 8)), name="slice 4")
    assert values_of(patch) == "8×8 values from 1 to 1"


def test_what_is_not_sure_is_not_told_in_millimetres() -> None:
    unsure = FakeSeries(geometry_sure=False, calibrated=False, has_orientation=False)
    report = make_report(subject(unsure), date=DATE)
    study = dict(report.study)
    assert study["Spacing"] == "not known"
    assert study["Plane"] == "not known"
    assert "pixels" in report.measures[0].header[1]


def test_an_empty_report_is_a_page_too() -> None:
    page = Page(report_html(Report(date=DATE)))
    assert "Research use only" in page.text
    assert not page.pictures


def test_checks_are_told_by_words_and_not_by_colour_alone() -> None:
    steps = Preprocessing(size=(8, 8), normalise="none", clip=None)
    card = replace(CARD, preprocessing=steps, trained_on={"modality": "CT", "plane": "axial"})
    html = report_html(make_report(subject(card=card), date=DATE))
    assert re.search(r"Modality</td><td>MR</td><td>CT</td><td class=\"mismatch\">≠ mismatch", html)
    assert "✓ match" in html
    assert "? unknown" in html
