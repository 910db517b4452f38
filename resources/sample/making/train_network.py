"""Train the tissue U-Net on labelled heads and save it."""

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np

# isort: split
from grids import dice, load_ras, network_input, to_slices
from slices import Head, batches, scaled, with_skull

BATCH = 6


def heads_from(folder: Path) -> list:
    """Return the training heads and how often each is cut."""

    def read(name: str) -> np.ndarray:
        return load_ras(folder / f"{name}.nii.gz")[0]

    template, labels = read("mni").astype(np.float32), read("mni-labels")
    person, person_labels = read("niw"), read("niw-labels")
    heads = [
        Head(to_slices(scaled(template, labels)), to_slices(labels), 0.08),
        Head(to_slices(with_skull(template, labels, read("niw-on-mni"))), to_slices(labels), 0.36),
        Head(to_slices(scaled(person, person_labels)), to_slices(person_labels), 0.42),
    ]
    if (folder / "neck.nii.gz").exists():
        neck = to_slices(read("neck"))
        heads.append(Head(neck, np.zeros(neck.shape, np.uint8), 0.14))
    return heads


def feed(folder: Path, queue, seed: int) -> None:
    """Fill the queue with batches, in a process of its own."""
    os.nice(1)
    for batch in batches(heads_from(folder), BATCH, seed):
        queue.put(batch)


def main() -> None:
    """Train, look at the test head now and then, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heads", type=Path, help="folder with the heads and labels")
    parser.add_argument("model", type=Path, help=".keras file to write")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--stop", type=int, help="stop after so many of the steps")
    parser.add_argument("--start", type=Path, help=".keras file to go on from")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=27)
    parser.add_argument("--every", type=int, default=250, help="steps between looks")
    args = parser.parse_args()

    # Started before TensorFlow, so that the process may be forked.
    queue = multiprocessing.Queue(maxsize=12)
    worker = multiprocessing.Process(target=feed, args=(args.heads, queue, args.seed), daemon=True)
    worker.start()

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    # isort: split
    from network import build

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(args.seed)
    model = build()
    trainer = build(None)
    rate = keras.optimizers.schedules.CosineDecay(
        args.rate / 10, args.steps - 100, alpha=0.005, warmup_target=args.rate, warmup_steps=100
    )
    optimiser = keras.optimizers.AdamW(rate, weight_decay=1e-4)
    optimiser.build(trainer.trainable_variables)
    if args.start:
        trainer.set_weights(keras.models.load_model(args.start, compile=False).get_weights())

    @tf.function
    def step(pictures, labels):
        wanted = tf.one_hot(tf.cast(labels, tf.int32), 4)
        with tf.GradientTape() as tape:
            found = trainer(pictures, training=True)
            entropy = tf.reduce_mean(keras.losses.categorical_crossentropy(wanted, found))
            both = tf.reduce_sum(wanted * found, (0, 1, 2))
            total = tf.reduce_sum(wanted + found, (0, 1, 2))
            overlap = (2 * both + 100) / (total + 100)
            loss = entropy + 1 - tf.reduce_mean(overlap[1:])
        gradients = tape.gradient(loss, trainer.trainable_variables)
        optimiser.apply_gradients(zip(gradients, trainer.trainable_variables, strict=True))
        return loss

    test = to_slices(load_ras(args.heads / "colin.nii.gz")[0])[4::8]
    truth = to_slices(load_ras(args.heads / "colin-labels.nii.gz")[0])[4::8]
    tensor = network_input(test)[:, 16:240, 16:240]
    truth = np.pad(truth, ((0, 0), (19, 20), (37, 38)))[:, 16:240, 16:240]

    start, losses = time.monotonic(), []
    last = args.stop or args.steps
    for k in range(1, last + 1):
        losses.append(float(step(*queue.get(timeout=300))))
        if k % args.every == 0 or k == last:
            found = np.concatenate(
                [
                    trainer(t, training=False).numpy().argmax(-1)
                    for t in np.split(tensor, len(tensor))
                ]
            )
            scores = " ".join(f"{d:.3f}" for d in dice(found, truth))
            print(
                f"{k:5d}  {time.monotonic() - start:6.0f} s  loss {np.mean(losses):.3f}  "
                f"test {scores}",
                flush=True,
            )
            losses = []
            model.set_weights(trainer.get_weights())
            part = args.model.with_name(f"part-{args.model.name}")
            model.save(part)
            part.replace(args.model)
    worker.terminate()


if __name__ == "__main__":
    main()
