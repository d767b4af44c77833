"""Two workers, one per library, that take turns: numpyzf, PyTorch, numpyzf, PyTorch … never both at once."""
import json
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


class Missing(Exception):
    """A worker can't do a case; the message says why."""


class Worker:
    """A worker process; `ask` gives it an order and waits for the answer."""

    def __init__(self, script, threads, **environment):
        variables = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(variables, str(threads)) | {"PYTHONPATH": str(HERE.parents[1])} | environment
        self.process = subprocess.Popen([sys.executable, "-W", "ignore", HERE / script], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, do, **order):
        """The answer, a dictionary. Raises Missing where the library lacks something, RuntimeError where the worker failed."""
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"the worker ended (exit code {self.process.wait()})"}
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
    """What a case gave; times are medians in seconds per unit of work, peaks in bytes."""
    times: tuple            # (numpyzf, PyTorch)
    ratio: float            # of the medians
    quartiles: tuple        # of the ratios of neighboring runs
    peaks: tuple
    difference: float       # between the two answers, relative
    setting: str            # what PyTorch was fastest with
    matmul: float           # seconds of np.matmul of 2048³ in numpyzf's worker, if the case has it


def measure(case, *, threads, repeat, budget, ours=None, theirs=None, **options):
    """Run one case as a pair of fresh workers. ours, theirs: options of one side only. Returns a Result."""
    with Worker("worker_torch.py", threads) as worker:
        chosen = worker.ask("choose", case=case, budget=budget, **options, **(theirs or {}))
    with Worker("worker_numpyzf.py", threads) as a, Worker("worker_torch.py", threads) as b:
        units = [a.ask("set_up", case=case, **options, **(ours or {}))["units"],
                 b.ask("set_up", case=case, **options, **(theirs or {}), **chosen["options"])["units"]]
        off = difference(a.ask("check"), b.ask("check"))
        times = {(a, "run"): [], (b, "run"): []}
        if case == "conv":
            times[a, "matmul"] = []
        calls = {}
        for worker, what in times:                      # warm up, and see how often short work has to be repeated
            worker.ask(what)
            calls[worker, what] = max(1, round(LEAST / worker.ask(what)["seconds"]))
        for _ in range(repeat):
            for (worker, what), seconds in times.items():
                time.sleep(REST)
                seconds.append(worker.ask(what, calls=calls[worker, what])["seconds"])
        peaks = tuple(worker.ask("peak")["bytes"] for worker in (a, b))
    runs = [[seconds / u for seconds in times[worker, "run"]] for worker, u in zip((a, b), units)]
    medians = tuple(map(median, runs))
    pairs = [x / y for x, y in zip(*runs)]
    low, _, high = quantiles(pairs, n=4, method="inclusive") if repeat > 1 else pairs * 3
    return Result(medians, medians[0] / medians[1], (low, high), peaks, off, setting(chosen), median(times.get((a, "matmul"), [0.0])))


def alone(case, *, threads, repeat, what="run", **options):
    """numpyzf only: the median of seconds of one `what`, and the bytes of memory it takes beyond what was there after setting up."""
    with Worker("worker_numpyzf.py", threads) as worker:
        worker.ask("set_up", case=case, **options)
        before = worker.ask("reset_peak")["bytes"]
        worker.ask(what)
        calls = max(1, round(LEAST / worker.ask(what)["seconds"]))
        times = [worker.ask(what, calls=calls)["seconds"] for _ in range(repeat)]
        return median(times), worker.ask("peak")["bytes"] - before


def difference(ours, theirs):
    """The largest difference of two answers, {name: list}, relative to the largest value of each list."""
    if ours.keys() != theirs.keys():
        raise RuntimeError(f"the two sides answer different things: {list(ours)}, {list(theirs)}")
    return max(max(abs(x - y) for x, y in zip(ours[name], theirs[name], strict=True)) / max(map(abs, theirs[name])) for name in ours)


def setting(chosen):
    """What won, and how much slower the rest was."""
    best = chosen["best"]
    fastest = chosen["seconds"][best]
    rest = [f"{name} ×{seconds / fastest:.2f}" for name, seconds in chosen["seconds"].items() if name != best]
    return best + (f" ({', '.join(rest)})" if rest else "")
