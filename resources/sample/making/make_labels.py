"""Make silver-standard tissue labels for one head by a pipeline, without an expert.

The MNI152 template and its grey- and white-matter maps are registered to the head, the head's
slow shading is removed, and each voxel inside the brain gets the likeliest tissue from its
brightness, the template's maps at that place, and its neighbours.

One convention holds for all heads: grey and white matter by brightness and place; CSF is what is
dark inside the outline of the brain, that is in the ventricles, the sulci and the fissures. The
fluid between the outline and the skull is background.

The head has to lie in MNI space, at least roughly, as all the heads used here do.
"""

import argparse
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK
from dipy.align.imwarp import SymmetricDiffeomorphicRegistration
from dipy.align.metrics import CCMetric
from nibabel.processing import resample_to_output
from scipy import ndimage as ndi

# isort: split
from grids import load_ras

CSF, GREY, WHITE = 1, 2, 3
FLOOR = 0.02
SMOOTHNESS = 0.35


def ball(radius: int) -> np.ndarray:
    """Return a ball of voxels as a structuring element."""
    grid = np.mgrid[[slice(-radius, radius + 1)] * 3]
    return (grid**2).sum(0) <= radius**2 + 0.5


def grow(mask: np.ndarray, radius: float) -> np.ndarray:
    """Return the mask grown by a radius in voxels."""
    return ndi.distance_transform_edt(~mask) <= radius


def shrink(mask: np.ndarray, radius: float) -> np.ndarray:
    """Return the mask shrunk by a radius in voxels."""
    return ndi.distance_transform_edt(mask) > radius


def largest(mask: np.ndarray) -> np.ndarray:
    """Keep the largest connected part."""
    parts, n = ndi.label(mask)
    if n < 2:
        return mask
    return parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])


def onto(volume: np.ndarray, affine: np.ndarray, shape: tuple, grid: np.ndarray) -> np.ndarray:
    """Resample a volume linearly onto another grid."""
    m = np.linalg.inv(affine) @ grid
    return ndi.affine_transform(
        volume.astype(np.float32), m[:3, :3], m[:3, 3], tuple(shape), order=1
    )


def deepbrain_mask(head: np.ndarray, graph_file: Path) -> np.ndarray:
    """Return the brain as the deepbrain network sees it (good above, poor in the lower part)."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString(graph_file.read_bytes())
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(definition, name="net")
    factors = [128 / n for n in head.shape]
    small = ndi.zoom(np.clip(head, 0, None), factors, order=1)
    small = small / small.max()
    feed = {"net/training:0": False, "net/img:0": small[None, ..., None]}
    with tf.compat.v1.Session(graph=graph) as session:
        found = session.run("net/prob:0", feed).squeeze()
    return ndi.zoom(found, [1 / f for f in factors], order=1) > 0.5


def whiten_brainstem(grey: np.ndarray, white: np.ndarray, affine: np.ndarray) -> None:
    """Make the pons and the medulla white in the template's maps, where they are undecided.

    They are a mixture that looks grey in the template and white in a person; one convention is
    needed, and most of it is white matter. A bent tube in MNI space stands for them.
    """
    x, y, z = (
        affine[k, 3] + np.arange(n).reshape([-1 if j == k else 1 for j in range(3)])
        for k, n in enumerate(grey.shape)
    )
    down = np.clip((-25 - z) / 35, -0.3, 1.3)
    tube = (x / (17 - 8 * down)) ** 2 + ((y + 27 + 17 * down) / (12 - 3 * down)) ** 2 < 1
    tube = tube & (z < -15)
    both = grey + white
    white[tube] = both[tube]
    grey[tube] = 0


def register(
    template: np.ndarray,
    template_affine: np.ndarray,
    brain: np.ndarray,
    affine: np.ndarray,
    start: np.ndarray | None = None,
):
    """Register the template to the brain non-linearly at 2 mm; return the map."""
    metric = CCMetric(3, sigma_diff=1.7, radius=3)
    syn = SymmetricDiffeomorphicRegistration(metric, level_iters=[60, 60, 25])
    coarse = []
    for volume, grid in ((brain, affine), (template, template_affine)):
        blurred = nib.Nifti1Image(ndi.gaussian_filter(volume.astype(np.float32), 0.8), grid)
        coarse.append(resample_to_output(blurred, (2, 2, 2), order=1))
    return syn.optimize(
        np.asarray(coarse[0].dataobj),
        np.asarray(coarse[1].dataobj),
        static_grid2world=coarse[0].affine,
        moving_grid2world=coarse[1].affine,
        prealign=start,
    )


def unshade(head: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Remove the slow shading of the head with N4, fitted inside the brain."""
    image = SimpleITK.GetImageFromArray(np.clip(head, 0, None).astype(np.float32) + 1)
    inside = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    n4 = SimpleITK.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations([30, 30, 20])
    n4.Execute(SimpleITK.Shrink(image, [3] * 3), SimpleITK.Shrink(inside, [3] * 3))
    field = SimpleITK.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image))
    return (SimpleITK.GetArrayFromImage(image) / np.exp(field)).astype(np.float32)


def classify(head: np.ndarray, domain: np.ndarray, priors: np.ndarray) -> np.ndarray:
    """Return the chance of CSF, grey and white matter in each voxel of the domain.

    A Gaussian mixture fitted by expectation maximisation, weighted by the priors of the place and
    by the mean of the neighbours (a Markov field, mean-field approximation).
    """
    values = head[domain]
    prior = priors[:, domain]
    chance = prior / prior.sum(0)
    low, high = np.percentile(values, (0.5, 99.5))
    values = np.clip(values, low, high)
    box = np.zeros(domain.shape, np.float32)
    for turn in range(25):
        weight = chance.sum(1)
        mean = (chance * values).sum(1) / weight
        spread = np.sqrt((chance * (values - mean[:, None]) ** 2).sum(1) / weight)
        log = -0.5 * ((values - mean[:, None]) / spread[:, None]) ** 2 - np.log(spread)[:, None]
        log += np.log(prior)
        if turn > 5:
            for k in range(3):
                box[domain] = chance[k]
                log[k] += SMOOTHNESS * 6 * ndi.uniform_filter(box, 3)[domain]
        chance = np.exp(log - log.max(0))
        chance /= chance.sum(0)
    print("  means", np.round(mean, 1), "spreads", np.round(spread, 1))
    out = np.zeros((3, *domain.shape), np.float32)
    out[:, domain] = chance
    return out


def label(head: np.ndarray, domain: np.ndarray, core: np.ndarray, priors: np.ndarray) -> np.ndarray:
    """Return the labels of an unshaded head.

    `domain` is where brain may be, `core` is where it surely is nothing but brain or CSF.
    """
    tissue = classify(head, domain, priors)
    labels = np.zeros(head.shape, np.uint8)
    labels[domain] = 1 + tissue[:, domain].argmax(0)
    solid = labels >= GREY
    # Cut thin bridges to meninges and marrow, then give the brain its own rim back.
    seed = largest(shrink(solid, 1.5) | (solid & core))
    solid &= grow(seed, 2.3)
    solid = largest(solid)
    outline = ndi.binary_fill_holes(shrink(grow(solid, 5), 5) | solid)
    outline |= core & domain & ndi.binary_fill_holes(outline)
    labels[~outline] = 0
    labels[outline & ~solid] = CSF
    return labels


def main() -> None:
    """Write the labels of a head, and the unshaded head if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path, help="T1 head in MNI space, NIfTI")
    parser.add_argument("mni", type=Path, help="folder with mni_icbm152_{t1,gm,wm}_*.nii.gz")
    parser.add_argument("labels", type=Path, help="labels to write, .nii.gz")
    parser.add_argument("--graph", type=Path, help="graph.pb of deepbrain")
    parser.add_argument("--head-out", type=Path, help="the head on the labels' 1 mm grid")
    parser.add_argument("--template-out", type=Path, help="the head carried to the template's grid")
    args = parser.parse_args()

    maps = {}
    for name in ("t1", "gm", "wm"):
        path = next(args.mni.glob(f"mni_icbm152_{name}_*.nii.gz"))
        maps[name], mni_affine = load_ras(path)
    maps = {name: m.astype(np.float32) for name, m in maps.items()}
    template_mask = maps["t1"] > 0
    whiten_brainstem(maps["gm"], maps["wm"], mni_affine)

    head, affine = load_ras(args.head)
    head = head.astype(np.float32)
    if not np.allclose(np.diag(affine)[:3], 1):
        fine = resample_to_output(nib.Nifti1Image(head, affine), (1, 1, 1), order=3)
        head, affine = np.asarray(fine.dataobj, np.float32), fine.affine

    if args.graph is None:
        # The template itself: its own maps are the priors.
        mask, grey, white = template_mask.astype(np.float32), maps["gm"] / 255, maps["wm"] / 255
        domain = core = template_mask
        plain = head
    else:
        guess = deepbrain_mask(head, args.graph)
        placed = onto(template_mask, mni_affine, head.shape, affine) > 0.5
        low = affine[2, 3] + np.arange(head.shape[2])[None, None, :] < -25
        brain = guess | (placed & low)
        flow = register(maps["t1"], mni_affine, head * brain, affine)

        def carry(volume: np.ndarray) -> np.ndarray:
            return np.asarray(
                flow.transform(
                    volume.astype(np.float32),
                    image_world2grid=np.linalg.inv(mni_affine),
                    out_shape=np.array(head.shape),
                    out_grid2world=affine,
                )
            )

        mask = carry(template_mask)
        grey, white = carry(maps["gm"] / 255), carry(maps["wm"] / 255)
        plain = unshade(head, (mask > 0.5) & brain)
        domain = grow(mask > 0.5, 3) & grow(brain, 2)
        core = shrink(mask > 0.5, 4) & domain
        if args.template_out:
            back = flow.transform_inverse(
                head,
                image_world2grid=np.linalg.inv(affine),
                out_shape=np.array(template_mask.shape),
                out_grid2world=mni_affine,
            )
            args.template_out.parent.mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(np.asarray(back, np.float32), mni_affine), args.template_out)

    priors = np.stack([np.clip(mask - grey - white, 0, 1), grey, white])
    priors = np.stack([ndi.gaussian_filter(p, 1.2) for p in priors])
    priors[0] += 1 - np.clip(priors.sum(0), 0, 1)
    priors = np.clip(priors, FLOOR, 1)
    labels = label(plain, domain, core, priors)
    for k, name in ((CSF, "CSF"), (GREY, "grey"), (WHITE, "white")):
        print(f"  {name} {(labels == k).sum() / 1000:.0f} mL")

    image = nib.Nifti1Image(labels, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, 4)
    image.set_qform(affine, 4)
    args.labels.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, args.labels)
    if args.head_out:
        nib.save(nib.Nifti1Image(head, affine), args.head_out)


if __name__ == "__main__":
    main()
