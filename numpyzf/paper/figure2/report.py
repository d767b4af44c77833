"""Figure 2 in words: what the paper says of it, tested on several seeds, and the page's sections.

`scores` is {"images", "scenes", "untrained"} throughout. Each is a list, one entry per
seed; an entry is a list of one measure.Score per convolution, from the pixels up. "untrained" are
the nets before training, on the scenes. Where the study's images are too few, the list of "images"
is empty.
"""
import copy

import numpy as np

from ... import texts
from ...page import Section
from ...runs import Run
from ...tour import features
from ..claims import (NOT_TESTABLE, Claim, NotTestable, Report, count_of_seeds, percent, spread,
                      verdict)
from . import draw, measure

TEXT = texts.read(__package__)
STRONGEST = 9       # images of each map
WHERE = {"images": "the test images", "scenes": "rendered scenes"}
LOWEST, HIGHEST = slice(None, 2), slice(-2, None)   # of a list with one Score per convolution
UPPER = slice(2, None)                              # those with claims about objects and parts


def report(study):
    """Figure 2 on the study's images and on scenes, where it is also scored before training."""
    scores, sections, reason = {"images": [], "scenes": [], "untrained": []}, [], ""
    for kind in ("images", "scenes"):
        try:
            sections += _sections_of_kind(study, kind, scores)
        except NotTestable as error:
            reason = str(error)
    return Report(claims(scores, reason), sections + score_sections(scores))


def _sections_of_kind(study, kind, scores):
    """Score every seed's net on one kind of images, into `scores`; the sections of the first."""
    sections = []
    for seed in study.seeds:
        study.step(f"strongest images of every map: {kind}, seed {seed}")
        run = study.run_of(kind, seed)
        layers = _measure(study, kind, run)
        scores[kind].append([layer.score for layer in layers])
        if kind == "scenes":
            untrained = _measure(study, kind, _untrained(run, seed))
            scores["untrained"].append([layer.score for layer in untrained])
        if seed == study.seeds[0]:
            shown = layers if kind == "images" else layers[UPPER]
            sections += [maps(run.net, layer.shown, WHERE[kind],
                              TEXT.get(f"note: {kind} {layer.shown.layer}")) for layer in shown]
    return sections


def _measure(study, kind, run):
    data, scenes = study.test, None
    if kind == "scenes":
        data = scenes = study.test_scenes
    if len(data.labels) <= STRONGEST:
        raise NotTestable(f"of {len(data.labels)} test images the {STRONGEST} strongest are all "
                          f"that there are, whatever a map looks for; it takes more")
    return measure.measure(run, data.images, data.labels, scenes=scenes)


def _untrained(run, seed):
    net = copy.deepcopy(run.net).initialize(np.random.default_rng(seed))
    return Run(net, run.prepare, run.classes)


# ---- claims ---------------------------------------------------------------------------------

def claims(scores, reason=""):
    """The paper's claims on Figure 2: a list of Claim.

    reason: why there are no scores on images, if there are none.
    """
    scenes, untrained = scores["scenes"], scores["untrained"]
    return [
        Claim(TEXT["claim: exaggerate"], _shares_on_object(scenes, untrained),
              verdict(exaggerate(*pair) for pair in zip(scenes, untrained))),
        Claim(TEXT["claim: one part"], _shares_of_parts(scenes),
              verdict(have_one_part(row) for row in scenes)),
        Claim(TEXT["claim: parts above edges"],
              _low_high(scenes, lambda score: 100 * _gain_of_parts(score), ".1f", " points"),
              verdict(_grows(row, _gain_of_parts) for row in scenes)),
        *claims_of_kind("images", scores["images"], reason=reason),
        *claims_of_kind("scenes", scenes, untrained),
        Claim(TEXT["claim: examples"], TEXT["measured: examples"], NOT_TESTABLE)]


def claims_of_kind(kind, scores, untrained=(), reason=""):
    """The claims that need no more than the classes and the images; without scores, why."""
    if not scores:
        return [Claim(TEXT["claim: one class"], reason, NOT_TESTABLE, kind)]
    invariant = _low_high(scores, _likeness)
    if untrained:
        invariant += f"; before training: {_low_high(untrained, _likeness)}"
    return [
        Claim(TEXT["claim: one class"],
              _low_high(scores, lambda score: 100 * _gain_of_classes(score), ".1f", " points"),
              verdict(have_one_class(row) for row in scores), kind),
        Claim(TEXT["claim: invariant"], invariant,
              verdict(_grows(row, lambda score: -score.patches) for row in scores), kind),
        Claim(TEXT["claim: patches vary"], _likenesses(scores),
              verdict(patches_vary_more(row) for row in scores), kind)]


def exaggerate(row, untrained):
    """Is the object's share of energy further above its share of pixels than before training?

    row, untrained: one Score per convolution. True if it is in each of the upper ones.
    """
    return all(score.inside - score.area > max(0, before.inside - before.area)
               for score, before in zip(row[UPPER], untrained[UPPER]))


def have_one_part(row):
    """In each upper convolution: have the nine a part in common more than in 95 % of the deals?"""
    return all(score.parts.share > score.parts.limit for score in row[UPPER])


def have_one_class(row):
    """Does the share of one class grow with depth, and is it above 95 % of the deals at the top?"""
    above = all(score.classes.share > score.classes.limit for score in row[HIGHEST])
    return above and _grows(row, _gain_of_classes)


def patches_vary_more(row):
    """In every convolution: do two patches correlate less than their projections?"""
    return all(score.patches < score.projections for score in row)


def _grows(row, get):
    """Is get(score) larger, on average, in the two highest convolutions than in the two lowest?"""
    return bool(_mean(row[HIGHEST], get) > _mean(row[LOWEST], get))


def _mean(row, get):
    return np.mean([get(score) for score in row])


def _gain_of_parts(score):
    return score.parts.share - score.parts.chance


def _gain_of_classes(score):
    return score.classes.share - score.classes.chance


def _likeness(score):
    return score.patches


# ---- what was measured, as text -------------------------------------------------------------

def _low_high(scores, get, form=".2f", unit=""):
    """get(score) in the two lowest and in the two highest convolutions."""
    cells = []
    for part in (LOWEST, HIGHEST):
        names = ", ".join(score.layer for score in scores[0][part])
        cells.append(f"{names}: {spread([_mean(row[part], get) for row in scores], form, unit)}")
    return "; ".join(cells)


def _percent(scores, layer, get):
    """get(score) of one convolution, its mean and deviation over seeds."""
    return percent([get(row[layer]) for row in scores], seeds=False)


def _energy(scores, layer):
    return _percent(scores, layer, lambda score: score.inside)


def _pixels(scores, layer):
    return _percent(scores, layer, lambda score: score.area)


def _shares_on_object(scenes, untrained):
    cells = [TEXT["measured: exaggerate"].format(
                layer=name, energy=_energy(scenes, i), pixels=_pixels(scenes, i),
                energy_before=_energy(untrained, i), pixels_before=_pixels(untrained, i))
             for i, name in _upper(scenes)]
    return f"{'; '.join(cells)}; {count_of_seeds(scenes)}"


def _shares_of_parts(scenes):
    cells = [TEXT["measured: one part"].format(
                layer=name, share=_percent(scenes, i, lambda score: score.parts.share),
                chance=_percent(scenes, i, lambda score: score.parts.chance))
             for i, name in _upper(scenes)]
    return f"{'; '.join(cells)} ({count_of_seeds(scenes)})"


def _upper(scores):
    """(index, name) of each upper convolution."""
    return [(i, score.layer) for i, score in enumerate(scores[0])][UPPER]


def _likenesses(scores):
    likeness = np.mean([[(score.patches, score.projections) for score in row] for row in scores],
                       axis=0)                                      # (convolutions, 2)
    pairs = [f"{score.layer}: {patches:.2f}, {projections:.2f}"
             for score, (patches, projections) in zip(scores[0], likeness)]
    return TEXT["measured: patches vary"].format(pairs="; ".join(pairs),
                                                 seeds=count_of_seeds(scores))


# ---- sections -------------------------------------------------------------------------------

def maps(net, shown, where, note=None):
    """The most active maps of one layer, a features.Features, as a section with its picture.

    where: the images' name. note: a text that follows.
    """
    size, (_, height, width) = net.receptive_field(shown.layer).size, net.input_shape
    if size > max(height, width):
        sees = f"{size}×{size} pixels, more than the whole image"
    else:
        sees = f"{size}×{size} pixels of {height}×{width}"
    two = ", two rules" if shown.second else ""
    text = TEXT[f"section: maps{two}"].format(count=len(shown.channels), layer=shown.layer,
                                              where=where, sees=sees)
    if note:
        text += "\n\n" + note
    alt = TEXT[f"alt: maps{two}"].format(maps=", ".join(map(str, shown.channels)),
                                         layer=shown.layer)
    return Section(f"{shown.layer} on {where}", text, features.draw(shown), alt=alt)


def score_sections(scores):
    """The plots of the scores on scenes, and the table of all of them."""
    layers = ", ".join(score.layer for score in scores["scenes"][0])
    return [
        Section("Figure 2, scored", TEXT["section: figure 2, scored"], draw.draw(scores["scenes"]),
                alt=TEXT["alt: scores"].format(layers=layers)),
        Section("All layers in numbers", TEXT["section: all layers in numbers"],
                rows=table(scores))]


def table(scores):
    """Every layer of every net: the rows of a table, the first of which is its head."""
    names = {"images": "images", "scenes": "scenes", "untrained": "scenes, before training"}
    return table_of({name: scores[kind] for kind, name in names.items()})


def table_of(named):
    """The rows of `table` for lists of scores, {name: scores}."""
    rows = [("net", "layer", "maps", "energy on the object", "pixels seen on it",
             "one part in common (chance)", "one class in common (chance)",
             "correlation of projections", "of patches")]
    for name, scores in named.items():
        for i, first in enumerate(scores[0] if scores else ()):
            rows.append((name if i == 0 else "", first.layer, *_cells(scores, i)))
    return rows


def _cells(scores, i):
    """The cells of convolution i, beginning with the number of maps."""
    own = [row[i] for row in scores]
    on_scenes = ["–", "–", "–"]
    if own[0].parts:
        on_scenes = [_energy(scores, i), _pixels(scores, i),
                     _share_and_chance([score.parts for score in own])]
    return [f"{np.mean([score.maps for score in own]):.0f}", *on_scenes,
            _share_and_chance([score.classes for score in own]),
            f"{np.mean([score.projections for score in own]):.2f}",
            f"{np.mean([score.patches for score in own]):.2f}"]


def _share_and_chance(commons):
    share = percent([common.share for common in commons], seeds=False)
    return f"{share} ({percent([common.chance for common in commons], seeds=False)})"
