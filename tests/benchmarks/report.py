"""Runs cases, prints progress, and makes the tables of results.md."""
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import pair

TABLES = {
    "pairs": ("Side by side",
              ["case", "numpyzf", "PyTorch", "ratio (quartiles)", "target", "met", "peak MB",
               "PyTorch's", "answers differ by", "PyTorch's setting (the others)"]),
    "conv": ("Convolutions of zfnet, batch 32",
             ["case", "numpyzf", "PyTorch", "ratio (quartiles)", "GFLOP/s", "np.matmul", "percent",
              "target", "met", "answers differ by", "PyTorch's setting (the others)"]),
    "growth": ("How numpyzf's time and memory grow",
               ["what", "batch or units", "time per image or unit", "memory beyond set-up",
                "of it outputs of layers", "the rest"]),
    "cores": ("More cores, and one of them busy", ["work", "library"]),  # and the columns measured
    "compile": ("Starting", ["what", "kernels compiled", "time", "target", "met"]),
}
TABLE_OF = {"step": "pairs", "forward": "pairs", "project": "pairs", "occlude": "pairs",
            "conv": "conv", "growth": "growth", "cores": "cores", "compile": "compile"}

# Answers that differ by more may be of different work. A batch of 127 in place of 128 differs by
# 0.5. Rounding differs by up to 2e-3: a few switches of a pool fall on another pixel of nearly the
# same value, and the gradients of conv1 and conv2 change with them (labnet32 in float32 and in
# float64: 2 switches, 2e-3; deeper layers 5e-7).
DIFFERENT = 1e-2


class Report:
    """Runs cases and collects rows and remarks for each table."""

    def __init__(self, threads, repeat, budget):
        self.threads, self.repeat, self.budget = threads, repeat, budget
        self.rows = {table: [] for table in TABLES}
        self.lines = {table: [] for table in TABLES}
        self.heads = {table: head for table, (_, head) in TABLES.items()}
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        self.busy = ""
        if load > 0.5:
            self.busy = (f" **The machine was not idle** (load {load:.1f} in the minute before): "
                         "the numbers are rough.")

    def row(self, table, cells):
        """Add one, and print it."""
        self.rows[table].append(cells)
        print("  " + "  ".join(filter(None, cells)), flush=True)

    def line(self, table, text):
        """A remark below a table."""
        self.lines[table].append(text)
        print(f"  {text}", flush=True)

    def _measure(self, table, name, case, options):
        print(f"{name} …", flush=True)
        try:
            result = pair.measure(case, threads=self.threads, repeat=self.repeat,
                                  budget=self.budget, **options)
        except (pair.Missing, RuntimeError) as error:
            self.line(table, f"{name}: not measured, {error}")
            return None
        if result.difference > DIFFERENT:
            self.line(table, f"**{name}: the two answers differ by {result.difference:.1e}, so "
                             "this may be different work.**")
        return result

    def compare(self, name, case, limit, **options):
        """One case of both sides; returns the Result or None.

        limit: the highest ratio of times, numpyzf / PyTorch, that we want
        """
        result = self._measure("pairs", name, case, options)
        if result:
            peaks = [f"{peak / 2**20:,.0f}" for peak in result.peaks]
            self.row("pairs", [name, *map(milliseconds, result.times),
                               ratio(result.ratio, result.quartiles), f"≤ {limit:.2f}",
                               met(result.ratio <= limit), *peaks,
                               f"{result.difference:.0e}", result.setting])
        return result

    def convolution(self, name, operations, limit, **options):
        """One convolution.

        operations: of the direct sum
        limit: the lowest share of np.matmul's rate that we want
        """
        result = self._measure("conv", name, "conv", options)
        if result:
            rate, peak = operations / result.times[0], 2 * 2048**3 / result.matmul
            share = rate / peak
            self.row("conv", [name, *map(milliseconds, result.times),
                              ratio(result.ratio, result.quartiles),
                              f"{rate / 1e9:.0f}", f"{peak / 1e9:.0f}", f"{share:.0%}",
                              f"≥ {limit:.0%}", met(share >= limit), f"{result.difference:.0e}",
                              result.setting])

    def numpyzf_only(self, table, case, cells, **options):
        """One case of numpyzf; cells(seconds, nbytes) makes the cells of its row."""
        try:
            seconds, nbytes = pair.measure_numpyzf(case, threads=self.threads,
                                                   repeat=min(3, self.repeat), **options)
            self.row(table, cells(seconds, nbytes))
        except (pair.Missing, RuntimeError) as error:
            self.line(table, f"{case} {options}: not measured, {error}")

    def text(self, about):
        """The tables in Markdown, with what each case of `about` is ({name: docstring})."""
        parts = ["# numpyzf against PyTorch and Captum", machine(self.threads) + self.busy,
                 f"Medians of {self.repeat} runs; the two take turns, each in its own process, "
                 "from the same weights and inputs. A ratio is numpyzf's time / PyTorch's, its "
                 "quartiles are those of neighboring runs. Peak memory is the whole process's, the "
                 "libraries included. PyTorch runs eagerly, in float32, in the setting that was "
                 "fastest when all in its column were tried. "
                 "Made by `python tests/benchmarks/run.py`."]
        for table, (title, _) in TABLES.items():
            if self.rows[table] or self.lines[table]:
                parts.append(f"## {title}")
                parts += [f"{name}: {' '.join(text.split())}" for name, text in about.items()
                          if TABLE_OF[name] == table]
                if self.rows[table]:
                    head = self.heads[table]
                    lines = [head, ["---"] * len(head), *self.rows[table]]
                    parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
                parts += self.lines[table]
        return "\n\n".join(parts) + "\n"

    def write(self, path, about):
        """Write the text to a file."""
        path.write_text(self.text(about), encoding="utf-8")


def machine(threads):
    """One line: processor, cores, threads, versions."""
    try:
        with open("/proc/cpuinfo") as file:
            processor = next(line.split(":")[1].strip() for line in file
                             if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    libraries = ("numpy", "numba", "torch", "captum", "onnxruntime", "openvino")
    versions = ", ".join(f"{name} {_version(name)}" for name in libraries)
    return (f"{processor}, {os.cpu_count()} cores, {threads} threads each; {platform.system()}, "
            f"Python {sys.version.split()[0]}, {versions}.")


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def ratio(value, quartiles):
    """0.50 (0.49–0.52)."""
    low, high = quartiles
    return f"{value:.2f} ({low:.2f}–{high:.2f})"


def met(yes):
    """For the column of that name."""
    return "yes" if yes else "**no**"


def milliseconds(value):
    """0.0123 -> '12.3 ms'; 1.5 -> '1.50 s'."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def megabytes(nbytes):
    """12,345,678 -> '12 MB'."""
    return f"{nbytes / 2**20:.0f} MB"
