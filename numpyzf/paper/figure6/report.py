"""Figure 6 in words: three nets compared, with several seeds, and the page's sections."""
from typing import NamedTuple

import numpy as np

from ... import texts, training
from ...page import Section
from ...tour import filters
from ..claims import Effect, Report, judged, percent, spread
from ..study import untrained
from . import draw, measure

TEXT = texts.read(__package__)
SMALL, FREE, LARGE = "7×7, stride 2", "the same, not renormalized", "11×11, stride 4"
NETS = {        # how each differs from the standard net, as study.run_of takes it
    SMALL: {},
    FREE: {"recipe": {"renormalize": ()}},
    LARGE: {"variant": {"first": (11, 4, 4)}}}      # size, stride, pad


class Comparison(NamedTuple):
    """A claim about SMALL and another net."""
    claim: str          # heading of its text
    other: str          # the net that SMALL is compared with
    number: object      # number(result): what is compared, see measure
    sign: int           # 1 if the claim is that the other has more, −1 if it is that it has less
    form: str           # the numbers' format
    unit: str = ""
    above: float = -np.inf      # the other's number must be above this, too
    learned: bool = True        # the nets must differ by more than before their training


COMPARISONS = [
    Comparison("claim: filters dominate", FREE, measure.dominance, 1, ".2f", " times", above=2),
    Comparison("claim: middle frequencies", LARGE, measure.middle_percent, -1, ".1f", " %"),
    Comparison("claim: dead features", LARGE, measure.dead_filters, 1, ".1f"),
    Comparison("claim: aliasing", LARGE, measure.aliased_percent, 1, ".1f", " %",
               learned=False),      # a matter of the stride: the text says so
    Comparison("claim: distinctive features", LARGE, measure.independent_maps, -1, ".1f"),
    Comparison("claim: accuracy", LARGE, measure.accuracy_percent, -1, ".1f", " %")]


def report(study):
    """Figure 6 on scenes, each net with two seeds at most, and as it was before training."""
    scenes, results, before = study.test_scenes, {}, {}
    for name, differs in NETS.items():
        runs = [study.run_of("scenes", seed, **differs) for seed in study.seeds[:2]]
        results[name] = [measure.measure(run, scenes.images, scenes.labels) for run in runs]
        fresh = [untrained(run, seed) for run, seed in zip(runs, study.seeds)]
        before[name] = [measure.measure(run, scenes.images, scenes.labels) for run in fresh]
    return Report([claim(results, before, comparison) for comparison in COMPARISONS],
                  sections(results))


def claim(results, before, comparison):
    """The Claim of one Comparison.

    results: {name: list of measure.Figure6, one per seed}.
    before: the same of the nets before their training. What they differ by wasn't learned: the
    trained ones must differ by more.
    """
    def numbers(found, name):
        return np.array([comparison.number(result) for result in found[name]], float)

    small, other = numbers(results, SMALL), numbers(results, comparison.other)
    fresh_small, fresh_other = numbers(before, SMALL), numbers(before, comparison.other)
    differs = comparison.sign * (other - small)
    by_more = differs - comparison.sign * (fresh_other - fresh_small)
    effects = [Effect(differs), Effect(by_more)] if comparison.learned else [Effect(differs)]
    if comparison.above > -np.inf:
        effects.append(Effect(other - comparison.above))
    form, unit = comparison.form, comparison.unit
    measured = TEXT["measured"].format(
        small=SMALL, other=comparison.other, own=spread(small, form, unit),
        others=spread(other, form, unit), fresh=spread(fresh_small, form, unit),
        fresh_other=spread(fresh_other, form, unit))
    return judged(TEXT[comparison.claim], measured, effects)


def sections(results):
    """The filters, the second layer, and the numbers; results as in `claim`."""
    first = {name: seeds[0] for name, seeds in results.items()}
    radius = training.Recipe().radius
    at_radius = percent([filters.at_radius(result.w, radius) for result in results[SMALL]], ".0f")
    k = first[SMALL].second.values.shape[1]
    return [
        Section("The first layer's filters",
                TEXT["section: the first layer's filters"].format(radius=at_radius),
                draw.draw(first), alt=TEXT["alt: filters"].format(nets=", ".join(first))),
        Section("What the second layer looks for",
                TEXT["section: what the second layer looks for"].format(k=k),
                draw.draw_second({name: first[name] for name in (SMALL, LARGE)}),
                alt=TEXT["alt: second layer"]),
        Section("Measured", TEXT["section: measured"].format(count=len(first[SMALL].w)),
                draw.draw_measures(results), table(results), alt=TEXT["alt: measures"])]


def table(results):
    """Frequencies of every net: the rows of a table, the first of which is its head."""
    rows = [("share of the energy", *results)]
    for i, band in enumerate(("low", "middle", "high")):
        shares = [[result.bands[:, i].mean() for result in seeds] for seeds in results.values()]
        rows.append((f"filters, {band} frequencies", *(percent(own, ".0f") for own in shares)))
    shares = [[result.second_high for result in seeds] for seeds in results.values()]
    rows.append(("layer 2's projections, high frequencies",
                 *(percent(own, ".0f") for own in shares)))
    return rows
