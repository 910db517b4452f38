"""Stand-ins without Qt, TensorFlow or files: ports that answer when told to, and small networks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.card import ClassLabel, ModelCard
from unetscope.domain.errors import ModelError, StudyError, UnetscopeError
from unetscope.domain.explaining.question import Question
from unetscope.domain.graph import Graph, Layer, Shape, WeightSpec
from unetscope.domain.history import Edits
from unetscope.domain.kernels import Weights
from unetscope.domain.lab import LabMaps, LabRequest
from unetscope.domain.metrics import Labels
from unetscope.domain.network import ModelRef, Network
from unetscope.domain.ports import (
    Cancel,
    Effects,
    EngineState,
    EngineStatus,
    Floats,
    LastUpdate,
    LayerLook,
    Look,
    LookRequest,
    Saved,
    SweepRequest,
)
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.presets import NewModel
from unetscope.domain.real_world import RealWorldMap
from unetscope.domain.reference import Reference
from unetscope.domain.session import Session
from unetscope.domain.sources import Arrays, SeriesSource
from unetscope.domain.stand_ins import Replacements
from unetscope.domain.study import PatientInfo, Skipped, StudyInfo
from unetscope.domain.survey import MapPeaks, peaks_of
from unetscope.domain.tags import TagRow
from unetscope.domain.window import Window
from unetscope.presenters.planes import PlanesPresenter
from unetscope.presenters.slice_view import SlicePresenter
from unetscope.state.desk import Desk
from unetscope.state.display import Display
from unetscope.state.jobs import Jobs
from unetscope.state.live import Live
from unetscope.state.measuring import Measuring
from unetscope.state.probe import Probe
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.series_volume import SeriesVolume
from unetscope.state.store import Store

Q = TypeVar("Q")
A = TypeVar("A")

PATIENT = PatientInfo(name="Doe^Jane", identity="P-17", sex="F", age="042Y", birth_date="19840203")

# ------------------------------------------------------------------- networks


def layer(
    name: str,
    kind: str = "Conv2D",
    inputs: Iterable[str] = (),
    *,
    output: Shape = (),
    kernel: tuple[int, ...] | None = None,
    bias: int | None = None,
    config: Mapping[str, object] | None = None,
) -> Layer:
    """One layer; ``kernel`` and ``bias`` are the shapes of its weights."""
    specs = [] if kernel is None else [WeightSpec("kernel", kernel)]
    if bias is not None:
        specs.append(WeightSpec("bias", (bias,)))
    size = sum(spec.size for spec in specs)
    return Layer(name, kind, output, tuple(inputs), tuple(specs), size, dict(config or {}))


def network_of(
    *layers: Layer, outputs: Iterable[str] = (), seed: int = 0, fingerprint: str = "sha256:0"
) -> Network:
    """A network of these layers with random weights, read-only as the real ones are."""
    rng = np.random.default_rng(seed)
    trained: dict[str, Weights] = {}
    for each in layers:
        arrays = [rng.standard_normal(spec.shape).astype(np.float32) for spec in each.weights]
        for array in arrays:
            array.flags.writeable = False
        trained[each.name] = tuple(arrays)
    graph = Graph(layers, tuple(outputs) or (layers[-1].name,))
    return Network(Path(f"/models/net{seed}.keras"), fingerprint, f"net{seed}", graph, trained)


def kinds_network() -> Network:
    """One layer of each kind that matters to edits, with windows that are not square."""
    return network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 2)),
        layer("conv", "Conv2D", ["image"], output=(None, 8, 8, 4), kernel=(3, 5, 2, 4), bias=4),
        layer("bare", "Conv2D", ["conv"], output=(None, 8, 8, 3), kernel=(1, 1, 4, 3)),
        layer(
            "up", "Conv2DTranspose", ["bare"], output=(None, 16, 16, 5), kernel=(2, 3, 5, 3), bias=5
        ),
        layer(
            "depth", "DepthwiseConv2D", ["up"], output=(None, 16, 16, 10), kernel=(3, 3, 5, 2),
            bias=10,
        ),
        layer("dense", "Dense", ["depth"], output=(None, 16, 16, 2), kernel=(10, 2), bias=2),
    )  # fmt: skip


def unet(seed: int = 0, fingerprint: str = "sha256:0") -> Network:
    """A U-Net of 8×8 pixels, three classes and one skip connection."""
    relu = {"activation": "relu"}
    return network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer(
            "enc", inputs=["image"], output=(None, 8, 8, 4), kernel=(3, 3, 1, 4), bias=4,
            config=relu,
        ),
        layer("pool", "MaxPooling2D", ["enc"], output=(None, 4, 4, 4)),
        layer(
            "mid", inputs=["pool"], output=(None, 4, 4, 6), kernel=(3, 3, 4, 6), bias=6,
            config=relu,
        ),
        layer("up", "UpSampling2D", ["mid"], output=(None, 8, 8, 6)),
        layer("skip", "Concatenate", ["up", "enc"], output=(None, 8, 8, 10)),
        layer(
            "dec", inputs=["skip"], output=(None, 8, 8, 4), kernel=(3, 3, 10, 4), bias=4,
            config=relu,
        ),
        layer(
            "mask", inputs=["dec"], output=(None, 8, 8, 3), kernel=(1, 1, 4, 3), bias=3,
            config={"activation": "softmax"},
        ),
        seed=seed,
        fingerprint=fingerprint,
    )  # fmt: skip


def stated_unet() -> Network:
    """The same with the settings of its convolutions, as a model file states them."""
    layers = []
    for each in unet().graph.layers:
        config = dict(each.config)
        if each.weights:
            config |= {"kernel_size": each.weights[0].shape[:2], "padding": "same"}
        layers.append(replace(each, config=config))
    return network_of(*layers)


CLASSES = (
    ClassLabel(0, "Background", None),
    ClassLabel(1, "CSF", "#e05a6d"),
    ClassLabel(2, "Brain", "#3d8fd1"),
)
CARD = ModelCard(
    name="Tiny",
    preprocessing=Preprocessing(size=(8, 8), normalise="none", clip=None),
    classes=CLASSES,
    confirmed=True,
)


def opened(network: Network | None = None, card: ModelCard = CARD, **changes: Any) -> Session:
    """A session with a network open."""
    return Session(**changes).open_network(network or unet(), card)


# ---------------------------------------------------------------------- ports


@dataclass(eq=False)
class FakeSeries:
    """The `SeriesSource` port over an array; ``broken`` slices cannot be read."""

    uid: str = "1.2.3"
    volume: NDArray[np.float32] = field(
        default_factory=lambda: np.arange(5 * 8 * 8, dtype=np.float32).reshape(5, 8, 8)
    )
    spacing: tuple[float, float, float] = (2.0, 0.5, 0.5)
    description: str = "T1 axial"
    modality: str = "MR"
    units: str = ""
    date: str = "20260102"
    patient: PatientInfo = PATIENT
    warnings: tuple[str, ...] = ()
    geometry_sure: bool = True
    calibrated: bool = True
    padding_range: tuple[float, float] | None = None
    has_orientation: bool = True
    monochrome1: bool = False
    from_file: Window | None = None
    broken: frozenset[int] = frozenset()
    reads: list[int] = field(default_factory=list)
    slice_ids: tuple[str, ...] = ()
    frame_of_reference: str = "1.9"
    origin: tuple[float, float, float] = (-10.0, -20.0, 30.0)

    @property
    def shape(self) -> tuple[int, int, int]:
        slices, rows, columns = self.volume.shape
        return slices, rows, columns

    @property
    def affine(self) -> NDArray[np.float64]:
        between, row, column = self.spacing
        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = between, row, column, 1
        affine[:3, 3] = self.origin
        return affine

    @property
    def row_direction(self) -> NDArray[np.float64]:
        return np.array([1.0, 0.0, 0.0])

    @property
    def column_direction(self) -> NDArray[np.float64]:
        return np.array([0.0, 1.0, 0.0])

    def slice_id(self, index: int) -> Hashable:
        return self.slice_ids[index] if self.slice_ids else (id(self), index)

    def find(self, slice_id: Hashable) -> int | None:
        here = [i for i in range(self.shape[0]) if self.slice_id(i) == slice_id]
        return here[0] if here else None

    def position(self, index: int) -> float:
        return 30.0 + index * self.spacing[0]

    def window(self, index: int) -> Window | None:
        return self.from_file

    def raw(self, index: int) -> NDArray[np.generic]:
        return self.slice(index)

    def slice(self, index: int) -> Floats:
        self.reads.append(index)
        if index in self.broken:
            raise StudyError(f"Slice {index} is damaged.", "Choose another slice.")
        values: Floats = self.volume[index]
        return values

    def real_world(self, index: int) -> RealWorldMap | None:
        return None

    @property
    def study(self) -> StudyInfo:
        return StudyInfo("1", "Head", "20260102", self.patient)

    def tags(self, index: int) -> tuple[TagRow, ...]:
        patient = TagRow(0, "(0010,0010)", "Patient's Name", "PN", self.patient.name, "PatientName")
        number = TagRow(0, "(0020,0013)", "Instance Number", "IS", str(index + 1), "InstanceNumber")
        return (patient, number)


@dataclass(eq=False)
class FakeStudy:
    """The `StudySource` port."""

    series: tuple[FakeSeries, ...] = field(default_factory=lambda: (FakeSeries(),))
    skipped: tuple[Skipped, ...] = ()
    patient: PatientInfo = PATIENT
    description: str = "Head"
    date: str = "20260102"


@dataclass(eq=False)
class FakeFiles:
    """The `Files` port: what lies under which path; all else cannot be opened."""

    studies: dict[Path, FakeStudy] = field(default_factory=dict)
    in_part: dict[Path, tuple[FakeStudy, ...]] = field(default_factory=dict)
    networks: dict[Path, Network] = field(default_factory=dict)
    cards: dict[Path, ModelCard | UnetscopeError] = field(default_factory=dict)
    arrays: dict[Path, Arrays] = field(default_factory=dict)
    replaced: dict[Path, Replacements] = field(default_factory=dict)
    references: dict[Path, Reference] = field(default_factory=dict)

    def is_reference(self, path: Path) -> bool:
        return path in self.references

    def read_reference(
        self,
        path: Path,
        series: SeriesSource,
        cancelled: Callable[[], bool],
        *,
        other_patient: bool = False,
    ) -> Reference:
        if path not in self.references:
            raise StudyError(f"{path.name} is no mask.", "Choose another file.")
        return self.references[path]

    def open_study(
        self,
        path: Path,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        so_far: Callable[[FakeStudy], None],
    ) -> FakeStudy:
        for study in self.in_part.get(path, ()):
            so_far(study)
        progress(1, 2)
        if path not in self.studies:
            raise StudyError(f"There is nothing to show in {path.name}.", "Choose another folder.")
        return self.studies[path]

    def read_network(self, path: Path, cancelled: Callable[[], bool] = lambda: False) -> Network:
        if path not in self.networks:
            raise ModelError(f"{path.name} is no model.", "Choose a .keras file.")
        return self.networks[path]

    def remember_replacements(self, path: Path, replaced: Replacements) -> None:
        self.replaced[path] = replaced

    def read_card(self, path: Path) -> ModelCard | None:
        card = self.cards.get(path)
        if isinstance(card, UnetscopeError):
            raise card
        return card

    def write_card(self, path: Path, card: ModelCard) -> Path:
        if path not in self.networks:
            raise ModelError(f"{path.name} is gone.", "Put it back.")
        self.cards[path] = card
        return path.with_suffix(".card.json")

    def write_arrays(self, path: Path, arrays: Arrays) -> None:
        if path.parent.name == "full":
            raise UnetscopeError(f"{path.name} could not be written.", "Choose another folder.")
        self.arrays[path] = arrays

    def write_bytes(self, path: Path, content: bytes) -> None:
        try:
            path.write_bytes(content)
        except OSError as error:
            raise UnetscopeError(f"{path.name} could not be written.") from error


@dataclass(eq=False)
class Asked:
    """A question to the engine that waits for its answer."""

    request: LookRequest
    done: Callable[[Look], None]
    failed: Callable[[UnetscopeError], None]


@dataclass(eq=False)
class InBackground(Generic[Q, A]):
    """Background work that waits for its answer, unless it is cancelled."""

    request: Q
    done: Callable[[A], None]
    failed: Callable[[UnetscopeError], None]
    progress: Callable[[int, int, A], None] = lambda *_: None
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeEngine:
    """The `Engine` port; it answers when told to, or at once with ``at_once``."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once = at_once
        self.looks: list[Asked] = []
        self.described: list[
            tuple[Path, Callable[[Network], None], Callable[[UnetscopeError], None]]
        ] = []
        self.saved: list[tuple[ModelRef, Edits, Path]] = []
        self.asked_ahead: list[tuple[LookRequest, ...]] = []
        self.sweeps: list[InBackground[SweepRequest, Effects]] = []
        self.segments: list[InBackground[LookRequest, Labels]] = []
        self.surveys: list[InBackground[LookRequest, MapPeaks]] = []
        self.labs: list[InBackground[LabRequest, LabMaps]] = []
        self.created: list[
            tuple[NewModel, Path, Callable[[Saved], None], Callable[[UnetscopeError], None]]
        ] = []
        self.on_status: Callable[[EngineStatus], None] = lambda _: None
        self.explained: list[InBackground[Any, Any]] = []
        self.asked: list[InBackground[Any, Any]] = []
        self.interrupted: list[bool] = []
        self.stopped = False

    def start(self, on_status: Callable[[EngineStatus], None]) -> None:
        self.on_status = on_status
        on_status(EngineStatus(EngineState.READY, "The engine is ready."))

    def describe(
        self,
        path: Path,
        done: Callable[[Network], None],
        failed: Callable[[UnetscopeError], None],
        *,
        known: ModelRef | None = None,
    ) -> None:
        self.described.append((path, done, failed))

    def look(
        self,
        request: LookRequest,
        done: Callable[[Look], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        self.looks.append(Asked(request, done, failed))
        if self.at_once:
            self.answer()

    def save(
        self,
        model: ModelRef,
        edits: Edits,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        self.saved.append((model, edits, path))
        if path.suffix == ".keras":
            done(Saved(path, "sha256:1", 8))
        else:
            failed(ModelError(f"{path.name} should end in .keras.", "Choose another name."))

    def create(
        self,
        new: NewModel,
        path: Path,
        done: Callable[[Saved], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        self.created.append((new, path, done, failed))

    def ahead(self, requests: Sequence[LookRequest]) -> None:
        self.asked_ahead.append(tuple(requests))

    def interrupt(self, *, foreground: bool = True) -> None:
        self.interrupted.append(foreground)

    def sweep(
        self,
        request: SweepRequest,
        progress: Callable[[int, int, Effects], None],
        done: Callable[[Effects], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        self.sweeps.append(InBackground(request, done, failed, progress))
        if self.at_once:
            done(effects_of(request))
        return self.sweeps[-1].cancel

    def segment(
        self,
        request: LookRequest,
        done: Callable[[Labels], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        asked = InBackground(request, done, failed)
        self.segments.append(asked)
        if self.at_once:
            self.answer_segments()
        return asked.cancel

    def answer_segments(self) -> None:
        """Answer what waits to be segmented and is still wanted."""
        waiting, self.segments = self.segments, []
        for one in waiting:
            mask = a_look(one.request).mask
            assert mask is not None
            if not one.cancelled:
                one.done(mask)

    def convolve(
        self,
        request: LabRequest,
        done: Callable[[LabMaps], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        self.labs.append(InBackground(request, done, failed))
        if self.at_once:
            done(lab_maps_of(request))

    def survey(
        self,
        request: LookRequest,
        done: Callable[[MapPeaks], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        asked = InBackground(request, done, failed)
        self.surveys.append(asked)
        if self.at_once:
            self.answer_surveys()
        return asked.cancel

    def answer_surveys(self) -> None:
        """Answer the surveys that wait and are still wanted."""
        waiting, self.surveys = self.surveys, []
        for one in waiting:
            maps = a_look(one.request).maps
            assert maps is not None
            if not one.cancelled:
                one.done(peaks_of(maps.edited))

    def explain(
        self,
        question: Question,
        progress: Callable[[int, int, Any], None],
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> Cancel:
        self.explained.append(InBackground(question, done, failed, progress))
        return self.explained[-1].cancel

    def ask(
        self,
        question: Question,
        done: Callable[[Any], None],
        failed: Callable[[UnetscopeError], None],
    ) -> None:
        self.asked.append(InBackground(question, done, failed))

    def stop(self) -> None:
        self.stopped = True

    def answer(self, which: int = -1, **parts: Any) -> Look:
        """Answer a question, by default the latest, with `a_look` of it."""
        asked = self.looks[which]
        look = a_look(asked.request, **parts)
        asked.done(look)
        return look


def effects_of(request: SweepRequest, maps: int = 4, done: int = 4) -> Effects:
    """Effects that number the feature maps, computed as far as told."""
    is_done = np.arange(maps) < done
    pixels = np.where(is_done, np.arange(maps) * 10, -1)
    change = np.where(is_done, np.arange(maps) / 10, np.nan).astype(np.float32)
    overlap = np.repeat(1 - change[:, None], 3, axis=1)
    reference = None if request.reference is None else overlap
    return Effects(
        layer=request.layer,
        changed_pixels=pixels,
        mean_probability_change=change,
        dice_with_current=overlap,
        dice_with_reference=reference,
    )


def lab_maps_of(request: LabRequest) -> LabMaps:
    """Maps of the picture's size, each with its kernel's sum added to the picture."""
    maps = tuple(np.float32(kernel.sum()) + request.image for kernel in request.kernels)
    return LabMaps(
        request=request,
        maps=maps,
        ranges=tuple((float(each.min()), float(each.max())) for each in maps),
        refusals=tuple(f"no {kernel.shape}" for kernel in request.kernels),
        milliseconds=3.0,
    )


def a_look(request: LookRequest, **parts: Any) -> Look:
    """What a network makes of a slice that numbers its pixels: simple, and different by slice."""
    image = request.image if request.image.ndim == 2 else request.image[..., 0]
    labels = (np.floor(image) % 3).astype(np.uint8)
    classes = np.stack([np.where(labels == k, 0.8, 0.1) for k in range(3)], axis=-1)
    maps = None
    if request.layer is not None:
        trained = np.stack([image * (k + 1) for k in range(4)], axis=-1).astype(np.float32)
        edited = trained + np.float32(len(request.edits))
        maps = LayerLook(
            layer=request.layer, edited=edited, trained=trained, next_layer="mid", next_change=0.25
        )
    made: dict[str, Any] = {
        "request": request,
        "mask": labels,
        "trained_mask": labels,
        "probabilities": classes.astype(np.float32),
        "maps": maps,
        "update": LastUpdate(3, 12.4),
        "layers_total": 8,
    }
    return Look(**(made | parts))


# ----------------------------------------------------------------------- jobs


class _HandExecutor(ThreadPoolExecutor):
    """Keeps work until it is run by hand; starts no thread."""

    def __init__(self) -> None:
        super().__init__(1)
        self.waiting: list[Callable[[], object]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()


class HandJobs(Jobs):
    """`Jobs` on this thread: work waits for `work`, answers wait for `post`."""

    def __init__(self) -> None:
        super().__init__(lambda call: self.letters.append(call))
        self.letters: list[Callable[[], None]] = []
        self._hand = _HandExecutor()
        self._pool = self._hand

    @property
    def waiting(self) -> int:
        """How many pieces of work wait."""
        return len(self._hand.waiting)

    def work(self) -> None:
        """Do all work that waits, but deliver no answer."""
        waiting, self._hand.waiting = self._hand.waiting, []
        for fn in waiting:
            fn()

    def post(self) -> None:
        """Deliver the answers that wait."""
        letters, self.letters = self.letters, []
        for call in letters:
            call()

    def run(self) -> None:
        """Work and deliver until nothing waits."""
        while self.waiting or self.letters:
            self.work()
            self.post()


class Bench:
    """Store, jobs, desk and live loop over the stand-ins, as `bootstrap.build` puts them."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.store = Store()
        self.jobs = HandJobs()
        self.files = FakeFiles()
        self.engine = FakeEngine(at_once=at_once)
        self.desk = Desk(self.store, self.jobs, self.files, self.engine)
        self.live = Live(self.store, self.jobs, self.desk, self.engine)
        self.segmentation = SeriesSegmentation(
            self.store, self.jobs, self.desk, self.engine, self.live
        )
        self.display = Display(self.store, self.desk, self.live, self.segmentation)
        self.volume = SeriesVolume(self.store, self.jobs, self.desk)

    def slice_presenter(self) -> SlicePresenter:
        """The presenter of the slice view over this bench."""
        probe = Probe(self.store, self.jobs, self.desk, self.live, self.display)
        measuring = Measuring(self.store, self.desk, self.live)
        of = (self.store, self.desk, self.live, self.segmentation, self.display)
        return SlicePresenter(*of, probe, measuring)

    def planes_presenter(self) -> PlanesPresenter:
        """The presenter of the planes across the slices."""
        of = (self.store, self.desk, self.live, self.segmentation, self.display)
        return PlanesPresenter(*of, self.volume)

    @property
    def session(self) -> Session:
        """The present session."""
        return self.store.session

    def open_study(self, *series: FakeSeries, path: str = "/study", **about: Any) -> FakeStudy:
        """Open a study of these series, and let it be read to the end."""
        study = FakeStudy(series or (FakeSeries(),), **about)
        self.files.studies[Path(path)] = study
        self.desk.open_study(Path(path))
        self.jobs.run()
        return study

    def open_model(
        self, network: Network | None = None, card: ModelCard | None = CARD, path: str = "/m.keras"
    ) -> Network:
        """Open a network, and let it be read to the end."""
        network = network or unet()
        self.files.networks[Path(path)] = network
        if card is not None:
            self.files.cards[Path(path)] = card
        self.desk.open_model(Path(path))
        self.jobs.run()
        return network

    def update(self, change: Callable[[Session], Session]) -> None:
        """Commit a change of the session, and let what it starts be read to the end."""
        self.store.update(change)
        self.jobs.run()
