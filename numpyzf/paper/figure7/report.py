"""Figure 7 in words: what the paper says, tested on several seeds, and the page's section."""
import numpy as np

from ... import texts
from ...data import scenes
from ...data.preprocess import Prepared
from ...look.many import top_activations
from ...page import Section
from ...tour import features
from ..claims import Effect, Report, beyond_before, counted, judged, percent, spread
from ..study import first_of_each, untrained
from .draw import draw
from .measure import mean, measure, of_images, score

TEXT = texts.read(__package__)
POOL = 600      # of the test scenes, so many are searched for what else fires a map
SHOWN = 3       # images, of different classes
RANDOM = 2      # images that are shown beside, drawn at random


def report(study):
    """Figure 7 on test scenes, scored with every seed's net."""
    test = study.test_scenes
    each = 1 if study.quick else 10
    rows = first_of_each(test.labels, each)
    few = first_of_each(test.labels, max(1, each // 3))
    scores, before, picture = [], [], None
    for seed in study.seeds:
        run = study.run_of("scenes", seed)
        known = known_images(run, test, rows)
        results, own = _measure(run, test, known)
        scores.append(own)
        before.append(_measure(untrained(run, seed), test, few)[1])
        if picture is None:
            picture = _picture(run, test, most_changed(results, known), known)
    text = TEXT["section: a gray square over the image"].format(size=results[0].size,
                                                                random=RANDOM)
    section = Section("A gray square over the image", text, picture, alt=TEXT["alt: maps"])
    return Report(claims(scores, before), [section])


def _measure(run, test, rows):
    """A measure.Figure7 of each of the scenes, and their Scores as one."""
    results = [measure(run, test.images[n], test.labels[n], step=4) for n in rows]
    return results, of_images([score(result, test.masks[n], parts_of(test, n))
                               for result, n in zip(results, rows)])


def known_images(run, test, rows):
    """Those of the rows whose answer is right; all of them if there is none."""
    answers = run.net.predict(Prepared(test.images[rows], run.prepare)).argmax(axis=1)
    right = answers == test.labels[rows]
    return rows[right] if right.any() else rows


def parts_of(test, n):
    """Row and column (P, 2) of the parts of scene n.

    A symmetric object has none, as its parts lie all around its middle.
    """
    if test.classes[test.labels[n]] in scenes.SYMMETRIC:
        return np.empty((0, 2))
    places = np.array([places[n, :2] for places in test.parts.values()])
    return places[np.isfinite(places[:, 0])]


# ---- the picture ------------------------------------------------------------------------------

def most_changed(results, rows):
    """The images whose probability the square lowers most, at most three, of different classes.

    results: a measure.Figure7 for each of the rows.
    rows: the images' numbers.
    Returns some of the rows.
    """
    changes = [result.probability.min() - result.whole_probability for result in results]
    found = {}          # {class: row}
    for i in np.argsort(changes, kind="stable"):
        found.setdefault(results[i].label, rows[i])
    return list(found.values())[:SHOWN]


def some_others(rows, chosen):
    """RANDOM of the rows that weren't chosen, or as many as there are; always the same ones."""
    return np.random.default_rng(0).permutation(np.setdiff1d(rows, chosen))[:RANDOM]


def _picture(run, test, chosen, rows):
    random = some_others(rows, chosen)
    rows = np.concatenate([chosen, random])
    results = [measure(run, test.images[n], test.labels[n]) for n in rows]
    layer, pool = results[0].layer, test.images[:POOL]
    top = top_activations(run.net, Prepared(pool, run.prepare), [layer], 4)[layer]
    others = []
    for result, n in zip(results, rows):
        found = features.measure(run, pool, layer, channels=[result.channel], top=top)
        others.append(found.projections[0][found.units[0, :, 0] != n])
    return draw(results, others, test.classes, test.masks[rows], random=len(random))


# ---- claims -----------------------------------------------------------------------------------

def claims(scores, before):
    """The paper's claims on Figure 7: a list of Claim.

    scores: for each seed a measure.Score of several images, see measure.of_images.
    before: the same of the nets before their training.
    """
    def points(of_seeds, field):
        return spread([100 * drop for drop in _means(of_seeds, field)], ".1f", " points")

    def pixels(of_seeds, field):
        return spread(_means(of_seeds, field), ".1f", " px")

    return [
        judged(TEXT["claim: finds the object"], TEXT["measured: finds the object"].format(
                   inside=points(scores, "inside"), outside=points(scores, "outside"),
                   inside_before=points(before, "inside"), outside_before=points(before, "outside"),
                   share=_percents(scores, "share"), area=_percents(scores, "area"),
                   count=min(len(own.inside) for own in scores)),
               exceeds(scores, before, "inside", "outside")),
        projected_matters(scores, before),
        judged(TEXT["claim: looks for a part"], TEXT["measured: looks for a part"].format(
                   part=pixels(scores, "part"), on_object=pixels(scores, "on_object"),
                   part_before=pixels(before, "part"),
                   on_object_before=pixels(before, "on_object")),
               exceeds(scores, before, "on_object", "part"))]


def exceeds(scores, before, larger, smaller):
    """Is one field of the Scores larger than another, and by more than before training?

    scores, before: as in `claims`; `before` may be empty.
    Returns a list of Effect.
    """
    own = _difference(scores, larger, smaller)
    if not before:
        return [own]
    return beyond_before(own, _difference(before, larger, smaller))


def _difference(scores, larger, smaller):
    """By how much one field is larger, an Effect.

    Each seed's net knows other images, so each has a standard error of its own, over its images;
    their mean, which more seeds don't lower, is the noise.
    """
    found = [counted([getattr(own, larger) - getattr(own, smaller)]) for own in scores]
    return Effect(np.array([own.values[0] for own in found]), np.mean([own.noise for own in found]))


def projected_matters(scores, before=()):
    """The Claim that needs no object: cover what is projected, and the map falls silent.

    before: as in `claims`; it is told, and decides nothing: this is no matter of training.
    """
    measured = TEXT["measured: what is projected matters"].format(
        covered=_percents(scores, "covered"), anywhere=_percents(scores, "anywhere"))
    if before:
        measured += TEXT["measured: before"].format(covered=_percents(before, "covered"),
                                                    anywhere=_percents(before, "anywhere"))
    twice = [own._replace(anywhere=2 * np.abs(own.anywhere)) for own in scores]
    return judged(TEXT["claim: what is projected matters"], measured,
                  exceeds(twice, (), "covered", "anywhere"))


def _percents(scores, field):
    return percent(_means(scores, field), ".0f")


def _means(scores, field):
    """Each seed's mean of a field, over the images of which it can be said."""
    values = [getattr(own, field) for own in scores]
    return [mean(own[np.isfinite(own)]) for own in values]
