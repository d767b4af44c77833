"""The curve shows the numbers of the history."""
import numpy as np
import pytest

from numpyzf.tour import training_curve

HISTORY = [{"epoch": epoch, "rate": rate, "loss": 2 / epoch, "train_accuracy": 0.1 * epoch,
            "validation_accuracy": 0.12 * epoch}
           for epoch, rate in ((1, 0.01), (2, 0.01), (3, 0.001), (4, 0.001))]


def test_the_curve_shows_the_numbers_and_the_drop():
    assert training_curve.rate_drops(HISTORY) == [(3, 0.001)]
    left, right = training_curve.draw(HISTORY).axes
    np.testing.assert_allclose(left.lines[0].get_xydata(), [(1, 2), (2, 1), (3, 2 / 3), (4, 0.5)])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [10, 20, 30, 40])
    np.testing.assert_allclose(right.lines[1].get_ydata(), [12, 24, 36, 48])
    for axes in (left, right):
        assert axes.get_xlabel() == "epoch" and axes.get_ylabel()
        assert [text.get_text() for text in axes.texts] == ["rate 0.001"]
        assert list(axes.lines[-1].get_xdata()) == [2.5, 2.5]
    names = [text.get_text() for text in right.get_legend().get_texts()]
    assert names == ["training", "validation (images held out)"]


def test_the_curve_of_one_epoch_and_of_none():
    assert len(training_curve.draw(HISTORY[:1]).axes) == 2
    with pytest.raises(ValueError, match="no epoch"):
        training_curve.draw([])


def test_compared_curves_show_seeds_and_means():
    long = HISTORY + [HISTORY[-1]]
    flat = [dict(row, loss=1.0) for row in long]
    figure = training_curve.draw_compared({"one": [HISTORY, flat], "two": [HISTORY[:1]]}, 0.1)
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [2, 1, 2 / 3, 0.5])
    np.testing.assert_allclose(left.lines[1].get_ydata(), [1] * 5)
    mean = [(1, 1.5), (2, 1), (3, 5 / 6), (4, 0.75)]        # of the epochs that both have
    np.testing.assert_allclose(left.lines[2].get_xydata(), mean)
    np.testing.assert_allclose(right.lines[3].get_ydata(), [12])
    np.testing.assert_allclose(right.lines[-1].get_ydata(), [10, 10])
    assert left.get_ylabel() == "loss (training)"
    assert right.get_ylabel() == "validation accuracy (%)"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]
    for histories in {"one": []}, {"one": [[]]}:
        with pytest.raises(ValueError, match="one epoch at least"):
            training_curve.draw_compared(histories, 0.1)
