"""Writes gradients.npz: inputs, outputs and gradients of every operation, in float64.

PyTorch computes them. The tests compare numpyzf with the file (tests/test_gradients.py), so they
need no PyTorch. The script imports nothing of numpyzf: no mistake can be on both sides. Run it
again, with `torch` installed, when an operation is added:

    python tests/reference/make_gradients.py

An entry is called case/array. Settings, such as a stride, are stored in the same way. The entry
"versions" says what computed the file.
"""
import math
import platform
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as T

FILE = Path(__file__).with_name("gradients.npz")
rng = np.random.default_rng(1311_2901)
VERSIONS = (f"torch {torch.__version__}, numpy {np.__version__}, "
            f"Python {platform.python_version()}")
entries = {"versions": np.array(VERSIONS)}


def record(case, operation, settings, **inputs):
    """Compute one operation and its gradients, and store them.

    case: the name under which they are stored.
    operation: a function of tensors.
    settings: its other arguments, by name.
    inputs: arrays, by name.

    Stored are the inputs, the settings, y = operation(**inputs, **settings), a random dy, and for
    each input the gradient d… of Σ dy·y.
    """
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in inputs.items()}
    y = operation(**leaves, **settings)
    dy = torch.tensor(rng.standard_normal(y.shape))
    gradients = torch.autograd.grad(y, list(leaves.values()), dy)
    arrays = {**inputs, **settings, "y": y.detach().numpy(), "dy": dy.numpy()}
    arrays |= {f"d{name}": gradient.numpy() for name, gradient in zip(leaves, gradients)}
    entries.update({f"{case}/{name}": np.asarray(value) for name, value in arrays.items()})


def normal(*shape):
    return rng.standard_normal(shape)


# ---- one operation at a time -----------------------------------------------------------------

def conv(x, w, b, stride, pad):
    return T.conv2d(x, w, b, stride, pad)


for case, x_shape, w_shape, stride, pad in [
        ("conv overlapping", (2, 3, 7, 6), (4, 3, 3, 3), 1, 1),
        ("conv edges not visited", (2, 2, 8, 9), (3, 2, 3, 3), 2, 0),
        ("conv stride larger than filter", (1, 3, 7, 8), (2, 3, 2, 2), 3, 0),
        ("conv one channel, wide padding", (2, 1, 4, 5), (3, 1, 4, 4), 2, 3),
        ("conv one window", (2, 3, 4, 4), (5, 3, 4, 4), 1, 0)]:
    record(case, conv, dict(stride=stride, pad=pad),
           x=normal(*x_shape), w=normal(*w_shape), b=normal(w_shape[0]))


def conv_transpose(r, w, stride, pad, size):
    beyond = [n - ((o - 1) * stride + w.shape[2] - 2 * pad) for n, o in zip(size, r.shape[2:])]
    return T.conv_transpose2d(r, w, None, stride, pad, output_padding=tuple(beyond))


for case, r_shape, w_shape, stride, pad, size in [
        ("conv_transpose overlapping", (2, 4, 5, 4), (4, 3, 3, 3), 1, 1, (5, 4)),
        ("conv_transpose to an odd size", (2, 3, 4, 3), (3, 2, 3, 3), 2, 1, (7, 5)),
        ("conv_transpose to an even size", (2, 3, 4, 3), (3, 2, 3, 3), 2, 1, (8, 6))]:
    record(case, conv_transpose, dict(stride=stride, pad=pad, size=size),
           r=normal(*r_shape), w=normal(*w_shape))


def max_pool(x, size, stride, pad, ceil):
    return T.max_pool2d(x, size, stride, pad, ceil_mode=ceil)


for case, shape, size, stride, pad, ceil in [
        ("max_pool overlapping, ceil", (2, 3, 8, 7), 3, 2, 0, True),
        ("max_pool edges not visited", (2, 2, 7, 8), 3, 2, 0, False),
        ("max_pool padded", (2, 2, 6, 5), 3, 2, 1, False),
        ("max_pool padded, ceil", (1, 3, 6, 7), 3, 2, 1, True),
        ("max_pool stride larger than window", (2, 2, 8, 9), 2, 3, 0, True)]:
    record(case, max_pool, dict(size=size, stride=stride, pad=pad, ceil=ceil), x=normal(*shape))


def contrast_norm(x, size, alpha, beta, k):
    # Odd sizes only: for even ones PyTorch and ONNX disagree.
    return T.local_response_norm(x, int(size), alpha, beta, k)


for case, size, alpha, beta, k in [
        ("contrast_norm as in zfnet", 5, 5e-4, 0.75, 2.0),
        ("contrast_norm strong", 5, 2.0, 0.75, 1.0),
        ("contrast_norm of three", 3, 1.5, 0.6, 0.5),
        ("contrast_norm of one", 1, 1.0, 1.0, 1.0)]:
    record(case, contrast_norm, dict(size=size, alpha=alpha, beta=beta, k=k),
           x=3 * normal(2, 7, 3, 4))

record("relu", lambda x: T.relu(x), {}, x=normal(2, 3, 4, 5))
record("linear", lambda x, w, b: T.linear(x, w, b), {}, x=normal(4, 6), w=normal(5, 6), b=normal(5))

LABELS = np.array([3, 0, 6, 3, 1])
record("softmax_cross_entropy",
       lambda scores, labels: T.cross_entropy(scores, torch.tensor(labels)),
       dict(labels=LABELS), scores=3 * normal(5, 7))


# ---- a whole net with every kind of layer ----------------------------------------------------

def net(x, conv1_w, conv1_b, conv2_w, conv2_b, fc3_w, fc3_b, fc4_w, fc4_b, labels):
    x = T.relu(T.conv2d(x, conv1_w, conv1_b, stride=2, padding=1))
    x = T.local_response_norm(T.max_pool2d(x, 3, 2, ceil_mode=True), 5, alpha=1.0, beta=0.75, k=2.0)
    x = T.relu(T.conv2d(x, conv2_w, conv2_b, stride=1, padding=1))
    x = T.max_pool2d(x, 3, 2, ceil_mode=True).flatten(1)
    x = T.relu(T.linear(x, fc3_w, fc3_b))
    return T.cross_entropy(T.linear(x, fc4_w, fc4_b), torch.tensor(labels))


record("net", net, dict(labels=np.array([2, 4])), x=normal(2, 3, 20, 17),
       conv1_w=normal(6, 3, 5, 5) / 5, conv1_b=normal(6) / 5,
       conv2_w=normal(5, 6, 3, 3) / 3, conv2_b=normal(5) / 5,
       fc3_w=normal(8, 20) / 2, fc3_b=normal(8) / 5, fc4_w=normal(5, 8), fc4_b=normal(5))

# ---- nets that come from elsewhere -----------------------------------------------------------
#
# Padding is (top, left, bottom, right) as in numpyzf.general; PyTorch's own is the same on both
# sides, so x is padded first where it isn't.

def padded(x, pad, value):
    top, left, bottom, right = pad
    return T.pad(x, (left, right, top, bottom), value=value)


def general_conv(x, w, b, stride, pad, dilation, groups):
    return T.conv2d(padded(x, pad, 0.0), w, b, stride, 0, dilation, groups)


for case, x_shape, w_shape, stride, pad, dilation, groups in [
        ("general_conv rectangles", (2, 3, 7, 8), (4, 3, 3, 2), (1, 2), (0, 0, 0, 0), (1, 1), 1),
        ("general_conv a row", (1, 3, 4, 9), (2, 3, 1, 7), (1, 1), (0, 3, 0, 3), (1, 1), 1),
        ("general_conv unequal padding", (2, 2, 6, 5), (3, 2, 3, 3), (2, 2), (0, 2, 1, 0), (1, 1),
         1),
        ("general_conv dilated", (1, 2, 9, 8), (3, 2, 3, 2), (1, 2), (2, 1, 2, 1), (2, 3), 1),
        ("general_conv two groups", (2, 4, 5, 6), (6, 2, 3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 2),
        ("general_conv depthwise", (2, 3, 7, 6), (3, 1, 3, 3), (2, 2), (1, 1, 1, 1), (1, 1), 3),
        ("general_conv depthwise, two filters each", (1, 2, 6, 7), (4, 1, 3, 2), (1, 1),
         (2, 0, 0, 1), (1, 2), 2)]:
    record(case, general_conv, dict(stride=stride, pad=pad, dilation=dilation, groups=groups),
           x=normal(*x_shape), w=normal(*w_shape), b=normal(w_shape[0]))


def general_max_pool(x, size, stride, pad, dilation, ceil):
    if pad[:2] == pad[2:]:
        return T.max_pool2d(x, size, stride, pad[:2], dilation, ceil_mode=ceil)
    return T.max_pool2d(padded(x, pad, -np.inf), size, stride, 0, dilation, ceil_mode=ceil)


for case, shape, size, stride, pad, dilation, ceil in [
        ("general_max_pool rectangles", (2, 2, 7, 8), (3, 2), (2, 1), (1, 0, 1, 0), (1, 1), False),
        ("general_max_pool unequal padding", (2, 2, 6, 5), (3, 3), (2, 2), (0, 1, 1, 0), (1, 1),
         False),
        ("general_max_pool dilated", (1, 3, 8, 7), (2, 3), (1, 2), (1, 1, 1, 1), (3, 2), False),
        ("general_max_pool ceil", (1, 3, 8, 6), (2, 3), (3, 2), (0, 1, 0, 1), (1, 1), True),
        ("general_max_pool ceil, the last one dropped", (2, 2, 5, 5), (2, 2), (2, 2), (1, 1, 1, 1),
         (1, 1), True)]:
    record(case, general_max_pool,
           dict(size=size, stride=stride, pad=pad, dilation=dilation, ceil=ceil), x=normal(*shape))


def average_pool(x, size, stride, pad, ceil, count_pad):
    return T.avg_pool2d(x, size, stride, pad[:2], ceil, count_pad)


for case, shape, size, stride, pad, ceil in [
        ("average_pool plain", (2, 2, 7, 8), (3, 2), (2, 3), (0, 0, 0, 0), False),
        ("average_pool padded", (2, 2, 6, 7), (3, 3), (2, 1), (1, 1, 1, 1), False),
        ("average_pool ceil", (2, 2, 8, 7), (3, 2), (2, 2), (1, 0, 1, 0), True),
        ("average_pool ceil, the last one dropped", (1, 2, 5, 5), (2, 2), (2, 2), (1, 1, 1, 1),
         True)]:
    for count_pad in (False, True):
        record(f"{case}{', counted' if count_pad else ''}", average_pool,
               dict(size=size, stride=stride, pad=pad, ceil=ceil, count_pad=count_pad),
               x=normal(*shape))

record("global_average_pool", lambda x: T.adaptive_avg_pool2d(x, 1), {}, x=normal(2, 3, 4, 5))


def batch_norm(x, scale, shift, mean, variance, epsilon):
    mean, variance = torch.tensor(mean), torch.tensor(variance)
    return T.batch_norm(x, mean, variance, scale, shift, eps=epsilon)


for case, shape in ("batch_norm of maps", (2, 3, 4, 5)), ("batch_norm of features", (4, 3)):
    record(case, batch_norm,
           dict(mean=normal(3), variance=rng.uniform(0, 3, 3), epsilon=0.01),
           x=normal(*shape), scale=normal(3), shift=normal(3))

record("leaky_relu", lambda x, slope: T.leaky_relu(x, slope), dict(slope=0.2), x=normal(2, 3, 4, 5))
record("clipped_relu six", lambda x, low, high: T.hardtanh(x, low, high),
       dict(low=0.0, high=6.0), x=4 * normal(2, 3, 4, 5))
record("clipped_relu both sides", lambda x, low, high: T.hardtanh(x, low, high),
       dict(low=-1.0, high=0.5), x=normal(2, 3, 4, 5))
record("sigmoid", lambda x: torch.sigmoid(x), {}, x=4 * normal(2, 3, 4, 5))
record("softmax of features", lambda x: T.softmax(x, 1), {}, x=2 * normal(4, 6))
record("softmax of maps", lambda x: T.softmax(x, 1), {}, x=2 * normal(2, 3, 4, 5))
record("concat", lambda x0, x1, x2: torch.cat([x0, x1, x2], 1), {},
       x0=normal(2, 1, 3, 4), x1=normal(2, 3, 3, 4), x2=normal(2, 2, 3, 4))
record("add", lambda x0, x1: x0 + x1, {}, x0=normal(2, 3, 3, 4), x1=normal(2, 3, 3, 4))
record("pad", lambda x, pad, value: padded(x, pad, value), dict(pad=(1, 0, 2, 3), value=-1.5),
       x=normal(2, 3, 4, 5))


def branches(x, stem_w, stem_b, narrow_w, narrow_b, wide_w, wide_b, deep_w, deep_b):
    x = T.relu(T.conv2d(x, stem_w, stem_b, stride=2, padding=1))
    x = T.max_pool2d(x, 3, 2, ceil_mode=True)
    squeezed = T.leaky_relu(T.conv2d(x, narrow_w, narrow_b), 0.1)
    x = torch.cat([squeezed, T.relu(T.conv2d(x, wide_w, wide_b, padding=1, groups=2))], 1)
    y = T.hardtanh(T.conv2d(x, deep_w, deep_b, padding=2, dilation=2, groups=6), 0.0, 1.0)
    x = x + y
    x = torch.cat([T.avg_pool2d(x, 3, 2, 1), T.max_pool2d(x, 3, 2, 1)], 1)
    return T.softmax(T.adaptive_avg_pool2d(x, 1).flatten(1), 1)


record("branches", branches, {}, x=normal(2, 3, 15, 18),
       stem_w=normal(4, 3, 3, 3) / 3, stem_b=normal(4) / 5,
       narrow_w=normal(2, 4, 1, 1) / 2, narrow_b=normal(2) / 5,
       wide_w=normal(4, 2, 3, 3) / 3, wide_b=normal(4) / 5,
       deep_w=normal(6, 1, 3, 3) / 3, deep_b=normal(6) / 5)



def dilated_average_pool(x, size, stride, pad, dilation, count_pad):
    """By the columns of a convolution: PyTorch's own average pool has no dilation."""
    def sums(x):
        columns = T.unfold(padded(x, pad, 0), size, dilation, 0, stride)
        return columns.reshape(len(x), x.shape[1], math.prod(size), -1).sum(axis=2)

    cells = math.prod(size) if count_pad else sums(torch.ones_like(x))
    (top, left, bottom, right), (_, _, H, W) = pad, x.shape
    shape = [(n - (k - 1) * d - 1) // s + 1 for n, k, d, s in
             zip((top + H + bottom, left + W + right), size, dilation, stride)]
    return (sums(x) / cells).reshape(*x.shape[:2], *shape)


for count_pad in (False, True):
    record(f"average_pool dilated{', counted' if count_pad else ''}", dilated_average_pool,
           dict(size=(3, 2), stride=(1, 2), pad=(2, 1, 0, 3), dilation=(2, 3),
                count_pad=count_pad), x=normal(2, 2, 7, 8))

# ---- networks that make pictures ---------------------------------------------------------------
#
# From here on each part draws from a generator of its own: what is added changes no other numbers.

rng = np.random.default_rng(1603_08155)


def transposed_conv(x, w, b, stride, pad, extra):
    return T.conv_transpose2d(x, w, b, stride, pad, output_padding=extra)


for case, x_shape, w_shape, stride, pad, extra in [
        ("transposed_conv twice as large", (2, 3, 4, 5), (3, 2, 3, 3), 2, 1, 1),
        ("transposed_conv without gaps", (1, 2, 5, 3), (2, 4, 3, 3), 1, 1, 0),
        ("transposed_conv gaps", (2, 2, 3, 4), (2, 3, 2, 2), 3, 0, 2),
        ("transposed_conv one pixel", (1, 1, 1, 1), (1, 2, 4, 4), 2, 1, 0)]:
    record(case, transposed_conv, dict(stride=stride, pad=pad, extra=extra),
           x=normal(*x_shape), w=normal(*w_shape), b=normal(w_shape[1]))

for factor in (2, 3):
    record(f"enlarge by {factor}", lambda x, factor: T.interpolate(x, scale_factor=factor),
           dict(factor=factor), x=normal(2, 3, 3, 4))
    record(f"pixel_shuffle by {factor}", lambda x, factor: T.pixel_shuffle(x, factor),
           dict(factor=factor), x=normal(2, 2 * factor ** 2, 3, 4))


def smooth(x, factor):
    weights = torch.ones(factor + 1 - factor % 2, dtype=torch.float64)
    if factor % 2 == 0:
        weights[0] = weights[-1] = 0.5
    filters = torch.outer(weights, weights).expand(x.shape[1], 1, -1, -1) / factor ** 2
    return T.conv2d(x, filters, padding=len(weights) // 2, groups=x.shape[1])


for factor in (3, 4):
    record(f"smooth over {factor}", smooth, dict(factor=factor), x=normal(2, 2, 5, 7))

for pad, shape in (1, (2, 3, 4, 5)), (3, (1, 2, 4, 6)):
    record(f"reflect_pad by {pad}", lambda x, pad: T.pad(x, [pad] * 4, mode="reflect"),
           dict(pad=pad), x=normal(*shape))


def batch_norm_training(x, scale, shift, mean, variance, momentum, epsilon):
    running = torch.tensor(mean), torch.tensor(variance)
    y = T.batch_norm(x, *running, scale, shift, True, momentum, epsilon)
    entries[f"{case}/new_mean"], entries[f"{case}/new_variance"] = (r.numpy() for r in running)
    return y


for case, shape in [("batch_norm_training of maps", (2, 3, 4, 5)),
                    ("batch_norm_training of one image", (1, 3, 2, 2)),
                    ("batch_norm_training of features", (4, 3))]:
    record(case, batch_norm_training,
           dict(mean=normal(3), variance=rng.uniform(0, 3, 3), momentum=0.3, epsilon=0.01),
           x=2 + normal(*shape), scale=normal(3), shift=normal(3))

record("instance_norm", lambda x, scale, shift, epsilon: T.instance_norm(
       x, weight=scale, bias=shift, eps=epsilon),
       dict(epsilon=0.01), x=2 + normal(3, 2, 4, 5), scale=normal(2), shift=normal(2))
record("scaled_tanh", lambda x, low, high: low + (high - low) * (torch.tanh(x) + 1) / 2,
       dict(low=-1.0, high=2.0), x=normal(2, 3, 4, 5))
record("cropped_add", lambda x0, x1, x2: x0[:, :, 2:-2, 1:-1] + x1 + x2[:, :, 1:-1], {},
       x0=normal(2, 3, 7, 6), x1=normal(2, 3, 3, 4), x2=normal(2, 3, 5, 4))


def picture(x, conv1_w, conv1_b, norm1_scale, norm1_shift, conv2_w, conv2_b, norm2_scale,
            norm2_shift, up_w, up_b, pixels_w, pixels_b):
    x = T.conv2d(T.pad(x, [3] * 4, mode="reflect"), conv1_w, conv1_b, stride=2, padding=1)
    x = T.relu(T.batch_norm(x, None, None, norm1_scale, norm1_shift, True))
    added = T.instance_norm(T.conv2d(x, conv2_w, conv2_b), weight=norm2_scale, bias=norm2_shift)
    x = x[:, :, 1:-1, 1:-1] + added
    x = T.relu(T.conv_transpose2d(x, up_w, up_b, 2, 1, output_padding=1))
    x = T.pixel_shuffle(T.conv2d(T.interpolate(x, scale_factor=2), pixels_w, pixels_b), 2)
    return (torch.tanh(x) + 1) / 2


record("picture", picture, {}, x=normal(2, 3, 6, 8),
       conv1_w=normal(4, 3, 3, 3) / 3, conv1_b=normal(4) / 5, norm1_scale=normal(4),
       norm1_shift=normal(4) / 5, conv2_w=normal(4, 4, 3, 3) / 3, conv2_b=normal(4) / 5,
       norm2_scale=normal(4), norm2_shift=normal(4) / 5, up_w=normal(4, 3, 3, 3) / 3,
       up_b=normal(3) / 5, pixels_w=normal(4, 3, 2, 2) / 3, pixels_b=normal(4) / 5)


def adam(case, steps, shape, **settings):
    """Store a weight, the gradients of some steps, and the weight after each of them."""
    w, gradients = normal(*shape), normal(steps, *shape) * 10.0 ** rng.integers(-6, 3, shape)
    leaf, after = torch.nn.Parameter(torch.tensor(w)), []
    optimizer = torch.optim.Adam([leaf], settings["rate"], (settings["beta1"], settings["beta2"]),
                                 settings["epsilon"])
    for gradient in gradients:
        leaf.grad = torch.tensor(gradient)
        optimizer.step()
        after.append(leaf.detach().numpy().copy())
    arrays = {**settings, "w": w, "gradients": gradients, "after": np.array(after)}
    entries.update({f"{case}/{name}": np.asarray(value) for name, value in arrays.items()})


adam("adam as usual", 5, (3, 4), rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8)
adam("adam otherwise", 4, (2, 3), rate=0.1, beta1=0.5, beta2=0.9, epsilon=1e-3)

np.savez_compressed(FILE, **entries)
print(f"{FILE.name}: {len(entries)} arrays, {FILE.stat().st_size / 1000:.0f} kB, {VERSIONS}")
