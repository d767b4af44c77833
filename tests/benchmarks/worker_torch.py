"""PyTorch's side (and Captum's): sets the same cases up and runs them, each in the setting that is fastest here.

Eager PyTorch, float32, oneDNN on. Choices that depend on the machine are tried before a case (`choose`): the memory format,
the form of the optimizer, the batch of an occlusion. Imports nothing of numpyzf.
"""
import itertools
import os
import time

import numpy as np
import torch
from torch import nn

import nets
from worker import NotThere, serve, timed

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def network(net, inplace=True):
    """A net of torch.nn with the shared parameters. inplace: whether a ReLU writes into its input, which saves memory and time."""
    def module(kind, s):
        if kind == "conv":
            return nn.Conv2d(s["C"], s["F"], s["K"], s["stride"], s["pad"])
        if kind == "pool":
            return nn.MaxPool2d(s["size"], s["stride"], ceil_mode=True)
        if kind == "norm":
            return nn.LocalResponseNorm(s["size"], s["alpha"], s["beta"], s["k"])
        if kind == "linear":
            return nn.utils.skip_init(nn.Linear, s["inputs"], s["outputs"])
        return {"relu": lambda: nn.ReLU(inplace), "flatten": nn.Flatten, "dropout": lambda: nn.Dropout(s["rate"])}[kind]()

    model = nn.Sequential()
    for name, kind, settings in nets.layers(net):
        model.add_module(name, module(kind, settings))
    with torch.no_grad():
        for name, value in nets.parameters(net):
            layer, key = name.split(".")
            getattr(getattr(model, layer), {"w": "weight", "b": "bias"}[key]).copy_(torch.from_numpy(value))
    return model


def named(model):
    """{"conv1.w": …}: the parameters under numpyzf's names."""
    return {name.replace("weight", "w").replace("bias", "b"): value.detach() for name, value in model.named_parameters()}


def step(net, batch, memory, optimizer):
    """A training step: forward, loss, backward, momentum, renormalization; the loss and the correct answers as numbers, as in numpyzf."""
    model = network(net).to(memory_format=FORMATS[memory]).train()
    x, labels = (torch.from_numpy(array) for array in nets.batch(net, batch))
    x = x.to(memory_format=FORMATS[memory])
    sgd = torch.optim.SGD(model.parameters(), nets.RATE, nets.MOMENTUM, **{optimizer: True})
    loss_of, filters = nn.CrossEntropyLoss(), [m.weight for m in model if isinstance(m, nn.Conv2d)]

    def run():
        sgd.zero_grad(set_to_none=True)
        scores = model(x)
        loss = loss_of(scores, labels)
        loss.backward()
        sgd.step()
        with torch.no_grad():
            for w in filters:
                rms = torch.linalg.vector_norm(w, dim=(1, 2, 3), keepdim=True) / w[0].numel()**0.5
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
        return answer | {name: (nets.sample(value) - before[name]).tolist() for name, value in named(model).items()}

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
    stride, pad, wanted = [s["stride"]] * 2, [s["pad"]] * 2, [layer != "conv1", True, True]

    def run():
        with torch.inference_mode():
            if direction == "forward":
                return torch.nn.functional.conv2d(x, w, b, stride, pad),
            return torch.ops.aten.convolution_backward(dy, x, w, [s["F"]], stride, pad, [1, 1], False, [0, 0], 1, wanted)

    return {"run": run, "check": lambda: {str(i): nets.sample(y) for i, y in enumerate(run()) if y is not None}}


KINDS = {"step": step, "forward": forward, "conv": conv}
CHOICES = {"step": {"memory": FORMATS, "optimizer": ["fused", "foreach"]}, "forward": {"memory": FORMATS}, "conv": {"memory": FORMATS}}


def choose(case, budget, **options):
    """Try every combination of a case's choices for `budget` seconds (twice at least); returns the fastest, and the seconds of all."""
    seconds = {}
    for values in itertools.product(*CHOICES[case].values()):
        run = KINDS[case](**options, **dict(zip(CHOICES[case], values)))["run"]
        run()
        tries, end = [], time.perf_counter() + budget
        while len(tries) < 2 or time.perf_counter() < end:
            tries.append(timed(run))
        seconds[values] = min(tries)
    best = min(seconds, key=seconds.get)
    return {"options": dict(zip(CHOICES[case], best)), "seconds": {" ".join(map(str, v)): s for v, s in seconds.items()}}


def cases(case, do=None, **options):
    """Set a case up, or choose for it."""
    if case not in KINDS:
        raise NotThere(f"no case {case}")
    return choose(case, **options) if do == "choose" else KINDS[case](**options)


if __name__ == "__main__":
    serve(cases)
