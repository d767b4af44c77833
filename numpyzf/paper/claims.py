"""What an item says in the end: claims with verdicts, and numbers over seeds as text.

One rule decides every statement. It is an effect, or several: a number per seed, above zero where
the statement is right. A statement holds where each effect is above zero beyond the noise, and does
not hold where one is below zero beyond the noise. Between the two it is not decided.

Beyond the noise: the seeds agree in the sign; their mean is so many standard errors from zero that
chance alone goes as far once in twenty times (Student's t: see FAR); and it is more than two
standard errors of what was counted on, say 2,000 test images. So no verdict turns into the other
one when a seed is left out, and a single seed decides only what was counted.
"""
from typing import NamedTuple

import numpy as np

HOLDS = "holds"
DOES_NOT_HOLD = "does not hold at this size"
NOT_DECIDED = "not decided"
NOT_TESTABLE = "not testable here"
BY_CONSTRUCTION = "so by construction"      # not counted: it could not have failed
VERDICTS = (HOLDS, DOES_NOT_HOLD, NOT_DECIDED, NOT_TESTABLE, BY_CONSTRUCTION)

FAR = {2: 6.3, 3: 2.9, 4: 2.4, 5: 2.1}      # standard errors, by the number of seeds; else 2
MOST = 100                                  # seeds, or times the images: more aren't worth counting


class NotTestable(ValueError):
    """The images, or their classes, are too few for a measurement; the words say what it takes.

    On the page they are the reason of NOT_TESTABLE.
    """


class Claim(NamedTuple):
    """One statement, and what was found here."""
    paper: str          # the statement, and how it is tested
    measured: str       # what was measured, with unit, number of seeds and spread
    verdict: str        # one of VERDICTS
    on: str = ""        # the images, where an item tests one statement on several kinds of them
    source: str = ""    # who says it, if it isn't the paper


class Report(NamedTuple):
    """What an item found."""
    claims: list        # of Claim
    sections: list      # of page.Section, each with a picture or a table
    made: dict = {}     # {"version", "date", "machine": text, "seconds", "seeds": numbers}


class Effect(NamedTuple):
    """By how much a statement is right, seed by seed; below zero where it is wrong."""
    values: object          # (seeds,); a seed with NaN had nothing to measure and is left out
    noise: float = 0.0      # the standard error of their mean that comes from the images that were
    #                         counted; every seed sees the same, so more seeds don't lower it


def counted(by_image):
    """The Effect of numbers that each seed has for each image (or group of them).

    by_image: (seeds, images), NaN where nothing can be said; all seeds see the same images.

    >>> counted([[1, 0, 1, 0], [1, 0, 1, 0]])._replace(noise=0)
    Effect(values=array([0.5, 0.5]), noise=0)
    """
    by_image = np.asarray(by_image, float)
    of_images = _means(by_image, 0)
    of_images = of_images[~np.isnan(of_images)]
    noise = np.inf
    if len(of_images) > 1:
        noise = float(np.std(of_images, ddof=1) / np.sqrt(len(of_images)))
    return Effect(_means(by_image, 1), noise)


def beyond_before(own, before):
    """The effects of a statement that must be right, and more so than before training.

    own, before: the Effect of trained nets, and of the same nets before their training.
    Returns a list of Effect.
    """
    more = np.asarray(own.values, float) - before.values
    return [own, Effect(more, float(np.hypot(own.noise, before.noise)))]


def _means(x, axis):
    """Means along an axis of what isn't NaN; NaN where all is."""
    known = ~np.isnan(x)
    counts = known.sum(axis=axis)
    return np.where(known, x, 0).sum(axis=axis) / np.where(counts, counts, np.nan)


# ---- the rule -----------------------------------------------------------------------------------

def verdict(effect):
    """HOLDS, DOES_NOT_HOLD or NOT_DECIDED of one Effect, by the rule at the head of this file.

    >>> verdict(Effect([3.0, 4.0, 5.0])), verdict(Effect([-3.0, -4.0, -5.0]))
    ('holds', 'does not hold at this size')
    >>> verdict(Effect([3.0, 4.0, -1.0])), verdict(Effect([0.2], noise=0.3))
    ('not decided', 'not decided')
    """
    values = _known(effect)
    if len(values) == 0 or (len(values) == 1 and not effect.noise):
        return NOT_DECIDED
    mean = values.mean()
    if not _same_sign(values) or not abs(mean) > _reach(values, effect.noise):
        return NOT_DECIDED
    return HOLDS if mean > 0 else DOES_NOT_HOLD


def verdict_of_all(effects):
    """The verdict on a statement that is right where each of its effects is."""
    return _worst([verdict(effect) for effect in effects])


def verdict_of_measures(effects):
    """The verdict on a statement that is measured in several ways: only what all of them say."""
    found = {verdict(effect) for effect in effects}
    return found.pop() if len(found) == 1 else NOT_DECIDED


def judged(paper, measured, effects, *, on="", source="", rule=verdict_of_all):
    """A Claim with the verdict that its effects give.

    paper, measured, on, source: as in Claim. Behind `measured` come the number of seeds, and what
    it would take where the noise leaves the statement undecided.
    effects: a list of Effect, one at least.
    rule: verdict_of_all or verdict_of_measures.
    """
    effects, decided = list(effects), rule(effects)
    seeds = count_of_seeds(np.atleast_1d(effects[0].values))
    words = f"{measured.rstrip('.')} ({seeds})."
    if decided == NOT_DECIDED:
        open_ones = [effect for effect in effects if verdict(effect) == NOT_DECIDED]
        takes = dict.fromkeys(what_it_takes(effect) for effect in open_ones)
        words += f" Not decided: {'; '.join(takes)}." if takes else " The measures disagree."
    return Claim(paper, words, decided, on, source)


UNKNOWN_BEFORE = ("It is not known whether the same network before its training does as well: it "
                  "takes that one.")


def uncompared(claim):
    """A Claim on a net whose untrained self wasn't measured: it can fail, and not hold."""
    if claim.verdict != HOLDS:
        return claim
    return claim._replace(verdict=NOT_DECIDED, measured=f"{claim.measured} {UNKNOWN_BEFORE}")


def by_construction(paper, measured, agree, *, source=""):
    """A Claim that can't fail unless the program is wrong: it is checked, and not counted.

    agree: one boolean per seed.
    """
    return Claim(paper, measured, BY_CONSTRUCTION if all(agree) else DOES_NOT_HOLD, "", source)


def what_it_takes(effect):
    """What it would take to decide an Effect within the noise, if it stays as large as it is.

    >>> what_it_takes(Effect([1.0, 2.0, 0.5])), what_it_takes(Effect([0.01, 0.01], noise=0.02))
    ('it takes about 4 seeds', 'it takes 16 times the images')
    >>> what_it_takes(Effect([1.0, 2.0, -0.5]))
    'the seeds disagree'
    """
    values = _known(effect)
    if len(values) == 0:
        return "nothing to measure"
    mean = abs(values.mean())
    if len(values) == 1 and not effect.noise:
        return "one seed decides nothing, it takes more"
    if not values.any():
        return "no difference at all"
    if not _same_sign(values):
        return "the seeds disagree"
    if 2 * effect.noise >= mean:
        times = (2 * effect.noise / mean) ** 2
        if times <= MOST:
            return f"it takes {max(np.ceil(times), 2):.0f} times the images"
        return "it takes far more images"
    for seeds in range(len(values) + 1, MOST):
        if mean > FAR.get(seeds, 2) * values.std(ddof=1) / np.sqrt(seeds):
            return f"it takes about {seeds} seeds"
    return f"it takes more than {MOST} seeds"


def sampling_error(count, *shares):
    """The standard error of a sum or difference of shares that were counted on images.

    count: how many images.
    shares: each one number, or one per seed, 0 … 1, counted on the same images.

    >>> round(float(sampling_error(100, 0.5)), 3), round(float(sampling_error(100, 0.5, 0.5)), 3)
    (0.05, 0.071)
    """
    p = np.clip([np.mean(share) for share in shares], 0, 1)
    return float(np.sqrt((p * (1 - p)).sum() / max(count, 1)))


def _known(effect):
    values = np.atleast_1d(np.asarray(effect.values, float))
    return values[~np.isnan(values)]


def _same_sign(values):
    return len(set(np.sign(values))) == 1


def _reach(values, noise):
    """How far from zero a mean of these values may be by chance."""
    n = len(values)
    error = values.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0
    return max(FAR.get(n, 2) * error, 2 * noise)


def _worst(verdicts):
    """DOES_NOT_HOLD if one is, HOLDS if all are."""
    if DOES_NOT_HOLD in verdicts:
        return DOES_NOT_HOLD
    return HOLDS if set(verdicts) == {HOLDS} else NOT_DECIDED


# ---- numbers over seeds as text -----------------------------------------------------------------

def spread(values, form=".2f", unit=""):
    """Mean and standard deviation over seeds, as text; how many seeds there are is said elsewhere.

    values: one number per seed; a seed with NaN had nothing to measure and is left out.
    form: the format of both numbers. A deviation that is zero in it is left out.
    unit: follows the numbers.

    >>> spread([0.5, 0.7]), spread([12.0, 13.0, 14.0], ".1f", " %"), spread([3.0, np.nan])
    ('0.60 ± 0.14', '13.0 ± 1.0 %', '3.00')
    >>> spread([np.nan]), spread([0.5, 0.5001])
    ('nothing to measure', '0.50')
    """
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return "nothing to measure"
    text = _unsigned_zero(f"{values.mean():{form}}")
    if len(values) > 1:
        with np.errstate(invalid="ignore"):     # the deviation of infinite values is NaN
            deviation = f"{values.std(ddof=1):{form}}"
        if deviation.strip("0."):
            text += f" ± {deviation}"
    return f"{text}{unit}"


def _unsigned_zero(text):
    """0.0 for -0.0."""
    return text.removeprefix("-") if not text.strip("-0.") else text


def percent(shares, form=".1f"):
    """`spread` of shares, 0 … 1, in percent.

    >>> percent([0.5, 0.75])
    '62.5 ± 17.7 %'
    """
    return spread([100 * share for share in shares], form, " %")


def count_of_seeds(values):
    """How many seeds `values` has, in words: "1 seed", "3 seeds"."""
    return "1 seed" if len(values) == 1 else f"{len(values)} seeds"
