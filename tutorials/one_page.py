"""A whole training on one page: from images to the share of right answers.

It is what `numpyzf train` does, without files, validation and a falling rate: training.py and
runs.py have these. `python tutorials/one_page.py` takes about half a minute on two cores.
"""
from numpyzf import data, models        # before numpy: see numpyzf/__init__.py
from numpyzf.functional import softmax_cross_entropy

import numpy as np


def main(count=9000, epochs=2, batch=32, rate=0.01, momentum=0.9, radius=0.1, seed=0):
    """Train a lab net on `count` small pictures of clothes; returns its accuracy on others."""
    rng = np.random.default_rng(seed)

    # Images: bytes (N, 1, 28, 28). Pixels around zero with a deviation of 1 suit the first weights.
    train, test = (data.load("fashion-mnist-small", split) for split in ("train", "test"))
    mean, deviation = train.images.mean(axis=0), train.images.std()

    def prepare(images):
        return ((images - mean) / deviation).astype(np.float32)

    # The net, and for every parameter the step that it made last.
    net = models.labnet(len(train.classes)).initialize(rng)
    velocity = {name: np.zeros_like(w) for name, w in net.parameters.items()}

    for epoch in range(epochs):
        losses = []
        order = rng.permutation(len(train.images))[:count]
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]

            # Up, the loss, and down: one gradient for every parameter.
            trace = net.forward(prepare(train.images[rows]), train=True, rng=rng)
            loss, dscores = softmax_cross_entropy(trace.scores, train.labels[rows])
            gradients = net.backward(trace, dscores)
            losses.append(loss)

            # Momentum: a part of the last step, and a step against the gradient.
            for name, w in net.parameters.items():
                velocity[name] = momentum * velocity[name] - rate * gradients[name]
                w += velocity[name]

            # No filter of a convolution may have an RMS value above the radius (section 3).
            for name in net.convolutions:
                w = net.layers[name].params["w"]
                rms = np.sqrt(np.mean(w ** 2, axis=(1, 2, 3), keepdims=True))
                w *= radius / np.maximum(rms, radius)
        print(f"epoch {epoch + 1}: mean loss {np.mean(losses):.3f}")

    # The answer is the class with the largest score.
    answers = net.predict(prepare(test.images)).argmax(axis=1)
    accuracy = np.mean(answers == test.labels)
    print(f"{accuracy:.1%} of {len(test.images):,} test images are named correctly")
    return accuracy


if __name__ == "__main__":
    main()
