"""Lab training: what happens in one step (section 3 of the paper, lesson 5).

A training repeats one step, some hundred thousand times. You write what happens in it.

                          up, with dropout
    a batch of images  ------------------->  scores  -->  the mean loss of the batch
                                                               |
          w  <----------------------------  its gradient  <----'
           w + v    v = 0.9·v − rate·gradient      down
          |
          '--> a filter that has become too large is scaled back
               the rate drops when the accuracy hasn't grown for some epochs

    loss   2.3 |xxxxxxxxxxxxxxxxxxxxxxxx    w began too small: the net sits at chance
               |x
               | xx
               |   xxxx                     w began as large as it should
               |       xxxxxxxxxxxxxxxxx
               +------------------------    steps

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check training.py                all of it
    numpyzf lab check training.py --task 2.1     one task
    numpyzf lab check training.py --seed 1       with other numbers

When everything passes, your functions train two nets on pictures of clothes, and draw how that
went. For all arrays: N images, F filters over C maps, K×K pixels each. Chance comes from a
numpy.random.Generator, the argument rng, and from nothing else: rng.standard_normal(shape) are
Gaussian numbers of deviation 1, rng.random(shape) are even ones between 0 and 1.
"""
import numpy as np


# ---- 1. The first weights ------------------------------------------------------------------------
#
# Task 1.1: predict, before you write any code. A net has five layers. A unit adds up 800 inputs
# (32 maps, filters of 5×5), times its weights. These are Gaussian numbers of deviation 0.01, as in
# the paper. Biases are 0, and behind each layer comes a ReLU.
#
#     inputs                       their RMS value, the root of the mean square, is 1
#     sum of 800 inputs·weights    has the mean square 800 · 0.01² · (mean square of the inputs)
#     ReLU                         halves the mean square: it sets one half of the sums to 0
#
# What is the RMS value behind the fifth ReLU? A number; within 5 % of the right one is good enough.

# BEGIN SOLUTION
left_after_five = 0.00032
# END SOLUTION


def draw_weights(shape, initialization, rng):
    """Task 1.2: the first weights of a layer.

    shape: (F, C, K, K) of a convolution, or (outputs, inputs) of a fully connected layer.
    initialization: "paper", Gaussian numbers of deviation 0.01; or "he", Gaussian numbers of
    variance 2 / (inputs of one unit), by which the RMS value stays the same from ReLU to ReLU.
    rng: a numpy.random.Generator.
    Returns w of that shape, float32, with mean 0.

        shape (96, 3, 7, 7): a unit has 3·7·7 = 147 inputs, so the variance is 2/147 by "he"

    >>> draw_weights((2, 3), "paper", np.random.default_rng(0)).shape
    (2, 3)
    """
    # BEGIN SOLUTION
    inputs = np.prod(shape[1:])
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / inputs)
    return (rng.standard_normal(shape) * deviation).astype(np.float32)
    # END SOLUTION


# ---- 2. A step -----------------------------------------------------------------------------------

def mean_gradient(grads, sizes):
    """Task 2.1: the gradient of a batch that went through the net in pieces.

    A batch of 128 images may be too large for the memory. So it goes through in pieces. Each gives
    the gradient of the mean loss of its own images. What is asked for is the gradient of the mean
    loss of *all* images of the batch.

    grads: (P, …), the gradients of one array of weights, of any shape, from P pieces.
    sizes: a list of P ints, the number of images in each piece. The last may be smaller.
    Returns (…), of the dtype of grads.

        pieces of 3 images and 1 image, their gradients 8 and 4:   (8 + 8 + 8 + 4) / 4 = 7

    >>> mean_gradient(np.array([[8.], [4.]]), [3, 1])
    array([7.])
    """
    # BEGIN SOLUTION
    total = np.zeros(grads.shape[1:], grads.dtype)
    for gradient, size in zip(grads, sizes):
        total += size * gradient
    return total / sum(sizes)
    # END SOLUTION


def momentum_step(w, v, gradient, *, rate, momentum):
    """Task 2.2: one step of gradient descent with momentum.

        v becomes momentum·v − rate·gradient
        w becomes w + v, with the v that has just been made

    w, v, gradient: weights, velocity, and the gradient of the loss: floats of one shape.
    rate, momentum: numbers; 0.01 and 0.9 in the paper.
    Returns the new w and the new v: new arrays of w's dtype. w, v and gradient stay as they are.

    >>> momentum_step(np.array([5.]), np.array([1.]), np.array([2.]), rate=0.1, momentum=0.5)
    (array([5.3]), array([0.3]))
    """
    # BEGIN SOLUTION
    v = momentum * v - rate * gradient
    return w + v, v
    # END SOLUTION


def next_rate(rate, accuracies, patience, factor):
    """Task 2.3: the learning rate of the next epoch.

    The paper lowers it by hand, when the accuracy on images held out doesn't grow any more. Here is
    a rule for it: look how many epochs ago the best accuracy of all came. If that is `patience`
    epochs, or 2·patience, 3·patience …, the rate drops: it is multiplied by `factor`. If not, it
    stays. An accuracy that is equal to the best so far is no better: the first of them counts.

    rate: the rate of the last epoch.
    accuracies: a list of floats, one for each epoch so far, the last epoch last.
    patience: an int, at least 1.
    factor: a float, such as 0.1.
    Returns a float.

        accuracies 0.5, 0.7, 0.6, 0.6: the best came 2 epochs ago. With patience 2 the rate drops.

    >>> next_rate(8.0, [0.5, 0.7, 0.6, 0.6], 2, 0.5), next_rate(8.0, [0.5, 0.7, 0.6], 2, 0.5)
    (4.0, 8.0)
    """
    # BEGIN SOLUTION
    age = len(accuracies) - 1 - accuracies.index(max(accuracies))
    return rate * factor if age > 0 and age % patience == 0 else rate
    # END SOLUTION


def renormalize(w, radius):
    """Task 2.4: scale filters back that have become too large.

    In training a few filters of the first layer grow until they dominate the others. So after each
    step, a filter whose RMS value is larger than `radius` is scaled down to an RMS value of
    exactly `radius`. All other filters stay as they are. The RMS value of a filter is the root of
    the mean of the squares of all its C·K·K weights.

    w: (F, C, K, K), floats. A filter is w[f].
    radius: a float; 0.1 in the paper.
    Returns a new array of w's shape and dtype. w stays as it is.

        filter 3, 4, 0, 0: the squares are 9, 16, 0, 0, their mean is 6.25, the RMS value is 2.5

    >>> renormalize(np.array([[[[3., 4.], [0., 0.]]], [[[1., 1.], [1., 1.]]]]), 2.0)
    array([[[[2.4, 3.2],
             [0. , 0. ]]],
    <BLANKLINE>
    <BLANKLINE>
           [[[1. , 1. ],
             [1. , 1. ]]]])
    """
    # BEGIN SOLUTION
    w = w.copy()
    for f in range(len(w)):
        rms = np.sqrt(np.mean(w[f] ** 2))
        if rms > radius:
            w[f] *= radius / rms
    return w
    # END SOLUTION


# ---- 3. Dropout ----------------------------------------------------------------------------------

def dropout(x, rate, rng, train):
    """Task 3.1: in training, switch a random part of the units off.

    x: the output of a layer, (N, …), floats.
    rate: the probability with which a value is dropped, 0 <= rate < 1.
    rng: a numpy.random.Generator.
    train: True in training: each value of x, whatever its image, map and place, is set to zero with
    probability rate, independently of all others. The others are divided by 1 − rate, so that the
    expected value is still x. False in testing: nothing is dropped, and nothing scaled.
    Returns y, of x's shape and dtype; and mask, of the same shape and dtype, what x was multiplied
    by. The gradient goes back through the same mask.

        x = 3, 5, 7, 9 and rate 0.75 may give y = 0, 0, 28, 0 with the mask 0, 0, 4, 0

    >>> dropout(np.array([3., 5.]), 0.75, np.random.default_rng(0), False)
    (array([3., 5.]), array([1., 1.]))
    """
    # BEGIN SOLUTION
    if not train:
        return x.copy(), np.ones_like(x)
    kept = rng.random(x.shape) >= rate
    mask = (kept / (1 - rate)).astype(x.dtype)
    return x * mask, mask
    # END SOLUTION


def test_dropout(dropout):
    """Task 3.2: write a test of something random. Does this `dropout` do what task 3.1 asks for?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch. What a right one drops is up to chance: so ask what must hold of many values, and
    leave chance some room. Of 10,000 values that are dropped with probability 0.2, some 2,000 are
    dropped, and it is as good as never more than 200 off.

    dropout: a function like that of task 3.1.
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(0)
    x = np.full((2, 100, 10, 10), 3.0)
    y, mask = dropout(x, 0.2, rng, True)
    assert np.allclose(y[y != 0], 3 / 0.8)              # scaled
    assert np.allclose(y, x * mask)
    assert abs(np.mean(y == 0) - 0.2) < 0.02            # the share
    assert np.any(y[0] != y[1])                         # each image for itself
    y, _ = dropout(x, 0.2, rng, False)
    assert np.allclose(y, x)                            # testing
    # END SOLUTION
