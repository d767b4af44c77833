"""numpyzf against PyTorch and Captum, side by side; also against ONNX Runtime and OpenVINO.

From the repository's root, with nothing else running on the machine:

    pip install torch captum onnxruntime openvino
    python tests/benchmarks/run.py          # all; writes results.md beside run.py
    python tests/benchmarks/run.py --only step,conv --quick     # some; prints only
    python tests/benchmarks/run.py --only cores --write cores.md    # 1, 2, 4 … cores

What isn't installed is left out, but for PyTorch.

How: each case gets two fresh processes of its own, so that its peak memory is
its own. One imports numpyzf and the other PyTorch, with the same number of
threads. Both make the same parameters and inputs (nets.py) and set the case up.
Their answers are compared. After a warm-up they run it in turns, one at a time.
PyTorch is eager, in the setting that is fastest here.
"""
import argparse
import importlib.util
import os
import tempfile
from pathlib import Path

import cores
import nets
import pair
from report import Report, megabytes, met, milliseconds

CONVOLUTIONS = ["conv1", "conv2", "conv3", "conv4", "conv5"]


def step(report, quick):
    """A training step: forward, cross-entropy, backward, momentum, renormalization of the filters.

    In 0.60 of PyTorch's time, 0.50 aimed at.
    """
    for net, batch in (("zfnet", 32), ("labnet28", 128), ("labnet32", 128)):
        result = report.compare(f"training step, {net}, batch {batch}", "step", 0.60, net=net,
                                batch=batch)
        if result and net == "zfnet":
            ours, theirs = result.peaks
            report.line("pairs", f"Peak memory of zfnet's training step is {ours / theirs:.2f} of "
                                 "PyTorch's; target ≤ 1.00.")


def forward(report, quick):
    """Scores of a batch; nothing is kept for a backward pass."""
    report.compare("forward, zfnet, batch 32", "forward", 0.70, net="zfnet", batch=32)


def conv(report, quick):
    """Each convolution of zfnet on its own, batch 32, in percent of the rate of np.matmul (2048³)
    beside it.

    Operations are those of the direct sum: 2·N·F·C·K²·OH² forward, the same for dx and for dw.
    conv1 has no dx, as in training.
    """
    for layer in CONVOLUTIONS:
        s = nets.convolution(layer)
        for direction in ("forward", "backward"):
            times = 1 if direction == "forward" or layer == "conv1" else 2
            operations = times * 2 * 32 * s["F"] * s["C"] * s["K"]**2 * s["OH"]**2
            limit = 0.75 if layer in ("conv1", "conv2") else 1.00
            report.convolution(f"{layer} {direction}", operations, limit, layer=layer,
                               direction=direction, batch=32)


def project(report, quick):
    """Nine projections for each map of zfnet's convolutions, 12,384 in all, per projection. In 0.10
    of Captum's time, 0.05 aimed at.

    numpyzf projects all of them each time (with --quick those of 32 maps a layer), Captum those of
    a sample of maps. Both times include the forward pass: Captum needs one in each call.
    """
    ours = theirs = 0.0     # seconds of all
    for layer in CONVOLUTIONS:
        result = report.compare(f"projections, {layer}", "project", 0.10, layer=layer,
                                ours={"maps": 32 if quick else None},
                                theirs={"maps": 2 if quick else 5})
        if not result:
            return
        count = 9 * nets.convolution(layer)["F"]
        ours += result.times[0] * count
        theirs += result.times[1] * count
    sampled = " (from samples)" if quick else ""
    report.line("pairs", f"All 12,384 projections: numpyzf {ours:.1f} s{sampled}, Captum "
                         f"{theirs:.0f} s (from samples), ratio {ours / theirs:.3f}, "
                         f"{theirs / ours:.1f} times as fast; target ≤ 0.10, 10 times.")


def occlude(report, quick):
    """Occlusion of one image at 224×224 by a square of 32×32, per position: numpyzf 30×30
    positions, Captum a sample, strides of 12."""
    report.compare("occlusion, zfnet", "occlude", 0.50, theirs={"stride": 24 if quick else 12})


def growth(report, quick):
    """numpyzf alone: time per image and memory against the batch; time per projection against their
    number."""
    cases = [("forward", "zfnet", 128), ("step", "labnet28", 128), ("step", "zfnet", 64)]
    for case, net, largest in cases:
        for batch in (2**i for i in range(largest.bit_length())):
            def cells(seconds, nbytes):
                outputs = nets.output_nbytes(net, batch)
                return [f"{case}, {net}", str(batch), milliseconds(seconds / batch),
                        megabytes(nbytes), megabytes(outputs), megabytes(nbytes - outputs)]
            report.numpyzf_only("growth", case, cells, net=net, batch=batch)
    for count in (2**i for i in range(4, 11)):
        def cells(seconds, nbytes):
            return ["projection, conv3", str(count), milliseconds(seconds / count),
                    megabytes(nbytes), "", ""]
        report.numpyzf_only("growth", "project", cells, what="project", layer="conv3", maps=None,
                            count=count)


def more_cores(report, quick):
    """The same work on 1, 2, 4 … cores, with as many threads; and where a busy loop, a process of
    its own, uses up one of the cores (busy).

    numpyzf's times; of the others' the ratio, its quartiles, and their time. They take turns, for
    as many rounds as begin within 10 s, 3 at least. A ratio is numpyzf's time / theirs. On Linux
    the processes are kept on that many cores, by the system's numbering with siblings of a core
    last; on other systems only the threads are counted, and none is busy. ONNX Runtime and OpenVINO
    read a file that numpyzf wrote; they don't train. PyTorch's setting is the one that is fastest
    on the most cores.
    """
    cores.measure(report, quick)


def start(report, quick):
    """Compilation of all kernels into an empty cache (target < 30 s); in the next process,
    importing and loading them (< 1 s)."""
    def row(name, answer, key, limit):
        seconds = answer[key]
        report.row("compile", [name, str(answer["kernels"]), f"{seconds:.2f} s", f"< {limit} s",
                               met(seconds < limit)])

    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for _ in range(2):
            with pair.Worker("worker_numpyzf.py", report.threads,
                             NUMBA_CACHE_DIR=folder) as worker:
                answers.append(worker.ask("start_up"))
    compiled, loaded = answers
    row("first start, empty cache: compiling", compiled, "compile", 30)
    row("next start: importing", loaded, "import", 1)
    row("next start: loading kernels (first calls − second calls)", loaded, "first", 1)


CASES = {"step": step, "forward": forward, "conv": conv, "project": project, "occlude": occlude,
         "growth": growth, "cores": more_cores, "compile": start}


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    most = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--only", metavar="CASES", help=f"some of {','.join(CASES)}")
    parser.add_argument("--repeat", type=int, default=7, help="repetitions (7)")
    parser.add_argument("--threads", type=int, default=most,
                        help=f"of each side, and the most in the columns of cores (the number of "
                             f"cores, {most})")
    parser.add_argument("--write", metavar="FILE", type=Path,
                        help="where the tables go (of all cases: results.md beside run.py; of "
                             "some: they are only printed)")
    parser.add_argument("--quick", action="store_true",
                        help="3 repetitions, smaller samples, only the most cores; PyTorch's "
                             "setting chosen by two tries")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(CASES)
    if not set(names) <= set(CASES):
        parser.error(f"--only takes some of {','.join(CASES)}, not {arguments.only}")
    if not importlib.util.find_spec("torch"):
        parser.exit(1, "There is nothing to compare with. Install PyTorch and Captum: "
                       "pip install torch captum\n")
    if not importlib.util.find_spec("captum"):
        print("Without Captum, projections and occlusion can't be compared: pip install captum",
              flush=True)
    path = arguments.write
    if not (path or arguments.only or arguments.quick):
        path = pair.HERE / "results.md"
    repeat, budget = (3, 0) if arguments.quick else (arguments.repeat, 3)
    report = Report(arguments.threads, repeat, budget)
    about = {name: CASES[name].__doc__ for name in names}
    for name in names:
        CASES[name](report, arguments.quick)
        if path:
            report.write(path, about)
    print(report.text(about))


if __name__ == "__main__":
    main()
