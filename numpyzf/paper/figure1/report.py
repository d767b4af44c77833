"""What Figure 1 says, measured on test images with several nets."""
import numpy as np

from ... import texts
from ...page import Section
from ..claims import Report, by_construction, count_of_seeds, percent, spread
from .draw import draw, draw_magnified
from .measure import Exactness, exactness, measure

TEXT = texts.read(__package__)
IMAGES = 20         # per net, to measure
ROUNDING = 1e-6     # relative, in float32


def report(study):
    """Figure 1 of the paper: one stage of a trained net, and what its way down does exactly.

    study: study.Study.
    Returns a Report.
    """
    images = study.test.images
    rows = np.linspace(0, len(images) - 1, IMAGES).astype(int)
    runs = [study.run_of("images", seed) for seed in study.seeds]
    stages = [[measure(run, images[row]) for row in rows] for run in runs]
    found = [[exactness(run, stage) for stage in of_run] for run, of_run in zip(runs, stages)]
    shown = max(stages[0], key=lambda stage: stage.magnified.interest)
    return Report(claims(found), sections(shown))


def claims(found):
    """The claims on the way down.

    found: one list per seed of the Exactness of each image.
    Returns a list of Claim.
    """
    means = [Exactness(*np.mean(of_net, axis=0)) for of_net in found]
    worst = [Exactness(*np.max(of_net, axis=0)) for of_net in found]
    images = f"{len(found[0])} images each, {count_of_seeds(found)}"
    places = TEXT["measured: places"].format(
        switches=percent([mean.at_maxima for mean in means]),
        middles=percent([mean.at_maxima_middles for mean in means]), images=images)
    inverse = TEXT["measured: inverse"].format(
        switches=spread([mean.inverse for mean in means]),
        middles=spread([mean.inverse_middles for mean in means]), images=images)

    def transpose(errors):
        return TEXT["measured: transpose"].format(worst=max(errors), rounding=ROUNDING,
                                                  images=images)

    unpooling = [seed.unpooling for seed in worst]
    filtering = [seed.filtering for seed in worst]
    return [
        by_construction(TEXT["claim: places"], places, (mean.at_maxima == 1 for mean in means)),
        by_construction(TEXT["claim: inverse"], inverse,
                        (mean.inverse > mean.inverse_middles for mean in means)),
        by_construction(TEXT["claim: adding"], transpose(unpooling),
                        (error < ROUNDING for error in unpooling), source=TEXT["source: adding"]),
        by_construction(TEXT["claim: transposed"], transpose(filtering),
                        (error < ROUNDING for error in filtering))]


def sections(stage):
    """The two pictures of a measure.Stage with their words."""
    size, stride, _ = stage.window
    _, conv, _, _ = stage.layers
    text = TEXT["section: stage"].format(conv=conv, size=size, top=stage.top, map=stage.channel)
    magnified = TEXT["section: magnified"].format(size=size, stride=stride)
    return [
        Section("A deconvnet layer beside its convnet layer", text, draw(stage),
                alt=TEXT["alt: stage"]),
        Section("Unpooling, magnified", magnified, draw_magnified(stage),
                alt=TEXT["alt: magnified"])]
