"""numpyzf: a convnet and its deconvnet (Zeiler & Fergus 2013) from scratch, in NumPy with Numba kernels.

Read the source in the order that the README gives: geometry, reference, kernels, functional, layers, network, deconvnet, …
"""
import ctypes
import os

# Kernels (Numba's threads) and matrix products (OpenBLAS's) take turns on the same cores. A thread that waits for its next
# job by spinning takes the core from the other pool, so idle threads are told to sleep at once: unfold + product is three
# times faster than with Numba's default, and a training step of the lab net a quarter faster than with OpenBLAS's.
# OpenBLAS reads its variable when NumPy is imported: import numpyzf before numpy to have the second half of this.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")

# A training step frees as much memory as it takes, arrays of 100 MB and more, and the C library would give each of them back to
# the system, which clears it page by page before it is used again: a quarter of the step of the paper's net (median). Here glibc is
# told to keep it: no arrays outside the heap (M_MMAP_MAX), and the heap never cut (M_TRIM_THRESHOLD). Other C libraries don't have the call.
try:
    _mallopt = ctypes.CDLL(None).mallopt
except (OSError, AttributeError, TypeError):
    pass
else:
    _mallopt(-4, 0)                 # M_MMAP_MAX
    _mallopt(-1, 2**31 - 1)         # M_TRIM_THRESHOLD
