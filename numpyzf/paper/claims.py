"""What an item says in the end: claims with verdicts, and numbers over seeds as text."""
from typing import NamedTuple

import numpy as np

HOLDS = "holds"
DOES_NOT_HOLD = "does not hold at this size"
NOT_TESTABLE = "not testable here"


class NotTestable(ValueError):
    """The images, or their classes, are too few for a measurement; the words say what it takes.

    On the page they are the reason of NOT_TESTABLE.
    """


class Claim(NamedTuple):
    """One statement of the paper, and what was found here."""
    paper: str          # the statement, and how it is tested
    measured: str       # what was measured, with unit, number of seeds and spread
    verdict: str        # HOLDS, DOES_NOT_HOLD or NOT_TESTABLE
    on: str = ""        # the images, where an item tests one statement on several kinds of them


class Report(NamedTuple):
    """What an item found."""
    claims: list        # of Claim
    sections: list      # of page.Section, each with a picture or a table


def verdict(agree):
    """HOLDS if a statement is true with every seed, else DOES_NOT_HOLD.

    agree: one boolean per seed, one at least; else ValueError.
    """
    agree = list(agree)
    if not agree:
        raise ValueError("agree is empty: a verdict takes at least one seed")
    return HOLDS if all(agree) else DOES_NOT_HOLD


def spread(values, form=".2f", unit="", *, seeds=True):
    """Mean and standard deviation over seeds, as text.

    values: one number per seed; a seed with NaN had nothing to measure and is left out.
    form: the format of both numbers.
    unit: follows the numbers.
    seeds: say how many there were.

    >>> spread([0.5, 0.7]), spread([12.0, 13.0, 14.0], ".1f", " %"), spread([3.0, np.nan])
    ('0.60 ± 0.14 (2 seeds)', '13.0 ± 1.0 % (3 seeds)', '3.00 (1 seed)')
    >>> spread([np.nan]), spread([0.5, 0.7], seeds=False)
    ('nothing to measure (0 seeds)', '0.60 ± 0.14')
    """
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        text = "nothing to measure"
    elif len(values) == 1:
        text = f"{values[0]:{form}}{unit}"
    else:
        with np.errstate(invalid="ignore"):     # the deviation of infinite values is NaN
            deviation = values.std(ddof=1)
        text = f"{values.mean():{form}} ± {deviation:{form}}{unit}"
    return f"{text} ({count_of_seeds(values)})" if seeds else text


def percent(shares, form=".1f", *, seeds=True):
    """`spread` of shares, 0 … 1, in percent.

    >>> percent([0.5, 0.75], seeds=False)
    '62.5 ± 17.7 %'
    """
    return spread([100 * share for share in shares], form, " %", seeds=seeds)


def count_of_seeds(values):
    """How many seeds `values` has, in words: "1 seed", "3 seeds"."""
    return "1 seed" if len(values) == 1 else f"{len(values)} seeds"
