"""The losses lab: what is right there is right by other judges; its figure is the student's."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import plots
from numpyzf.gradcheck import check_gradient
from numpyzf.labs.losses import checks, draw, solution

both = pytest.mark.parametrize("module", [checks, solution], ids=["right", "solution"])


def down(gradient):
    """A number's gradient as that of an array of one number, for a dy of one."""
    return lambda dy: dy[0] * gradient


@pytest.mark.small
@both
def test_the_gradients_against_central_differences(module, rng):
    """Also through the Gram matrix, which the contract gives: it is made of y."""
    y, other = rng.standard_normal((2, 2, 3, 4, 2))
    target = checks.gram(other)
    losses = {"feature_loss": (lambda y: module.feature_loss(y, other)),
              "style_loss": (lambda y: module.style_loss(y, module.gram(y), target)),
              "total_variation": module.total_variation}
    for loss in losses.values():
        check_gradient(lambda x, loss=loss: np.array([loss(x)[0]]), down(loss(y)[1]), y, rng)


@pytest.mark.small
@both
def test_cases_by_hand(module):
    y = np.array([[[[3.0, 0, 1, 0]], [[2, 0, 0, 0]], [[0, 5, 0, 1]]]])      # the prose's
    expected = np.array([[[10, 6, 0], [6, 4, 0], [0, 0, 26]]]) / 12
    np.testing.assert_allclose(module.gram(y), expected, rtol=1e-12)
    loss, gradient = module.total_variation(np.array([[[[2.0, 5, 4]]], [[[0, 0, 2]]]]))
    assert loss == (9 + 1 + 0 + 4) / 2
    np.testing.assert_array_equal(gradient[:, 0, 0], [[-3, 4, -1], [0, -2, 2]])
    loss, _ = module.style_loss(y, module.gram(y), np.zeros((1, 3, 3)))
    assert loss == pytest.approx((100 + 2 * 36 + 16 + 26 ** 2) / 144)


@pytest.mark.small
def test_the_prediction_comes_true(rng):
    y = rng.standard_normal((1, 3, 4, 5))
    larger = y.repeat(2, axis=2).repeat(2, axis=3)
    for changed, factor in zip((larger, 2 * y), solution.grows, strict=True):
        np.testing.assert_allclose(solution.gram(changed), factor * solution.gram(y), rtol=1e-12)


def test_the_figure_is_made_by_the_student_s_functions(monkeypatch):
    """Each judge's loss falls."""
    asked, curves = {}, {}

    def counted(name):
        def function(*arguments):
            asked[name] = asked.get(name, 0) + 1
            return getattr(solution, name)(*arguments)
        return function

    def kept(rows, own, mean, drawn=draw.draw_panels):
        curves.update(own)
        return drawn(rows, own, mean)

    monkeypatch.setattr(draw, "STEPS", 3)
    monkeypatch.setattr(draw, "draw_panels", kept)
    names = ("gram", "feature_loss", "style_loss", "total_variation")
    figure = draw.draw(SimpleNamespace(**{name: counted(name) for name in names}))
    layers = len(draw.STYLE)
    assert asked == {"gram": 4 * layers, "style_loss": 3 * layers,
                     "feature_loss": 3 * (len(draw.KNOWN) + 1), "total_variation": 3 * 2}
    assert len(curves) == 5
    assert all(losses[-1] < 0.9 * losses[0] for losses in curves.values())
    assert plots.png_bytes(figure, dpi=40)[:4] == b"\x89PNG"
