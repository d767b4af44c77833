"""Figure 2 in words: what the paper says of it, tested on the scores of several seeds, and the sections that show these scores."""
import numpy as np

from . import figure2_score
from ..page import Section
from .claims import NOT_TESTABLE, Claim, spread, verdict


EXAGGERATE = """Projections exaggerate the part of the image that makes the difference. Tested: in each of {upper} more of the \
projections' energy than of the pixels seen lies on the object, and the difference is larger than before training."""
TOGETHER = """The nine of one map belong together. Tested: in each of {upper} more of the nine have a part of one class in common than \
in 95 % of random deals."""
PARTS = """Layers build on each other: edges and corners below, parts of objects above. Tested: what the share of one part has above \
chance is larger in the two highest convolutions than in the two lowest."""
CLASSES = """Higher layers are more specific to a class ({kind}). Tested: what the share of one class among the nine has above chance is \
larger in the two highest convolutions than in the two lowest, and in both above 95 % of random deals."""
INVARIANT = """Higher layers are more invariant ({kind}). Tested: the patches that fire one map are less alike (mean correlation of two, \
the units laid over each other) in the two highest convolutions than in the two lowest."""
VARY = """The patches vary more than the projections, which show only what fires the map ({kind}). Tested: in every convolution two \
patches correlate less than their projections."""
EXAMPLES = "Layer 3 shows textures such as meshes and text, layer 4 dogs' faces and birds' legs, layer 5 keyboards, and dogs in many poses."
NEEDED = "needs photographs of such things: ImageNet's 1,000 classes. What the maps here look for is in the pictures."


def claims(scores):
    """The paper's claims on Figure 2, a list of Claim.

    scores: {"images", "scenes", "untrained"}, each one list per seed of one figure2_score.Score per convolution, from the pixels up.
    """
    scenes, untrained = scores["scenes"], scores["untrained"]
    upper = ", ".join(score.layer for score in scenes[0][2:])
    on_parts = [[s.parts.share > s.parts.limit for s in row[2:]] for row in scenes]
    found = [Claim(EXAGGERATE.format(upper=upper), _on_object(scenes, untrained),
                   verdict(all(s.inside - s.area > max(0, u.inside - u.area) for s, u in zip(row[2:], start[2:]))
                           for row, start in zip(scenes, untrained))),
             Claim(TOGETHER.format(upper=upper), _parts(scenes), verdict(map(all, on_parts))),
             Claim(PARTS, _low_high(scenes, lambda s: 100 * _gain(s.parts), ".1f", " points"),
                   verdict(_grows(row, lambda s: _gain(s.parts)) for row in scenes))]
    for kind in "images", "scenes":
        found += _on_both(scores[kind], kind, untrained if kind == "scenes" else None)
    return [*found, Claim(EXAMPLES, NEEDED, NOT_TESTABLE)]


def _on_both(scores, kind, untrained):
    """The claims that need no more than the classes and the images. untrained: scores before training, if there are any."""
    before = f"; before training: {_low_high(untrained, lambda s: s.patches, '.2f')}" if untrained else ""
    above = [all(s.classes.share > s.classes.limit for s in row[-2:]) for row in scores]
    likeness = np.mean([[(s.patches, s.projections) for s in row] for row in scores], axis=0)
    pairs = "; ".join(f"{first.layer}: {patches:.2f}, {projections:.2f}" for first, (patches, projections) in zip(scores[0], likeness))
    return [Claim(CLASSES.format(kind=kind), _low_high(scores, lambda s: 100 * _gain(s.classes), ".1f", " points"),
                  verdict(_grows(row, lambda s: _gain(s.classes)) and high for row, high in zip(scores, above))),
            Claim(INVARIANT.format(kind=kind), _low_high(scores, lambda s: s.patches, ".2f") + before,
                  verdict(_grows(row, lambda s: -s.patches) for row in scores)),
            Claim(VARY.format(kind=kind), f"{pairs} (patches, projections; {_seeds(scores)})",
                  verdict(all(s.patches < s.projections for s in row) for row in scores))]


def _gain(common):
    return common.share - common.chance


def _grows(row, get):
    """Whether a score is larger, on average, in the two highest layers than in the two lowest."""
    return bool(np.mean([get(s) for s in row[-2:]]) > np.mean([get(s) for s in row[:2]]))


def _low_high(scores, get, form, unit=""):
    low, high = ([np.mean([get(s) for s in part(row)]) for row in scores] for part in (lambda row: row[:2], lambda row: row[-2:]))
    names = [s.layer for s in scores[0]]
    return f"{names[0]}, {names[1]}: {spread(low, form, unit)}; {names[-2]}, {names[-1]}: {spread(high, form, unit)}"


def _on_object(scenes, untrained):
    cells = []
    for i, first in enumerate(scenes[0][2:], 2):
        (energy, pixels), before = ([_percent(rows, i, get) for get in (lambda s: s.inside, lambda s: s.area)]
                                    for rows in (scenes, untrained))
        cells.append(f"{first.layer}: {energy} of the energy, {pixels} of the pixels (before training: {', '.join(before)})")
    return "; ".join(cells) + f"; {_seeds(scenes)}"


def _parts(scenes):
    cells = [f"{first.layer}: {_percent(scenes, i, lambda s: s.parts.share)}, by chance {_percent(scenes, i, lambda s: s.parts.chance)}"
             for i, first in enumerate(scenes[0])]
    return "; ".join(cells[2:]) + f" ({_seeds(scenes)})"


def _percent(scores, layer, get):
    values = [100 * get(row[layer]) for row in scores]
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} %" if len(values) > 1 else f"{values[0]:.1f} %"


def _seeds(scores):
    return f"{len(scores)} seed" + "s" * (len(scores) > 1)


# ---- sections -------------------------------------------------------------------------------------------------------

def sections(scores):
    """The plots of the scores on scenes, and the tables of both kinds of images."""
    scenes = scores["scenes"]
    return [Section("Figure 2, scored", SCORED, figure2_score.draw(scenes), alt="Four plots over conv1 to conv5: energy on the object, "
                    "a part in common, a class in common, correlation of patches and of projections"),
            Section("All layers in numbers", TABLE, rows=_rows(scores))]


def _rows(scores):
    rows = [("net", "layer", "maps", "energy on the object", "pixels seen on it", "one part in common (chance)",
             "one class in common (chance)", "correlation of projections", "of patches")]
    for kind, name in ("images", "images"), ("scenes", "scenes"), ("untrained", "scenes, before training"):
        for i, first in enumerate(scores[kind][0]):
            rows.append((name if i == 0 else "", first.layer, *_cells(scores[kind], i)))
    return rows


def _cells(scores, i):
    def mean(get, form):
        return f"{np.mean([get(row[i]) for row in scores]):{form}}"

    def common(get):
        return f"{_percent(scores, i, lambda s: get(s).share)} ({_percent(scores, i, lambda s: get(s).chance)})"
    on_scenes = ["–"] * 3
    if scores[0][i].parts:
        on_scenes = [_percent(scores, i, lambda s: s.inside), _percent(scores, i, lambda s: s.area), common(lambda s: s.parts)]
    likeness = mean(lambda s: s.projections, ".2f"), mean(lambda s: s.patches, ".2f")
    return mean(lambda s: s.maps, ".0f"), *on_scenes, common(lambda s: s.classes), *likeness


SCORED = """On scenes the program that drew them knows which pixels are the object's and where its parts are. First plot: how much of a \
projection's energy (the sum of its squared pixels) lies on the object, and how much of what the unit sees does. If a projection were \
spread evenly, the two would be equal.

Second and third: of nine strongest images, how many show the map the same part (the one nearest to the center of the projection's \
energy), and how many are of one class? Chance deals the labels of all maps of the layer out at random. A part counts as the same if class and \
name are; the left eye and the right one do, as the net is trained on mirrored images too.

Last: take two of a map's nine, laid over each other so that the units are in one place. How alike are the patches, and how alike are the \
projections? A map whose patches differ while its projections don't has become invariant to what differs. Both fall \
with depth even in a net that has not learned, since larger patches have more in them that can differ: compare with the table. Bars are \
standard deviations over seeds."""

TABLE = """The same in numbers, mean ± standard deviation over seeds, over all maps that fire on nine images at least. The last block is \
a net that has not been trained at all: what it scores above the pixels' share comes from the images and from the way down, not from \
learning. Where it comes close to the trained net, a picture says little about what was learned."""
