"""What a network makes of an image: activations, mask, probabilities, effects."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from time import perf_counter
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from unetscope.domain.effects import Effects, How
from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Layer
from unetscope.domain.history import History
from unetscope.domain.metrics import Labels, rms_change
from unetscope.domain.network import Network
from unetscope.domain.ports import Floats, LastUpdate, Rectangle
from unetscope.engine.backward import Backward, seed, seg_grad_cam
from unetscope.engine.context import Context
from unetscope.engine.described import Described
from unetscope.engine.effects import sweep
from unetscope.engine.forward import Forward
from unetscope.engine.images import Images, fitted, without_batch
from unetscope.engine.introspect import Anatomy
from unetscope.engine.memory import Memory
from unetscope.engine.need import check_to_run
from unetscope.engine.passes import Album, Passes
from unetscope.engine.program import Program
from unetscope.engine.region import Rect
from unetscope.engine.segmentation import Segmentation
from unetscope.engine.situation import TRAINED
from unetscope.engine.values import whole_array


class Answers(Described):
    """A network and an image: everything that can be asked about what the one makes of the other.

    Only what is asked for is run, and only what is not known yet.
    """

    def __init__(
        self, model: Any, anatomy: Anatomy, network: Network, memory: Memory | None = None
    ) -> None:
        self._model = model
        super().__init__(network)
        self._program = Program(anatomy)
        self._context = Context(self._program, network, memory)
        self._passes = Passes(self._context)
        self._album = Album(self._context)
        self._situation = TRAINED
        self._history = History()
        self._segmentation = Segmentation(anatomy.graph)
        self._since = 0.0  # milliseconds spent since the last image or edit came
        self._pending = False  # whether nothing was run since
        self._sizes: set[tuple[int, ...]] = set()  # of images that there was memory for

    # ---------------------------------------------------------------- the image

    def run(self, image: Images, *, key: str = "") -> Self:
        """Show the network an image, with the edits in force.

        Parameters
        ----------
        image : (H, W) or (H, W, C) array_like of float32
            Preprocessed, dimensionless. For a network with several inputs a mapping from input
            layer to image.
        key : str, optional
            A name for the image: what was computed for the last images with a name is kept.

        Returns
        -------
        self

        Raises
        ------
        ModelError
            The image does not fit; the message names the shapes expected and found.
        """
        layers, tensors = self._fitted(image)
        self._check_size(tuple(tensors[0].shape[1:-1]))
        self._since, self._pending = 0.0, True
        self._passes = self._album.show(tensors, key, self._situation)
        if any(None in layer.output_shape[1:] for layer in layers):
            self._timed(self._pulled_outputs)  # tells whether its layers fit together at this size
        return self

    def activation(self, layer: str) -> Floats:
        """A layer's activation for the image, with the edits in force.

        Returns
        -------
        activation : (H, W, C) ndarray of float32, read-only
            Without the batch axis; ``(C,)`` where the layer has no grid.

        Raises
        ------
        ModelError
            There is no such layer, or no image yet.
        """
        index = self._index(layer)
        return without_batch(self._timed(self._passes.current.array, index))

    def activations(self, layers: Iterable[str] | None = None) -> dict[str, Floats]:
        """Activations of several layers, or of all, in one sweep; see `activation`."""
        names = [layer.name for layer in self.layers] if layers is None else list(layers)
        indices = [self._index(name) for name in names]
        values = self._timed(self._passes.current.pull, indices)
        return {
            name: without_batch(whole_array(values[i]))
            for name, i in zip(names, indices, strict=True)
        }

    def trained_activation(self, layer: str) -> Floats:
        """The same as `activation` with the network as it was trained."""
        index = self._index(layer)
        return without_batch(self._timed(self._passes.trained.array, index))

    def change(self, layer: str, *, hurried: bool = False) -> float:
        """RMS change of a layer's activation against the trained one, as a share of its RMS.

        Of a convolution with a normalisation or an activation after it, it is what they give.
        Hurried, it is taken from every fourth row and column, and NaN where the layer's value with
        the edits in force is not at hand.
        """
        index = self._program.end_of(self._index(layer))
        edited, trained = self._passes.current, self._passes.trained
        if hurried and not edited.has(index):
            return float("nan")
        step = 4 if hurried else 1
        pair = [self._timed(one.array, index)[0] for one in (trained, edited)]
        if pair[0].ndim == 3:
            pair = [array[::step, ::step] for array in pair]
        return rms_change(*pair)

    def is_reached(self, layer: str) -> bool:
        """Whether any edit in force reaches this layer's activation."""
        index = self._index(layer, need_image=False)
        starts = self._situation.starts(TRAINED, self._program)
        return index in self._program.reached(starts)

    @property
    def segmentation_output(self) -> str:
        """Name of the output that the mask is made of; ModelError where there is none."""
        return self._segmentation.output

    @property
    def is_segmentation(self) -> bool:
        """Whether the output can be read as class probabilities."""
        return self._segmentation.is_possible

    def probabilities(self) -> Floats:
        """Class probabilities for the image, with the edits in force.

        A softmax or sigmoid output is given as it is; a linear one is taken for logits: softmax is
        applied to two channels or more, sigmoid to one. Of several outputs the first with a grid.

        Returns
        -------
        probabilities : (H, W, classes) ndarray of float32
            On the output's own grid, 0 to 1.

        Raises
        ------
        ModelError
            The output is no segmentation, or there is no image yet.
        """
        return self._segmentation.probabilities(self.activation(self.segmentation_output))

    def mask(self) -> Labels:
        """Labels for the image, with the edits in force.

        Returns
        -------
        mask : (H, W) ndarray of uint8
            The most probable class. With one channel 1 where it reaches 0.5; with several sigmoid
            channels 0 where none reaches 0.5, and else the channel's index plus 1.

        Raises
        ------
        ModelError
            The output is no segmentation, or there is no image yet.
        """
        return self._mask(self._need_image().current)

    def mask_within(self, visible: Rectangle) -> tuple[Labels, Rectangle | None]:
        """A mask that is exact in a part at least, which takes less time; for use in a drag.

        Parameters
        ----------
        visible : (first row, first column, rows, columns)
            The part, on the grid of the network's output.

        Returns
        -------
        mask : (H, W) ndarray of uint8
            Outside the part it is the mask from which the drag started.
        part : (first row, first column, rows, columns), or None
            Where it is exact; None means everywhere.
        """
        top, left, rows, columns = visible
        index = self._program.index[self.segmentation_output]
        rect = Rect(top, left, top + rows, left + columns)
        one = self._need_image().current
        mask, part = self._timed(self._segmentation.mask_of_part, one, index, rect)
        if part is None:
            return mask, None
        return mask, (part.top, part.left, part.bottom - part.top, part.right - part.left)

    def trained_mask(self) -> Labels:
        """The same as `mask` with the network as it was trained."""
        return self._mask(self._need_image().trained)

    @property
    def memory_used(self) -> int:
        """Bytes of activations kept, and of kernels made ready to be run; at most the budget."""
        return self._context.memory.used

    @property
    def is_stale(self) -> bool:
        """Whether an image or an edit came since anything was last run."""
        return self._pending

    @property
    def last_update(self) -> LastUpdate:
        """What the last image or edit cost; what is stale is run first."""
        if self._pending and self._passes.has_image:
            self._timed(self._pulled_outputs)
        return LastUpdate(self._passes.layers_run, self._since)

    def sweep(
        self,
        layer: str,
        *,
        how: How = "zero",
        reference: Labels | None = None,
        channels: Sequence[int] | None = None,
    ) -> Generator[tuple[int, int, Effects], None, None]:
        """Silence each feature map of a layer in turn, and tell what that does to the mask.

        It stays with the image and the edits of its beginning, whatever comes in between, and
        leaves the network as it is, wherever it is stopped.

        Parameters
        ----------
        layer : str
        how : str
            ``"zero"`` or ``"mean"``: what a silenced map becomes.
        reference : (H, W) ndarray of uint8, optional
            Labels on the output's grid to compare with.
        channels : sequence of int, optional
            Which maps; all when left out.

        Yields
        ------
        (done, total, effects)
            Every so often; the last one is complete.

        Raises
        ------
        ModelError
            There is no such layer, no image yet, or no segmentation.
        """
        self._index(layer)
        base = self._passes.current
        return sweep(
            base, self._segmentation, layer, how=how, reference=reference, channels=channels
        )

    def effects(self, layer: str, **options: Any) -> Effects:
        """The complete result of a `sweep`, with the same options."""
        *_, (_, _, found) = self.sweep(layer, **options)
        return found

    def gradient(self, layer: str, label: int, region: ArrayLike | None = None) -> Floats:
        """How the score of a class, summed over a region, depends on a layer's activation.

        Parameters
        ----------
        layer : str
            The layer; an input for the saliency of the image's pixels.
        label : int
            Index of the output channel; its score is what the last activation is applied to.
        region : (H, W) array_like of bool, optional
            On the output's grid; where the mask shows the class when left out.

        Returns
        -------
        gradient : (H, W, C) ndarray of float32
            Score per unit of the activation, at each of its positions.

        Raises
        ------
        ModelError
            There is no such layer, class or image, or the region does not fit or is empty.
        """
        return without_batch(self._timed(self._gradient, self._index(layer), label, region))

    def seg_grad_cam(self, layer: str, label: int, region: ArrayLike | None = None) -> Floats:
        """Where a layer speaks for a class in a region: Seg-Grad-CAM.

        Parameters
        ----------
        layer, label, region
            As for `gradient`.

        Returns
        -------
        heat : (H, W) ndarray of float32
            On the layer's own grid, 0 and above.

        References
        ----------
        Vinogradova et al., AAAI 2020: the maps weighted by the mean of their gradients.
        """
        index = self._index(layer)
        slopes = self._timed(self._gradient, index, label, region)
        heat: Floats = seg_grad_cam(self._timed(self._passes.current.array, index), slopes)
        return heat

    # ---------------------------------------------------------------- inside

    def _fitted(self, image: Images) -> tuple[list[Layer], list[Any]]:
        """The network's inputs and a tensor for each; ModelError where the image does not fit."""
        layers = [self.graph.layers[i] for i in self._program.inputs]
        return layers, [tf.constant(values) for values in fitted(image, layers)]

    def _check_size(self, size: tuple[int, ...]) -> None:
        if size not in self._sizes:
            check_to_run(self.graph, size, self._context.memory)
            self._sizes.add(size)

    def _gradient(self, index: int, label: int, region: ArrayLike | None) -> Any:
        one, output = self._passes.current, self._program.index[self.segmentation_output]
        shape = self._passes.current.tensor(output).shape
        classes = int(shape[-1])
        if not 0 <= label < classes:
            raise ModelError(f"There are classes 0 to {classes - 1}, but found {label!r}.")
        shown = label + (self._segmentation.has_background or classes == 1)
        area = self.mask() == shown if region is None else np.asarray(region, np.float32)
        if area.shape != tuple(shape[1:-1]):
            raise ModelError(
                f"The region has {area.shape} pixels, but the output {tuple(shape[1:-1])}.",
                "Give it on the grid of the network's output.",
            )
        if not area.any():
            raise ModelError(
                "The region to explain is empty.", "Choose a class that is seen, or draw a region."
            )
        return Backward(one, output, seed(shape, label, area)).gradient(index)

    def _pulled_outputs(self) -> None:
        self._passes.current.pull(self._program.outputs)

    def _need_image(self) -> Passes:
        if not self._passes.has_image:
            raise ModelError("There is no image yet.", "Call run(image) first.")
        return self._passes

    def _mask(self, one: Forward) -> Labels:
        index = self._program.index[self.segmentation_output]
        mask: Labels = self._timed(self._segmentation.mask, one, index)
        return mask

    def _timed(self, work: Callable[..., Any], *given: Any) -> Any:
        began, before = perf_counter(), self._passes.layers_run
        done = self._guarded(work, *given)
        if self._passes.layers_run != before or self._pending:
            self._since += (perf_counter() - began) * 1000
        self._pending = False
        return done

    def _guarded(self, work: Callable[..., Any], *given: Any) -> Any:
        try:
            return work(*given)
        except tf.errors.ResourceExhaustedError as error:
            self._passes.forget()
            raise ModelError(
                "The network needs more memory than there is.", "Try a smaller image."
            ) from error
        except (tf.errors.OpError, ValueError, TypeError) as error:
            found = [tuple(tensor.shape[1:]) for tensor in self._passes.inputs]
            self._passes.forget()
            raise ModelError(
                f"The network cannot take an image of {', '.join(map(str, found))}.",
                "Its layers do not fit together at this size.",
            ) from error

    def _index(self, layer: str, *, need_image: bool = True) -> int:
        if layer not in self._program.index:
            self.graph[layer]  # raises
        if need_image:
            self._need_image()
        return self._program.index[layer]

    def _owner(self, layer: str) -> str:
        return self._program.nodes[self._index(layer, need_image=False)].layer
