"""The claims on Figure 6: each holds or falls by its own number."""
import numpy as np
import pytest
from figure6_planted import measured

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from numpyzf.paper.figure6 import report
from numpyzf.paper.figure6.report import FREE, LARGE, SMALL


def dominated(*factors):
    """A result for each factor, whose largest filter is so many times the median."""
    result = measured(count=3)
    return [result._replace(rms=np.array([1, 1, 1, 1, factor])) for factor in factors]


@pytest.mark.parametrize("small, free, verdict", [
    ((1.5, 1.5), (2.6, 2.7), HOLDS),
    ((1.5, 1.5), (1.6, 1.7), DOES_NOT_HOLD),        # more, but not twice the median
    ((2.8, 2.8), (2.6, 2.6), DOES_NOT_HOLD),        # twice the median, but not more
    ((1.5, 2.5), (2.6, 2.4), NOT_DECIDED),          # each seed with its own
    ((1.5, 1.5), (2.6, 1.9), NOT_DECIDED)])
def test_the_claim_about_renormalization(small, free, verdict):
    results = {SMALL: dominated(*small), FREE: dominated(*free), LARGE: []}
    before = {SMALL: dominated(1.2, 1.2), FREE: dominated(1.2, 1.2)}
    claim = report.claim(results, before, report.COMPARISONS[0])
    assert claim.verdict == verdict and claim.measured.count("2 seeds") == 1
    assert claim.measured.startswith(f"7×7, stride 2: {np.mean(small):.2f}")
    assert f"the same, not renormalized: {np.mean(free):.2f}" in claim.measured
    assert "before training 1.20 times and 1.20 times" in claim.measured
    assert claim.paper.startswith("Without renormalization")


def results_on_size():
    """Two results, of which the second is worse in all respects.

    A smaller share of middle frequencies, more dead, more aliasing, fewer things told, fewer right
    answers.
    """
    better = measured(count=3)
    worse = better._replace(bands=0.9 * better.bands, silent=np.ones(5, bool),
                            aliased=better.aliased * 2, different=0.5, accuracy=0.1)
    return better, worse


def verdicts(small, large, small_before, large_before):
    """Verdicts of the claims about the size of filters; each argument is a list of results."""
    results, before = {SMALL: small, LARGE: large}, {SMALL: small_before, LARGE: large_before}
    claims = [report.claim(results, before, comparison) for comparison in report.COMPARISONS[1:]]
    return [claim.verdict for claim in claims]


def test_the_claims_about_size():
    better, worse = results_on_size()
    alike = [better] * 2, [better] * 2
    assert verdicts([better] * 2, [worse] * 2, *alike) == [HOLDS] * 5
    assert verdicts([worse] * 2, [better] * 2, *alike) == [DOES_NOT_HOLD] * 5
    assert verdicts(*alike, *alike) == [NOT_DECIDED] * 5            # equal is not better
    assert verdicts([better, worse], [worse, better], *alike) == [NOT_DECIDED] * 5


def test_what_differs_before_training_was_not_learned():
    better, worse = results_on_size()
    trained = [better] * 2, [worse] * 2
    aliasing = [comparison.claim for comparison in report.COMPARISONS[1:]].index("claim: aliasing")
    assert verdicts(*trained, *trained) == [
        HOLDS if i == aliasing else NOT_DECIDED for i in range(5)]
    assert "also before training" in report.TEXT["claim: aliasing"]


def test_sections_and_table():
    results = {SMALL: [measured(), measured()], FREE: [measured()], LARGE: [measured()]}
    filters, second, numbers = report.sections(results)
    assert "40 % of the standard net's filters are at the radius" in filters.text
    assert "each map's 4 strongest" in second.text and "it would be 5 if no two" in numbers.text
    assert filters.alt.endswith("7×7, stride 2, the same, not renormalized, 11×11, stride 4")
    head, *rows = numbers.rows
    assert head == ("share of the energy", SMALL, FREE, LARGE)
    assert [row[0] for row in rows] == [
        "filters, low frequencies", "filters, middle frequencies", "filters, high frequencies",
        "layer 2's projections, high frequencies"]
    low, middle, high = 100 * measured().bands.mean(axis=0)
    assert [row[2] for row in rows[:3]] == [f"{share:.0f} %"
                                            for share in (low, middle, high)]
