"""What Table 7 says: claims with verdicts, tables, and the words of the page."""
from ... import texts
from ...page import Section
from .. import splits
from ..claims import (NOT_TESTABLE, Claim, Effect, NotTestable, Report, judged, percent,
                      sampling_error, spread)
from .draw import LABELS, draw
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
    layers = [layer for layer in new.layers if layer != "input"]
    *up_to_5, last = (new.of(layer) for layer in layers)
    means = " → ".join(f"{100 * of_layer.mean():.1f}" for of_layer in up_to_5)
    first = up_to_5[0]

    def step(below, above):
        return Effect(above - below, sampling_error(new.tested, below, above))
    return [
        judged(TEXT["claim: better at every step"], f"{means} %",
               [step(*pair) for pair in zip(up_to_5, up_to_5[1:])], on=name),
        judged(TEXT["claim: the top above the bottom"],
               f"{percent(last)} against {percent(first)}, "
               f"a gain of {spread(100 * (last - first), '.1f', ' points')}",
               [step(first, last)], on=name)]


def table(new, own):
    """Rows of accuracies, one for each layer, and the paper's. new, own: Table7 of several nets."""
    columns = new.svm, new.softmax, own.svm, own.softmax
    rows = [(f"{LAYERS[name].number} ({LABELS.get(name, name)})",
             *(percent(accuracies[:, i]) for accuracies in columns),
             f"{LAYERS[name].paper} %" if LAYERS[name].paper else "")
            for i, name in enumerate(new.layers)]
    chance = [f"{100 / side.classes:.1f} %" for side in (new, own)]
    return [HEAD, *rows, ("guessing", chance[0], chance[0], chance[1], chance[1], "")]
