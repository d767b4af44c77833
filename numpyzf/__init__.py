"""numpyzf: a convnet and its deconvnet (Zeiler & Fergus 2013), from scratch, in NumPy and Numba.

The house, in the order to read it:

    the reading         geometry, layers, network, deconvnet, models, training, gradcheck;
                        then reference, functional: every operation; checks: of arguments
    the machine room    kernels/: the same operations, faster; kernels/__init__.py is its door
    images              data/: data sets, preparation, scenes whose parts are known
    nets on disk        files, checkpoints, plots, page, texts: files, pictures, words;
                        runs/: train a net into a folder, read it back
    nets from elsewhere general/: more layers; exchange/: ONNX files
    galleries           look/: many units at once, occlusion, linear classifiers
                        tour/: one trained net looked at
                        inside/: a page of every unit of it
                        perceptual/: a net as the judge of pictures (Johnson et al. 2016)
                        paper/: every figure and table
                        bench/: one convolution in six ways
                        labs/: exercises and their grader
                        lessons/: notebooks from tutorials/
    the command         cli, __main__; terminal, progress: what is said meanwhile

Imports go down only: the galleries use the reading, and the reading uses the machine room, by its
one door; never the other way round.
"""
import ctypes
import os

# A matrix product leaves OpenBLAS's threads waiting for the next one. For some time they wait in a
# loop, and take the cores from the threads that run our kernels in between. Here they are told to
# sleep at once: a training step of the lab net takes a quarter less time.
# OpenBLAS reads this when NumPy is imported, so it has no effect if numpy is imported before us.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")

# A training step allocates and frees arrays of 100 MB and more. glibc, the C library of Linux,
# would give each of them back to the system. The system fills memory with zeros, page by page,
# before it hands it out again: a quarter of the time of a step of the paper's net (median). Here
# glibc is told to keep what it has: never to allocate an array outside of its heap (M_MMAP_MAX),
# and never to shrink the heap (M_TRIM_THRESHOLD). Other C libraries have no mallopt.
# This holds for all that the process does. A host program can say no with NUMPYZF_KEEP_MEMORY=0 in
# the environment before it imports numpyzf, or call give_memory_back() when it likes.
try:
    _mallopt, _malloc_trim = ctypes.CDLL(None).mallopt, ctypes.CDLL(None).malloc_trim
except (OSError, AttributeError, TypeError):
    _mallopt = _malloc_trim = None
if _mallopt and os.environ.get("NUMPYZF_KEEP_MEMORY") != "0":
    _mallopt(-4, 0)                 # M_MMAP_MAX
    _mallopt(-1, 2**31 - 1)         # M_TRIM_THRESHOLD


def give_memory_back():
    """Give memory that nothing uses any more back to the system, for other programs.

    Importing numpyzf makes the process keep it, since a training asks for as much again at once.
    Returns whether the system got anything. With another C library than glibc there is nothing to
    do.
    """
    return bool(_malloc_trim and _malloc_trim(0))
