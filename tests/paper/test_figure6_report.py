"""The claims on Figure 6: each holds or falls by its own number."""
import numpy as np
import pytest
from figure6_planted import measured

from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS
from numpyzf.paper.figure6 import report
from numpyzf.paper.figure6.report import FREE, LARGE, SMALL


def dominated(*factors):
    """A result for each factor, whose largest filter is so many times the median."""
    result = measured(count=3)
    return [result._replace(rms=np.array([1, 1, 1, 1, factor])) for factor in factors]


@pytest.mark.parametrize("small, free, verdict", [
    ((1.5, 1.5), (2.1, 2.1), HOLDS),
    ((1.5, 2.5), (2.1, 2.4), DOES_NOT_HOLD),        # each seed with its own
    ((1.5, 1.5), (2.1, 1.9), DOES_NOT_HOLD)])
def test_the_claim_about_renormalization(small, free, verdict):
    results = {SMALL: dominated(*small), FREE: dominated(*free), LARGE: []}
    claim = report.claim(results, report.COMPARISONS[0])
    assert claim.verdict == verdict and claim.measured.count("2 seeds") == 2
    assert claim.measured.startswith(f"7×7, stride 2: {np.mean(small):.2f} ±")
    assert f"the same, not renormalized: {np.mean(free):.2f} ±" in claim.measured
    assert claim.paper.startswith("Without renormalization")


def test_the_claims_about_size():
    """The larger filters are worse in all respects.

    A smaller share of middle frequencies, more dead, more aliasing, fewer things told, fewer right
    answers.
    """
    better = measured(count=3)
    worse = better._replace(bands=0.9 * better.bands, silent=np.ones(5, bool),
                            aliased=better.aliased * 2, different=0.5, accuracy=0.1)
    for small, large, verdict in [(better, worse, HOLDS), (worse, better, DOES_NOT_HOLD),
                                  (better, better, DOES_NOT_HOLD)]:     # equal is not better
        results = {SMALL: [small] * 2, FREE: [], LARGE: [large] * 2}
        claims = [report.claim(results, comparison) for comparison in report.COMPARISONS[1:]]
        assert [claim.verdict for claim in claims] == [verdict] * 5


def test_sections_and_table():
    results = {SMALL: [measured(), measured()], FREE: [measured()], LARGE: [measured()]}
    filters, second, numbers = report.sections(results)
    assert "40 ± 0 % (2 seeds) of the standard net's filters are at the radius" in filters.text
    assert "each map's 4 strongest" in second.text and "it would be 5 if no two" in numbers.text
    assert filters.alt.endswith("7×7, stride 2, the same, not renormalized, 11×11, stride 4")
    head, *rows = numbers.rows
    assert head == ("share of the energy", SMALL, FREE, LARGE)
    assert [row[0] for row in rows] == [
        "filters, low frequencies", "filters, middle frequencies", "filters, high frequencies",
        "layer 2's projections, high frequencies"]
    low, middle, high = 100 * measured().bands.mean(axis=0)
    assert [row[2] for row in rows[:3]] == [f"{share:.0f} % (1 seed)"
                                            for share in (low, middle, high)]
