"""`open_model` and `new_model` for scripts: the engine's live network with its card from disk."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unetscope import resources
from unetscope.domain.card import ClassLabel
from unetscope.domain.codes import Code
from unetscope.domain.edit_file import read_edits, write_edits
from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.evaluation import Evaluation, Grid, HasGeometry
from unetscope.domain.export import (
    Format,
    Maker,
    Order,
    Written,
    exported_classes,
    format_of,
    program_version,
)
from unetscope.domain.label_matching import propose_matching
from unetscope.domain.network import check_edits
from unetscope.domain.presets import NewModel
from unetscope.domain.reference import Matching, Reference
from unetscope.domain.sources import SeriesSource
from unetscope.engine import live_model
from unetscope.engine.creating import create
from unetscope.engine.live_model import LiveModel
from unetscope.io.exports.writing import DiskExports
from unetscope.io.model_card import read_card, write_card
from unetscope.io.references.reading import read_reference
from unetscope.io.text_files import DiskTexts


def open_model(
    path: str | os.PathLike[str], *, architecture: str | os.PathLike[str] | None = None
) -> LiveModel:
    """Open a trained network from a file.

    Parameters
    ----------
    path : path
        ``.keras``, ``.h5`` or ``.hdf5``, or a SavedModel folder of Keras 2. A model card
        ``<name>.card.json`` beside it is read too: it says how a slice becomes the network's input.
    architecture : str or path, optional
        For a file that holds only weights: id of a preset (``unet``, ``mirrored_unet``,
        ``unet_encoder``), or a JSON file made by ``model.to_json()``. Left out, ``<name>.json``
        beside the weights is taken, else the preset with kernels of the same shapes.

    Returns
    -------
    LiveModel
        Ready for ``run``, ``activation``, ``mask`` and edits.

    Raises
    ------
    ModelError
        The file is missing, damaged or no model, or holds what cannot be opened.
    """
    model = live_model.open_model(path, None if architecture is None else Path(architecture))
    card = read_card(Path(path))
    if card is not None:
        model.card = card
    return model


def new_model(
    preset: str,
    path: str | os.PathLike[str],
    *,
    image_shape: tuple[int, int, int] | None = None,
    classes: int | None = None,
    filters: int | None = None,
    depth: int | None = None,
    seed: int = 0,
) -> LiveModel:
    """Build an untrained network, write it to a file, and open that.

    Parameters
    ----------
    preset : str
        ``unet``, ``mirrored_unet`` or ``unet_encoder``.
    path : path
        A new ``.keras`` file; what stands there is never replaced.
    image_shape : (int, int, int), optional
        Rows, columns and channels of the image.
    classes : int, optional
        Output channels: 1 for a sigmoid, more for a softmax with the background as class 0.
    filters, depth : int, optional
        Of a ``unet``: filters of the first level, and number of levels.
    seed : int
        The first weights are drawn by it: He-normal, Glorot-uniform at the output of classes.

    Returns
    -------
    LiveModel
        Ready for ``run``, ``activation``, ``mask`` and edits.

    Raises
    ------
    ModelError
        A choice is out of bounds, something stands at the path, or it cannot be written.
    """
    new = NewModel.proposed(
        preset,
        image_shape=image_shape,
        classes=classes,
        filters=filters,
        depth=depth,
        seed=seed,
    )
    create(new, Path(path))
    return open_model(path)


def save_card(model: LiveModel) -> Path:
    """Save a model's card beside its file, or in the user's data folder where that is closed.

    The sample's own card stays as it came; another one for it goes to the user's data folder.

    Returns
    -------
    path : Path
        Where the card is now; `open_model` finds it there.

    Raises
    ------
    ModelError
        The model is gone, or the card cannot be written to either place.
    """
    return write_card(model.network.path, model.card, shipped=resources.folder())


def save_edits(model: LiveModel, path: str | os.PathLike[str]) -> Path:
    """Write the edits in force to a small file, exact to the bit, to apply them again or to share.

    Returns
    -------
    path : Path
        The file; ``.edits.json`` is its customary ending.

    Raises
    ------
    UnetscopeError
        It cannot be written.
    """
    path = Path(path)
    DiskTexts().write(path, write_edits(model.network, model.edits))
    return path


def apply_edits(
    model: LiveModel, path: str | os.PathLike[str], *, other_model: bool = False
) -> LiveModel:
    """Put exactly the edits of a file in force, in the place of those that are.

    Parameters
    ----------
    other_model : bool
        Whether edits that were made for another model are wanted, where they fit.

    Raises
    ------
    EditError
        The file is no list of edits, was made for another model, or one does not fit. Nothing has
        changed.
    """
    path = Path(path)
    found = read_edits(DiskTexts().read(path), path.name)
    if not other_model and not found.was_made_for(model.network):
        raise EditError(
            f"{path.name} was made for another model, {found.model}.",
            "Open that one, or say other_model=True to apply what fits. Nothing has changed.",
        )
    check_edits(model.network, found.edits)
    return model.follow(found.edits)


def open_reference(
    path: str | os.PathLike[str], series: SeriesSource, *, other_patient: bool = False
) -> Reference:
    """Read masks made by others onto the grid of a series, by where they lie in the patient.

    Parameters
    ----------
    path : path
        DICOM SEG, RTSTRUCT, NIfTI labels, NRRD labels or a ``.seg.nrrd`` of 3D Slicer.
    series : Series
        What they are compared with: ``open_study(...).series[0]``.
    other_patient : bool
        Whether a file is wanted that says that it is of another patient.

    Returns
    -------
    Reference
        Its ``segments``; ``mask(number)`` of each; ``labels(matching)`` in the model's classes, by
        ``propose_matching(model.card.classes, reference.segments)``; and ``notes``.

    Raises
    ------
    StudyError
        The file is missing, damaged or none of these, belongs to another patient, or cannot be
        placed on this series.
    """
    return read_reference(Path(path), series, other_patient=other_patient)


def evaluate(
    mask: NDArray[np.uint8],
    reference: Reference | NDArray[np.uint8],
    series: HasGeometry | Sequence[float],
    classes: Sequence[ClassLabel],
    *,
    matching: Matching | None = None,
    known: Collection[int] | None = None,
    neighbours: int = 26,
) -> Evaluation:
    """Measure a mask against a reference: overlap, surfaces, volumes and lesions.

    Parameters
    ----------
    mask : (slices, rows, columns) ndarray of uint8
        Class indices on the grid of the series.
    reference : Reference or (slices, rows, columns) ndarray of uint8
        From `open_reference`, or class indices on the same grid.
    series : Series or (float, float, float)
        What knows which distances are sure; or the spacing of slices, rows and columns in mm.
    classes : sequence of ClassLabel
        ``model.card.classes``. Those without a colour, as a background, are not measured, and
        those without a structure in the reference neither.
    matching : Matching, optional
        Which structures make which class; left out, what `propose_matching` says.
    known : collection of int, optional
        The slices that have a mask; left out, all.
    neighbours : {26, 18, 6}
        Voxels of one lesion touch by a corner, an edge or a face.

    Returns
    -------
    Evaluation
        ``classes`` over the series and ``slices`` one by one. The definitions are in
        `unetscope.evaluation.surfaces`.

    Raises
    ------
    StudyError
        Mask and reference do not lie on the same grid.
    """
    from unetscope.evaluation.evaluating import evaluate as measure  # SciPy is not light

    measured = [each for each in classes if each.colour is not None]
    if isinstance(reference, Reference):
        matching = propose_matching(classes, reference.segments) if matching is None else matching
        matched = {index for index, _ in matching}
        measured = [each for each in measured if each.index in matched]
        reference = reference.labels(matching)
    grid = Grid.of(series) if isinstance(series, HasGeometry) else series
    return measure(mask, reference, grid, measured, known=known, neighbours=neighbours)


def save_segmentation(
    path: str | os.PathLike[str],
    labels: NDArray[np.uint8],
    series: SeriesSource,
    model: LiveModel,
    *,
    form: str = "",
    codes: Mapping[int, Code] | None = None,
    probabilities: NDArray[np.float32] | None = None,
    deidentified: bool = True,
    images: str | os.PathLike[str] | None = None,
) -> Written:
    """Write the mask of a series; it is read back and compared before it takes its place.

    Parameters
    ----------
    path : path
        The file; for ``"png"`` a new folder.
    labels : (slices, rows, columns) ndarray of uint8
        Class indices on the grid of the series.
    series : Series
        What was segmented.
    model : LiveModel
        What segmented it: its classes, its fingerprint and the edits in force are told.
    form : str
        ``"seg"``, ``"seg-labelmap"``, ``"nifti"``, ``"png"``, ``"tiff"`` or ``"csv"``; left out,
        by the ending of `path`.
    codes : mapping, optional
        What classes are, by their index, in the place of what their names say.
    probabilities : (slices, rows, columns, classes without background) ndarray, optional
        0 to 1; a DICOM SEG is then a fractional one.
    deidentified : bool
        Whether what tells who the patient is stays out of a DICOM SEG.
    images : path, optional
        New folder for the images with the same new identity.

    Returns
    -------
    Written
        Its ``sentence`` and ``notes`` say how it went.

    Raises
    ------
    StudyError
        The series has no place for a DICOM SEG, or its files have changed.
    UnetscopeError
        It cannot be written, or did not hold the mask; nothing is left behind.
    """
    where = Path(path)
    labels = np.asarray(labels)
    if labels.shape != series.shape or labels.dtype != np.uint8:
        raise UnetscopeError(
            f"The mask is {labels.dtype} of {labels.shape}, and the series {series.shape}.",
            "Give uint8 of the same shape.",
        )
    order = Order(
        path=where,
        format=Format(form) if form else format_of(where),
        labels=labels,
        series=series,
        classes=exported_classes(model.card, codes),
        maker=Maker.of(model.network, model.card, model.edits, program_version()),
        deidentified=deidentified,
        images=None if images is None else Path(images),
        probabilities=probabilities,
    )
    return DiskExports().write(order, lambda *_: None, lambda: False)


def deidentify(series: SeriesSource, folder: str | os.PathLike[str]) -> Written:
    """Write the DICOM files of a series again, without what tells who the patient is.

    Parameters
    ----------
    folder : path
        A new one; it is made whole or not at all.

    Raises
    ------
    StudyError
        The series is not of DICOM files, or one is gone, another one by now, or damaged.
    UnetscopeError
        They cannot be written.

    References
    ----------
    DICOM PS3.15 annex E, Basic Application Level Confidentiality Profile.
    """
    return DiskExports().copy_images(series, Path(folder), lambda *_: None, lambda: False)
