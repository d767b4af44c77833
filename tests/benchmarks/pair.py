"""Two workers, one per library, that take turns: numpyzf, PyTorch, numpyzf, PyTorch …

They never run both at once. With more libraries (cores.py), more take turns.
"""
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
REST = 0.02         # seconds between two runs, in which the other side's threads fall asleep
LEAST = 0.2         # seconds that one measurement takes at least: short work is repeated within it
FEWEST = 3          # rounds, however long they take


class Missing(Exception):
    """A worker can't do a case; the message says why."""


class Worker:
    """A worker process; `ask` gives it an order and waits for the answer."""

    def __init__(self, script, threads, **environment):
        variables = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                     "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(variables, str(threads)),
                       "PYTHONPATH": str(HERE.parents[1]), **environment}
        self.process = subprocess.Popen([sys.executable, "-W", "ignore", HERE / script],
                                        env=environment, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def ask(self, do, **order):
        """Give an order; returns the answer, a dictionary.

        Raises Missing where the library lacks something, RuntimeError where the worker failed.
        """
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended (exit code {self.process.wait()})")
        answer = json.loads(line)
        if "missing" in answer:
            raise Missing(answer["missing"])
        if "error" in answer:
            print(answer["error"], file=sys.stderr, flush=True)
            raise RuntimeError(answer["error"].strip().splitlines()[-1])
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Result(NamedTuple):
    """What a case gave."""
    times: tuple            # (numpyzf, PyTorch): medians, in seconds per unit of work
    ratio: float            # of the medians
    quartiles: tuple        # of the ratios of neighboring runs
    peaks: tuple            # (numpyzf, PyTorch): most memory of the process, in bytes
    difference: float       # between the two answers, relative
    setting: str            # what PyTorch was fastest with
    matmul: float           # seconds of np.matmul of 2048³ in numpyzf's worker; 0 if not measured


def measure(case, *, threads, repeat, budget, ours=None, theirs=None, **options):
    """Run one case as a pair of fresh workers; returns a Result.

    threads: of each side
    repeat: how many times each side runs
    budget: seconds to try each setting of PyTorch
    ours, theirs: options of one side only
    options: of both
    """
    with Worker("worker_torch.py", threads) as worker:
        chosen = worker.ask("choose", case=case, budget=budget, **options, **(theirs or {}))
    theirs = {**(theirs or {}), **chosen["options"]}
    with Worker("worker_numpyzf.py", threads) as a, Worker("worker_torch.py", threads) as b:
        our_units = a.ask("set_up", case=case, **options, **(ours or {}))["units"]
        their_units = b.ask("set_up", case=case, **options, **theirs)["units"]
        off = difference(a.ask("check"), b.ask("check"))
        works = [(a, "run"), (b, "run")]
        if case == "conv":
            works.append((a, "matmul"))
        seconds = take_turns(works, repeat)
        peaks = (a.ask("peak")["bytes"], b.ask("peak")["bytes"])
    our_times = [value / our_units for value in seconds[a, "run"]]
    their_times = [value / their_units for value in seconds[b, "run"]]
    times = (median(our_times), median(their_times))
    ratio, quartiles = ratio_of(our_times, their_times)
    matmul = median(seconds[a, "matmul"]) if case == "conv" else 0.0
    return Result(times, ratio, quartiles, peaks, off, setting(chosen), matmul)


def ratio_of(ours, theirs):
    """The ratio of the medians, and the quartiles of the ratios of neighboring runs."""
    ratios = [x / y for x, y in zip(ours, theirs, strict=True)]
    low, _, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return median(ours) / median(theirs), (low, high)


def take_turns(works, repeat, limit=math.inf):
    """Run some works, (worker, what), in turns; returns {(worker, what): list of seconds}.

    repeat: rounds, in each of which everyone runs once
    limit: seconds after which no more rounds begin, but FEWEST
    """
    calls = {}
    for worker, what in works:      # warm up, and see how often short work has to be repeated
        worker.ask(what)
        calls[worker, what] = max(1, round(LEAST / worker.ask(what)["seconds"]))
    seconds = {work: [] for work in works}
    end = time.perf_counter() + limit
    for done in range(repeat):
        if done >= FEWEST and time.perf_counter() > end:
            break
        for worker, what in works:
            time.sleep(REST)
            answer = worker.ask(what, calls=calls[worker, what])
            seconds[worker, what].append(answer["seconds"])
    return seconds


def measure_numpyzf(case, *, threads, repeat, what="run", **options):
    """One case without PyTorch.

    Returns the median of seconds of one `what`, and the bytes of memory that it takes beyond what
    was there after setting up.
    """
    with Worker("worker_numpyzf.py", threads) as worker:
        worker.ask("set_up", case=case, **options)
        before = worker.ask("reset_peak")["bytes"]
        worker.ask(what)
        calls = max(1, round(LEAST / worker.ask(what)["seconds"]))
        times = [worker.ask(what, calls=calls)["seconds"] for _ in range(repeat)]
        return median(times), worker.ask("peak")["bytes"] - before


def difference(ours, theirs):
    """The largest difference of two answers {name: list}, relative to each list's largest value."""
    if ours.keys() != theirs.keys():
        raise RuntimeError(f"the two sides answer different things: {list(ours)}, {list(theirs)}")
    relative = []
    for name in ours:
        largest = max(abs(y) for y in theirs[name])
        off = max(abs(x - y) for x, y in zip(ours[name], theirs[name], strict=True))
        relative.append(off / largest)
    return max(relative)


def setting(chosen):
    """What won, and how much slower the rest was."""
    best = chosen["best"]
    fastest = chosen["seconds"][best]
    rest = [f"{name} ×{seconds / fastest:.2f}" for name, seconds in chosen["seconds"].items()
            if name != best]
    return best + (f" ({', '.join(rest)})" if rest else "")
