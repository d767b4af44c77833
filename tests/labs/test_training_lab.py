"""The training lab: what its prose says is so; the student's functions make its figure."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import plots
from numpyzf.labs.training import draw, solution


@pytest.mark.small
def test_the_prediction_comes_true():
    """Five layers of units with 800 inputs, twelve such nets; by He's weights the RMS value stays.

    A net of its own is some percent off, for its weights are what they are.
    """
    rng, squares = np.random.default_rng(0), {"paper": [], "he": []}
    for initialization, found in squares.items():
        for _ in range(12):
            y = rng.standard_normal((50, 800), np.float32)
            for _ in range(5):
                y = np.maximum(y @ solution.draw_weights((800, 800), initialization, rng).T, 0)
            found.append(np.mean(y ** 2))
    assert np.sqrt(np.mean(squares["paper"])) == pytest.approx(solution.left_after_five, rel=0.05)
    assert np.sqrt(np.mean(squares["he"])) == pytest.approx(1, rel=0.05)


@pytest.mark.small
def test_chance_has_the_room_that_the_prose_gives_it():
    """Of 10,000 values dropped with probability 0.2, never more than 200 off from 2,000."""
    rng = np.random.default_rng(0)
    dropped = [np.sum(solution.dropout(np.ones(10000), 0.2, rng, True)[0] == 0) for _ in range(300)]
    assert 1800 < min(dropped) and max(dropped) < 2200


def test_the_figure_is_made_by_the_student_s_functions(monkeypatch):
    asked = {}

    def counted(name):
        def function(*arguments, **keywords):
            asked[name] = asked.get(name, 0) + 1
            return getattr(solution, name)(*arguments, **keywords)
        return function

    monkeypatch.setattr(draw, "STEPS", 2)
    monkeypatch.setattr(draw, "EPOCH", 1)
    names = ("draw_weights", "mean_gradient", "momentum_step", "next_rate", "renormalize",
             "dropout")
    figure = draw.draw(SimpleNamespace(**{name: counted(name) for name in names}))
    assert set(asked) == set(names)
    assert asked["next_rate"] == 2 * 2
    assert asked["renormalize"] == 2 * 2 * 5                # ways, steps, convolutions
    assert plots.png_bytes(figure, dpi=40)[:4] == b"\x89PNG"
