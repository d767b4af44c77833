"""What limits.py measured, in sentences and tables.

A projection is called “lost” where the similarity that is left is nearer to that of the same unit's picture for another image than to 1.
"""
import numpy as np

from . import limits_draw
from .limits_draw import RULES as NAMES
from .claims import Claim, spread, verdict

RANK, COSINE = 0, 1         # the first axis of similarities


def claims(results):
    """What one would hope of a projection, and what is so, for a list of Limits, one per net."""
    another = _means(r.top.another for r in results)
    full = [sum(name.startswith("fc") for name in r.top.steps) - 1 for r in results]
    found = [
        _lost("a class score showed what the fully connected layers learned, it would be lost with noise for all weights of fc6 to fc8",
              _means(r.top.together[:, :, i] for r, i in zip(results, full)), another),
        _lost("a class score showed what the net learned, it would be lost with noise for all weights",
              _means(r.top.together[:, :, -1] for r in results), another),
        _lost("the strongest unit of conv5 showed what conv1 to conv5 learned, it would be lost with noise for all their weights",
              _means(r.middle.together[:, :, -1] for r in results), _means(r.middle.another for r in results)),
        _lost("a class score showed what speaks for this class, that of another class would be another picture",
              _means(r.classes for r in results), another)]
    return [claim for pair in found for claim in pair] + _on_ways(results, another) + [_on_objects(results)]


def _means(similarities):
    """Means over images, (seeds, 2, rules)."""
    return np.stack([each.mean(axis=-1) for each in similarities])


def lost(left, another):
    """Is the similarity that is left nearer to that for another image than to 1?"""
    return left < (1 + another) / 2


def _lost(text, left, another):
    """Two claims, on the deconvnet and on guided backpropagation. left, another: similarities (seeds, 2, rules)."""
    found = []
    for rule in "deconvnet", "guided":
        i = NAMES.index(rule)
        measured = (f"Rank correlation left: {spread(left[:, RANK, i])}; for another image: {spread(another[:, RANK, i])}. "
                    f"Cosine: {spread(left[:, COSINE, i])}; {spread(another[:, COSINE, i])}.").replace("-0.00", "0.00")
        found.append(Claim(f"(Not in the paper.) If a {rule} projection of {text}.", measured,
                           verdict(lost(left[:, RANK, i], another[:, RANK, i]))))
    return found


def _on_ways(results, another):
    left, other = _means(r.way_original for r in results), another[:, RANK, NAMES.index("deconvnet")]       # (seeds, 2, ways)
    without, noise = left[:, RANK, 1], left[:, RANK, 2]
    start, beside = "(Not in the paper.) If a deconvnet projection came from the weights, it would ", f"for another image: {spread(other)}."
    return [Claim(start + "be lost with noise for those of the way down, switches kept.",
                  f"Rank correlation left: {spread(noise)}; {beside}", verdict(lost(noise, other))),
            Claim(start + "not be lost without the switches.",
                  f"Rank correlation left: {spread(without)}; {beside}", verdict(~lost(without, other)))]


def _on_objects(results):
    """Is the projection on the object because of what was learned?"""
    trained, noise = (np.array([r.top.inside[NAMES.index("deconvnet"), i].mean() for r in results]) for i in (0, -1))
    area, border = _area_and_edges(results)
    return Claim("(Not in the paper.) If a deconvnet projection lies on the object because the net has learned the object, that of a net "
                 "of noise lies there much less: its share of energy on the object is nearer to the object's share of the image.",
                 f"On the object: trained {_percent(trained)}, noise {_percent(noise)}; the image's edges, without any net, "
                 f"{_percent(border)}; the object is {_percent(area)} of the image.", verdict(noise < (trained + area) / 2))


def _area_and_edges(results):
    """Per seed: the share of the image that is object, and the share of its edges' energy that lies there."""
    return np.array([r.masks.mean() for r in results]), np.array([r.edge_inside.mean() for r in results])


def _percent(values):
    return spread([100 * value for value in values], ".0f", " %")


# ---- tables ---------------------------------------------------------------------------------------------------------

def layers(results):
    """Rows of a table: similarity of class scores' projections by what is noise, rank correlation and cosine, means over nets."""
    steps = results[0].top.steps
    return [("noise for the weights of", *(f"{rule}: rank, cosine" for rule in NAMES)),
            *((f"fc8 … {step}" if i else step, *_both(_means(r.top.together[:, :, i] for r in results))) for i, step in enumerate(steps)),
            ("nothing, but another image", *_both(_means(r.top.another for r in results)))]


def classes(results):
    """Rows of a table: similarity of the true class's projection with others."""
    return [("compared with", *(f"{rule}: rank, cosine" for rule in NAMES)),
            ("another class", *_both(_means(r.classes for r in results))),
            ("noise for fc8", *_both(_means(r.top.alone[:, :, 0] for r in results))),
            ("another image", *_both(_means(r.top.another for r in results)))]


def _both(means):
    return [f"{rank:.2f}, {cosine:.2f}".replace("-0.00", "0.00").replace("-", "−") for rank, cosine in means.mean(axis=0).T]


def rules(results):
    """Rows of a table of the eight rules: mean over images, with the deviation over nets."""
    rows = [("rule", "forward mask", "switches", "backward ReLU", "rank correlation with the image's edges", "energy on the object")]
    for i, rule in enumerate(limits_draw.EIGHT):
        rows.append((limits_draw.name(rule), *("yes" if choice else "no" for choice in rule),
                     spread([r.rule_edges[i].mean() for r in results]), _percent([r.rule_inside[i].mean() for r in results])))
    area, border = _area_and_edges(results)
    return [*rows, ("the image's edges", "", "", "", "1", _percent(border)), ("all pixels alike", "", "", "", "", _percent(area))]
