"""Figure 2 in words: what the paper says of it, tested on the scores of several seeds, and the sections that show these scores."""
import numpy as np

from . import figure2_score
from .page import Section
from .study import NOT_TESTABLE, Claim, spread, verdict


def claims(scores):
    """The paper's claims on Figure 2, a list of Claim.

    scores: {"images", "scenes", "untrained"}, each one list per seed of one figure2_score.Score per convolution, from the pixels up.
    """
    scenes, untrained = scores["scenes"], scores["untrained"]
    upper = [score.layer for score in scenes[0][2:]]
    found = [Claim(
        "Projections exaggerate the part of the image that makes the difference. Tested: in each of "
        f"{', '.join(upper)} more of the projections' energy than of the pixels seen lies on the object, and the difference is larger than before training.",
        "; ".join(f"{layer}: {_percent(scenes, i, lambda s: s.inside)} of the energy, {_percent(scenes, i, lambda s: s.area)} of the pixels "
                  f"(before training: {_percent(untrained, i, lambda s: s.inside)}, {_percent(untrained, i, lambda s: s.area)})"
                  for i, layer in enumerate(upper, 2)) + f"; {_seeds(scenes)}",
        verdict(all(s.inside - s.area > max(0, u.inside - u.area) for s, u in zip(row[2:], start[2:])) for row, start in zip(scenes, untrained)))]
    found.append(Claim(
        f"The nine of one map belong together. Tested: in each of {', '.join(upper)} more of the nine have a part of one class in common than in "
        "95 % of random deals.",
        _against_chance(scenes, 2, lambda s: s.parts), verdict(all(s.parts.share > s.parts.limit for s in row[2:]) for row in scenes)))
    found.append(Claim(
        "Layers build on each other: edges and corners below, parts of objects above. Tested: what the share of one part has above chance is "
        "larger in the two highest convolutions than in the two lowest.",
        _low_high(scenes, lambda s: 100 * (s.parts.share - s.parts.chance), ".1f", " points"),
        verdict(_grows(row, lambda s: s.parts.share - s.parts.chance) for row in scenes)))
    for kind in "images", "scenes":
        found += _on_both(scores[kind], kind, untrained if kind == "scenes" else None)
    found.append(Claim("Layer 3 shows textures such as meshes and text, layer 4 dogs' faces and birds' legs, layer 5 keyboards and dogs in many poses.",
                       "needs photographs of such things: ImageNet's 1,000 classes. What the maps here look for is in the pictures.", NOT_TESTABLE))
    return found


def _on_both(scores, kind, untrained):
    before = f"; before training: {_low_high(untrained, lambda s: s.patches, '.2f')}" if untrained else ""
    return [
        Claim(f"Higher layers are more specific to a class ({kind}). Tested: what the share of one class among the nine has above chance is larger "
              "in the two highest convolutions than in the two lowest, and in both above 95 % of random deals.",
              _low_high(scores, lambda s: 100 * (s.classes.share - s.classes.chance), ".1f", " points"),
              verdict(_grows(row, lambda s: s.classes.share - s.classes.chance) and all(s.classes.share > s.classes.limit for s in row[-2:])
                      for row in scores)),
        Claim(f"Higher layers are more invariant ({kind}). Tested: the patches that fire one map are less alike (mean correlation of two, the units laid "
              "over each other) in the two highest convolutions than in the two lowest.",
              _low_high(scores, lambda s: s.patches, ".2f") + before, verdict(_grows(row, lambda s: -s.patches) for row in scores)),
        Claim(f"The patches vary more than the projections, which show only what fires the map ({kind}). Tested: in every convolution two patches "
              "correlate less than their projections.",
              "; ".join(f"{row.layer}: {np.mean([s[i].patches for s in scores]):.2f}, {np.mean([s[i].projections for s in scores]):.2f}"
                        for i, row in enumerate(scores[0])) + f" (patches, projections; {_seeds(scores)})",
              verdict(all(s.patches < s.projections for s in row) for row in scores))]


def _grows(row, get):
    """Whether a score is larger, on average, in the two highest layers than in the two lowest."""
    return bool(np.mean([get(s) for s in row[-2:]]) > np.mean([get(s) for s in row[:2]]))


def _low_high(scores, get, form, unit=""):
    low, high = ([np.mean([get(s) for s in part(row)]) for row in scores] for part in (lambda row: row[:2], lambda row: row[-2:]))
    names = [s.layer for s in scores[0]]
    return f"{names[0]}, {names[1]}: {spread(low, form, unit)}; {names[-2]}, {names[-1]}: {spread(high, form, unit)}"


def _against_chance(scores, first, get):
    return "; ".join(f"{score.layer}: {_percent(scores, i, lambda s: get(s).share)}, by chance {_percent(scores, i, lambda s: get(s).chance)}"
                     for i, score in enumerate(scores[0]) if i >= first) + f" ({_seeds(scores)})"


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
    rows = [("net", "layer", "maps", "energy on the object", "pixels seen on it", "one part in common (chance)", "one class in common (chance)",
             "correlation of projections", "of patches")]
    for kind, name in ("images", "images"), ("scenes", "scenes"), ("untrained", "scenes, before training"):
        for i, first in enumerate(scores[kind][0]):
            column = scores[kind]
            part = lambda get: f"{_percent(column, i, lambda s: get(s).share)} ({_percent(column, i, lambda s: get(s).chance)})"   # noqa: E731
            rows.append((name if i == 0 else "", first.layer, f"{np.mean([row[i].maps for row in column]):.0f}",
                         *(["–"] * 3 if first.parts is None else [_percent(column, i, lambda s: s.inside), _percent(column, i, lambda s: s.area),
                                                                   part(lambda s: s.parts)]),
                         part(lambda s: s.classes), f"{np.mean([row[i].projections for row in column]):.2f}",
                         f"{np.mean([row[i].patches for row in column]):.2f}"))
    return rows


SCORED = """On scenes the program that drew them knows which pixels are the object's and where its parts are. First plot: how much of a \
projection's energy (the sum of its squared pixels) lies on the object, and how much of what the unit sees does. If a projection were \
spread evenly, the two would be equal.

Second and third: of nine strongest images, how many show the map the same part (the one nearest to the center of the projection's energy), \
and how many are of one class? Chance deals the labels of all maps of the layer out at random. A part counts as the same if class and \
name are; the left eye and the right one do, as the net is trained on mirrored images too.

Last: take two of a map's nine, laid over each other so that the units are in one place. How alike are the patches, and how alike are the \
projections? A map whose patches differ while its projections don't has become invariant to what differs. Both fall with depth even in a net that has not \
learned, since larger patches have more in them that can differ: compare with the table. Bars are standard deviations over seeds."""

TABLE = """The same in numbers, mean ± standard deviation over seeds, over all maps that fire on nine images at least. The last block is a net that has \
not been trained at all: what it scores above the pixels' share comes from the images and from the way down, not from learning. Where it \
comes close to the trained net, a picture says little about what was learned."""
