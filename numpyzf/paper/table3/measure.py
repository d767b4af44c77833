"""The numbers of Table 3: the variants, their errors, and what leaving out a part costs."""
from typing import NamedTuple

import numpy as np

from ...data.preprocess import Prepared
from ...runs import hold_out
from ..claims import counted


class Variant(NamedTuple):
    """One net of Table 3."""
    key: str        # by which claims ask for it
    name: str       # in the picture and the table
    arguments: dict     # of models.labnet
    paper: str      # validation error (%) in the paper; that of the net it was made from first


# The paper took layers out of its replica of the comparison network (40.5 %), and widened its own
# net (38.4 %): two baselines. Here every variant is made from one net.
# The wide net has the paper's proportions, 4/3, 8/3 and 2, rounded to eights. The paper's larger
# layers 6 and 7 are twice as large, too.
VARIANTS = (
    Variant("full", "whole net", {}, "replica 40.5 %; its own net 38.4 %"),
    Variant("middle", "no layers 3, 4", {"middle": (48,)}, "replica 40.5 → 45.4 %"),
    Variant("seven", "no layer 7", {"hidden": (256,)}, "replica 40.5 → 40.0 %"),
    Variant("hidden", "no layers 6, 7", {"hidden": ()}, "replica 40.5 → 44.8 %"),
    Variant("both", "no layers 3, 4, 6, 7", {"middle": (48,), "hidden": ()},
            "replica 40.5 → 71.3 %"),
    Variant("fc", "layers 6, 7 of 512, not 256", {"hidden": (512, 512)}, "own net 38.4 → 38.8 %"),
    Variant("wide", "layers 3–5 of 88, 168, 96, not 64, 64, 48", {"middle": (88, 168, 96)},
            "own net 38.4 → 37.5 %"))


class Row(NamedTuple):
    """What was measured of one variant."""
    parameters: int         # how many
    train: np.ndarray       # (seeds,), errors on training images, shares 0 … 1
    wrong: np.ndarray       # bool (seeds, images), the test images that a net gets wrong

    @property
    def test(self):
        """Errors on test images (seeds,), shares 0 … 1."""
        return self.wrong.mean(axis=1)


def measure(runs, train, test):
    """Training and test error of one variant.

    runs: a list of runs.Run, one for each seed.
    train: the data.Dataset they were trained on. The tenth that a run held out is left out. Of the
    rest, as many images as there are in `test`, evenly spread, are looked at.
    test: a data.Dataset.
    Returns a Row.
    """
    train_errors, wrong_tests = [], []
    for run in runs:
        rows, _ = hold_out(train.labels, np.random.default_rng(run.settings["seed"]))
        count = min(len(rows), len(test.labels))
        rows = rows[np.linspace(0, len(rows) - 1, count).astype(int)]
        train_errors.append(wrong(run, train.images[rows], train.labels[rows]).mean())
        wrong_tests.append(wrong(run, test.images, test.labels))
    parameters = sum(value.size for value in runs[0].net.parameters.values())
    return Row(parameters, np.array(train_errors), np.array(wrong_tests))


def wrong(run, images, labels):
    """Which images a run's net gets wrong: bool (N,)."""
    return run.net.predict(Prepared(images, run.prepare)).argmax(axis=1) != labels


def cost(rows, key):
    """How much higher the test error of a variant is than the whole net's, seed by seed.

    rows: {key: Row}.
    key: of the variant.
    Returns shares (seeds,).
    """
    return cost_by_image(rows, key).mean(axis=1)


def cost_by_image(rows, key):
    """The same image by image, −1, 0 or 1: (seeds, images)."""
    return rows[key].wrong.astype(int) - rows["full"].wrong


# ---- what the claims rest on: above zero where they are right -----------------------------------

def both_cost_much(rows):
    """Does leaving out both groups of layers cost much? A list of Effect.

    Much is more than twice what leaving out either of them costs, and more than nothing.
    """
    both = cost_by_image(rows, "both")
    return [counted(both), *(counted(both - 2 * cost_by_image(rows, key))
                             for key in ("middle", "hidden"))]


def makes_little_difference(rows, key):
    """Is the test error of a variant nearly the whole net's? A list of Effect.

    Nearly is: the difference, either way, is less than a tenth of it.
    """
    difference, tenth = cost_by_image(rows, key), 0.1 * rows["full"].wrong
    return [counted(tenth - difference), counted(tenth + difference)]


def helps(rows, key):
    """Is the test error of a variant lower than the whole net's? A list of Effect."""
    return [counted(-cost_by_image(rows, key))]
