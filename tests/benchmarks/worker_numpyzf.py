"""numpyzf's side: sets cases up and runs them. Imports nothing of PyTorch."""
import os
import time
from functools import partial

_start = time.perf_counter()
# numpyzf before NumPy, so that BLAS's idle threads sleep too; unless the other order is asked for
if os.environ.get("NUMPY_FIRST"):
    import numpy
from numpyzf import functional, kernels, models, training
from numpyzf.deconvnet import RULES
from numpyzf.look.many import project_many
from numpyzf.look.occlusion import occlude as numpyzf_occlude
IMPORT_SECONDS = time.perf_counter() - _start

import numpy as np

import nets
from worker import serve, timed


def network(net):
    """A net of numpyzf with the shared parameters."""
    make = models.zfnet if net == "zfnet" else models.labnet
    input_shape, classes, *_ = nets.NETS[net]
    model = make(classes, input_shape=input_shape)
    own = model.parameters
    for name, value in nets.parameters(net):
        assert own[name].shape == value.shape, name
        own[name][...] = value
    return model


def step(net, batch):
    """A training step: forward, loss, backward, momentum, renormalization."""
    state = training.State(network(net), np.random.default_rng(0), nets.RATE)
    recipe = training.Recipe(batch=batch, rate=nets.RATE, momentum=nets.MOMENTUM,
                             radius=nets.RADIUS)
    x, labels = nets.batch(net, batch)

    def run():
        return training.train_step(state, x, labels, nets.RATE, recipe)

    def check():
        """The loss and what the first step changes, with dropout off: all else isn't random."""
        drops = [state.net.layers[name] for name in ("drop6", "drop7")]
        rates = [drop.rate for drop in drops]
        before = {name: np.array(nets.sample(value))
                  for name, value in state.net.parameters.items()}
        for drop in drops:
            drop.rate = 0.0
        answer = {"loss": [float(run()[0])]}
        for drop, rate in zip(drops, rates):
            drop.rate = rate
        for name, value in state.net.parameters.items():
            answer[name] = (nets.sample(value) - before[name]).tolist()
        return answer

    return {"run": run, "check": check}


def forward(net, batch):
    """Scores of a batch, nothing kept."""
    model, (x, _) = network(net), nets.batch(net, batch)

    def run():
        return model.predict(x, batch=batch)

    return {"run": run, "check": lambda: {"scores": nets.sample(run())}}


def conv(layer, direction, batch):
    """One convolution of zfnet: forward; or backward, without dx for conv1, as in training."""
    x, w, b, dy = nets.convolution_arrays(layer, batch)
    s = nets.convolution(layer)
    place = {"stride": s["stride"], "pad": s["pad"]}
    _, saved = functional.conv_forward(x, w, b, **place)

    def run():
        if direction == "forward":
            y, _ = functional.conv_forward(x, w, b, **place)
            return (y,)
        return functional.conv_backward(dy, saved, need_dx=layer != "conv1")

    a = np.random.default_rng(0).standard_normal((2048, 2048), np.float32)
    c = np.empty_like(a)

    def check():
        return {str(i): nets.sample(y) for i, y in enumerate(run()) if y is not None}

    return {"run": run, "matmul": lambda: np.matmul(a, a, out=c), "check": check}


def project(layer, maps=None, count=None):
    """Nine projections, of nine images' strongest units, for each of `maps` maps of a convolution.

    "run" is all of it, with the forward pass, as Captum's time has it too. "project" is only the
    way down, of `count` units. maps: None for all.
    """
    model, x = network("zfnet"), nets.batch("zfnet", 9)[0]
    trace = model.forward(x, until=layer)
    units = nets.strongest(trace[layer], nets.maps(layer, maps))
    counted = np.resize(units, (count or len(units), 4))

    def run():
        return project_many(model, model.forward(x, until=layer), layer, units)

    def check():
        """With what Captum takes: a seed of 1, and the gradient of contrast normalization."""
        units = nets.strongest(trace[layer], nets.maps(layer, 2))
        rule = RULES["deconvnet"]._replace(through_normalization="gradient")
        boxes = project_many(model, trace, layer, units, rule=rule, seed=1.0).boxes
        return {"sum": boxes.sum((1, 2, 3)).tolist(),
                "strength": np.abs(boxes).sum((1, 2, 3)).tolist()}

    return {"run": run, "units": len(units),
            "project": lambda: project_many(model, trace, layer, counted), "check": check}


def occlude():
    """Scores under a gray square of 32×32 at 30×30 places of one image of zfnet."""
    model, image = network("zfnet"), nets.batch("zfnet", 1)[0]
    places = np.arange(30) * (224 - 32) // 29

    def run(places=places):
        return numpyzf_occlude(model, image[0], size=32, tops=places, lefts=places)

    def check():
        """How much the first score falls under each square of a grid without overlap."""
        fall = model.predict(image)[0, 0] - run(np.arange(0, 224, 32)).scores[:, :, 0]
        return {"fall": fall.flatten().tolist()}

    return {"run": run, "units": places.size**2, "check": check}


def start_up():
    """What the first calls cost: all kernels of a training step, a projection and an occlusion.

    All on zfnet at batch 1, with one place of the square: long work would hide in its noise what is
    short.
    """
    one = np.zeros(1, np.int64)
    works = [step("zfnet", 1)["run"], forward("zfnet", 1)["run"], project("conv5", maps=1)["run"],
             partial(occlude()["run"], one)]
    first = sum(timed(work) for work in works)
    second = sum(timed(work) for work in works)
    count, seconds = kernels.compile_report()
    return {"import": IMPORT_SECONDS, "kernels": count, "compile": seconds,
            "first": first - second}


def export(net, path):
    """Write a net as a model file, for the libraries that read one."""
    from numpyzf.exchange.write import write_onnx
    write_onnx(network(net), path)
    return {}


KINDS = {"step": step, "forward": forward, "conv": conv, "project": project, "occlude": occlude}
ONCE = {"start_up": start_up, "export": export}


def cases(case=None, do=None, **options):
    """Set a case up; or do what is done once: "start_up" measures starting, "export" a file."""
    return ONCE[do](**options) if do else KINDS[case](**options)


if __name__ == "__main__":
    serve(cases)
