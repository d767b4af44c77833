"""numpyzf against PyTorch and Captum, side by side. From the repository's root, with nothing else running on the machine:

    pip install torch captum
    python tests/benchmarks/run.py                              # all; writes tests/benchmarks/results.md
    python tests/benchmarks/run.py --only step,conv --quick     # some, few repetitions; only prints

How: each case gets two fresh processes of its own (so that its peak memory is its own), one that imports numpyzf and one that
imports PyTorch, with the same number of threads. Both make the same parameters and inputs (nets.py) and set the case up.
Their answers are compared. After a warm-up they run it in turns, one at a time. PyTorch is eager, in the setting that is fastest here.
"""
import argparse
import importlib.util
import os
import tempfile

import nets
import pair
from report import Report, bytes_of, milliseconds

CONVOLUTIONS = ["conv1", "conv2", "conv3", "conv4", "conv5"]


def step(report, quick):
    """A training step: forward, cross-entropy, backward, momentum, renormalization of the filters. In 0.60 of PyTorch's time, 0.50 aimed at."""
    for net, batch in (("zfnet", 32), ("labnet28", 128), ("labnet32", 128)):
        result = report.compare(f"training step, {net}, batch {batch}", "step", 0.60, net=net, batch=batch)
        if result and net == "zfnet":
            report.line("pairs", f"Peak memory of zfnet's training step is {result.peaks[0] / result.peaks[1]:.2f} of PyTorch's; target ≤ 1.00.")


def forward(report, quick):
    """Scores of a batch; nothing is kept for a backward pass."""
    report.compare("forward, zfnet, batch 32", "forward", 0.70, net="zfnet", batch=32)


def conv(report, quick):
    """Each convolution of zfnet on its own, batch 32, in percent of the rate of np.matmul (2048³) beside it.

    Operations are those of the direct sum: 2·N·F·C·K²·OH² forward, the same for dx and for dw. conv1 has no dx, as in training.
    """
    for layer in CONVOLUTIONS:
        s = nets.convolution(layer)
        for direction in ("forward", "backward"):
            times = 1 if direction == "forward" or layer == "conv1" else 2
            operations = times * 2 * 32 * s["F"] * s["C"] * s["K"]**2 * s["OH"]**2
            report.convolution(f"{layer} {direction}", operations, 1.00 if layer in CONVOLUTIONS[2:] else 0.75, layer=layer,
                               direction=direction, batch=32)


def project(report, quick):
    """Nine projections for each map of zfnet's convolutions, 12,384 in all, per projection. In 0.10 of Captum's time, 0.05 aimed at.

    numpyzf projects all of them each time (with --quick those of 32 maps a layer), Captum those of a sample of maps. Both times include the forward pass: Captum needs one in each call.
    """
    totals = [0.0, 0.0]
    for layer in CONVOLUTIONS:
        result = report.compare(f"projections, {layer}", "project", 0.10, layer=layer, ours={"maps": 32 if quick else None},
                                theirs={"maps": 2 if quick else 5})
        if not result:
            return
        for side in (0, 1):
            totals[side] += result.times[side] * 9 * nets.convolution(layer)["F"]
    report.line("pairs", f"All 12,384 projections: numpyzf {totals[0]:.1f} s{' (from samples)' * quick}, Captum {totals[1]:.0f} s (from samples), "
                         f"ratio {totals[0] / totals[1]:.3f}, {totals[1] / totals[0]:.1f} times as fast; target ≤ 0.10, 10 times.")


def occlude(report, quick):
    """Occlusion of one image at 224×224 by a square of 32×32, per position: numpyzf 30×30 positions, Captum a sample, strides of 12."""
    report.compare("occlusion, zfnet", "occlude", 0.50, theirs={"stride": 24 if quick else 12})


def growth(report, quick):
    """numpyzf alone: time per image and memory against the batch; time per projection against their number."""
    for case, net, largest in (("forward", "zfnet", 128), ("step", "labnet28", 128), ("step", "zfnet", 64)):
        for batch in (2**i for i in range(largest.bit_length())):
            def row(seconds, memory):
                outputs = nets.output_bytes(net, batch)
                return [f"{case}, {net}", str(batch), milliseconds(seconds / batch), *map(bytes_of, (memory, outputs, memory - outputs))]
            report.alone("growth", case, row, net=net, batch=batch)
    for count in (2**i for i in range(4, 11)):
        def row(seconds, memory):
            return ["projection, conv3", str(count), milliseconds(seconds / count), bytes_of(memory), "", ""]
        report.alone("growth", "project", row, what="project", layer="conv3", maps=None, count=count)


def compile(report, quick):
    """Compilation of all kernels into an empty cache (target < 30 s); in the next process, importing and loading them (< 1 s)."""
    with tempfile.TemporaryDirectory() as folder:
        for start, name, limit in (("first start, empty cache: compiling", "compile", 30), ("next start: importing", "import", 1),
                                   ("next start: loading kernels (first calls − second calls)", "first", 1)):
            if name != "first":
                with pair.Worker("worker_numpyzf.py", report.threads, NUMBA_CACHE_DIR=folder) as worker:
                    answer = worker.ask("start_up")
            row = [start, str(answer["kernels"]), f"{answer[name]:.2f} s", f"< {limit} s", "yes" if answer[name] < limit else "**no**"]
            report.row("compile", row)


CASES = {"step": step, "forward": forward, "conv": conv, "project": project, "occlude": occlude, "growth": growth, "compile": compile}


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--only", metavar="CASES", help=f"some of {','.join(CASES)}")
    parser.add_argument("--repeat", type=int, default=7, help="repetitions (7)")
    parser.add_argument("--threads", type=int, default=cores, help=f"of each side (the number of cores, {cores})")
    parser.add_argument("--quick", action="store_true", help="3 repetitions, smaller samples, PyTorch's setting chosen by two tries")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(CASES)
    if not set(names) <= set(CASES):
        parser.error(f"--only takes some of {','.join(CASES)}, not {arguments.only}")
    if not importlib.util.find_spec("torch"):
        parser.exit(1, "There is nothing to compare with. Install PyTorch and Captum: pip install torch captum\n")
    if not importlib.util.find_spec("captum"):
        print("Without Captum, projections and occlusion can't be compared: pip install captum", flush=True)
    report = Report(arguments.threads, 3 if arguments.quick else arguments.repeat, 0 if arguments.quick else 3)
    for name in names:
        CASES[name](report, arguments.quick)
        if not (arguments.only or arguments.quick):
            report.write(pair.HERE / "results.md", {name: case.__doc__ for name, case in CASES.items()})
    print(report.text({name: CASES[name].__doc__ for name in names}))


if __name__ == "__main__":
    main()
