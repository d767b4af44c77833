"""Table 3: what each part of the net is worth. The net without middle layers, without fully connected ones, without both, and wider.

Every variant is trained anew, from the same seeds and with the same recipe as the whole net.
"""
from typing import NamedTuple

import numpy as np

from .. import plots, runs, training
from ..page import Section
from .claims import NOT_TESTABLE, Claim, Report, spread, verdict


class Variant(NamedTuple):
    """A net of Table 3: a key, its name in the picture, arguments of models.labnet, how many seeds, the paper's validation error (%)."""
    key: str
    name: str
    variant: dict
    seeds: int
    paper: str


# The wide net is widened in the paper's proportions, 4/3, 8/3 and 2, rounded to eights; the paper's larger layers 6 and 7 are twice as large too.
VARIANTS = (
    Variant("full", "whole net", {}, 2, "38.4"),
    Variant("middle", "no layers 3, 4", {"middle": (48,)}, 2, "45.4"),
    Variant("hidden", "no layers 6, 7", {"hidden": ()}, 2, "44.8"),
    Variant("both", "no layers 3, 4, 6, 7", {"middle": (48,), "hidden": ()}, 2, "71.3"),
    Variant("fc", "layers 6, 7 of 512, not 256", {"hidden": (512, 512)}, 1, "38.8"),
    Variant("wide", "layers 3–5 of 88, 168, 96, not 64, 64, 48", {"middle": (88, 168, 96)}, 1, "37.5"))


class Row(NamedTuple):
    """What was measured of one variant: number of parameters, and errors, shares 0 … 1, of shape (seeds,)."""
    parameters: int
    train: np.ndarray
    test: np.ndarray


def compute(nets, train, test):
    """Train and test error of one variant.

    nets: its runs.Runs, one for each seed. train: the data.Dataset they were trained on, of which the tenth that a run held out is left
    out; as many as there are in `test`, evenly spread, are looked at. Returns a Row.
    """
    errors = [[], []]
    for run in nets:
        rows, _ = runs.hold_out(train.labels, np.random.default_rng(run.settings["seed"]))
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), len(test.labels))).astype(int)]
        for found, images, labels in zip(errors, (train.images[rows], test.images), (train.labels[rows], test.labels)):
            found.append(1 - training.accuracy(run.net, images, labels, run.prepare))
    return Row(sum(value.size for value in nets[0].net.parameters.values()), *map(np.array, errors))


def cost(rows, key):
    """How much the test error of a variant is above the whole net's, in shares, seed by seed: (seeds,)."""
    seeds = len(rows[key].test)
    return rows[key].test - rows["full"].test[:seeds]


def costs_much_together(rows):
    """For each seed: does leaving out both groups of layers cost more than twice what leaving out either of them costs?"""
    return cost(rows, "both") > 2 * np.maximum(0, np.maximum(cost(rows, "middle"), cost(rows, "hidden")))


def makes_little_difference(rows, key):
    """For each seed: does a variant change the test error by less than a tenth of the whole net's?"""
    return np.abs(cost(rows, key)) < 0.1 * rows["full"].test[:len(rows[key].test)]


def draw(rows):
    """Draw rows, {name: Row}: for each variant its test and train error, a faint mark per seed; returns a matplotlib figure."""
    with plots.style():
        figure = plots.figure(8.0, 0.9 + 0.36 * len(rows))
        axes = figure.subplots()
        for y, row in enumerate(rows.values()):
            for errors, marker, color, fill in ((row.test, "o", plots.BLUE, plots.BLUE), (row.train, "s", plots.ORANGE, "white")):
                if len(errors) > 1:
                    axes.plot(100 * errors, np.full(len(errors), y), marker, color=color, markerfacecolor=fill, markersize=4, alpha=0.5)
                label = ("test", "training")[marker == "s"] if y == 0 else None
                axes.plot(100 * errors.mean(), y, marker, color=color, markerfacecolor=fill, markersize=7.5, label=label, linestyle="none")
        axes.set_yticks(range(len(rows)), rows)
        axes.set(xlabel="error (%): mean of the seeds, and each seed small and faint", ylim=(len(rows) - 0.5, -0.5))
        axes.set_xlim(left=0)
        axes.grid(color="#e4e4e4", linewidth=0.8)
        axes.legend(loc="best", frameon=True, edgecolor="none")
    return figure


def reproduce(study):
    """Train the variants, those of most interest from two seeds; a Report."""
    rows = {}
    for v in VARIANTS:
        nets = [study.run_of("images", seed, variant=v.variant or None) for seed in study.seeds[:v.seeds]]
        rows[v.key] = compute(nets, study.train, study.test)
    def points(key):
        return spread(100 * cost(rows, key), ".1f", " points")
    claims = [
        Claim("Leaving out only the middle layers (3, 4) or only the fully connected ones (6, 7) costs little, leaving out both costs much "
              "(7.0 and 6.4 points against 32.9). Tested: more than twice as much as either",
              f"middle {points('middle')}, fully connected {points('hidden')}, both {points('both')}", verdict(costs_much_together(rows))),
        Claim("Changing the size of the fully connected layers makes little difference (38.4 → 38.8 %). Tested: less than a tenth of the error",
              f"{points('fc')}, a tenth of the error is {10 * rows['full'].test[:1].mean():.1f} points", verdict(makes_little_difference(rows, "fc"))),
        Claim("Wider convolutions 3–5 give a useful gain (38.4 → 37.5 %). Tested: the error falls", points("wide"),
              verdict(cost(rows, "wide") < 0)),
        Claim("The errors themselves, 38.4 % for the whole net and 40.5 % for the comparison network",
              "they belong to ImageNet 2012, which doesn't come with numpyzf", NOT_TESTABLE)]
    table = [("", "parameters", "training error", "test error", "paper, ImageNet validation error")]
    table += [(v.name, f"{row.parameters:,}", spread(100 * row.train, ".1f", " %"), spread(100 * row.test, ".1f", " %"), f"{v.paper} %")
              for v, row in zip(VARIANTS, rows.values())]
    named = {v.name: row for v, row in zip(VARIANTS, rows.values())}
    return Report(claims, [Section("Taking the net apart", TEXT, draw(named), table, "Training and test error of the net and its variants")])


TEXT = """Is a deep net good because it is deep, because it has so many weights, or because of one layer? One way to ask is to leave layers out, \
or to widen them, and to train again from the beginning. Blue dots are the errors on test images, open orange squares those on training images. \
A dot far right of the first row: what was left out was needed. A gap between square and dot: the net knows its training images better than the \
task (overfitting).

In the paper's net most weights are in the fully connected layers 6 and 7, yet leaving them out costs little, and so does leaving out the \
convolutions 3 and 4. Leaving out all four costs much: it is the depth that counts, more than any of its layers. Where images are so simple that four layers are enough for them, depth can't show \
what it is worth.

Differences between two nets of one row, which differ in their seed only, show how much is chance."""
