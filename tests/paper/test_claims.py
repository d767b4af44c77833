"""Verdicts, and numbers over seeds as text."""
import numpy as np
import pytest

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, count_of_seeds, percent, spread, verdict

pytestmark = pytest.mark.small


@pytest.mark.parametrize("agree, expected", [
    ([True, True], HOLDS), (np.array([True, False]), DOES_NOT_HOLD), ([False], DOES_NOT_HOLD),
    (np.array([True]), HOLDS), ((value > 0 for value in (1, 2, -1)), DOES_NOT_HOLD)])
def test_a_verdict_takes_every_seed(agree, expected):
    assert verdict(agree) == expected


def test_there_is_no_verdict_without_a_seed():
    for nothing in ([], np.zeros(0, bool), iter(())):
        with pytest.raises(ValueError, match="at least one seed"):
            verdict(nothing)


def test_spread_is_the_deviation_of_a_sample():
    assert spread([1, 3], ".3f") == "2.000 ± 1.414 (2 seeds)"


def test_a_seed_with_nothing_to_measure_is_left_out():
    assert spread([1, np.nan, 3], ".1f", " px") == "2.0 ± 1.4 px (2 seeds)"
    assert spread([np.nan, 3], ".1f", " px") == "3.0 px (1 seed)"


def test_an_infinite_value_is_no_value_that_is_missing():
    assert spread([np.inf], ".1f", " px") == "inf px (1 seed)"
    assert spread([1, np.inf, np.nan], ".1f", " px") == "inf ± nan px (2 seeds)"


def test_the_number_of_seeds_can_be_left_out():
    for values, text in (([1, 3], "2.0 ± 1.4"), ([1], "1.0"), ([], "nothing to measure")):
        assert spread(values, ".1f", seeds=False) == text
        assert spread(values, ".1f") == f"{text} ({count_of_seeds(values)})"


def test_shares_in_percent():
    assert percent([0.25, 0.75], ".0f") == "50 ± 35 % (2 seeds)"
    assert percent(np.array([0.125])) == "12.5 % (1 seed)"
    assert percent([0.5], seeds=False) == "50.0 %"


def test_count_of_seeds():
    assert [count_of_seeds([0] * n) for n in (0, 1, 3)] == ["0 seeds", "1 seed", "3 seeds"]
