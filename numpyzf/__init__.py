"""numpyzf: a convnet and its deconvnet (Zeiler & Fergus 2013) from scratch, in NumPy with Numba kernels.

Read the source in this order: geometry, reference, kernels, functional, layers, network, deconvnet, models, gradcheck, training.
"""
import os

# Kernels (Numba's threads) and matrix products (OpenBLAS's) take turns on the same cores. A thread that waits for its next
# job by spinning takes the core from the other pool, so idle threads are told to sleep at once: unfold + product is three
# times faster than with Numba's default, and a training step of the lab net a quarter faster than with OpenBLAS's.
# OpenBLAS reads its variable when NumPy is imported: import numpyzf before numpy to have the second half of this.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")
