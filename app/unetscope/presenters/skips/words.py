"""The numbers of switches and curve, as the panel says them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from unetscope.domain.explaining.recovery import Recovery, RecoveryChoice, RecoveryMeasure
from unetscope.domain.explaining.switches import SkipEffects, Switch
from unetscope.domain.metrics import Labels, dice
from unetscope.presenters.skips.view import EffectBars

ALL = 0.995  # of a recovery, from which it counts as whole
SOME = 0.05  # of a recovery, below which a layer brings nothing back
CUT = {"zero": "cut to zero", "mean": "cut to its means"}

Named = Callable[[int], str]


def size_of(switch: Switch) -> str:
    """What passes a skip connection, rows, columns and maps: ``256×256×16``."""
    return "×".join("?" if length is None else str(length) for length in switch.size)


def percent(share: float) -> str:
    """A share as a percentage, with as many digits as say something."""
    if np.isnan(share):
        return ""
    number = 100 * share
    return f"{number:.0f} %" if number >= 10 or number == 0 else f"{number:.2g} %"


def bars(
    found: SkipEffects,
    row: int,
    column: int,
    labels: Sequence[int],
    named: Named,
    colours: dict[int, str | None],
) -> EffectBars:
    """What cutting one skip connection alone does, for one way of cutting it."""
    share = found.share(row, column)
    if np.isnan(share):
        return EffectBars("")
    changed = int(found.changed_pixels[row, column])
    kept = found.dice[row, column]
    known = [label for label in labels if label < len(kept) and not np.isnan(kept[label])]
    losses = tuple((1 - float(kept[label]), colours.get(label)) for label in known)
    tip = [f"{CUT[found.how[column]]}: {changed:,} pixels of the mask change their class"]
    tip[0] += f", {percent(share)} of those that have one"
    for label in known:
        line = f"{named(label)}: Dice {kept[label]:.3f} with the mask with all on"
        if found.dice_with_reference is not None and found.reference_before is not None:
            now = found.dice_with_reference[row, column, label]
            before = found.reference_before[label]
            if not np.isnan(now):
                line += f"; {now:.3f} with the reference, {before:.3f} with all on"
        tip.append(line)
    return EffectBars(percent(share), losses, "\n".join(tip))


def summary(
    mask: Labels,
    all_on: Labels,
    labels: Sequence[int],
    named: Named,
    reference: Labels | None,
) -> str:
    """What the switches as they stand do to the mask."""
    changed = int(np.count_nonzero(mask != all_on))
    if not changed:
        return "With these switches the mask is the same as with all skip connections on."
    share = changed / max(int(np.count_nonzero(all_on)), 1)
    parts = []
    for label in labels:
        overlap = dice(mask, all_on, label)
        if not np.isnan(overlap):
            parts.append(f"{named(label)} {overlap:.3f}")
    text = f"Against all on, {changed:,} pixels change ({percent(share)} of those with a class)"
    text += f" · Dice {', '.join(parts)}" if parts else ""
    if reference is not None:
        pairs = [(named(i), dice(all_on, reference, i), dice(mask, reference, i)) for i in labels]
        told = [f"{n} {a:.3f} → {b:.3f}" for n, a, b in pairs if not np.isnan(a + b)]
        text += f" · with the reference {', '.join(told)}" if told else ""
    return text


def caveat(choice: RecoveryChoice, donor: str) -> str:
    """How a curve is to be read."""
    if choice.trained:
        around = ", and all that goes around it," if choice.with_skips else ""
        return (
            "0 %: the mask as it is now. 100 %: nothing of the edits is left. "
            f"Each point: the edited network with that one layer{around} as trained."
        )
    if choice.with_skips:
        return (
            "With all that goes around it a layer decides everything after it, so with another "
            "slice every point is 100 %: a check, not a finding."
        )
    return (
        f"0 %: as it is; 100 %: the mask of {donor}. Layers bring {donor}'s anatomy along: compare "
        f"neighbours. Each point: this slice with that one layer taken from {donor}."
    )


def finding(found: Recovery, complete: bool) -> str:
    """What a curve says, in words."""
    measure = "probability" if found.measure is RecoveryMeasure.TARGET else "Dice"
    if not found.labels:
        return "The donor's mask holds no class that counts, so there is nothing to recover."
    good, bad = float(np.mean(found.good)), float(np.mean(found.bad))
    if found.is_empty:
        return f"Both score the same ({measure} {bad:.3f}): there is nothing to recover."
    text = f"{measure} {bad:.3f} as it is, {good:.3f} of {found.donor}."
    if found.is_backwards:
        text += " The donor is worse: the curve tells which layer takes the mask away."
    if not complete:
        return text
    return " ".join(each for each in (text, _profile(found), _best_skip(found)) if each)


def _best_skip(found: Recovery) -> str:
    """Which skip connection brings back most by itself."""
    alone = found.mean[len(found.layers) :]
    if not len(alone) or np.isnan(alone).all():
        return ""
    best = int(np.nanargmax(alone))
    if alone[best] < SOME:
        return "No skip connection by itself brings anything back."
    name = found.places[len(found.layers) + best]
    return f"Of the skip connections {name} brings back most: {percent_signed(float(alone[best]))}."


def _profile(found: Recovery) -> str:
    """Where along the network everything, something or nothing of the donor's mask comes back."""
    mean, layers = found.mean[: len(found.layers)], found.layers
    settled = len(mean)
    while settled and mean[settled - 1] >= ALL:
        settled -= 1
    if settled == 0:
        return "Every layer brings all of it back."
    text = f"From {layers[settled]} on it is all there." if settled < len(mean) else ""
    before = mean[:settled]
    best = int(np.nanargmax(before))
    if before[best] < SOME:
        return f"{text} No layer before brings anything back.".strip()
    if before[best] < ALL:
        said = f"Before, {layers[best]} brings back most: {percent_signed(float(before[best]))}."
        return f"{text} {said}".strip()
    first = int(np.flatnonzero(before >= ALL)[0])
    if first:
        text = f"{layers[first]} is the first to bring it back. {text}"
    least = first + int(np.nanargmin(before[first:]))
    share = percent_signed(float(before[least]))
    said = f"Between, {layers[least]} brings back least: {share}; the rest goes around it"
    return f"{text} {said} over skip connections.".strip()


def told(found: Recovery, names: Sequence[str]) -> tuple[str, ...]:
    """What each layer says when pointed at."""
    measure = "probability" if found.measure is RecoveryMeasure.TARGET else "Dice"
    said = []
    for row, layer in enumerate(found.places):
        if found.differing[row] < 0:
            said.append(f"{layer}: not measured yet")
            continue
        mean = float(found.mean[row])
        lines = [f"{layer}: {percent_signed(mean)} of the way to {found.donor}"]
        for name, share, score in zip(names, found.by_label[row], found.scores[row], strict=True):
            lines.append(f"{name}: {measure} {score:.3f} ({percent_signed(float(share))})")
        lines.append(f"{int(found.differing[row]):,} pixels unlike {found.donor}'s mask")
        said.append("\n".join(lines))
    return tuple(said)


def percent_signed(share: float) -> str:
    """A recovery, which may lie beside 0 to 100 %."""
    return "–" if np.isnan(share) else f"{100 * share:.0f} %"
