"""Cut the neck out of a head that needs no labels, because no brain is in it."""

import argparse
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.processing import resample_to_output


def main() -> None:
    """Write the part of a head below a height, on a 1 mm grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path, help="T1 head, NIfTI")
    parser.add_argument("out", type=Path, help="neck to write")
    parser.add_argument("--below", type=float, required=True, help="height in mm, as in the file")
    parser.add_argument("--white", type=float, required=True, help="brightness of white matter")
    args = parser.parse_args()

    head = resample_to_output(nib.as_closest_canonical(nib.load(args.head)), (1, 1, 1), order=1)
    top = int(args.below - head.affine[2, 3])
    neck = np.asarray(head.dataobj, np.float32)[:, :, :top] * (0.7 / args.white)
    print(f"{neck.shape[2]} slices, brightest {neck.max():.2f}")
    nib.save(nib.Nifti1Image(neck.astype(np.float32), head.affine), args.out)


if __name__ == "__main__":
    main()
