import numpy as np
def adam_step(parameters, moments, grads, step, *, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    scale = rate * np.sqrt(1 - beta2 ** step) / (1 - beta1 ** step)
    for name, w in parameters.items():
        m, v = moments[name]; g = grads[name]
        m *= beta1; m += (1 - beta1) * g
        v *= beta2; v += (1 - beta2) * g * g
        w -= (scale * m / (np.sqrt(v) + epsilon * np.sqrt(1 - beta2 ** step))).astype(w.dtype)
