"""The page: what all items found, small nets and a real network statement by statement.

One picture opens it, then a sheet of all items; then item by item the pictures, the tables, and the
statements with their verdicts; all statements, filtered by verdict, come last.
"""
import io
import re
from itertools import zip_longest
from typing import NamedTuple

from PIL import Image

from .. import page, texts
from ..progress import clock
from .claims import (BY_CONSTRUCTION, DOES_NOT_HOLD, HOLDS, NOT_DECIDED, NOT_TESTABLE, VERDICTS,
                     Report)

TEXT = texts.read(__package__)
AT_THIS_SIZE = " at this size"      # of a verdict on small nets
SIGNS = {HOLDS: "✓", DOES_NOT_HOLD: "✗", NOT_DECIDED: "?", NOT_TESTABLE: "–", BY_CONSTRUCTION: "="}
OPENS = "Figure 2"                  # the item whose picture opens the page
STYLE = """<style>
.sheet { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); }
.sheet a { color: inherit; text-decoration: none; border: 1px solid #ddd; padding: .5rem;
           font-size: .85rem; line-height: 1.35; background: white; }
.sheet img { margin: 0 0 .4rem; width: 100%; height: 7rem; object-fit: cover;
             object-position: top left; }
.zoom { display: block; overflow-x: auto; cursor: zoom-in; }
.zoom input { position: absolute; opacity: 0; }
.zoom input:checked + img { max-width: none; cursor: zoom-out; }
.claim { border-left: .3rem solid #ccc; padding: .1rem 0 .1rem .8rem; margin: 1rem 0; }
.claim p { margin: .15rem 0; }
.claim b { background: #eee; padding: 0 .35rem; }
.holds { border-color: #0072b2; } .fails { border-color: #d55e00; } .open { border-color: #e0b000; }
.quick { border: 2px solid #d55e00; padding: .6rem .8rem; }
.filter input { margin-left: .8rem; }
.filter label { white-space: nowrap; }
RULES
</style>"""
NAMES = dict(zip(VERDICTS, ("holds", "fails", "open", "untested", "built")))     # in STYLE


class Found(NamedTuple):
    """What one item found."""
    heading: str
    small: Report       # on small nets; None if that isn't finished
    has_real: bool      # does the item have a part on a real network?
    real: Report        # what that found; None if it isn't finished


def write(path, name, items, *, quick=False):
    """Write the page.

    path: its file.
    name: of the study's images.
    items: a list of Found, each with a report at least.
    quick: the nets were hardly trained: the page says so and gives no verdicts.
    """
    rules = "\n".join(f"#only-{own}:checked ~ .claim:not(.{own}) {{ display: none; }}"
                      for own in NAMES.values())
    mark = f'<p class="quick">{page.escape(TEXT["quick"])}</p>' if quick else ""
    parts = [STYLE.replace("RULES", rules), mark, _opening(items), _paragraphs(_made(name, items)),
             _sheet(items, quick)]
    parts += [_item(number, item, quick) for number, item in enumerate(items)]
    page.write_html(path, TEXT["title"], "\n".join([*parts, _overview(name, items, quick)]))


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


# ---- the head -----------------------------------------------------------------------------------

def _opening(items):
    """One picture, smaller: the middle one of the item OPENS, or the first there is."""
    own, every = [], []
    for item in items:
        pictures = [section for section in _sections(item) if section.picture is not None]
        every += pictures
        own += pictures if item.heading.startswith(f"{OPENS}:") else []
    section = own[len(own) // 2] if own else every[0] if every else None
    return page.image(smaller(section.picture, 880), section.alt) if section else ""


def smaller(png, side):
    """A picture, the bytes of a PNG file, as one of `side` pixels a side at most and 128 colors."""
    with Image.open(io.BytesIO(png)) as image:
        image = image.convert("RGB")
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


def _made(name, items):
    """When, where and with what the items were computed, in words."""
    made = [report.made for item in items for report in (item.small, item.real)
            if report and report.made]
    if not made:
        return TEXT["made of"].format(data=name)

    def all_of(key):
        return ", ".join(dict.fromkeys(str(own[key]) for own in made))
    dates = sorted({own["date"] for own in made})
    return TEXT["made"].format(
        data=name, version=all_of("version"), machine=all_of("machine"), seeds=all_of("seeds"),
        dates=" to ".join(dict.fromkeys((dates[0], dates[-1]))),
        time=clock(sum(own["seconds"] for own in made)))


def _sheet(items, quick):
    """All items as thumbnails with one line each."""
    cards = []
    for number, item in enumerate(items):
        pictures = [section for section in _sections(item) if section.picture is not None]
        image = page.image(smaller(pictures[0].picture, 320), pictures[0].alt) if pictures else ""
        line = TEXT["quick: one line"] if quick else _one_line(_claims(item.small or item.real))
        short, _, rest = item.heading.partition(": ")
        cards.append(f'<a href="#item-{number}">{image}<b>{page.escape(short)}</b> '
                     f"{page.escape(rest)}<br>{page.escape(line)}</a>")
    signs = ", ".join(f"{SIGNS[verdict]} {verdict}" for verdict in VERDICTS)
    legend = "" if quick else _paragraphs(TEXT["signs"].format(signs=signs))
    return f'{legend}<div class="sheet">{"".join(cards)}</div>'


def _one_line(claims):
    """How many statements have which verdict: "✓ 2 · ✗ 1 · ? 3"."""
    counts = [(SIGNS[verdict], sum(claim.verdict == verdict for claim in claims))
              for verdict in VERDICTS]
    return " · ".join(f"{sign} {count}" for sign, count in counts if count)


# ---- an item ------------------------------------------------------------------------------------

def _item(number, item, quick):
    """Pictures first, then numbers, then what is said and found."""
    parts = [f'<h2 id="item-{number}">{page.escape(item.heading)}</h2>']
    for section in _sections(item):
        if section.picture is None:
            parts.append(page.section_html(section))
            continue
        parts.append(_with_zoom(page.section_html(section._replace(rows=()))))
        if section.rows:
            parts.append(page.section_html(page.Section(
                TEXT["numbers"].format(heading=section.heading), "", rows=section.rows, level=4)))
    rows = side_by_side(_claims(item.small), _claims(item.real))
    sources = dict.fromkeys((small or real).source for _, small, real in rows)
    for source in sorted(sources, key=lambda source: source != ""):     # the paper first
        parts.append(f"<h3>{page.escape(source or TEXT['the paper says'])}</h3>")
        statement = ""
        for paper, small, real in rows:
            statement = paper or statement
            if (small or real).source == source:
                parts.append(_statement(statement, small, real, item, quick))
    return "\n".join(parts)


def _with_zoom(html):
    """A click on a picture shows it at full size."""
    return re.sub("<img [^>]*>", lambda found: '<label class="zoom"><input type="checkbox" '
                  f'aria-label="full size">{found[0]}</label>', html)


def _statement(statement, small, real, item, quick, link=""):
    """A statement with its verdicts and what was measured; the verdict is the first word."""
    lines = [f"<p>{link}{_bold(verdict_of(small, quick))} {page.escape(statement)}</p>"] if small \
        else [f"<p>{link}{page.escape(statement)}</p>"]
    if small and not link:
        lines.append(f"<p>{page.escape(TEXT['here'])} {page.escape(_measured(small))}</p>")
    if item.has_real and (real or (item.real is None and not link)):
        words = "" if link else page.escape(_measured(real) if real else TEXT["not tried"])
        verdict = _bold(verdict_of(real, quick).removesuffix(AT_THIS_SIZE)) if real else ""
        lines.append(f"<p>{page.escape(TEXT['a real network'])} {verdict} {words}</p>")
    kind = "untested" if quick else NAMES[(small or real).verdict]
    return f'<div class="claim {kind}">{"".join(lines)}</div>'


def verdict_of(claim, quick=False):
    """A verdict behind a sign, by which it can be told without color; on which images, if told."""
    words = f"{SIGNS[claim.verdict]} {claim.verdict}"
    if quick and claim.verdict in (HOLDS, DOES_NOT_HOLD, NOT_DECIDED):
        words = TEXT["quick: verdict"]
    return words


def _bold(text):
    return f"<b>{page.escape(text)}</b>"


def _measured(claim):
    """What was measured, behind the name of the images if there are several kinds of them."""
    return f"{claim.on}: {claim.measured}" if claim.on else claim.measured


def _claims(report):
    return report.claims if report else []


def _sections(item):
    """The sections of an item, those on a real network last, with words behind their headings."""
    found = []
    for report, where in ((item.small, ""), (item.real, TEXT["on a real network"])):
        found += [section._replace(level=3, heading=f"{section.heading} {where}".strip())
                  for section in (report.sections if report else [])]
    return found


# ---- all statements -----------------------------------------------------------------------------

def _overview(name, items, quick):
    """All statements, filtered by the verdict that is chosen."""
    small, real = [[claim for item in items for claim in _claims(item[place])] for place in (1, 3)]
    text = TEXT["section: overview"].format(data=name)
    if not quick:
        text += "\n\n" + TEXT["counts"].format(**_counts(small))
    text += "\n\n" + (TEXT["section: real"].format(**_counts(real)) if real and not quick
                      else "" if real else TEXT["section: no photographs"])
    choices = ['<input type="radio" name="only" id="only-all" checked> '
               f'<label for="only-all">{page.escape(TEXT["all"])}</label>']
    choices += [f'<input type="radio" name="only" id="only-{own}"> '
                f'<label for="only-{own}">{page.escape(f"{SIGNS[verdict]} {verdict}")}</label>'
                for verdict, own in NAMES.items()]
    rows = []
    for number, item in enumerate(items):
        short, statement = page.escape(item.heading.partition(":")[0]), ""
        link = f'<a href="#item-{number}">{short}</a> '
        for paper, own, other in side_by_side(_claims(item.small), _claims(item.real)):
            statement = paper or statement
            on = f" ({own.on})" if own and own.on else ""
            rows.append(_statement(statement + on, own, other, item, quick, link))
    choices = "" if quick else "\n".join(choices)
    return (f'<h2 id="all">{page.escape(TEXT["overview"])}</h2>{_paragraphs(text)}'
            f'<div class="filter">{choices}{"".join(rows)}</div>')


def _paragraphs(text):
    return "".join(f"<p>{page.escape(each)}</p>" for each in text.split("\n\n") if each)


def _counts(claims):
    """How many statements there are by verdict; those that are so by construction don't count."""
    verdicts = [claim.verdict for claim in claims if claim.verdict != BY_CONSTRUCTION]
    return {"all": len(verdicts), "holds": verdicts.count(HOLDS),
            "fails": verdicts.count(DOES_NOT_HOLD), "undecided": verdicts.count(NOT_DECIDED),
            "untested": verdicts.count(NOT_TESTABLE)}
