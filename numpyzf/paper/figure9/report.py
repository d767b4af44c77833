"""What Figure 9 and Tables 4–6 say: claims with verdicts, a table, and the words of the page."""
import numpy as np

from ... import texts
from ...page import Section
from .. import splits
from ..claims import (DOES_NOT_HOLD, NOT_TESTABLE, Claim, Effect, NotTestable, Report, judged,
                      percent, sampling_error, spread, verdict)
from .draw import draw
from .measure import measure

TEXT = texts.read(__package__)
HEAD = ("new classes of", "training images per class", "layers from other classes", "from scratch",
        "from scratch, on its training images")
PAPER = (("paper: Caltech-101", 30, "86.5 %", "46.5 %", ""),
         ("paper: Caltech-256", 60, "74.2 %", "38.8 %", ""))


def report(study):
    """Learn new classes of the scenes and of the study's images from few examples; a Report."""
    names, results, found = {"scenes": "scenes", "images": study.name}, {}, []
    for kind in splits.KINDS:
        name = names[kind]
        try:
            results[name] = measure(study, kind)
            found += claims(name, results[name])
        except NotTestable as reason:
            found.append(Claim(TEXT["claim: layers beat scratch"], str(reason), NOT_TESTABLE, name))
    found.append(Claim(TEXT["claim: the paper's data sets"],
                       TEXT["measured: the paper's data sets"], NOT_TESTABLE))
    return Report(found, [Section(TEXT["heading"], describe(results), draw(results), table(results),
                                  TEXT["alt: curves"])])


def claims(name, result):
    """What the paper says of layers that were learned elsewhere, on images called `name`."""
    gap = result.pretrained - result.from_scratch               # (seeds, counts)
    noise = [sampling_error(result.tested, result.pretrained[:, i], result.from_scratch[:, i])
             for i in range(len(result.counts))]
    few, many = result.counts[0], result.counts[-1]
    gaps = [spread(100 * of_count, ".1f", " points") for of_count in gap.T]
    ahead = [Effect(*each) for each in zip(gap.T, noise)]
    pretrained, from_scratch = result.pretrained[:, 0], result.from_scratch[:, 0]
    half = Effect(0.5 * (1 - from_scratch) - (1 - pretrained), noise[0])
    shrinks = Effect(gap[:, 0] - gap[:, -1], np.hypot(noise[0], noise[-1]))
    measured = "; ".join(f"{count} per class: {own}" for count, own in zip(result.counts, gaps))
    left, reverses = [ahead[0], shrinks], ""
    if gap[:, -1].mean() < 0:       # the other net leads now; by more than the noise, it reverses
        left.append(ahead[-1])
        reverses = f": {TEXT['it reverses']}" if verdict(ahead[-1]) == DOES_NOT_HOLD else ""
    return [
        judged(TEXT["claim: layers beat scratch"], measured, ahead, on=name),
        judged(TEXT["claim: by far with few images"].format(few=few),
               f"{percent(pretrained)} against {percent(from_scratch)}", [half], on=name),
        judged(TEXT["claim: the gap shrinks"].format(few=few, many=many),
               f"{gaps[0]} → {gaps[-1]}{reverses}", left, on=name)]


def table(results):
    """Rows of accuracies for each kind of images and number of them, and the paper's."""
    rows = [(name, count, percent(result.pretrained[:, i]), percent(result.from_scratch[:, i]),
             percent(result.training_accuracy[:, i]))
            for name, result in results.items() for i, count in enumerate(result.counts)]
    return [HEAD, *rows, *PAPER]


def describe(results):
    """The text beside the picture. results: {name: Figure9}."""
    classes = [f"{name}: trained on {texts.listed(result.old_classes)}, "
               f"tested on {texts.listed(result.new_classes)}" for name, result in results.items()]
    twins = [f"{', '.join(map(str, result.twin_counts))} ({name})"
             for name, result in results.items()]
    return TEXT["section: features that carry over"].format(
        classes="; ".join(classes), twins="; ".join(twins), same=splits.SAME)
