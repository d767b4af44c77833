"""The whole paper: its figures and tables are items.

Each is computed once and kept in the study's folder. So is its part on a real network, if there is
one. What is kept is put together on one page, statement by statement side by side.
"""
import json
import os
import platform
import time
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from .. import page, plots, texts
from ..files import replacing
from ..data import png
from ..progress import clock
from . import together
from .claims import NOT_TESTABLE, VERDICTS, Claim, NotTestable, Report
from .figure1.report import report as figure1
from .figure2.real import real as figure2_real
from .figure2.report import report as figure2
from .figure3.report import report as figure3
from .figure4.report import report as figure4
from .figure5.real import real as figure5_real
from .figure5.report import report as figure5
from .figure6.report import report as figure6
from .figure7.real import real as figure7_real
from .figure7.report import report as figure7
from .figure9.real import real as figure9_real
from .figure9.report import report as figure9
from .limits.real import real as limits_real
from .limits.report import report as limits
from .processes import compute_in_processes
from .recipe.report import report as recipe
from .table1.report import report as table1
from .table2.report import report as table2
from .table3.report import report as table3
from .table7.real import real as table7_real
from .table7.report import report as table7

TEXT = texts.read(__package__)


class Item(NamedTuple):
    """One part of the paper."""
    name: str           # on the command line
    heading: str        # on the page
    report: object      # report(study) -> claims.Report
    also: tuple = ()    # other names it answers to
    real: object = None     # the same on a real network: real(study) -> claims.Report


ITEMS = [
    Item("fig1", "Figure 1: a deconvnet layer beside its convnet layer", figure1),
    Item("fig2", "Figure 2: what the layers look for", figure2, real=figure2_real),
    Item("fig3", "Figure 3: the network", figure3),
    Item("training", "Training: the recipe of section 3, and what it needs", recipe),
    Item("fig4", "Figure 4: features while they are learned", figure4),
    Item("fig5", "Figure 5: shifted, enlarged, turned", figure5, real=figure5_real),
    Item("fig6", "Figure 6: choosing the architecture", figure6),
    Item("fig7", "Figure 7: occlusion", figure7, real=figure7_real),
    Item("table1", "Table 1 and Figure 8: correspondence of parts", table1, ("fig8",)),
    Item("table2", "Table 2: one net, ten crops, five nets", table2),
    Item("table3", "Table 3: layers taken out, layers made wider", table3),
    Item("fig9", "Tables 4–6 and Figure 9: features carried to new classes", figure9,
         ("table4", "table5", "table6"), real=figure9_real),
    Item("table7", "Table 7: how good each layer's features are", table7,
         real=table7_real),
    Item("limits", "Limits: what a deconvnet does not tell you", limits,
         real=limits_real),
]
# These train the nets that most of the others take. Of several at a time they come first: others
# would wait for them.
SHARED = ("fig1", "fig7")


def names():
    """Every name that an item answers to."""
    return [name for item in ITEMS for name in (item.name, *item.also)]


def real_part(item):
    """The part of an item on a real network as an item of its own, "fig2-real"; None without."""
    if item.real is None:
        return None
    return Item(f"{item.name}-real", TEXT["heading: real"].format(heading=item.heading), item.real)


def find(wanted, photos=False):
    """The items of some names, in the paper's order, each before its real part.

    wanted: a list of names; "all" is every item, "fig2-real" the real part of one alone.
    photos: there are photographs, so with an item comes its real part.
    Raises ValueError for an unknown name, and for a real part alone without photographs.
    """
    parts = {item.name: real_part(item) for item in ITEMS}
    real = [part.name for part in parts.values() if part]
    for name in wanted:
        if name in real and not photos:
            raise ValueError(f"{name} needs photographs: --photos FOLDER")
        if name not in ("all", *names(), *real):
            raise ValueError(f"no item {name!r}; there are: all, {', '.join(names())}")
    found = []
    for item in ITEMS:
        own = not {"all", item.name, *item.also}.isdisjoint(wanted)
        part = parts[item.name]
        found += [item] if own else []
        found += [part] if part and photos and (own or part.name in wanted) else []
    return found


def compute(study, wanted, *, again=False, processes=1):
    """Compute the items that aren't finished, and write the page with every finished item.

    study: a Study.
    wanted: names of items, see `find`.
    again: compute all of them anew.
    processes: how many items are computed at the same time, each in a process of its own on its
    share of the threads. Two nets trained side by side on one core each take little more than half
    of the time that two cores take for one after the other. With 1, items are computed in this
    process, one after the other.
    Returns the page's path, index.html in the study's folder.
    Raises ChildProcessError if an item fails in its process.
    """
    items, missing, start = find(wanted, study.photos is not None), [], time.monotonic()
    (study.out / "items").mkdir(exist_ok=True)
    for item in items:
        if again or read(study.out, item.name) is None:
            missing.append(item)
        else:
            study.report(f"{item.heading} (finished before)")
    if processes > 1:
        missing.sort(key=lambda item: item.name not in SHARED)
        computing = compute_in_processes(study, missing, again, processes)
    else:
        computing = _compute_here(study, missing)
    with closing(computing):
        for number, item in enumerate(computing, 1):
            study.report(f"[{number}/{len(missing)}] done: {item.heading} "
                         f"({clock(time.monotonic() - start)} since the start)")
            write_page(study)
    return write_page(study)


def write_page(study):
    """Put all finished items together into index.html in the study's folder; returns its path."""
    path = study.out / "index.html"
    together.write(path, study.name, finished(study.out), quick=study.quick)
    return path


def finished(out):
    """The finished items in a folder: a list of together.Found, in the paper's order."""
    found = []
    for item in ITEMS:
        part = real_part(item)
        found.append(together.Found(item.heading, read(out, item.name), part is not None,
                                    part and read(out, part.name)))
    return [own for own in found if own.small or own.real]


# ---- computing ----------------------------------------------------------------------------------

def _compute_here(study, items):
    """Compute items one after the other; yields each when it is finished."""
    for item in items:
        study.report(item.heading)
        start = time.monotonic()
        try:
            report = item.report(study)
        except NotTestable as reason:
            study.step(f"{NOT_TESTABLE}: {reason}")
            report = Report([Claim(TEXT["claim: not testable"].format(heading=item.heading),
                                   str(reason), NOT_TESTABLE)], [])
        seeds = study.photos.seeds if item.name.endswith("-real") else study.seeds
        keep(study.out, item.name, report._replace(
            made=_made(time.monotonic() - start, len(seeds))))
        yield item


def _made(seconds, seeds):
    """When, where and how long an item was computed: the fields of Report.made."""
    try:
        own = version("numpyzf")
    except PackageNotFoundError:
        own = "of a folder that isn't installed"
    return {"version": own, "date": time.strftime("%Y-%m-%d"),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "seconds": round(seconds), "seeds": seeds}


# ---- keeping ------------------------------------------------------------------------------------

def keep(out, name, report):
    """Write what an item found into the folder `out`/items.

    out: the study's folder.
    name: the item's.
    report: a claims.Report.

    Pictures become PNG files, the rest one JSON file. That is written last: the item is finished
    when it is there.
    """
    folder, sections = Path(out) / "items", []
    for number, section in enumerate(report.sections, 1):
        file_name = None
        if section.picture is not None:
            file_name = picture_name(name, number)
            png = section.picture
            if not isinstance(png, bytes):
                png = plots.png_bytes(png)
            with replacing(folder / file_name) as file:
                file.write(png)
        sections.append(section._replace(picture=file_name))
    found = {"claims": report.claims, "sections": sections, "made": report.made}
    with replacing(folder / f"{name}.json") as file:
        file.write(json.dumps(found, indent=1, default=_as_number).encode())


def _as_number(value):
    return value.item()     # a number of NumPy's becomes one of Python's


def read(out, name):
    """Read what `keep` wrote: a claims.Report, pictures as bytes.

    out: the study's folder.
    name: the item's.
    Returns None if nothing is there, or if it isn't what `keep` writes.
    """
    folder = Path(out) / "items"
    try:
        found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return Report([_read_claim(values) for values in found["claims"]],
                      [_read_section(folder, picture_name(name, number), values)
                       for number, values in enumerate(found["sections"], 1)],
                      _read_made(found["made"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def picture_name(name, number):
    """The file of the picture of an item's section, counted from 1."""
    return f"{name}-{number}.png"


def _read_claim(values):
    claim = Claim(*values)
    _check(all(isinstance(text, str) for text in claim))
    _check(claim.verdict in VERDICTS)
    return claim


def _read_made(made):
    _check(isinstance(made, dict))
    if made:
        _check(all(isinstance(made[key], str) for key in ("version", "date", "machine")))
        _check(all(type(made[key]) is int and 0 <= made[key] < 1e9 for key in ("seconds", "seeds")))
    return made


def _read_section(folder, picture_name, values):
    """A page.Section from its values; its picture, if it has one, has this name and no other."""
    section = page.Section(*values)
    _check(all(isinstance(text, str) for text in (section.heading, section.text, section.alt)))
    _check(section.level in (2, 3) and isinstance(section.rows, list))
    for row in section.rows:
        _check(isinstance(row, list) and all(isinstance(cell, str | int | float) for cell in row))
    if section.picture is None:
        return section
    _check(section.picture == picture_name)
    with open(folder / picture_name, "rb") as file:
        png.checked(file)
        file.seek(0)
        picture = file.read()
    _check(picture.startswith(png.SIGNATURE))
    return section._replace(picture=picture)


def _check(holds):
    if not holds:
        raise ValueError("not what `keep` writes")
