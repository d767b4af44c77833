"""Adam (Kingma & Ba 2015, arXiv 1412.6980): each number has a step of its own size.

Where gradients agree from step to step, a number moves by about the rate, however small they are;
where they contradict each other, by less.
"""
import numpy as np

from .. import checks


def adam_step(parameters, moments, grads, step, *, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One step, in place.

    m = beta1·m + (1 − beta1)·gradient,  v = beta2·v + (1 − beta2)·gradient²
    parameter −= rate · (m / (1 − beta1^step)) / (√(v / (1 − beta2^step)) + epsilon)

    The divisors 1 − beta^step make up for moments that begin at zero.

    parameters: {name: array}.
    moments: {name: (m, v)}, arrays like the parameter's, zeros before the first step.
    grads: {name: array}. They and the moments have what parameters have.
    step: the number of this step, from 1 on.
    rate: of the step, about how far a number moves.
    """
    checks.integer("step", step, 1)
    for name, w in parameters.items():
        (m, v), number = moments[name], w.dtype.type
        gradient = checks.array(f"the gradient of {name}", grads[name], like=w.dtype,
                                shape=w.shape, why="that of the parameter")
        m += number(1 - beta1) * (gradient - m)
        v *= number(beta2)
        v += number(1 - beta2) * gradient * gradient
        size = np.sqrt(v)
        size *= number(1 / np.sqrt(1 - beta2 ** step))
        size += number(epsilon)
        np.divide(m, size, out=size)
        size *= number(rate / (1 - beta1 ** step))
        w -= size
