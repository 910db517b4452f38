"""Which pixels, or which positions of a layer, a target's score comes from.

Every method looks through passes of its own; the way back is `engine.backward`, which needs no
second forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

import numpy as np

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.attribution import Attribution, AttributionQuestion
from unetscope.domain.explaining.choice import Method
from unetscope.domain.explaining.heat import Heat
from unetscope.domain.explaining.honesty import compared_on
from unetscope.domain.explaining.question import Steps
from unetscope.domain.history import Edits
from unetscope.engine.explaining import gradients
from unetscope.engine.explaining.occlusion import occlusion
from unetscope.engine.explaining.randomised import Cascade
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.explaining.score import Array, Score
from unetscope.engine.explaining.subject import Found, Subject
from unetscope.engine.explaining.work import Work

PARTS = 100  # of progress, for the map and for each map of random weights

T = TypeVar("T")


def steps(scene: Scene, question: AttributionQuestion) -> Steps:
    """Trace a target back, and then, if asked to, the same with random weights.

    Yields
    ------
    (done, total, attribution)
        None until the map is there; the twin comes with the last one.

    Raises
    ------
    ModelError
        The target or the layer does not fit the network, or an option is out of range.
    """
    score = Score(scene, question.target)
    node = _traced_to(scene, score, question)
    subject = Subject(scene=scene, score=score, node=node, asked=question)
    method = METHODS[question.method]
    cascade = Cascade(scene, question.seed) if question.randomised else None
    total = PARTS * (1 + (cascade.length if cascade else 0))

    found = yield from _told(method(subject), 0, total, None)
    answer = Attribution(
        method=question.method,
        layer=scene.program.nodes[node].name,
        heat=_heat(subject, found.values),
        score=score.of(scene.base),
        completeness=found.completeness,
        note=" ".join(filter(None, (_note(subject), found.note))),
    )
    if cascade is not None:

        def again(edits: Edits) -> Work[Array]:
            made = yield from method(replace(subject, edits=edits))
            return made.values

        where = compared_on(question.target.region, found.values.shape)
        work = cascade.compare(found.values, where, again)
        twin, honesty = yield from _told(work, PARTS, total, answer)
        heat = replace(_heat(subject, twin), title=f"{answer.heat.title}, random weights")
        answer = replace(answer, twin=heat, honesty=honesty)
    yield total, total, answer


def _told(
    work: Work[T], done: int, total: int, answer: Attribution | None
) -> Generator[tuple[int, int, Attribution | None], None, T]:
    """Tell how far work is, on the way to its result; a share of it is `PARTS` of the total."""
    rest = PARTS if done == 0 else total - done
    with closing(work):
        while True:
            try:
                share = next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            yield done + int(share * rest), total, answer


METHODS: dict[Method, Callable[[Subject], Work[Found]]] = {
    Method.SEG_GRAD_CAM: gradients.seg_grad_cam,
    Method.SALIENCY: gradients.saliency,
    Method.INTEGRATED_GRADIENTS: gradients.integrated_gradients,
    Method.SMOOTH_GRAD: gradients.smooth_grad,
    Method.OCCLUSION: occlusion,
}

# ----------------------------------------------------------------------- inside


def _traced_to(scene: Scene, score: Score, asked: AttributionQuestion) -> int:
    """The node that is asked about, or the one that is best for the method."""
    program, on_input = scene.program, asked.method not in (Method.SEG_GRAD_CAM, Method.SALIENCY)
    if asked.layer is not None:
        node = scene.node(asked.layer)
        if on_input and node not in program.inputs:
            raise ModelError(
                f"{asked.method.value} goes back to the image, not to layer {asked.layer}.",
                "For a layer take Seg-Grad-CAM or saliency.",
            )
    elif asked.method is Method.SEG_GRAD_CAM:
        node = _last_with_kernels(scene, score)
    else:
        node = next((i for i in program.inputs if i in score.ahead and _has_grid(scene, i)), -1)
        if node < 0:
            raise ModelError(
                "No input of the network has rows and columns.", "Explain a layer that has."
            )
    name = program.nodes[node].name
    if not _has_grid(scene, node):
        raise ModelError(
            f"Layer {name} has no rows and columns to show.", "Choose a layer with feature maps."
        )
    if node not in score.ahead and node != scene.output:
        raise ModelError(f"Layer {name} does not lead to the mask.", "Choose one that does.")
    return node


def _last_with_kernels(scene: Scene, score: Score) -> int:
    """What the last layer with kernels before the output's own gives, activation included."""
    program = scene.program
    kernels = [
        i
        for i in sorted(score.ahead)
        if _has_grid(scene, i) and any(len(w.shape) > 1 for w in program.graph.layers[i].weights)
    ]
    if not kernels:
        return program.inputs[0]
    own = kernels[-1]  # the output's own
    return program.end_of(kernels[-2]) if len(kernels) > 1 else own


def _has_grid(scene: Scene, node: int) -> bool:
    return len(scene.program.graph.layers[node].output_shape) == 4


def _heat(subject: Subject, values: Array) -> Heat:
    asked, name = subject.asked, subject.scene.program.nodes[subject.node].name
    gradient = asked.method in (Method.SALIENCY, Method.SMOOTH_GRAD)
    unit = "logit" if subject.score.is_logit else "probability"
    return Heat(
        values=np.ascontiguousarray(values, np.float32),
        layer=name,
        signed=asked.signed if gradient else asked.method is not Method.SEG_GRAD_CAM,
        title=f"{asked.method.value} of {name}",
        unit=f"{unit} per unit" if gradient else unit,
    )


def _note(subject: Subject) -> str:
    program, told = subject.scene.program, []
    if len(program.inputs) > 1 and subject.node in program.inputs:
        name = program.nodes[subject.node].name
        told.append(f"Of {len(program.inputs)} inputs only {name} is explained.")
    if not subject.score.is_logit:
        told.append("The score is a probability: what it is made from is not at hand.")
    return " ".join(told)
