"""Table 3 with a net that looks at one pixel, on images that it is right about by construction.

The claims are tested on errors made up.
"""
import numpy as np
import pytest

from numpyzf import data
from numpyzf.data.preprocess import Preparation
from numpyzf.layers import Flatten, Linear
from numpyzf.models import labnet
from numpyzf.network import Network
from numpyzf.paper.claims import (DOES_NOT_HOLD, HOLDS, NOT_DECIDED, NOT_TESTABLE,
                                  verdict_of_all)
from numpyzf.paper.table3 import draw, measure, report
from numpyzf.paper.table3.measure import VARIANTS, Row
from numpyzf.runs import Run, hold_out

pytestmark = pytest.mark.small
CLASSES = ("dark", "bright")


def right_when_bright(seed):
    """A run whose net says class 1 for an image with a bright first pixel, else class 0."""
    net = Network([("flatten", Flatten()), ("fc8", Linear(4, 2))], (1, 2, 2))
    net.layers["fc8"].params["w"][1, 0] = 1
    prepare = Preparation(np.full((1, 2, 2), 100, np.float32), 1.0, 2, 0, False)
    return Run(net, prepare, CLASSES, [], {"seed": seed})


def images(labels, wrong=()):
    """A Dataset whose first pixel tells the class, but for the rows in `wrong`."""
    pixels = np.full((len(labels), 1, 2, 2), 100, np.uint8)
    pixels[:, 0, 0, 0] = np.where(labels == 1, 150, 50)
    pixels[list(wrong), 0, 0, 0] = 200 - pixels[list(wrong), 0, 0, 0]
    return data.Dataset(pixels, np.asarray(labels), CLASSES)


# ---- errors ---------------------------------------------------------------------------------

def test_errors_of_a_net_on_images_it_is_right_about_by_construction():
    """It errs on all that its own training held out, which must not count.

    It also errs on a fifth of the test images.
    """
    labels = np.arange(100) % 2
    runs = [right_when_bright(0), right_when_bright(3)]
    held = [hold_out(labels, np.random.default_rng(seed))[1] for seed in (0, 3)]
    assert len(held[0]) == 10 and set(held[0]) != set(held[1])
    test = images(np.arange(95) % 2, wrong=range(19))
    row = measure.measure(runs[:1], images(labels, wrong=held[0]), test)
    assert row.parameters == 10
    np.testing.assert_allclose([row.train, row.test], [[0], [0.2]])
    row = measure.measure(runs, images(labels, wrong=held[1]), test)
    shown_to_the_first = set(held[1]) - set(held[0])
    assert row.train[0] == pytest.approx(len(shown_to_the_first) / 90) and row.train[1] == 0
    np.testing.assert_allclose(row.test, [0.2, 0.2])


def test_as_many_training_images_as_there_are_test_images_are_looked_at():
    labels = np.arange(200) % 2
    rows = hold_out(labels, np.random.default_rng(0))[0]
    seen = rows[[0, 59, 119, 179]]                          # evenly spread over 180
    test = images(np.array([0, 1, 0, 1]))
    assert measure.measure([right_when_bright(0)], images(labels, wrong=seen), test).train == [1]


def test_every_variant_is_a_net_of_the_right_layers():
    numbers = {}
    for variant in VARIANTS:
        names = labnet(**variant.arguments).layers
        numbers[variant.key] = "".join(n[-1] for n in names if n.startswith(("conv", "fc")))
    assert numbers == {"full": "12345678", "middle": "125678", "seven": "1234568",
                       "hidden": "123458", "both": "1258", "fc": "12345678", "wide": "12345678"}


# ---- costs ----------------------------------------------------------------------------------

def wrongs(errors, count, rng):
    """bool (seeds, count): so large a share of the images wrong, each seed with its own."""
    return np.array([rng.permutation(count) < round(error * count) for error in errors])


def table(full, middle, hidden, both, fc=0.2, wide=0.2, count=20_000):
    """{key: Row} of these test errors, a number or one for each seed; two seeds at least."""
    tests = {"full": full, "middle": middle, "seven": full, "hidden": hidden, "both": both,
             "fc": fc, "wide": wide}
    seeds, rng = max(2, *(np.size(test) for test in tests.values())), np.random.default_rng(0)
    return {key: Row(1000, np.full(seeds, 0.5), wrongs(np.zeros(seeds) + test, count, rng))
            for key, test in tests.items()}


@pytest.mark.parametrize("both, verdict", [(0.38, HOLDS), (0.36, HOLDS), (0.32, DOES_NOT_HOLD),
                                           (0.1, DOES_NOT_HOLD), (0.341, NOT_DECIDED)])
def test_what_costs_much(both, verdict):
    """Twice the larger of 3 and 7 points is 14: more than 34 % of error is much."""
    assert verdict_of_all(measure.both_cost_much(table(0.2, 0.23, 0.27, both))) == verdict
    assert verdict_of_all(measure.both_cost_much(table(0.2, 0.27, 0.23, both))) == verdict


def test_where_less_is_better_both_must_still_cost_something():
    assert verdict_of_all(measure.both_cost_much(table(0.2, 0.1, 0.1, 0.18))) == DOES_NOT_HOLD
    assert verdict_of_all(measure.both_cost_much(table(0.2, 0.1, 0.1, 0.22))) == HOLDS


def test_costs_are_counted_seed_by_seed():
    rows = table([0.2, 0.3], [0.25, 0.29], 0.27, [0.5, 0.5])
    np.testing.assert_allclose(measure.cost(rows, "middle"), [0.05, -0.01])


@pytest.mark.parametrize("fc, verdict", [
    (0.21, HOLDS), (0.19, HOLDS), (0.23, DOES_NOT_HOLD), (0.17, DOES_NOT_HOLD),
    (0.2195, NOT_DECIDED), (0.1805, NOT_DECIDED)])
def test_what_makes_little_difference(fc, verdict):
    rows = table(0.2, 0.2, 0.2, 0.2, fc)
    assert verdict_of_all(measure.makes_little_difference(rows, "fc")) == verdict


# ---- claims, the table, the picture ---------------------------------------------------------

HOLDING = {"full": [0.2, 0.24, 0.22], "middle": [0.25, 0.29, 0.27], "hidden": [0.21, 0.25, 0.23],
           "both": 0.5, "fc": [0.201, 0.241, 0.221], "wide": [0.19, 0.23, 0.21]}


@pytest.mark.parametrize("numbers, verdicts", [
    ({}, [HOLDS, HOLDS, HOLDS]),
    ({"both": 0.28}, [DOES_NOT_HOLD, HOLDS, HOLDS]),
    ({"both": [0.5, 0.5, 0.2]}, [NOT_DECIDED, HOLDS, HOLDS]),       # not with the third seed
    ({"fc": 0.3}, [HOLDS, DOES_NOT_HOLD, HOLDS]),
    ({"fc": [0.201, 0.27, 0.221]}, [HOLDS, NOT_DECIDED, HOLDS]),
    ({"wide": [0.21, 0.25, 0.23]}, [HOLDS, HOLDS, DOES_NOT_HOLD]),
    ({"wide": [0.19, 0.25, 0.21]}, [HOLDS, HOLDS, NOT_DECIDED])])
def test_the_claims(numbers, verdicts):
    *claims, known = report.claims(table(**HOLDING | numbers))
    assert [claim.verdict for claim in claims] == verdicts and known.verdict == NOT_TESTABLE
    assert claims[0].measured.startswith("middle 5.0 points, fully connected 1.0 points, both")
    assert "(3 seeds)." in claims[0].measured
    assert "a tenth of the error is 2.2 points (3 seeds)." in claims[1].measured


def test_three_images_of_two_thousand_are_no_gain():
    """0.2 points less with each seed: the same once more would take more test images."""
    numbers = HOLDING | {"wide": [0.198, 0.238, 0.218]}
    assert report.claims(table(**numbers))[2].verdict == NOT_DECIDED
    found = report.claims(table(**numbers, count=2000))[2]
    assert found.verdict == NOT_DECIDED and "on 2,000 test images" in found.measured
    assert "times the images" in found.measured
    assert report.claims(table(**numbers, count=200_000))[2].verdict == HOLDS


def test_one_net_twice_is_no_gain():
    """Variants that are the whole net with other seeds: nothing is decided in their favor."""
    errors = np.random.default_rng(0).normal(0.1, 0.005, (6, 3))
    keys = ("full", "middle", "hidden", "both", "fc", "wide")
    found = report.claims(table(**dict(zip(keys, errors)), count=2000))
    assert [claim.verdict for claim in found[:3]] == [NOT_DECIDED] * 3


def test_the_table_says_from_which_net_the_paper_made_a_variant():
    """It took layers out of the comparison network (40.5 %), and widened its own net (38.4 %)."""
    head, *rows = report.table(table([0.2, 0.3], 0.2, 0.2, 0.2))
    assert head == ("", "parameters", "training error", "test error",
                    "paper, ImageNet validation error")
    assert rows[0] == ("whole net", "1,000", "50.0 %", "25.0 ± 7.1 %",
                       "replica 40.5 %; its own net 38.4 %")
    assert [row[-1] for row in rows[1:]] == [
        "replica 40.5 → 45.4 %", "replica 40.5 → 40.0 %", "replica 40.5 → 44.8 %",
        "replica 40.5 → 71.3 %", "own net 38.4 → 38.8 %", "own net 38.4 → 37.5 %"]


def test_the_picture(rng):
    rows = {"whole net": Row(10, np.array([0.1, 0.12]), wrongs([0.2, 0.24], 50, rng)),
            "less": Row(5, np.array([0.3]), wrongs([0.4], 50, rng))}
    axes, = draw.draw(rows).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["whole net", "less"]
    assert axes.get_xlabel().startswith("error (%)")
    large = [line.get_xdata()[0] for line in axes.lines if line.get_markersize() == 7.5]
    np.testing.assert_allclose(large, [22, 11, 40, 30])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["test", "training"]
