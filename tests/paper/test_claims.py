"""Verdicts: what lies beyond the noise; and numbers over seeds as text."""
import numpy as np
import pytest

from numpyzf.paper.claims import (BY_CONSTRUCTION, DOES_NOT_HOLD, HOLDS, NOT_DECIDED, Effect,
                                  by_construction, count_of_seeds, counted, judged, percent,
                                  sampling_error, spread, verdict, verdict_of_all,
                                  verdict_of_measures, what_it_takes)

pytestmark = pytest.mark.small
YES, NO, OPEN = Effect([3, 4, 5]), Effect([-3, -4, -5]), Effect([3, 4, -5])


# ---- the rule -----------------------------------------------------------------------------------

@pytest.mark.parametrize("values, expected", [
    ([3, 4, 5], HOLDS), ([5, 5, 2], HOLDS), ([5, 5, 1], NOT_DECIDED), ([10, 0.1, 0.1], NOT_DECIDED),
    ([5, 5, -0.1], NOT_DECIDED), ([0, 0, 0], NOT_DECIDED), ([1, 1, 0], NOT_DECIDED),
    ([4, 5], HOLDS), ([3, 5], NOT_DECIDED), ([2, 2], HOLDS), ([3, 4, 5, 6, -0.01], NOT_DECIDED),
    ([7], NOT_DECIDED), ([], NOT_DECIDED), ([np.nan] * 3, NOT_DECIDED), ([np.nan, 4, 5], HOLDS)],
    ids=str)
def test_seeds_that_agree_beyond_their_spread_decide(values, expected):
    assert verdict(Effect(values)) == expected
    other = {HOLDS: DOES_NOT_HOLD}.get(expected, expected)
    assert verdict(Effect(-np.array(values, float))) == other


@pytest.mark.parametrize("values, noise, expected", [
    ([0.02], 0.009, HOLDS), ([0.02], 0.011, NOT_DECIDED), ([-0.02], 0.009, DOES_NOT_HOLD),
    ([0.02] * 3, 0.011, NOT_DECIDED), ([0.02] * 3, 0.009, HOLDS)])
def test_a_difference_within_the_noise_of_the_test_images_decides_nothing(values, noise, expected):
    assert verdict(Effect(values, noise)) == expected


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_noise_passes_once_in_twenty_times_at_most(seeds):
    """Numbers around zero: a statement about them neither holds nor fails."""
    rng = np.random.default_rng(seeds)
    found = [verdict(Effect(rng.standard_normal(seeds))) for _ in range(2000)]
    assert found.count(HOLDS) < 0.06 * 2000 and found.count(DOES_NOT_HOLD) < 0.06 * 2000
    clear = [verdict(Effect(10 + rng.standard_normal(seeds))) for _ in range(200)]
    assert clear.count(HOLDS) > 0.6 * 200


@pytest.mark.parametrize("seeds", [3, 5])
def test_no_seed_left_out_or_added_turns_a_verdict(seeds):
    """What was decided isn't the other way round without one of the seeds."""
    rng, decided = np.random.default_rng(0), 0
    for _ in range(1000):
        values = rng.standard_normal(seeds) + rng.choice([-2, 0, 2])
        found = verdict(Effect(values))
        rest = {verdict(Effect(np.delete(values, i))) for i in range(seeds)}
        if found in (HOLDS, DOES_NOT_HOLD):
            decided += 1
            assert ({HOLDS, DOES_NOT_HOLD} - {found}).isdisjoint(rest)
        else:
            assert not {HOLDS, DOES_NOT_HOLD} <= rest
    assert decided > 100


@pytest.mark.parametrize("effects, of_all, of_measures", [
    ([YES, YES], HOLDS, HOLDS), ([YES, OPEN], NOT_DECIDED, NOT_DECIDED),
    ([YES, NO], DOES_NOT_HOLD, NOT_DECIDED), ([OPEN, NO], DOES_NOT_HOLD, NOT_DECIDED),
    ([NO, NO], DOES_NOT_HOLD, DOES_NOT_HOLD), ([OPEN, OPEN], NOT_DECIDED, NOT_DECIDED)])
def test_statements_of_several_parts_and_of_several_measures(effects, of_all, of_measures):
    assert verdict_of_all(effects) == of_all and verdict_of_measures(effects) == of_measures


@pytest.mark.parametrize("effect, words", [
    (Effect([5, 5, 1]), "it takes about 4 seeds"), (Effect([1, 2, -1]), "the seeds disagree"),
    (Effect([0.02] * 3, 0.011), "it takes 2 times the images"),
    (Effect([0.01, 0.01], 0.02), "it takes 16 times the images"),
    (Effect([0.0001] * 2, 0.02), "it takes far more images"), (Effect([7]), "one seed"),
    (Effect([np.nan]), "nothing to measure"), (Effect([0, 0]), "no difference")])
def test_what_it_would_take(effect, words):
    assert verdict(effect) == NOT_DECIDED and words in what_it_takes(effect)


def test_as_many_seeds_as_it_takes_decide():
    """Three times the three seeds have the same mean and nearly the same deviation."""
    few = np.array([5.0, 5.0, 0.6])
    assert verdict(Effect(few)) == NOT_DECIDED and "about 4 seeds" in what_it_takes(Effect(few))
    assert verdict(Effect(np.tile(few, 3))) == HOLDS


def test_the_error_of_a_share_is_that_of_coins():
    rng = np.random.default_rng(0)
    found = rng.binomial(400, [[0.3], [0.6]], (2, 5000)) / 400
    assert sampling_error(400, 0.3) == pytest.approx(found[0].std(), rel=0.05)
    assert sampling_error(400, [0.25, 0.35], 0.6) == pytest.approx(
        (found[0] - found[1]).std(), rel=0.05)


def test_what_is_counted_image_by_image_is_as_sure_as_its_images_are_many():
    """Two nets that differ on one image in ten: images both get right say nothing."""
    rng = np.random.default_rng(0)

    def mean(count):
        return counted(np.tile(rng.choice([-1, 0, 1], count, p=[0.05, 0.9, 0.05]), (3, 1)))
    assert mean(1000).noise == pytest.approx(np.sqrt(0.1 / 1000), rel=0.1)
    found = np.array([mean(400).values[0] for _ in range(2000)])
    assert mean(400).noise == pytest.approx(found.std(), rel=0.2)


def test_images_of_which_nothing_can_be_said_are_left_out():
    nan = np.nan
    values, noise = counted([[1, 3, nan], [nan, 3, nan], [nan] * 3])
    np.testing.assert_array_equal(values, [2, 3, nan])
    assert noise == 1 and counted([[1]]).noise == np.inf
    assert verdict(counted([[5], [5]])) == NOT_DECIDED
    assert "far more images" in what_it_takes(counted([[5], [5]]))


def test_a_claim_says_how_many_seeds_once_and_what_it_would_take():
    assert judged("so", "5 points", [YES], on="scenes", source="ours")[1:] == (
        "5 points (3 seeds).", HOLDS, "scenes", "ours")
    found = judged("so", "5 points.", [YES, OPEN, OPEN])
    assert found.measured == "5 points (3 seeds). Not decided: the seeds disagree."
    assert found.verdict == NOT_DECIDED
    found = judged("so", "5", [YES, NO], rule=verdict_of_measures)
    assert found.measured == "5 (3 seeds). The measures disagree."


def test_what_is_so_by_construction_is_checked_all_the_same():
    assert by_construction("so", "1", [True, True]).verdict == BY_CONSTRUCTION
    assert by_construction("so", "1", [True, False], source="ours")[2:] == (
        DOES_NOT_HOLD, "", "ours")


# ---- numbers over seeds as text -----------------------------------------------------------------

def test_spread_is_the_deviation_of_a_sample():
    assert spread([1, 3], ".3f") == "2.000 ± 1.414"


def test_a_seed_with_nothing_to_measure_is_left_out():
    assert spread([1, np.nan, 3], ".1f", " px") == "2.0 ± 1.4 px"
    assert spread([np.nan, 3], ".1f", " px") == "3.0 px"
    assert spread([np.nan], ".1f", " px") == spread([]) == "nothing to measure"


def test_an_infinite_value_is_no_value_that_is_missing():
    assert spread([np.inf], ".1f", " px") == "inf px"
    assert spread([1, np.inf, np.nan], ".1f", " px") == "inf ± nan px"


def test_a_deviation_of_zero_and_a_negative_zero_are_not_written():
    assert spread([1.0, 1.001], ".2f") == "1.00" and spread([10, 10.02], ".1f", " %") == "10.0 %"
    assert spread([-0.001, 0.0], ".2f") == "0.00" and spread([-0.4, 0.39], ".1f") == "0.0 ± 0.6"


def test_shares_in_percent():
    assert percent([0.25, 0.75], ".0f") == "50 ± 35 %"
    assert percent(np.array([0.125])) == "12.5 %"


def test_count_of_seeds():
    assert [count_of_seeds([0] * n) for n in (0, 1, 3)] == ["0 seeds", "1 seed", "3 seeds"]
