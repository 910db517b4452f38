"""What a segmentation is called, and what made it, before any file is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import CARD, unet

from unetscope.domain.card import ClassLabel
from unetscope.domain.codes import ABNORMAL_STRUCTURE, TISSUE, Code, known_codes
from unetscope.domain.edits import ScaleFilter, SetKernel
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.export import (
    FORMATS,
    ExportedClass,
    Format,
    Maker,
    code_text,
    edits_hash,
    exported_classes,
    format_of,
    parsed_code,
)


def test_every_known_code_is_read_back_from_its_text() -> None:
    for code in known_codes():
        assert parsed_code(code_text(code)) == code
    odd = Code("C-1 2", "99X", "Left part (upper)")
    assert parsed_code(code_text(odd)) == odd


@pytest.mark.parametrize(
    "text", ["", "nothing known", "Zorg (SCT", "(SCT 1)", "a\\b (SCT 1)", "x" * 65 + " (S 1)"]
)
def test_what_is_no_code_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnetscopeError, match="Liver") as told:
        parsed_code(text)
    assert len(str(told.value)) <= 300


def test_a_name_alone_is_enough_where_the_table_knows_it() -> None:
    assert parsed_code("grey matter").meaning == "Gray Matter"


def test_classes_have_codes_and_the_background_is_none_of_them() -> None:
    classes = exported_classes(CARD)
    assert [each.name for each in classes] == ["CSF", "Brain"]
    assert [each.code.value for each in classes] == ["65216001", "12738006"]
    tumour = Code("108369006", "SCT", "Neoplasm")
    assert exported_classes(CARD, {2: tumour})[1].category == ABNORMAL_STRUCTURE
    unknown = ExportedClass.of(ClassLabel(7, "Zorgblax", None))
    assert (unknown.code.scheme, unknown.code.value) == ("99UNETSCOPE", "CLASS7")
    assert unknown.category == TISSUE
    assert unknown.colour == "#808080"


def test_a_list_of_edits_has_one_hash() -> None:
    gain, other = ScaleFilter("enc", filter=1, gain=0.5), ScaleFilter("enc", filter=1, gain=0.25)
    kernel = SetKernel("enc", 0, 0, np.ones((3, 3), np.float32))
    assert edits_hash(()) == ""
    assert edits_hash((gain, kernel)) == edits_hash((gain, kernel))
    hashes = {edits_hash(edits) for edits in ((gain,), (other,), (gain, kernel), (kernel, gain))}
    assert len(hashes) == 4
    assert all(each.startswith("sha256:") for each in hashes)


def test_the_maker_says_whether_the_network_was_changed() -> None:
    trained = Maker.of(unet(), CARD, (), "1")
    assert trained.sentence == (
        "Research use only. Made by the network Tiny (sha256:0), as it was trained."
    )
    edited = Maker.of(unet(), CARD, (ScaleFilter("enc", filter=1, gain=0.5),), "1")
    assert "CHANGED BY HAND: 1 edit in force (sha256:" in edited.sentence


def test_the_ending_says_the_format() -> None:
    for form, about in FORMATS.items():
        if form is not Format.SEG_LABELMAP:
            assert format_of(Path(f"a{about.ending}")) is form
    assert format_of(Path("A.NII")) is Format.NIFTI
    with pytest.raises(UnetscopeError, match=r"as \.docx"):
        format_of(Path("a.docx"))
