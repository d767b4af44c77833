"""Verdicts and choices of images on hand-made results of Figure 5."""
import numpy as np
import pytest

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from numpyzf.paper.figure5 import report
from numpyzf.paper.figure5.measure import Figure5, Sweep


def test_images_class_by_class():
    labels = np.array([2, 2, 2, 0, 1, 0, 2, 1])
    assert report.class_by_class(labels, 2, most=9).tolist() == [3, 4, 0, 5, 7, 1]
    assert report.class_by_class(labels, 3, most=7).tolist() == [3, 4, 0, 5, 7, 1, 2]
    assert report.class_by_class(labels, 3, most=2).tolist() == [3, 4]


def test_images_to_show():
    labels, right = np.array([0, 0, 1, 1, 2]), np.array([False, True, False, False, True])
    assert report.images_to_show(labels, right, [2, 0, 1]) == [4, 1, 2]


def test_values_spread_out():
    assert report.spread_out(np.arange(10), 4).tolist() == [0, 3, 6, 9]
    assert report.spread_out(np.arange(2), 4).tolist() == [0, 1]


def sweep(amounts, sizes, first, last, kept):
    """Three images at three amounts, the first of which does nothing.

    The features jump by `first`, and go by `last` for each unit of size. The first image's
    probability stays 1, that of the others falls to `kept`, and with it the answers, if it is below
    a half.
    """
    sizes, rest = np.array(sizes, float), [1, kept, kept]
    return Sweep(np.array(amounts), sizes, first=np.multiply.outer(sizes > 0, [first] * 3),
                 last=np.multiply.outer(sizes, [last] * 3),
                 probability=np.array([[1] * 3, rest, rest]),
                 right=np.array([[True] * 3, [True] + [kept > 0.5] * 2, [True] + [kept > 0.5] * 2]))


def result(shift_first=0.5, scale_first=0.1, turned=0.1, shifted=1):
    return Figure5(np.zeros((3, 1, 4, 4), np.uint8), np.array([0, 3, 3]), ("norm1", "relu7"), {
        "translation": sweep([0, 1, 2], [0, 1, 2], shift_first, 0.1, shifted),
        "scale": sweep([1, 1.05, 1.1], [0, 0.05, 0.1], scale_first, 1, 1),
        "rotation": sweep([0, 10, 20], [0, 10, 20], 1, 1, turned)})


BEFORE = result(shift_first=0.1, scale_first=0.05)      # both layers move alike


def verdicts(*results, symmetric=(0,), before=BEFORE):
    found = report.claims_on(results, "here", symmetric, [before] * len(results))
    return [claim.verdict for claim in found]


def test_ideal_nets_hold_but_for_what_three_images_leave_open():
    """Two of three answers fall under rotation: of so few images that is within the noise."""
    good = result()
    assert verdicts(good, good) == [HOLDS] * 3 + [NOT_DECIDED, HOLDS]
    assert len(verdicts(good, symmetric=None)) == 4


def many(result):
    """The same with each image a hundred times."""
    def repeated(sweep):
        return Sweep(sweep.amounts, sweep.sizes, *(np.repeat(x, 100, axis=1) for x in sweep[2:]))
    return result._replace(labels=np.repeat(result.labels, 100), sweeps={
        name: repeated(own) for name, own in result.sweeps.items()})


@pytest.mark.parametrize("change, number", [
    ({"shift_first": 0.05}, 0), ({"scale_first": 0.04}, 0), ({"shifted": 0.4}, 2),
    ({"turned": 0.9}, 4)], ids=str)
def test_each_claim_falls_with_its_own_number_and_one_seed_leaves_it_open(change, number):
    good, bad = many(result()), many(result(**change))
    assert verdicts(good, good) == [HOLDS] * 5
    assert verdicts(bad, bad)[number] == DOES_NOT_HOLD
    assert verdicts(good, bad)[number] == NOT_DECIDED


def test_the_last_layer_that_goes_another_way_than_a_line():
    good = result()
    for name, factor in [("translation", 1), ("scale", 0.1)]:
        last = factor * np.array([[0] * 3, [0.3] * 3, [0.3] * 3])
        bent = good._replace(sweeps={**good.sweeps, name: good.sweeps[name]._replace(last=last)})
        assert verdicts(bent, bent)[1] == DOES_NOT_HOLD
        assert verdicts(good, bent)[1] == NOT_DECIDED


def test_seventy_nine_of_a_hundred_against_eighty_is_not_decided():
    """Each image keeps its answer or loses it: 79 of 100 keep it when shifted."""
    keeps = np.arange(100) < 79
    right = np.array([[True] * 100, keeps, keeps])
    good = many(result())
    own = {name: Sweep(old.amounts, old.sizes, *(x[:, :100] for x in old[2:5]),
                       right if name == "translation" else np.ones((3, 100), bool))
           for name, old in good.sweeps.items()}
    found = good._replace(labels=good.labels[:100], sweeps=own)
    assert verdicts(found, found)[2] == NOT_DECIDED


def test_what_small_changes_do_before_training_was_not_learned():
    good = result()
    assert verdicts(good, good, before=good)[0] == NOT_DECIDED
    claim, *_ = report.claims_on([good, good], "here")
    assert claim.verdict == NOT_DECIDED and "before its training" in claim.measured


def test_a_net_that_gives_one_answer_to_all_is_not_stable():
    """It is right about one image of three, whatever is done to it."""
    same = result(turned=0.9)
    right = np.array([[True, False, False]] * 3)
    dull = same._replace(sweeps={name: own._replace(right=right)
                                 for name, own in same.sweeps.items()})
    assert verdicts(dull, dull)[2:] == [NOT_DECIDED] * 3
    assert "nothing to measure" in report.claims_on([dull, dull], "here")[2].measured


def test_what_was_measured_is_said():
    claims = report.claims_on([result(), result(scale_first=0.3)], "here", (0,), [BEFORE] * 2)
    small, linear, stable, less, symmetric = (claim.measured for claim in claims)
    assert small.startswith(
        "relative change, 1 = distance of two different images; 1.0 px: first layer 0.50, last "
        "0.10, before training 0.10 and 0.10; 5 % larger: first 0.20 ± 0.14, last 0.05, before "
        "training 0.05 and 0.05; mean of 3 images (2 seeds).")
    assert linear.startswith("R² of a line through the origin: translation 1.00, scale 1.00 "
                             "(before training 1.00 and 1.00); first layer")
    assert stable.startswith("answers that stay right, mean over the range: translation 100 %, "
                             "scale 100 %, rotation 33 % (2 seeds).") and less[:80] == stable[:80]
    assert "wheel" in symmetric and " 100 %, others 10 % (2 seeds)." in symmetric
    assert [claim.on for claim in claims] == ["here"] * 5
    assert "R² ≥ 0.9" in claims[1].paper and "80% of right answers" in claims[2].paper


def test_the_table():
    head, *rows = report.table([result()])
    assert head[1:3] == ("smallest step, norm1", "smallest step, relu7")
    assert rows == [("translation (1.0 px)", "0.50", "0.10", "100 %"),
                    ("scale (5 %)", "0.10", "0.05", "100 %"),
                    ("rotation (10°)", "1.00", "10.00", "33 %")]
