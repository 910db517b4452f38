from __future__ import annotations

import numpy as np

from unetscope.domain.lab import LabLayer, tutorial_kernels
from unetscope.domain.lab_words import (
    Note,
    answer,
    kernel_code,
    notes,
    number,
    set_weights_code,
    together,
)

EDGE = tutorial_kernels()[0].values


def said(layer: LabLayer, kernel: np.ndarray = EDGE, **more: object) -> dict[str, Note]:
    given = {"flip": False, "spacing": (1.0, 0.5), "negative": 0.25} | more
    found = notes(kernel, (217, 181), layer, **given)  # type: ignore[arg-type]
    return {note.topic: note for note in found}


def test_the_code_is_the_line_of_the_tutorial_with_the_numbers_at_hand() -> None:
    line = "layer.set_weights([kernel.reshape(4, 4, 1, 1), np.array([0.0])])"
    assert set_weights_code((4, 4), LabLayer()) == line
    names: dict[str, object] = {"np": np}
    exec(kernel_code(EDGE), names)
    made = names["kernel"]
    assert isinstance(made, np.ndarray)
    assert np.array_equal(made, EDGE)


def test_numbers_are_short_and_exact() -> None:
    assert [number(v) for v in (1.0, -1.0, 0.1, -0.0, 1 / 3)] == [
        "1",
        "-1",
        "0.1",
        "0",
        "0.33333334",
    ]
    assert np.float32(number(1 / 3)) == np.float32(1 / 3)


def test_the_answer_follows_channels_and_filters() -> None:
    one = " ".join(answer((4, 4)))
    assert "4×4 becomes 4×4×1×1" in one
    many = " ".join(answer((4, 4), 3, 8))
    assert "24 kernels" in many
    assert "4×4×3×8 = 384 numbers, and 8 biases" in many


def test_kernels_of_one_size_share_a_layer() -> None:
    assert "4×4×1×4" in together((4, 4), 4)
    assert together((4, 4), 1) == ""


def test_an_even_kernel_moves_edges_by_half_a_pixel_in_mm() -> None:
    text = said(LabLayer(same=True))["shift"].text
    assert "0.5 px (0.50 mm) down" in text
    assert "0.5 px (0.25 mm) right" in text
    assert "1 above and 2 below" in text
    assert "5×5" in text
    odd = said(LabLayer(same=True), np.ones((5, 5), np.float32))["shift"].text
    assert "0.5" not in odd


def test_centring_is_offered_only_where_it_leaves_edges_in_place() -> None:
    assert "leaves them in place" in said(LabLayer(same=True))["shift"].text
    odd = said(LabLayer(same=True), np.ones((5, 5), np.float32))["shift"].text
    assert "leaves them in place" not in odd
    given = {"flip": False, "spacing": None, "negative": None}
    strided = notes(EDGE, (218, 182), LabLayer(2, same=True), **given)  # type: ignore[arg-type]
    assert not any("leaves them in place" in note.text for note in strided)


def test_without_calibration_nothing_is_said_in_mm() -> None:
    found = said(LabLayer(stride=2, same=True), spacing=None)
    assert not any(" mm" in note.text for note in found.values())


def test_the_other_notes_follow_the_layer() -> None:
    found = said(LabLayer(stride=2))
    assert "217×181 becomes 107×89" in found["border"].text
    assert "one place in 4" in found["stride"].text
    assert "25% of this map" in found["relu"].text
    assert "becomes 0" in said(LabLayer(relu=True))["relu"].text
    assert "true convolution" in said(LabLayer(), flip=True)["flip"].text
    assert "same upside down" in said(LabLayer(), np.ones((3, 3), np.float32))["flip"].text
