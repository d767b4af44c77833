"""PyTorch's side (and Captum's): sets the same cases up and runs them, each in the setting that is
fastest here.

Eager PyTorch, float32, oneDNN on. Choices that depend on the machine are tried before a case
(`choose`): the memory format, the form of the optimizer, the batch of an occlusion. Imports nothing
of numpyzf.
"""
import itertools
import os
import time

import numpy as np
import torch
from torch import nn

import nets
from worker import serve, timed

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def network(net, inplace=True):
    """A net of torch.nn with the shared parameters.

    inplace: whether a ReLU writes into its input, which saves memory and time
    """
    def module(kind, s):
        if kind == "conv":
            return nn.Conv2d(s["C"], s["F"], s["K"], s["stride"], s["pad"])
        if kind == "pool":
            return nn.MaxPool2d(s["size"], s["stride"], ceil_mode=True)
        if kind == "norm":
            return nn.LocalResponseNorm(s["size"], s["alpha"], s["beta"], s["k"])
        if kind == "linear":
            return nn.utils.skip_init(nn.Linear, s["inputs"], s["outputs"])
        if kind == "dropout":
            return nn.Dropout(s["rate"])
        return nn.ReLU(inplace) if kind == "relu" else nn.Flatten()

    model = nn.Sequential()
    for name, kind, settings in nets.layers(net):
        model.add_module(name, module(kind, settings))
    with torch.no_grad():
        for name, value in nets.parameters(net):
            layer, key = name.split(".")
            own = getattr(model, layer)
            parameter = own.weight if key == "w" else own.bias
            parameter.copy_(torch.from_numpy(value))
    return model


def named(model):
    """{"conv1.w": …}: the parameters under numpyzf's names."""
    return {name.replace("weight", "w").replace("bias", "b"): value.detach()
            for name, value in model.named_parameters()}


def step(net, batch, memory, optimizer):
    """A training step: forward, loss, backward, momentum, renormalization.

    It returns the loss and the number of correct answers, as numpyzf's.
    """
    model = network(net).to(memory_format=FORMATS[memory]).train()
    x, labels = (torch.from_numpy(array) for array in nets.batch(net, batch))
    x = x.to(memory_format=FORMATS[memory])
    sgd = torch.optim.SGD(model.parameters(), nets.RATE, nets.MOMENTUM, **{optimizer: True})
    loss_of = nn.CrossEntropyLoss()
    filters = [m.weight for m in model if isinstance(m, nn.Conv2d)]

    def run():
        sgd.zero_grad(set_to_none=True)
        scores = model(x)
        loss = loss_of(scores, labels)
        loss.backward()
        sgd.step()
        with torch.no_grad():
            for w in filters:
                norm = torch.linalg.vector_norm(w, dim=(1, 2, 3), keepdim=True)
                rms = norm / w[0].numel()**0.5
                w.mul_(nets.RADIUS / rms.clamp_(min=nets.RADIUS))
            return loss.item(), (scores.argmax(1) == labels).sum().item()

    def check():
        drops = [m for m in model if isinstance(m, nn.Dropout)]
        before = {name: np.array(nets.sample(value)) for name, value in named(model).items()}
        for drop in drops:
            drop.eval()
        answer = {"loss": [run()[0]]}
        for drop in drops:
            drop.train()
        for name, value in named(model).items():
            answer[name] = (nets.sample(value) - before[name]).tolist()
        return answer

    return {"run": run, "check": check}


def forward(net, batch, memory):
    """Scores of a batch under inference_mode."""
    model = network(net).to(memory_format=FORMATS[memory]).eval()
    x = torch.from_numpy(nets.batch(net, batch)[0]).to(memory_format=FORMATS[memory])

    def run():
        with torch.inference_mode():
            return model(x)

    return {"run": run, "check": lambda: {"scores": nets.sample(run())}}


def conv(layer, direction, batch, memory):
    """One convolution of zfnet; its arrays lie in the chosen format from the start."""
    x, w, b, dy = map(torch.from_numpy, nets.convolution_arrays(layer, batch))
    x, w, dy = (array.to(memory_format=FORMATS[memory]) for array in (x, w, dy))
    s = nets.convolution(layer)
    stride, pad = [s["stride"], s["stride"]], [s["pad"], s["pad"]]
    wanted = [layer != "conv1", True, True]         # dx, dw, db

    def run():
        with torch.inference_mode():
            if direction == "forward":
                return (torch.nn.functional.conv2d(x, w, b, stride, pad),)
            return torch.ops.aten.convolution_backward(dy, x, w, [s["F"]], stride, pad, [1, 1],
                                                       False, [0, 0], 1, wanted)

    def check():
        return {str(i): nets.sample(y) for i, y in enumerate(run()) if y is not None}

    return {"run": run, "check": check}


def project(layer, maps, memory, per_call):
    """Captum's Deconvolution through the net up to `layer`.

    For each of `maps` maps, nine images with a target in each. The seed is 1, where numpyzf's is
    the activation. Contrast normalization passes its gradient, where numpyzf's passes the signal
    unchanged, as in the paper.

    per_call: images that go through the net in one call, each with its own target
    """
    from captum.attr import Deconvolution
    whole = network("zfnet", inplace=False)         # Captum's hooks on ReLUs need their inputs
    names = [name for name, _ in whole.named_children()]
    model = whole[:names.index(layer) + 1].eval().to(memory_format=FORMATS[memory])
    x = torch.from_numpy(nets.batch("zfnet", 9)[0]).to(memory_format=FORMATS[memory])
    with torch.inference_mode():
        y = model(x).numpy()
    method = Deconvolution(model)

    def attribute(units):
        for start in range(0, len(units), per_call):
            part = units[start:start + per_call]
            first = part[0][0]      # the nine units of a map lie in images 0 … 8
            rows = slice(first, first + len(part))
            yield method.attribute(x[rows], target=[tuple(unit[1:]) for unit in part])

    def run(count=maps):
        for pixels in attribute(nets.strongest(y, nets.maps(layer, count)).tolist()):
            pass

    def check():
        units = nets.strongest(y, nets.maps(layer, 2)).tolist()
        pixels = torch.cat(list(attribute(units))).detach()
        return {"sum": pixels.sum((1, 2, 3)).tolist(),
                "strength": pixels.abs().sum((1, 2, 3)).tolist()}

    return {"run": run, "trial": lambda: run(1), "units": 9 * maps, "check": check}


def occlude(stride, memory, per_call):
    """Captum's Occlusion of zfnet, a square of 32×32.

    stride: pixels from one place of the square to the next
    per_call: places that go through the net in one call
    """
    from captum.attr import Occlusion
    model = network("zfnet").eval().to(memory_format=FORMATS[memory])
    x = torch.from_numpy(nets.batch("zfnet", 1)[0]).to(memory_format=FORMATS[memory])
    method, target = Occlusion(model), 0

    def run(stride=stride):
        with torch.inference_mode():
            return method.attribute(x, (3, 32, 32), (3, stride, stride), baselines=0,
                                    target=target, perturbations_per_eval=per_call)

    def check():
        """How much the score falls under each square of a grid without overlap."""
        return {"fall": run(32)[0, 0, ::32, ::32].flatten().tolist()}

    units = ((224 - 32) // stride + 1) ** 2
    return {"run": run, "trial": lambda: run(24), "units": units, "check": check}


KINDS = {"step": step, "forward": forward, "conv": conv, "project": project, "occlude": occlude}
CHOICES = {"step": {"memory": FORMATS, "optimizer": ["fused", "foreach"]},
           "forward": {"memory": FORMATS},
           "conv": {"memory": FORMATS},
           "project": {"memory": FORMATS, "per_call": [9, 1]},
           "occlude": {"memory": FORMATS, "per_call": [1, 16, 32, 64]}}


def choose(case, budget, **options):
    """Try every combination of a case's choices, each for `budget` seconds, twice at least.

    If the case has a "trial", a part of the work, that is run. Returns the options and the name of
    the fastest, and the seconds of all.
    """
    seconds = {}
    for values in itertools.product(*CHOICES[case].values()):
        made = KINDS[case](**options, **dict(zip(CHOICES[case], values)))
        run = made.get("trial", made["run"])
        run()
        tries, end = [], time.perf_counter() + budget
        while len(tries) < 2 or time.perf_counter() < end:
            tries.append(timed(run))
        seconds[values] = min(tries)
    best = min(seconds, key=seconds.get)
    return {"options": dict(zip(CHOICES[case], best)), "best": name_of(best),
            "seconds": {name_of(values): s for values, s in seconds.items()}}


def name_of(values):
    """What the report calls a combination: "channels_last 16 per call"."""
    return " ".join(f"{value} per call" if isinstance(value, int) else value for value in values)


def cases(case, do=None, **options):
    """Set a case up, or choose for it."""
    return choose(case, **options) if do == "choose" else KINDS[case](**options)


if __name__ == "__main__":
    serve(cases)
