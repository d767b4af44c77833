"""The whole paper: its figures and tables are items.

Each is computed once and kept in the study's folder. What is kept is put together on one page.
"""
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from .. import page, plots, texts
from ..checkpoints import replacing
from ..kernels import THREADS
from ..runs import clock
from .claims import DOES_NOT_HOLD, HOLDS, NOT_TESTABLE, Claim, Report
from .figure1.report import report as figure1
from .figure2.report import report as figure2
from .figure3.report import report as figure3
from .figure4.report import report as figure4
from .figure5.report import report as figure5
from .figure6.report import report as figure6
from .figure7.report import report as figure7
from .figure9.report import report as figure9
from .limits.report import report as limits
from .recipe.report import report as recipe
from .study import INDENT
from .table1.report import report as table1
from .table2.report import report as table2
from .table3.report import report as table3
from .table7.report import report as table7

TEXT = texts.read(__package__)


class Item(NamedTuple):
    """One part of the paper."""
    name: str           # on the command line
    heading: str        # on the page
    report: object      # report(study) -> claims.Report
    also: tuple = ()    # other names it answers to


ITEMS = [
    Item("fig1", "Figure 1: a deconvnet layer beside its convnet layer", figure1),
    Item("fig3", "Figure 3: the network", figure3),
    Item("training", "Training: the recipe of section 3, and what it needs", recipe),
    Item("fig2", "Figure 2: what the layers look for", figure2),
    Item("fig4", "Figure 4: features while they are learned", figure4),
    Item("fig5", "Figure 5: shifted, enlarged, turned", figure5),
    Item("fig6", "Figure 6: choosing the architecture", figure6),
    Item("fig7", "Figure 7: occlusion", figure7),
    Item("table1", "Table 1 and Figure 8: correspondence of parts", table1, ("fig8",)),
    Item("table2", "Table 2: one net, ten crops, five nets", table2),
    Item("table3", "Table 3: layers taken out, layers made wider", table3),
    Item("fig9", "Tables 4–6 and Figure 9: features carried to new classes", figure9,
         ("table4", "table5", "table6")),
    Item("table7", "Table 7: how good each layer's features are", table7),
    Item("limits", "Limits: what a deconvnet does not tell you", limits),
]
SHARED = ("fig1", "fig7")       # these train the nets that most of the others take


def names():
    """Every name that an item answers to."""
    return [name for item in ITEMS for name in (item.name, *item.also)]


def find(wanted):
    """The items of some names, in the paper's order.

    wanted: a list of names; "all" is every item.
    Raises ValueError for an unknown name.
    """
    for name in wanted:
        if name != "all" and name not in names():
            raise ValueError(f"no item {name!r}; there are: all, {', '.join(names())}")
    return [item for item in ITEMS if not {"all", item.name, *item.also}.isdisjoint(wanted)]


def compute(study, wanted, *, again=False, processes=1):
    """Compute the items that aren't finished, and write the page with every finished item.

    study: a Study.
    wanted: names of items, see `find`.
    again: compute all of them anew.
    processes: how many items are computed at the same time, each in a process of its own on its
    share of the threads. Two nets trained side by side on one core each take little more than half
    of the time that two cores take for one after the other.
    Returns the page's path, index.html in the study's folder.
    Raises ChildProcessError if an item fails in its process.
    """
    items, missing, start = find(wanted), [], time.monotonic()
    (study.out / "items").mkdir(exist_ok=True)
    for item in items:
        if again or read(study.out, item.name) is None:
            missing.append(item)
        else:
            study.report(f"{item.heading} (finished before)")
    if processes > 1 and len(missing) > 1:
        computing = _compute_in_processes(study, missing, again, processes)
    else:
        computing = _compute_here(study, missing)
    with closing(computing):
        for number, item in enumerate(computing, 1):
            study.report(f"[{number}/{len(missing)}] done: {item.heading} "
                         f"({clock(time.monotonic() - start)} since the start)")
            write_page(study)
    return write_page(study)


# ---- computing ----------------------------------------------------------------------------------

def _compute_here(study, items):
    """Compute items one after the other; yields each when it is finished."""
    for item in items:
        study.report(item.heading)
        keep(study.out, item.name, item.report(study))
        yield item


def _compute_in_processes(study, items, again, processes):
    """Compute several items at a time; yields each when it is finished.

    The items of SHARED come first: others need their nets, and would wait for them.
    """
    first = [item for item in items if item.name in SHARED]
    first += [item for item in items if item.name not in SHARED]
    threads = str(max(1, THREADS // processes))
    environment = os.environ | {"NUMBA_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads,
                                "PYTHONIOENCODING": "utf-8"}
    own_processes = _Processes(environment)
    with ThreadPoolExecutor(processes) as pool:
        waiting = {pool.submit(_compute_in_process, study, item, again, own_processes)
                   for item in first}
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:        # all are through, or one has failed, or someone has interrupted
            own_processes.end()
            for future in waiting:
                future.cancel()


class _Processes:
    """Processes that several threads start, and that one thread ends.

    Once they are ended, no other is started: a thread whose item has failed takes the next item
    before anyone can tell it not to.
    """

    def __init__(self, environment):
        self._environment, self._lock = environment, threading.Lock()
        self._started, self._ended = [], False

    def start(self, command):
        """Start a process whose output can be read; None once they are ended."""
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(command, env=self._environment, text=True, encoding="utf-8",
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self._started.append(process)
            return process

    def end(self):
        """End all that are running."""
        with self._lock:
            self._ended = True
            for process in self._started:
                process.terminate()


def _compute_in_process(study, item, again, processes):
    """Compute one item by the command `numpyzf reproduce` in a process of its own."""
    process = processes.start(_command(study, item, again))
    if process is None:
        return item         # no one waits for it any more
    study.report(item.heading)
    last = ""
    for line in process.stdout:
        last = line.strip() or last
        if line.startswith(INDENT):         # a step; what else it says is said here already
            study.step(f"{item.name}: {last}")
    status = process.wait()
    if status < 0:
        raise ChildProcessError(f"{item.name} could not be computed: signal {-status} ended it "
                                "(9 is also what Linux sends when memory runs out); run this "
                                "again to go on")
    if status:
        raise ChildProcessError(f"{item.name} could not be computed: {last}")
    return item


def _command(study, item, again):
    """The command that computes one item of this study."""
    command = [sys.executable, "-u", "-m", "numpyzf", "reproduce", item.name,
               "--out", str(study.out)]
    for option, value in study.source.items():
        if value is not None:
            command += [f"--{option}", str(value)]
    if again:
        command.append("--again")
    if study.quick:
        command.append("--quick")
    return command


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
            file_name = f"{name}-{number}.png"
            png = section.picture
            if not isinstance(png, bytes):
                png = plots.png_bytes(png)
            with replacing(folder / file_name) as file:
                file.write(png)
        sections.append(section._replace(picture=file_name))
    found = {"claims": report.claims, "sections": sections}
    with replacing(folder / f"{name}.json") as file:
        file.write(json.dumps(found, indent=1, default=_as_number).encode())


def _as_number(value):
    return value.item()     # a number of NumPy's becomes one of Python's


def read(out, name):
    """Read what `keep` wrote: a claims.Report, pictures as bytes.

    out: the study's folder.
    name: the item's.
    Returns None if nothing is there, or if it can't be read.
    """
    folder = Path(out) / "items"
    try:
        found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        sections = []
        for values in found["sections"]:
            section = page.Section(*values)
            if section.picture is not None:
                section = section._replace(picture=(folder / section.picture).read_bytes())
            sections.append(section)
        return Report([Claim(*values) for values in found["claims"]], sections)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


# ---- the page -----------------------------------------------------------------------------------

def write_page(study):
    """Put all finished items together into index.html in the study's folder; returns its path."""
    overview, parts, verdicts = [("", "the paper says", "verdict")], [], []
    for item in ITEMS:
        report = read(study.out, item.name)
        if report is None:
            continue
        link = page.Link(item.heading.partition(":")[0], item.heading)
        rows = [("the paper says", "measured here", "verdict")]
        for claim in report.claims:
            overview.append((link, claim.paper, _with_sign(claim.verdict)))
            rows.append((claim.paper, claim.measured, _with_sign(claim.verdict)))
            verdicts.append(claim.verdict)
        parts.append(page.Section(item.heading, "", rows=rows if report.claims else ()))
        parts += [section._replace(level=3) for section in report.sections]
    text = TEXT["section: overview"].format(
        data=study.name, all=len(verdicts), holds=verdicts.count(HOLDS),
        fails=verdicts.count(DOES_NOT_HOLD), untested=verdicts.count(NOT_TESTABLE))
    path = study.out / "index.html"
    page.write(path, TEXT["title"], [page.Section("What holds", text, rows=overview), *parts])
    return path


def _with_sign(verdict):
    """A verdict behind a sign, by which it can be told without color."""
    signs = {HOLDS: "✓", DOES_NOT_HOLD: "✗"}
    return f"{signs.get(verdict, '–')} {verdict}"
