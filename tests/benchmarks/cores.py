"""The same work on 1, 2, 4 … cores, and with one of the cores taken by another program.

Beside PyTorch stand ONNX Runtime and OpenVINO, where installed. They don't train.
"""
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pair
from report import DIFFERENT, milliseconds, ratio

NUMBERS = (1, 2, 4, 8, 16)      # of cores
SHARED = (2, 4)                 # the numbers of cores of which one is taken
LIMIT = 10      # seconds after which no more rounds begin: long work gets 3, short work all
WORKS = {
    "training step, zfnet, batch 32": ("step", {"net": "zfnet", "batch": 32}),
    "training step, labnet28, batch 128": ("step", {"net": "labnet28", "batch": 128}),
    "training step, labnet32, batch 128": ("step", {"net": "labnet32", "batch": 128}),
    "forward, zfnet, batch 32": ("forward", {"net": "zfnet", "batch": 32}),
    "forward, zfnet, one image": ("forward", {"net": "zfnet", "batch": 1}),
}
RUNTIMES = {"ONNX Runtime": "onnxruntime", "OpenVINO": "openvino"}      # their packages
CAN_PIN = hasattr(os, "sched_setaffinity")      # on Linux

# Uses up a core. It ends by itself if the process that began it is gone, killed perhaps.
LOOP = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(100_000):
        pass
"""


class Condition(NamedTuple):
    """What there is for everyone: so many cores, one of them busy or not."""
    cores: int
    busy: bool

    def __str__(self):
        return f"{self.cores} core{'s' * (self.cores > 1)}{', 1 busy' * self.busy}"


def conditions(most, quick):
    """The columns of the table for a machine of `most` cores; quick: only the last of each kind."""
    quiet = [Condition(number, False) for number in NUMBERS if number <= most]
    busy = [Condition(number, True) for number in SHARED if number <= most and CAN_PIN]
    return quiet[-1:] + busy[-1:] if quick else quiet + busy


def measure(report, quick):
    """Fill the table, and add the line about the order of imports."""
    columns = conditions(report.threads, quick)
    report.heads["cores"] = ["work", "library", *map(str, columns)]
    with TemporaryDirectory() as folder:
        model = str(Path(folder, "zfnet.onnx"))
        with pair.Worker("worker_numpyzf.py", report.threads) as worker:
            worker.ask("export", net="zfnet", path=model)
        for name, (case, options) in WORKS.items():
            print(f"{name} …", flush=True)
            own, cells = {"numpyzf": {}, "PyTorch": {}}, {}
            if case == "forward":
                own |= {library: {"runtime": package, "model": model}
                        for library, package in RUNTIMES.items()}
            try:
                own["PyTorch"] = chosen(columns, case, options, report.budget)
                for number in dict.fromkeys(column.cores for column in columns):
                    same = [column for column in columns if column.cores == number]
                    cells |= on_some_cores(report, name, case, options, own, same)
            except RuntimeError as error:
                report.line("cores", f"{name}: not all measured, {error}")
            for library in own:
                row = [cells.get((library, column), "–") for column in columns]
                report.row("cores", [name, library, *row])
    import_orders(report)


def chosen(columns, case, options, budget):
    """The options that PyTorch is fastest with, on the most cores of all columns."""
    most = max(column.cores for column in columns)
    with pinned(most), pair.Worker("worker_torch.py", most) as worker:
        return worker.ask("choose", case=case, budget=min(1, budget), **options)["options"]


def on_some_cores(report, name, case, options, own, columns):
    """Measure one work in columns with the same number of cores.

    own: {library: the options that only it takes}, numpyzf first
    Returns {(library, column): cell}.
    """
    number, cells, workers, answers = columns[0].cores, {}, {}, {}
    with pinned(number), ExitStack() as stack:
        for library, extra in own.items():
            script = {"numpyzf": "worker_numpyzf.py", "PyTorch": "worker_torch.py"}
            worker = pair.Worker(script.get(library, "worker_onnx.py"), number)
            stack.enter_context(worker)
            try:
                worker.ask("set_up", case=case, **options, **extra)
                answers[library] = worker.ask("check")
                workers[library] = worker
            except pair.Missing:
                cells |= {(library, column): "not installed" for column in columns}
            except RuntimeError as error:
                report.line("cores", f"{name}, {columns[0]}, {library}: not measured, {error}")
        if "numpyzf" not in workers:
            return cells
        for library in workers:
            off = pair.difference(answers["numpyzf"], answers[library])
            if off > DIFFERENT:
                report.line("cores", f"**{name}: {library}'s answer differs by {off:.1e}, so "
                                     "this may be different work.**")
        works = [(worker, "run") for worker in workers.values()]
        for column in columns:
            with busy() if column.busy else nullcontext():
                found = pair.take_turns(works, report.repeat, LIMIT)
            ours = found[workers["numpyzf"], "run"]
            for library, worker in workers.items():
                theirs = found[worker, "run"]
                cell = milliseconds(median(theirs))
                if library != "numpyzf":
                    cell = f"{ratio(*pair.ratio_of(ours, theirs))} of {cell}"
                print(f"  {column}, {library}: {cell}", flush=True)
                cells[library, column] = cell
    return cells


def import_orders(report):
    """A training step where numpy was imported before numpyzf, and where after it."""
    threads = report.threads
    with (pair.Worker("worker_numpyzf.py", threads, NUMPY_FIRST="1") as numpy_first,
          pair.Worker("worker_numpyzf.py", threads) as numpyzf_first):
        works = [(numpy_first, "run"), (numpyzf_first, "run")]
        for worker, _ in works:
            worker.ask("set_up", case="step", net="labnet28", batch=128)
            worker.ask("check")
        found = pair.take_turns(works, 3 * report.repeat)       # more: they hardly differ
    value = ratio(*pair.ratio_of(*(found[work] for work in works)))
    report.line("cores", f"numpy imported first: {value} of the time with numpyzf imported first, "
                         f"a training step of labnet28, batch 128, {threads} threads; "
                         "target ≤ 1.03.")


@contextmanager
def pinned(number):
    """Keep this process, and those that it starts meanwhile, on `number` cores; on Linux only."""
    if not CAN_PIN:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, apart(before)[:number])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def apart(processors):
    """The system's processors as a list, at its end those that share a core with one before."""
    first, rest, seen = [], [], set()
    for processor in sorted(processors):
        about = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
        core = about.read_text() if about.is_file() else processor
        (rest if core in seen else first).append(processor)
        seen.add(core)
    return first + rest


@contextmanager
def busy():
    """Another program that uses up a core, in a session of its own; it ends in every case."""
    process = subprocess.Popen([sys.executable, "-c", LOOP, str(os.getpid())],
                               start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
