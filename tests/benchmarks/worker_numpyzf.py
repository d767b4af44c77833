"""numpyzf's side: sets cases up and runs them. Imports nothing of PyTorch."""
from numpyzf import functional, models, training        # before NumPy, so that BLAS's idle threads sleep too

import numpy as np

import nets
from worker import NotThere, serve


def network(net):
    """A net of numpyzf with the shared parameters."""
    model = models.zfnet() if net == "zfnet" else models.labnet(nets.NETS[net][0])
    own = model.parameters
    for name, value in nets.parameters(net):
        assert own[name].shape == value.shape, name
        own[name][...] = value
    return model


def step(net, batch):
    """A training step: forward, loss, backward, momentum, renormalization."""
    state = training.State(network(net), np.random.default_rng(0), nets.RATE)
    recipe = training.Recipe(batch=batch, rate=nets.RATE, momentum=nets.MOMENTUM, radius=nets.RADIUS)
    x, labels = nets.batch(net, batch)

    def run():
        return training.train_step(state, x, labels, nets.RATE, recipe)

    def check():
        """The loss and what the first step changes, with dropout off: the one thing that is random."""
        drops = [state.net.layers[name] for name in ("drop6", "drop7")]
        rates = [drop.rate for drop in drops]
        before = {name: np.array(nets.sample(value)) for name, value in state.net.parameters.items()}
        for drop in drops:
            drop.rate = 0.0
        answer = {"loss": [float(run()[0])]}
        for drop, rate in zip(drops, rates):
            drop.rate = rate
        return answer | {name: (nets.sample(value) - before[name]).tolist() for name, value in state.net.parameters.items()}

    return {"run": run, "check": check}


def forward(net, batch):
    """Scores of a batch, nothing kept."""
    model, (x, _) = network(net), nets.batch(net, batch)
    return {"run": lambda: model.scores(x, batch), "check": lambda: {"scores": nets.sample(model.scores(x, batch))}}


def conv(layer, direction, batch):
    """One convolution of zfnet: forward; or backward, without dx for conv1, as in training."""
    x, w, b, dy = nets.convolution_arrays(layer, batch)
    s = nets.convolution(layer)
    place = {"stride": s["stride"], "pad": s["pad"]}
    _, saved = functional.conv_forward(x, w, b, **place)

    def run():
        if direction == "forward":
            return functional.conv_forward(x, w, b, **place)[:1]
        return functional.conv_backward(dy, saved, need_dx=layer != "conv1")

    a = np.random.default_rng(0).standard_normal((2048, 2048), np.float32)
    c = np.empty_like(a)
    return {"run": run, "matmul": lambda: np.matmul(a, a, out=c),
            "check": lambda: {str(i): nets.sample(y) for i, y in enumerate(run()) if y is not None}}


KINDS = {"step": step, "forward": forward, "conv": conv}


def cases(case, **options):
    """Set a case up."""
    if case not in KINDS:
        raise NotThere(f"no case {case}")
    return KINDS[case](**options)


if __name__ == "__main__":
    serve(cases)
