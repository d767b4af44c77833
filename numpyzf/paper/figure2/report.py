"""Figure 2 in words: what the paper says, tested on several seeds, and the page's sections.

`scores` is {"images", "scenes", and the same with ", before training"} throughout. Each is a list,
one entry per seed; an entry is a list of one measure.Score per convolution, from the pixels up.
Every statement is also compared with the net before its training: what that passes too wasn't
learned. Where the study's images are too few, their lists are empty.
"""
import numpy as np

from ... import texts
from ...page import Section
from ...tour import features
from ..claims import (NOT_TESTABLE, Claim, Effect, NotTestable, Report, judged, percent, spread,
                      uncompared)
from ..study import untrained
from . import draw, measure

TEXT = texts.read(__package__)
STRONGEST = 9       # images of each map
WHERE = {"images": "the test images", "scenes": "rendered scenes"}
LOWEST, HIGHEST = slice(None, 2), slice(-2, None)   # of a list with one Score per convolution
UPPER = slice(2, None)                              # those with claims about objects and parts
BEFORE = ", before training"


def report(study):
    """Figure 2 on the study's images and on scenes, scored after training and before."""
    kinds, sections, reason = ("images", "scenes"), [], ""
    scores = {name: [] for kind in kinds for name in (kind, kind + BEFORE)}
    for kind in kinds:
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
        before = _measure(study, kind, untrained(run, seed))
        scores[kind + BEFORE].append([layer.score for layer in before])
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


# ---- claims ---------------------------------------------------------------------------------

def claims(scores, reason=""):
    """The paper's claims on Figure 2: a list of Claim.

    reason: why there are no scores on images, if there are none.
    """
    scenes, before = scores["scenes"], scores["scenes" + BEFORE]
    return [
        judged(TEXT["claim: exaggerate"], _shares_on_object(scenes, before),
               exaggerate(scenes, before)),
        judged(TEXT["claim: one part"], _shares_of_parts(scenes, before),
               have_one_part(scenes, before)),
        judged(TEXT["claim: parts above edges"],
               _low_high(scenes, before, lambda score: 100 * _gain_of_parts(score), ".1f",
                         " points"), grows(scenes, before, _gain_of_parts)),
        *claims_of_kind("images", scores["images"], scores["images" + BEFORE], reason),
        *claims_of_kind("scenes", scenes, before),
        Claim(TEXT["claim: examples"], TEXT["measured: examples"], NOT_TESTABLE)]


def claims_of_kind(kind, scores, before=(), reason=""):
    """The claims that need no more than the classes and the images; without scores, why.

    before: of the same nets before their training. Without it nothing can hold.
    """
    if not scores:
        return [Claim(TEXT["claim: one class"], reason, NOT_TESTABLE, kind)]
    found = [
        judged(TEXT["claim: one class"],
               _low_high(scores, before, lambda score: 100 * _gain_of_classes(score), ".1f",
                         " points"), have_one_class(scores, before), on=kind),
        judged(TEXT["claim: invariant"], _low_high(scores, before, lambda score: score.patches),
               grows(scores, before, lambda score: -score.patches), on=kind),
        judged(TEXT["claim: patches vary"], _likenesses(scores),
               patches_vary_more(scores, before), on=kind)]
    return found if before else [uncompared(claim) for claim in found]


def more_than_before(scores, before, get):
    """get(row) is above zero, and above that of the net before training: a list of Effect.

    scores, before: one row of Scores per seed; get(row) gives a number.
    """
    own = np.array([get(row) for row in scores])
    effects = [Effect(own)]
    return effects + [Effect(own - [get(row) for row in before])] if before else effects


def _in_each(scores, before, layers, get):
    """more_than_before of get(score), in each of the convolutions in `layers`, a slice."""
    numbers = range(len(scores[0]))[layers]
    return [effect for i in numbers
            for effect in more_than_before(scores, before, lambda row: get(row[i]))]


def exaggerate(scores, before):
    """Is the object's share of energy above its share of pixels, in each upper convolution?"""
    return _in_each(scores, before, UPPER, lambda score: score.inside - score.area)


def have_one_part(scores, before):
    """In each upper convolution: have the nine a part in common more than in 95 % of the deals?"""
    above_deals = _in_each(scores, (), UPPER, lambda score: score.parts.share - score.parts.limit)
    return above_deals + _in_each(scores, before, UPPER, _gain_of_parts)


def have_one_class(scores, before):
    """Does the share of one class grow with depth, and is it above 95 % of the deals at the top?"""
    above_deals = _in_each(scores, (), HIGHEST,
                           lambda score: score.classes.share - score.classes.limit)
    return above_deals + grows(scores, before, _gain_of_classes)


def patches_vary_more(scores, before):
    """Do two patches correlate less than their projections?

    Asked of every convolution but the first, whose projections are its filters, all the same.
    """
    return _in_each(scores, before, slice(1, None), lambda score: score.projections - score.patches)


def grows(scores, before, get):
    """Is get(score) larger, on average, in the two highest convolutions than in the two lowest?"""
    return more_than_before(scores, before,
                            lambda row: _mean(row[HIGHEST], get) - _mean(row[LOWEST], get))


def _mean(row, get):
    return np.mean([get(score) for score in row])


def _gain_of_parts(score):
    return score.parts.share - score.parts.chance


def _gain_of_classes(score):
    return score.classes.share - score.classes.chance


# ---- what was measured, as text -------------------------------------------------------------

def _low_high(scores, before, get, form=".2f", unit=""):
    """get(score) in the two lowest and in the two highest convolutions, and before training."""
    cells = []
    for part in (LOWEST, HIGHEST):
        names = ", ".join(score.layer for score in scores[0][part])
        cells.append(f"{names}: {spread([_mean(row[part], get) for row in scores], form, unit)}")
        if before:
            earlier = spread([_mean(row[part], get) for row in before], form, unit)
            cells[-1] += f" (before training: {earlier})"
    return "; ".join(cells)


def _percent(scores, layer, get):
    """get(score) of one convolution, its mean and deviation over seeds."""
    return percent([get(row[layer]) for row in scores])


def _energy(scores, layer):
    return _percent(scores, layer, lambda score: score.inside)


def _pixels(scores, layer):
    return _percent(scores, layer, lambda score: score.area)


def _shares_on_object(scenes, untrained):
    cells = [TEXT["measured: exaggerate"].format(
                layer=name, energy=_energy(scenes, i), pixels=_pixels(scenes, i),
                energy_before=_energy(untrained, i), pixels_before=_pixels(untrained, i))
             for i, name in _upper(scenes)]
    return "; ".join(cells)


def _shares_of_parts(scenes, untrained):
    cells = [TEXT["measured: one part"].format(
                layer=name, share=_percent(scenes, i, lambda score: score.parts.share),
                chance=_percent(scenes, i, lambda score: score.parts.chance),
                before=_percent(untrained, i, lambda score: score.parts.share))
             for i, name in _upper(scenes)]
    return "; ".join(cells)


def _upper(scores):
    """(index, name) of each upper convolution."""
    return [(i, score.layer) for i, score in enumerate(scores[0])][UPPER]


def _likenesses(scores):
    likeness = np.mean([[(score.patches, score.projections) for score in row] for row in scores],
                       axis=0)                                      # (convolutions, 2)
    pairs = [f"{score.layer}: {patches:.2f}, {projections:.2f}"
             for score, (patches, projections) in zip(scores[0], likeness)]
    return TEXT["measured: patches vary"].format(pairs="; ".join(pairs))


# ---- sections -------------------------------------------------------------------------------

def maps(net, shown, where, note=None):
    """Some maps of one layer, a features.Features, as a section with its picture.

    where: the images' name. note: a text that follows.
    """
    size, (_, height, width) = net.receptive_field(shown.layer).size, net.input_shape
    if size > max(height, width):
        sees = f"{size}×{size} pixels, more than the whole image"
    else:
        sees = f"{size}×{size} pixels of {height}×{width}"
    two = ", two rules" if shown.second else ""
    text = TEXT[f"section: maps{two}"].format(
        chosen=TEXT["chosen maps"].format(count=len(shown.channels), layer=shown.layer),
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
                rows=table_of(scores))]


def table_of(named):
    """Every layer of every net: the rows of a table, the first of which is its head.

    named: lists of scores, {name: scores}.
    """
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
    share = percent([common.share for common in commons])
    return f"{share} ({percent([common.chance for common in commons])})"
