"""Verdicts and choices of images on hand-made results of Figure 5."""
import numpy as np

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS
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


def sweep(amounts, sizes, first, last, turned):
    """Two images at three amounts, the first of which does nothing.

    The features jump by `first`, and go by `last` for each unit of size. The second image's
    probability falls from 1 to `turned`.
    """
    sizes = np.array(sizes, float)
    return Sweep(np.array(amounts), sizes, first=np.multiply.outer(sizes > 0, [first, first]),
                 last=np.multiply.outer(sizes, [last, last]),
                 probability=np.array([[1, 1], [1, turned], [1, turned]]),
                 right=np.array([[True, True], [True, turned > 0.5], [True, turned > 0.5]]))


def result(scale_first=0.1, turned=0.1, shifted=1):
    return Figure5(np.zeros((2, 1, 4, 4), np.uint8), np.array([0, 3]), ("norm1", "relu7"), {
        "translation": sweep([0, 1, 2], [0, 1, 2], 0.5, 0.1, shifted),
        "scale": sweep([1, 1.05, 1.1], [0, 0.05, 0.1], scale_first, 1, 1),
        "rotation": sweep([0, 10, 20], [0, 10, 20], 1, 1, turned)})


def verdicts(results, symmetric=(0,)):
    return [claim.verdict for claim in report.claims_on(results, "here", symmetric)]


def test_claims_are_judged_for_every_seed():
    """The first layer jumps, the last one follows a line.

    With a bad seed a small scale moves the last layer more, and rotation does no harm.
    """
    good, bad = result(), result(scale_first=0.04, turned=0.9)
    assert verdicts([good, good]) == [HOLDS] * 4
    assert verdicts([good, bad]) == [DOES_NOT_HOLD, HOLDS, DOES_NOT_HOLD, DOES_NOT_HOLD]
    assert len(verdicts([good], symmetric=None)) == 3


def test_each_claim_falls_with_its_own_number():
    good = result()
    for name, factor in [("translation", 1), ("scale", 0.1)]:
        last = factor * np.array([[0, 0], [0.3, 0.3], [0.3, 0.3]])
        bent = good._replace(sweeps={**good.sweeps, name: good.sweeps[name]._replace(last=last)})
        assert verdicts([good, bent]) == [HOLDS, DOES_NOT_HOLD, HOLDS, HOLDS]
    unstable = result(shifted=0.4)          # half of the answers stay right, as under rotation
    assert verdicts([unstable]) == [HOLDS, HOLDS, DOES_NOT_HOLD, HOLDS]
    assert verdicts([good], symmetric=(3,)) == [HOLDS, HOLDS, HOLDS, DOES_NOT_HOLD]


def test_what_was_measured_is_said():
    claims = report.claims_on([result(), result(scale_first=0.3)], "here", (0,))
    small, linear, stable, symmetric = (claim.measured for claim in claims)
    assert small == ("relative change, 1 = distance of two different images; 1.0 px: first layer "
                     "0.50 ± 0.00 (2 seeds), last 0.10 ± 0.00 (2 seeds); 5 % larger: first "
                     "0.20 ± 0.14 (2 seeds), last 0.05 ± 0.00 (2 seeds); mean of 2 images")
    assert linear.startswith("R² of a line through the origin: translation 1.00 ± 0.00 (2 seeds)")
    assert "translation 100 ± 0 % (2 seeds), scale 100 ± 0 % (2 seeds), rotation 50 ± 0 %" in stable
    assert "wheel" in symmetric and symmetric.endswith(
        " 100 ± 0 % (2 seeds), others 10 ± 0 % (2 seeds)")
    assert [claim.on for claim in claims] == ["here"] * 4
    assert "R² ≥ 0.9" in claims[1].paper and "80% of right answers" in claims[2].paper


def test_the_table():
    head, *rows = report.table([result()])
    assert head[1:3] == ("smallest step, norm1", "smallest step, relu7")
    assert rows == [("translation (1.0 px)", "0.50 (1 seed)", "0.10 (1 seed)", "100 % (1 seed)"),
                    ("scale (5 %)", "0.10 (1 seed)", "0.05 (1 seed)", "100 % (1 seed)"),
                    ("rotation (10°)", "1.00 (1 seed)", "10.00 (1 seed)", "50 % (1 seed)")]
