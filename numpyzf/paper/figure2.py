"""Figure 2: what the layers look for; scored where the truth is known."""
import copy

import numpy as np

from ..look.many import top_activations
from ..page import Section
from ..runs import Run
from ..tour import features
from ..training import Prepared
from . import figure2_claims, figure2_score
from .claims import Report


def reproduce(study):
    """Figure 2 of the paper on the study's images and on scenes, where it is scored, also with nets that have learned nothing yet."""
    scores, sections = {"images": [], "scenes": [], "untrained": []}, []
    for kind, images, scenes in ("images", study.test, None), ("scenes", study.test_scenes, study.test_scenes):
        for seed in study.seeds:
            study.report(f"  strongest images of every map: {kind}, seed {seed}")
            run = study.run_of(kind, seed)
            found = list(_layers(run, images, scenes))
            scores[kind].append([score for _, score in found])
            if scenes:
                untrained = copy.deepcopy(run.net).initialize(np.random.default_rng(seed))
                scores["untrained"].append([score for _, score in _layers(Run(untrained, run.prepare, run.classes), images, scenes)])
            if seed == study.seeds[0]:
                sections += [_section(run.net, result, kind) for result, _ in found if kind == "images" or result.layer > "conv2"]
    return Report(figure2_claims.claims(scores), sections + figure2_claims.sections(scores))


def _layers(run, images, scenes):
    """Of every convolution: the four most active maps, to be shown, and the score of all maps."""
    for layer, top in top_activations(run.net, Prepared(images.images, run.prepare), run.net.convolutions).items():
        result = features.measure(run, images.images, layer, channels=np.arange(len(top.values)), top=top)
        score = figure2_score.compute(result, run.net.receptive_field(layer), images.labels, np.random.default_rng(0), scenes=scenes)
        rows = features.most_active(result.values)[:4]
        yield features.Features(layer, *(x[rows] for x in result[1:])), score


def _section(net, result, kind):
    size, (_, height, width) = net.receptive_field(result.layer).size, net.input_shape
    sees = f"{size}×{size} pixels" + (", more than the whole image" if size > max(height, width) else f" of {height}×{width}")
    where = {"images": "the test images", "scenes": "rendered scenes"}[kind]
    text = MAPS.format(layer=result.layer, where=where, sees=sees, count=len(result.channels))
    if (kind, result.layer) in NOTES:
        text += "\n\n" + NOTES[kind, result.layer]
    return Section(f"{result.layer} on {where}", text, features.draw(result),
                   alt=f"Maps {', '.join(map(str, result.channels))} of {result.layer}: nine projections beside nine image patches each")


MAPS = """The {count} most active maps of {layer}. At the right of each block are the nine patches of {where} that fire the map most, \
strongest first, and at its left the projections of these nine activations. A unit of this layer sees {sees}."""

NOTES = {
    ("images", "conv1"): """How to read it: a projection is no picture the net has made up. It is the part of this one image that fired \
the unit; mid-gray pixels played no part. Look for what the nine have in common. Where the patches differ and the projections don't, the \
map has learned to ignore the difference. White is outside of the image, or of what the unit can see.

In this first layer the nine projections of a map are the same, its filter. From the second layer on they follow the image.""",
    ("images", "conv2"): """Here the switches of the first pool decide where the filters of conv1 are laid down, so the nine begin to \
differ: corners, crossings and pairs of edges, each in its own place.""",
    ("images", "conv5"): """The last convolution. Its units see the whole image, and the nine may stand in different places of it. \
Ask of each map: are the nine of one class? Of one outline, or of one detail that several classes share? The table further down \
counts it.""",
    ("scenes", "conv3"): """Scenes are drawn by a program: one object made of known parts, in front of a random background with random \
clutter. That is why on them the pictures can be scored, and not only admired.""",
}
