"""The command `numpyzf bench`."""
from ..terminal import picture, save
from . import ladder


def add_bench(sub):
    """Add what `bench` takes to an argparse parser."""
    sub.add_argument("--out", metavar="FILE", default="numpyzf-bench.png",
                     help="the picture: each way under the machine's roof")


def run_bench(options):
    """Measure one convolution in all ways, print the rates, and draw them."""
    picture(options.out)        # an error now, not when everything is measured
    p = ladder.CONV4
    print(f"One convolution in {len(ladder.RUNGS)} ways: {p.N} images of {p.C} maps, "
          f"{p.H}×{p.W}, through {p.F} filters of {p.K}×{p.K}.")
    result = ladder.measure(p, progress=lambda text: print(f"measuring {text} …", flush=True))
    print("", *ladder.report(result), sep="\n")
    print(f"\nThe machine: {result.peak:.0f} GFLOP/s in a product of matrices (the peak), "
          f"{result.bandwidth:.0f} GB/s to and from memory.")
    print("Rates are operations of the definition per second; what is timed on fewer images or "
          "filters is compared by its rate.")
    print("Errors, relative to the largest value: from reference.py on a small problem, and of "
          "rounding, from float64, on what was timed.")
    save(ladder.draw(result), options.out)
