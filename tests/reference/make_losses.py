"""Writes losses.npz: inputs, values and gradients of the perceptual losses, in float64.

PyTorch computes them. The tests compare numpyzf with the file (tests/perceptual/test_losses.py), so
they need no PyTorch. The script imports nothing of numpyzf: no mistake can be on both sides. Run it
again, with `torch` installed, when a loss is added:

    python tests/reference/make_losses.py

An entry is called case/array: the inputs by their names, "value", and "dy", the gradient with
respect to the first input. The entry "versions" says what computed the file.
"""
import platform
from pathlib import Path

import numpy as np
import torch

FILE = Path(__file__).with_name("losses.npz")
rng = np.random.default_rng(1603_08155)
VERSIONS = (f"torch {torch.__version__}, numpy {np.__version__}, "
            f"Python {platform.python_version()}")
entries = {"versions": np.array(VERSIONS)}


def record(case, loss, y, **others):
    """Compute a loss and its gradient with respect to y, and store them with the inputs."""
    leaf = torch.tensor(y, requires_grad=True)
    value = loss(leaf, **{name: torch.tensor(array) for name, array in others.items()})
    gradient, = torch.autograd.grad(value, [leaf])
    arrays = {"y": y, **others, "value": value.detach().numpy(), "dy": gradient.numpy()}
    entries.update({f"{case}/{name}": np.asarray(array) for name, array in arrays.items()})


def feature(y, target):
    N, C, H, W = y.shape
    return ((y - target) ** 2).sum() / (C * H * W) / N


def absolute(y, target):
    return (y - target).abs().mean()


def gram(y):
    N, C, H, W = y.shape
    return torch.einsum("nchw,ndhw->ncd", y, y) / (C * H * W)


def style(y, target):
    """The target is a picture's maps here."""
    return torch.linalg.matrix_norm(gram(y) - gram(target), "fro").pow(2).sum() / len(y)


def total_variation(y):
    right = (y[..., 1:] - y[..., :-1]) ** 2
    down = (y[..., 1:, :] - y[..., :-1, :]) ** 2
    return (right.sum() + down.sum()) / len(y)


for name, shape in (("one", (1, 3, 5, 4)), ("batch", (3, 2, 4, 6)), ("column", (2, 5, 7, 1))):
    y, target = rng.standard_normal(shape), rng.standard_normal(shape)
    record(f"feature {name}", feature, y, target=target)
    record(f"absolute {name}", absolute, y, target=target)
    record(f"total_variation {name}", total_variation, y)
    record(f"style {name}", style, y, target=target)
record("style another size", style, rng.standard_normal((2, 3, 4, 5)),
       target=rng.standard_normal((1, 3, 7, 2)))

np.savez(FILE, **entries)
