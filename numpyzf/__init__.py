"""numpyzf: a convnet and its deconvnet (Zeiler & Fergus 2013) from scratch, in NumPy with Numba kernels.

Read the source in this order: geometry, reference, kernels, functional, layers, network, deconvnet, models, gradcheck, training.
"""
