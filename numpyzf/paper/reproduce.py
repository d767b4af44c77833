"""The whole paper: its figures and tables as items that are computed once, kept, and put together on one page."""
import json
import os
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from .. import page, plots
from ..checkpoints import replacing
from ..kernels import THREADS
from . import (figure1, figure2, figure3, figure4, figure5, figure6, figure7, figure9, limits, recipe, table1, table2, table3, table7)
from .claims import DOES_NOT_HOLD, HOLDS, NOT_TESTABLE, Claim, Report


class Item(NamedTuple):
    """One part of the paper: its name on the command line, a heading, other names it answers to, and reproduce(study) -> Report."""
    name: str
    heading: str
    reproduce: object
    also: tuple = ()


ITEMS = [
    Item("fig1", "Figure 1: a deconvnet layer beside its convnet layer", figure1.reproduce),
    Item("fig3", "Figure 3: the network", figure3.reproduce),
    Item("training", "Training: the recipe of section 3, and what it needs", recipe.reproduce),
    Item("fig2", "Figure 2: what the layers look for", figure2.reproduce),
    Item("fig4", "Figure 4: features while they are learned", figure4.reproduce),
    Item("fig5", "Figure 5: shifted, enlarged, turned", figure5.reproduce),
    Item("fig6", "Figure 6: choosing the architecture", figure6.reproduce),
    Item("fig7", "Figure 7: occlusion", figure7.reproduce),
    Item("table1", "Table 1 and Figure 8: correspondence of parts", table1.reproduce, ("fig8",)),
    Item("table2", "Table 2: one net, ten crops, five nets", table2.reproduce),
    Item("table3", "Table 3: layers taken out, layers made wider", table3.reproduce),
    Item("fig9", "Tables 4–6 and Figure 9: features carried to new classes", figure9.reproduce, ("table4", "table5", "table6")),
    Item("table7", "Table 7: how good each layer's features are", table7.reproduce),
    Item("limits", "Limits: what a deconvnet does not tell you", limits.reproduce),
]


SHARED = "fig1", "fig7"         # train the nets that most of the others take


def names():
    """Every name that an item answers to."""
    return [name for item in ITEMS for name in (item.name, *item.also)]


def find(wanted):
    """The items of some names, in the paper's order; "all" is every one. Raises ValueError for an unknown name."""
    for name in wanted:
        if name != "all" and name not in names():
            raise ValueError(f"no item {name!r}; there are: all, {', '.join(names())}")
    return [item for item in ITEMS if {"all", item.name, *item.also} & set(wanted)]


def run(study, wanted, *, again=False, processes=1):
    """Compute the items that aren't finished (all of them anew with again=True), and write the page; returns its path.

    The page, index.html in the study's folder, has every item that is finished, whenever that was.
    processes: how many items are computed at the same time, each in a process of its own on its share of the threads. Two nets trained side by side on
    one core each take little more than half of the time that two cores take for one after the other. Raises ChildProcessError if one fails.
    """
    items, start = find(wanted), time.monotonic()
    (study.out / "items").mkdir(exist_ok=True)
    missing = [item for item in items if again or read(study.out, item.name) is None]
    for item in items:
        if item not in missing:
            study.report(f"{item.heading} (finished before)")
    apart = processes > 1 and len(missing) > 1
    with closing(_compute_in_processes(study, missing, again, processes) if apart else _compute_here(study, missing)) as finished:
        for number, item in enumerate(finished, 1):
            minutes, seconds = divmod(round(time.monotonic() - start), 60)
            study.report(f"[{number}/{len(missing)}] done: {item.heading} ({minutes}:{seconds:02} since the start)")
            write_page(study)
    return write_page(study)


def _compute_here(study, items):
    """Compute items one after the other; yields each when it is finished."""
    for item in items:
        study.report(item.heading)
        keep(study.out, item.name, item.reproduce(study))
        yield item


def _compute_in_processes(study, items, again, processes):
    """The same, several at a time, as they finish; first those whose nets others need too, who would wait for them."""
    threads, running = str(max(1, THREADS // processes)), []
    options = [text for name, value in study.source.items() if value is not None for text in (f"--{name}", str(value))]

    def compute(item):
        study.report(item.heading)
        command = [sys.executable, "-u", "-m", "numpyzf", "reproduce", item.name, "--out", str(study.out), *options,
                   *["--again"] * again, *["--quick"] * study.quick]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
                                   env=os.environ | {"NUMBA_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONIOENCODING": "utf-8"})
        running.append(process)
        last = ""
        for line in process.stdout:
            last = line.strip() or last
            if line.startswith("  "):               # what is being done; the rest is said here
                study.report(f"  {item.name}: {last}")
        if process.wait():
            raise ChildProcessError(f"{item.name} could not be computed: {last}")
        return item

    with ThreadPoolExecutor(processes) as pool:
        waiting = {pool.submit(compute, item) for item in sorted(items, key=lambda item: item.name not in SHARED)}
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        finally:                                    # all are through, or one has failed, or someone has interrupted
            for future in waiting:
                future.cancel()
            for process in running:
                process.terminate()


def keep(out, name, report):
    """Write a Report into the folder `out`/items: pictures as PNG, then the rest as JSON, whose being there means finished."""
    folder, sections = Path(out) / "items", []
    for number, section in enumerate(report.sections, 1):
        picture = None
        if section.picture is not None:
            picture = f"{name}-{number}.png"
            with replacing(folder / picture) as file:
                file.write(section.picture if isinstance(section.picture, bytes) else plots.png_bytes(section.picture))
        sections.append(section._replace(picture=picture))
    with replacing(folder / f"{name}.json") as file:
        file.write(json.dumps({"claims": report.claims, "sections": sections}, indent=1, default=lambda value: value.item()).encode())


def read(out, name):
    """The Report that `keep` wrote, pictures as bytes; None if there is none, or if it can't be read any more."""
    folder = Path(out) / "items"
    try:
        stored = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        sections = [page.Section(*section) for section in stored["sections"]]
        return Report([Claim(*claim) for claim in stored["claims"]],
                      [s._replace(picture=s.picture and (folder / s.picture).read_bytes()) for s in sections])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_page(study):
    """Put all finished items together into index.html; returns its path."""
    finished = [(item, report) for item in ITEMS if (report := read(study.out, item.name))]
    head = "the paper says", "measured here", "verdict"
    rows, parts = [("", "the paper says", "verdict")], []
    for item, report in finished:
        label = item.heading.partition(":")[0]
        rows += [(page.Link(label, item.heading), claim.paper, _marked(claim.verdict)) for claim in report.claims]
        claims = [(claim.paper, claim.measured, _marked(claim.verdict)) for claim in report.claims]
        parts += [page.Section(item.heading, "", rows=[head, *claims] if claims else ())]
        parts += [section._replace(level=3) for section in report.sections]
    verdicts = [claim.verdict for _, report in finished for claim in report.claims]
    text = OVERVIEW.format(data=study.name, all=len(verdicts), holds=verdicts.count(HOLDS), fails=verdicts.count(DOES_NOT_HOLD),
                           untested=verdicts.count(NOT_TESTABLE))
    path = study.out / "index.html"
    page.write(path, "Visualizing and understanding convolutional networks, on a laptop", [page.Section("What holds", text, rows=rows), *parts])
    return path


def _marked(verdict):
    """A verdict with a sign before it, which can be told without color."""
    return f"{ {HOLDS: '✓', DOES_NOT_HOLD: '✗'}.get(verdict, '–')} {verdict}"


OVERVIEW = """Zeiler and Fergus trained a convnet of 62 million parameters on 1.3 million photographs and looked inside. This page does the same \
with small nets: on {data}, and on rendered scenes whose objects and parts are known to the pixel, so that a picture can be scored.

“Holds” means: true with every seed, each one a net trained from other random numbers. “Does not hold at this size” is a \
finding too: these nets and images are small. “Not testable here” says what would be needed. Of {all} statements {holds} hold, \
{fails} don't at this size, and {untested} can't be tested here."""
