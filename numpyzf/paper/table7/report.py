"""What Table 7 says: claims with verdicts, tables, and the words of the page."""
import numpy as np

from ... import texts
from ...page import Section
from .. import splits
from ..claims import (NOT_TESTABLE, Claim, NotTestable, Report, count_of_seeds, percent, spread,
                      verdict)
from .draw import draw
from .measure import DRAWS, LAYERS, PER_CLASS, measure

TEXT = texts.read(__package__)
HEAD = ("layer", "new classes: SVM", "softmax", "own classes: SVM", "softmax",
        "paper: Caltech-101, SVM")


def report(study):
    """Judge the layers of nets on scenes and on the study's images; a Report."""
    found, sections = [], []
    names = {"scenes": "scenes", "images": study.name}
    for kind in splits.KINDS:
        name, words = names[kind], TEXT["section: the same with other images"]
        if not sections:
            words = TEXT["section: how good are the features"]
        try:
            new, own = measure(study, kind)
        except NotTestable as reason:
            found.append(Claim(TEXT["claim: better at every step"], str(reason), NOT_TESTABLE,
                               name))
            continue
        found += claims(name, new)
        title = texts.short(name, 24)       # two of them stand side by side
        picture = draw({f"{title}: new classes": new, f"{title}: the net's own classes": own})
        sections.append(Section(TEXT["heading"].format(name=name.capitalize()),
                                words.format(per_class=PER_CLASS, draws=DRAWS), picture,
                                table(new, own), TEXT["alt: curves"].format(name=name)))
    return Report(found, sections)


def claims(name, new):
    """What the paper says of new classes. new: a Table7 of nets on images called `name`."""
    svm = 100 * new.svm                 # (seeds, layers), in percent
    up_to_5, first, last = svm[:, :-1], svm[:, 0], svm[:, -1]
    means = " → ".join(f"{mean:.1f}" for mean in up_to_5.mean(axis=0))
    return [
        Claim(TEXT["claim: better at every step"],
              f"{means} % (mean of {count_of_seeds(svm)})",
              verdict((np.diff(up_to_5, axis=1) > 0).all(axis=1)), name),
        Claim(TEXT["claim: the top far above the bottom"],
              f"{spread(last, '.1f', ' %')} against {spread(first, '.1f', ' %')}, "
              f"a gain of {spread(last - first, '.1f', ' points')}", verdict(last > first), name)]


def table(new, own):
    """Rows of accuracies, one for each layer, and the paper's. new, own: Table7 of several nets."""
    columns = new.svm, new.softmax, own.svm, own.softmax
    return [HEAD, *((f"{LAYERS[name].number} ({name})",
                     *(percent(accuracies[:, i]) for accuracies in columns),
                     f"{LAYERS[name].paper} %") for i, name in enumerate(new.layers))]
