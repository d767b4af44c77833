"""The page: what all items found, small nets and a real network side by side.

Statement by statement: what was measured, over how many seeds, and the verdict.
"""
from itertools import zip_longest
from typing import NamedTuple

from .. import page, texts
from .claims import (BY_CONSTRUCTION, DOES_NOT_HOLD, HOLDS, NOT_DECIDED, NOT_TESTABLE,
                     Report)

TEXT = texts.read(__package__)
HEAD = ("the paper says", "small nets")
AT_THIS_SIZE = " at this size"      # of a verdict on small nets


class Found(NamedTuple):
    """What one item found."""
    heading: str
    small: Report       # on small nets; None if that isn't finished
    has_real: bool      # does the item have a part on a real network?
    real: Report        # what that found; None if it isn't finished


def write(path, name, items):
    """Write the page.

    path: its file.
    name: of the study's images.
    items: a list of Found, each with a report at least.
    """
    overview, parts = [("", *HEAD, "a real network")], []
    for item in items:
        rows = side_by_side(_claims(item.small), _claims(item.real))
        link = page.Link(item.heading.partition(":")[0], item.heading)
        overview += [(link if paper else "", paper, _on(small), _verdict_of_real(real))
                     for paper, small, real in rows]
        parts.append(page.Section(item.heading, "", rows=_table(rows, item)))
        parts += _sections(item.small, "") + _sections(item.real, TEXT["on a real network"])
    small, real = [[claim for item in items for claim in _claims(item[place])] for place in (1, 3)]
    on_real = TEXT["section: no photographs"]
    if real:
        on_real = TEXT["section: real"].format(**_counts(real))
    text = f"{TEXT['section: overview'].format(data=name, **_counts(small))}\n\n{on_real}"
    page.write(path, TEXT["title"], [page.Section("What holds", text, rows=overview), *parts])


def side_by_side(small, real):
    """The claims of an item on small nets and on a real network, paired by statement.

    small, real: lists of Claim.
    Returns rows (statement, Claim or None, Claim or None). A statement that was tested on several
    kinds of images has several rows, and stands in the first one only.
    """
    rows = []
    for paper in dict.fromkeys(claim.paper for claim in (*small, *real)):
        own = [[claim for claim in claims if claim.paper == paper] for claims in (small, real)]
        rows += [(paper if i == 0 else "", *pair) for i, pair in enumerate(zip_longest(*own))]
    return rows


def _claims(report):
    return report.claims if report else []


def _sections(report, where):
    """The sections of a report, if there is one; `where` follows their headings."""
    return [section._replace(level=3, heading=f"{section.heading} {where}".strip())
            for section in (report.sections if report else [])]


def _table(rows, item):
    """An item's claims as a table; with columns for its real part, if it has one."""
    head = (*HEAD, "verdict", "a real network", "verdict")
    table = []
    for paper, small, real in rows:
        measured = _measured(real) if item.real or not paper else TEXT["not tried"]
        table.append((paper, _measured(small), _verdict(small), measured, _verdict_of_real(real)))
    columns = 5 if item.has_real else 3
    return [row[:columns] for row in [head, *table]] if table else ()


def _measured(claim):
    """What was measured, behind the name of the images if there are several kinds of them."""
    if claim is None:
        return ""
    return f"{claim.on}: {claim.measured}" if claim.on else claim.measured


def _verdict(claim):
    """A verdict behind a sign, by which it can be told without color."""
    if claim is None:
        return ""
    signs = {HOLDS: "✓", DOES_NOT_HOLD: "✗", NOT_DECIDED: "?", BY_CONSTRUCTION: "="}
    return f"{signs.get(claim.verdict, '–')} {claim.verdict}"


def _on(claim):
    """A verdict, and on which images if there are several kinds of them."""
    return f"{_verdict(claim)} ({claim.on})" if claim and claim.on else _verdict(claim)


def _verdict_of_real(claim):
    """The same of a real network, which isn't small."""
    return _verdict(claim).removesuffix(AT_THIS_SIZE)


def _counts(claims):
    """How many statements there are by verdict; those that are so by construction don't count."""
    verdicts = [claim.verdict for claim in claims if claim.verdict != BY_CONSTRUCTION]
    return {"all": len(verdicts), "holds": verdicts.count(HOLDS),
            "fails": verdicts.count(DOES_NOT_HOLD), "undecided": verdicts.count(NOT_DECIDED),
            "untested": verdicts.count(NOT_TESTABLE)}
