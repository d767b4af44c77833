"""numpyzf against PyTorch and Captum, side by side. From the repository's root, with nothing else running on the machine:

    pip install torch captum
    python tests/benchmarks/run.py                              # all; writes tests/benchmarks/results.md
    python tests/benchmarks/run.py --only step,conv --quick     # some, few repetitions; only prints

How: each case gets two fresh processes of its own (so that its peak memory is its own), one that imports numpyzf and one that
imports PyTorch, with the same number of threads. Both make the same parameters and inputs (nets.py) and set the case up.
Their answers are compared. After a warm-up they run it in turns, one at a time. PyTorch runs in the setting that is fastest here.
"""
import argparse
import importlib.util
import os
import platform
from importlib.metadata import version

import pair


def step(run):
    """A training step: forward, cross-entropy, backward, momentum, renormalization of the filters."""
    for net, batch in (("zfnet", 32), ("labnet28", 128), ("labnet32", 128)):
        run(f"training step, {net}, batch {batch}", "step", limit=0.60, net=net, batch=batch)


def forward(run):
    """Scores of a batch; nothing is kept for a backward pass."""
    run("forward, zfnet, batch 32", "forward", limit=0.70, net="zfnet", batch=32)


CASES = {"step": step, "forward": forward}


class Report:
    """Runs cases, prints progress, and collects the rows of the tables."""

    def __init__(self, arguments):
        self.settings = {"threads": arguments.threads, "repeat": arguments.repeat, "budget": 0 if arguments.quick else 3}
        self.rows = []

    def run(self, name, case, *, limit, **options):
        """One case of both sides; limit: the highest ratio of times, numpyzf / PyTorch, that we want."""
        print(f"{name} …", flush=True)
        try:
            result = pair.measure(case, **self.settings, **options)
        except (pair.Missing, RuntimeError) as error:
            print(f"  not measured: {error}", flush=True)
            self.rows.append([name, f"not measured: {str(error).strip().splitlines()[-1]}"])
            return None
        low, high = result.quartiles
        mega = [f"{peak / 2**20:,.0f}" for peak in result.peaks]
        row = [name, *map(seconds, result.times), f"{result.ratio:.2f} ({low:.2f}–{high:.2f})", f"≤ {limit:.2f}",
               "yes" if result.ratio <= limit else "**no**", *mega, f"{result.difference:.0e}", result.setting]
        self.rows.append(row)
        print("  " + "  ".join(row[1:]), flush=True)
        if result.difference > 1e-3:
            print("  THE TWO ANSWERS DIFFER: these times are of different work", flush=True)
        return result


def seconds(value):
    """0.0123 -> '12.3 ms'."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(CASES), help=f"cases, of {','.join(CASES)}")
    parser.add_argument("--repeat", type=int, default=7, help="repetitions (7)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
                        help="of each side (the number of cores)")
    parser.add_argument("--quick", action="store_true", help="3 repetitions, smaller samples, settings of PyTorch chosen by two tries")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeat = 3
    if not importlib.util.find_spec("torch"):
        parser.exit(1, "There is nothing to compare with: pip install torch captum\n")
    report = Report(arguments)
    for name in arguments.only.split(","):
        CASES[name](report.run)


if __name__ == "__main__":
    main()
