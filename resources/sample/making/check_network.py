"""Measure the saved network against the reference, and write the model card."""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pydicom
from scipy import ndimage as ndi

# isort: split
from grids import CLASSES, dice, load_ras, network_input, sha256, to_slices, unfit

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
COLOURS = (None, "#e05a6d", "#3d8fd1", "#e8c33d")


def read_study(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the slices of the study in order and the affine from column, row, slice to RAS."""
    files = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    files.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    affine[:3, 3] = [-1, -1, 1] * np.array(files[0].ImagePositionPatient, float)
    return np.stack([ds.pixel_array for ds in files]), affine


def islands(found: np.ndarray, truth: np.ndarray, reach: float = 5) -> np.ndarray:
    """Count, per slice, the false brain farther than `reach` mm from any true brain."""
    far = ndi.distance_transform_edt(truth == 0) > reach
    return ((found > 0) & far).sum((1, 2))


def main() -> None:
    """Predict the sample study, compare, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path, help="folder with study, reference and model")
    parser.add_argument("--texts", type=Path, help="JSON with training, limits, source, licence")
    parser.add_argument("--masks", type=Path, help="write the predicted labels here, .npy")
    args = parser.parse_args()

    import keras

    path = args.sample / "brain-tissue-unet.keras"
    model = keras.models.load_model(path, compile=False)
    slices, affine = read_study(args.sample / "study")
    labels, label_affine = load_ras(args.sample / "reference.nii.gz")
    truth = to_slices(labels)
    corner = label_affine @ [labels.shape[0] - 1, labels.shape[1] - 1, 0, 1]
    if truth.shape != slices.shape or not np.allclose(corner, affine @ [0, 0, 0, 1]):
        raise SystemExit("the reference does not lie on the grid of the study")

    tensor = network_input(slices)
    chances = model.predict(tensor, batch_size=4, verbose=0)
    found = unfit(chances.argmax(-1).astype(np.uint8), *slices.shape[1:])
    scores = dice(found, truth)
    middle = len(slices) // 2
    with_brain = (truth > 0).any((1, 2))
    far = islands(found, truth)
    result = {
        "data": "Colin27 (the sample study), a head the network was not trained on; all "
        f"{len(slices)} axial slices pooled, of which {int(with_brain.sum())} show brain",
        "reference": "silver standard, made by a pipeline, not by an expert",
        "dice": {name: round(d, 3) for name, d in zip(CLASSES[1:], scores, strict=True)},
        "dice_middle_slice": {
            name: round(d, 3)
            for name, d in zip(CLASSES[1:], dice(found[middle], truth[middle]), strict=True)
        },
        "volumes_ml": {
            name: {
                "network": round(float((found == k).sum() / 1000)),
                "reference": round(float((truth == k).sum() / 1000)),
            }
            for k, name in enumerate(CLASSES)
            if k
        },
        "false_brain_over_5_mm_away_ml": round(float(far.sum() / 1000), 1),
    }
    print(json.dumps(result, indent=1), "\nworst slices", far.argsort()[-6:], np.sort(far)[-6:])
    print(f"{model.count_params():,} parameters")
    if args.masks:
        np.save(args.masks, found)
    if not args.texts:
        return

    texts = json.loads(args.texts.read_text())
    card = {
        "format": 1,
        "name": "Brain tissue U-Net",
        "model": path.name,
        "fingerprint": f"sha256:{sha256(path)}",
        "input": {
            "size": [256, 256],
            "channels": 1,
            "modality": "MR",
            "contrast": "T1",
            "plane": "axial",
            "orientation": "radiological",
            "spacing_mm": [1.0, 1.0],
        },
        "preprocessing": {
            "resample": True,
            "fit": "centre",
            "normalise": {"kind": "percentile", "low": 1.0, "high": 99.0, "clip": [0.0, 1.5]},
        },
        "classes": [
            {"index": k, "name": name, "colour": colour}
            for k, (name, colour) in enumerate(zip(CLASSES, COLOURS, strict=True))
        ],
        "training": texts["training"],
        "evaluation": result,
        "limits": texts["limits"],
        "source": texts["source"],
        "licence": texts["licence"],
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    out = path.with_suffix(".card.json")
    part = out.with_name(f"part-{out.name}")
    part.write_text(text, encoding="utf-8")
    part.replace(out)


if __name__ == "__main__":
    main()
