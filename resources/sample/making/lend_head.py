"""Lay the template's brain and its labels into another head, to lend it skin, skull and neck.

The other head may be blurred or unlabelled: only what lies outside its brain is kept.
"""

import argparse
from pathlib import Path

import nibabel as nib
import numpy as np
from dipy.align import affine_registration
from nibabel.processing import resample_to_output

# isort: split
from common import load_ras
from make_labels import deepbrain_mask, grow, largest, register
from slices import with_skull


def main() -> None:
    """Write the head with the template's brain and the labels that belong to it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path, help="T1 head, NIfTI, any position")
    parser.add_argument("template", type=Path, help="the template, skull-stripped")
    parser.add_argument("labels", type=Path, help="the template's labels")
    parser.add_argument("graph", type=Path, help="graph.pb of deepbrain")
    parser.add_argument("out", type=Path, help="head to write; -labels is added for the labels")
    args = parser.parse_args()

    head = nib.as_closest_canonical(nib.load(args.head))
    head = resample_to_output(head, (1, 1, 1), order=1)
    affine, head = head.affine, np.clip(np.asarray(head.dataobj, np.float32), 0, None)
    template, template_affine = load_ras(args.template)
    labels, _ = load_ras(args.labels)

    brain = largest(deepbrain_mask(head, args.graph))
    print(f"brain of the lender {brain.sum() / 1000:.0f} mL")
    _, start = affine_registration(
        template[::2, ::2, ::2].astype(np.float32),
        (head * brain)[::2, ::2, ::2],
        moving_affine=template_affine @ np.diag([2, 2, 2, 1]),
        static_affine=affine @ np.diag([2, 2, 2, 1]),
        level_iters=[100, 40, 10],
        sampling_proportion=30,
    )
    flow = register(template, template_affine, head * brain, affine, start)
    grid = {
        "image_world2grid": np.linalg.inv(template_affine),
        "out_shape": np.array(head.shape),
        "out_grid2world": affine,
    }
    carried = np.asarray(flow.transform(template.astype(np.float32), **grid))
    carried_labels = np.asarray(
        flow.transform(labels.astype(np.float32), interpolation="nearest", **grid)
    ).astype(np.uint8)
    carried[carried < 0.1 * template.max()] = 0
    # What is left of the lender's own brain beside the new one is darkened like fluid.
    rest = grow(brain, 1) & (carried == 0) & (carried_labels == 0)
    head[rest] *= 0.4
    whole = with_skull(carried, carried_labels, head)

    nib.save(nib.Nifti1Image(whole.astype(np.float32), affine), args.out)
    name = args.out.name.replace(".nii", "-labels.nii")
    nib.save(nib.Nifti1Image(carried_labels, affine), args.out.with_name(name))


if __name__ == "__main__":
    main()
