"""The numbers of Table 3: the variants, their errors, and what leaving out a part costs."""
from typing import NamedTuple

import numpy as np

from ... import training
from ...runs import hold_out


class Variant(NamedTuple):
    """One net of Table 3."""
    key: str        # by which claims ask for it
    name: str       # in the picture and the table
    arguments: dict     # of models.labnet
    seeds: int      # how many nets are trained
    paper: str      # validation error (%) in the paper; that of the net it was made from first


# The paper took layers out of the comparison network (40.5 %), and widened its own net (38.4 %).
# The wide net has the paper's proportions, 4/3, 8/3 and 2, rounded to eights. The paper's larger
# layers 6 and 7 are twice as large, too.
VARIANTS = (
    Variant("full", "whole net", {}, 2, "38.4 %"),
    Variant("middle", "no layers 3, 4", {"middle": (48,)}, 2, "40.5 → 45.4 %"),
    Variant("hidden", "no layers 6, 7", {"hidden": ()}, 2, "40.5 → 44.8 %"),
    Variant("both", "no layers 3, 4, 6, 7", {"middle": (48,), "hidden": ()}, 2, "40.5 → 71.3 %"),
    Variant("fc", "layers 6, 7 of 512, not 256", {"hidden": (512, 512)}, 1, "38.4 → 38.8 %"),
    Variant("wide", "layers 3–5 of 88, 168, 96, not 64, 64, 48", {"middle": (88, 168, 96)}, 1,
            "38.4 → 37.5 %"))


class Row(NamedTuple):
    """What was measured of one variant."""
    parameters: int         # how many
    train: np.ndarray       # (seeds,), errors on training images, shares 0 … 1
    test: np.ndarray        # (seeds,), errors on test images, shares 0 … 1


def measure(runs, train, test):
    """Training and test error of one variant.

    runs: a list of runs.Run, one for each seed.
    train: the data.Dataset they were trained on. The tenth that a run held out is left out. Of the
    rest, as many images as there are in `test`, evenly spread, are looked at.
    test: a data.Dataset.
    Returns a Row.
    """
    train_errors, test_errors = [], []
    for run in runs:
        rows, _ = hold_out(train.labels, np.random.default_rng(run.settings["seed"]))
        count = min(len(rows), len(test.labels))
        rows = rows[np.linspace(0, len(rows) - 1, count).astype(int)]
        train_errors.append(error(run, train.images[rows], train.labels[rows]))
        test_errors.append(error(run, test.images, test.labels))
    parameters = sum(value.size for value in runs[0].net.parameters.values())
    return Row(parameters, np.array(train_errors), np.array(test_errors))


def error(run, images, labels):
    """The share of images that a run's net gets wrong."""
    return 1 - training.accuracy(run.net, images, labels, run.prepare)


def cost(rows, key):
    """How much higher the test error of a variant is than the whole net's, seed by seed.

    rows: {key: Row}.
    key: of the variant.
    Returns shares (seeds,).
    """
    return rows[key].test - _whole_net(rows, key)


def both_cost_much(rows):
    """For each seed: does leaving out both groups of layers cost much?

    Much is more than twice what leaving out either of them costs.
    """
    dearer = np.maximum(cost(rows, "middle"), cost(rows, "hidden"))
    return cost(rows, "both") > 2 * np.maximum(0, dearer)


def makes_little_difference(rows, key):
    """For each seed: is the test error of a variant nearly the whole net's?

    Nearly is: the difference is less than a tenth of it.
    """
    return np.abs(cost(rows, key)) < 0.1 * _whole_net(rows, key)


def _whole_net(rows, key):
    """Test errors of the whole net, of the seeds that a variant was trained from."""
    return rows["full"].test[:len(rows[key].test)]
