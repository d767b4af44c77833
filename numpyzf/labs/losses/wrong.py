"""Wrong answers to the tasks of the losses lab, one misconception each; docstrings are hints.

They use what solution.py imports, and nothing else.
"""
import numpy as np

from .. import judge
from ..tasks import Wrong


# ---- 1.2 gram ------------------------------------------------------------------------------------

def not_divided(y):
    """The division is missing: G is divided by C·H·W, so that pictures and layers of other sizes
    can be compared."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1)


def by_the_places(y):
    """G is divided by C·H·W. Yours divides by H·W, the places, alone."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(H * W)


def by_the_maps(y):
    """G is divided by C·H·W. Yours divides by C, the maps, alone."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C)


def by_the_matrix(y):
    """G is divided by C·H·W, the numbers of y, and not by C·C, its own."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C * C)


def of_places(y):
    """Yours is ψᵀψ: which places are alike, (N, H·W, H·W). Which maps are alike is ψψᵀ, (N, C, C):
    what is added is the places."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps.transpose(0, 2, 1) @ maps / y.dtype.type(C * H * W)


def mean_off(y):
    """Take nothing off the maps first. Yours is their covariance: how strong a map is on the whole
    is part of the style."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    maps = maps - maps.mean(axis=2, keepdims=True)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C * H * W)


def of_equal_lengths(y):
    """Don't divide each map by its length. Yours is a cosine: how strong a map is, is part of the
    style."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    maps = maps / np.sqrt((maps ** 2).sum(axis=2, keepdims=True))
    return maps @ maps.transpose(0, 2, 1)


def adds_first(y):
    """Multiply two maps place by place, then add. Yours adds each map up first, and so forgets
    whether they fire at one place."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    sums = maps.sum(axis=2)
    return sums[:, :, None] * sums[:, None, :] / y.dtype.type(C * H * W)


def each_with_itself(y):
    """G has a number for each pair of maps, (N, C, C). Yours has one for each map: its product with
    itself."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return (maps ** 2).sum(axis=2) / y.dtype.type(C * H * W)


def all_in_one(y):
    """Each picture has a matrix of its own: G is (N, C, C). Yours has no axis for the pictures."""
    N, C, H, W = y.shape
    maps = y.reshape(N * C, H * W)
    return maps @ maps.T / y.dtype.type(N * C * H * W)


def strengths_alone(y):
    """Values count with their signs. Yours takes all for positive."""
    N, C, H, W = y.shape
    maps = np.abs(y).reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C * H * W)


def rectified(y):
    """Negative values count, too. Yours takes them for zero."""
    N, C, H, W = y.shape
    maps = np.maximum(y, 0).reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C * H * W)


def rows_mixed_up(y):
    """As rows the maps are y.reshape(N, C, H·W): a row is one map. Yours has rows that are parts of
    several maps: a reshape to (N, H·W, C) exchanges no axes."""
    N, C, H, W = y.shape
    maps = y.reshape(N, H * W, C)
    return maps.transpose(0, 2, 1) @ maps / y.dtype.type(C * H * W)


def one_for_all(y):
    """Each picture has a Gram matrix of its own. Yours adds those of all pictures up."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    added = (maps @ maps.transpose(0, 2, 1)).sum(axis=0) / y.dtype.type(C * H * W)
    return np.stack([added] * N)


def by_the_batch_too(y):
    """Each picture's matrix is divided by its own C·H·W. Yours divides by the number of pictures,
    too."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(y.size)


def first_picture_s(y):
    """Each picture has a Gram matrix of its own. Yours gives that of the first one to all."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    first = maps[0] @ maps[0].T / y.dtype.type(C * H * W)
    return np.stack([first] * N)


def as_wide_as_high(y):
    """Maps have H rows and W columns. Yours divides as if they were square."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C * H * H)


def a_square_of_it(y):
    """Maps have H rows and W columns. Yours looks at H columns, or H of W."""
    N, C, H, W = y.shape
    maps = y[:, :, :W, :H].reshape(N, C, -1)
    return maps @ maps.transpose(0, 2, 1) / y.dtype.type(C * H * W)


def gram_in_float64(y):
    """-"""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W).astype(float)
    return maps @ maps.transpose(0, 2, 1) / (C * H * W)


def divides_y_itself(y):
    """-"""
    N, C, H, W = y.shape
    y /= y.dtype.type(np.sqrt(C * H * W))
    maps = y.reshape(N, C, H * W)
    return maps @ maps.transpose(0, 2, 1)


# ---- 1.3 test_gram -------------------------------------------------------------------------------

def always_fails(gram):
    """Your test fails whatever it is given."""
    assert False


def to_the_last_bit(gram):
    """Two right functions differ by rounding: compare by np.allclose or np.isclose, and not by
    ==."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((2, 3, 4, 5))
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert found[n, c, d] == (y[n, c] * y[n, d]).sum() / y[0].size


def wants_a_sum(gram):
    """Your test wants the sum of the products. It is divided by C·H·W."""
    y = np.arange(24.0).reshape(2, 2, 2, 3) - 10
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum())


def wants_a_covariance(gram):
    """Your test takes the maps' means off. The Gram matrix is of the maps as they are."""
    y = np.arange(24.0).reshape(2, 2, 2, 3) - 10
    bare = y - y.mean(axis=(2, 3), keepdims=True)
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (bare[n, c] * bare[n, d]).sum() / y[0].size)


def only_the_shape(gram):
    """Your test catches nothing: does it compare the numbers?"""
    assert gram(np.ones((2, 3, 4, 5))).shape == (2, 3, 3)


def one_map_alone(gram):
    """Your test has a single map. What is divided by C, and what two maps have to do with each
    other, doesn't show there."""
    y = np.arange(12.0).reshape(2, 1, 2, 3) - 5
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum() / y[0].size)


def one_picture_alone(gram):
    """Your test has a single picture, so it can't see what happens to several."""
    y = np.arange(12.0).reshape(1, 2, 2, 3) - 5
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum() / y[0].size)


def square_maps_alone(gram):
    """In your test the maps are square. H in the place of W doesn't show there."""
    y = np.arange(32.0).reshape(2, 2, 2, 4)[:, :, :, :2] - 13
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum() / y[0].size)


def one_place_alone(gram):
    """In your test a map has one place. What is divided by H·W doesn't show there."""
    y = np.array([3.0, -2.0, 1.0, 5.0]).reshape(2, 2, 1, 1)
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum() / y[0].size)


def positive_numbers(gram):
    """In your test all numbers are positive. Whether signs count doesn't show there."""
    y = np.arange(24.0).reshape(2, 2, 2, 3) + 1
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum() / y[0].size)


def around_zero(gram):
    """In your test each map's mean is 0. Who takes it off isn't found out."""
    y = np.arange(24.0).reshape(2, 2, 2, 3) ** 2
    y -= y.mean(axis=(2, 3), keepdims=True)
    found = gram(y)
    N, C = y.shape[:2]
    assert found.shape == (N, C, C)
    for n, c, d in np.ndindex(N, C, C):
        assert np.isclose(found[n, c, d], (y[n, c] * y[n, d]).sum() / y[0].size)


def the_diagonal_alone(gram):
    """Your test compares each map with itself alone. The other numbers count, too: which maps fire
    together."""
    y = np.arange(24.0).reshape(2, 2, 2, 3) - 10
    found = gram(y)
    assert found.shape == (2, 2, 2)
    for n, c in np.ndindex(2, 2):
        assert np.isclose(found[n, c, c], (y[n, c] ** 2).sum() / 12)


# ---- 2.1 feature_loss ----------------------------------------------------------------------------

def features_added_up(y, target):
    """The division is missing: the loss is divided by C·H·W, and so is its gradient."""
    difference = y - target
    return (difference ** 2).sum() / len(y), 2 * difference / y.dtype.type(len(y))


def gradient_not_divided(y, target):
    """The loss is divided by C·H·W. So its gradient is, too."""
    difference = y - target
    return (difference ** 2).mean(), 2 * difference / y.dtype.type(len(y))


def by_places_alone(y, target):
    """The loss is divided by C·H·W. Yours divides by H·W, the places, alone."""
    difference = y - target
    N, C, H, W = y.shape
    return (difference ** 2).sum() / (N * H * W), 2 * difference / y.dtype.type(N * H * W)


def forgets_the_two(y, target):
    """The slope of d² is 2d: in the gradient the 2 is missing."""
    difference = y - target
    return (difference ** 2).mean(), difference / y.dtype.type(y.size)


def half_the_loss(y, target):
    """Yours is half the loss, whose gradient has no 2. It is a good loss too, but not the one that
    is asked for."""
    difference = y - target
    return (difference ** 2).mean() / 2, difference / y.dtype.type(y.size)


def upside_down(y, target):
    """The sign of the gradient is wrong: where y is above the target, the loss grows with y."""
    difference = y - target
    return (difference ** 2).mean(), -2 * difference / y.dtype.type(y.size)


def absolute_values(y, target):
    """The differences are squared. Yours takes their absolute values."""
    difference = y - target
    return np.abs(difference).mean(), np.sign(difference) / y.dtype.type(y.size)


def rooted(y, target):
    """The loss is the squared distance. Yours takes the root at the end."""
    difference = y - target
    loss = np.sqrt((difference ** 2).mean())
    return loss, difference / (loss * y.size).astype(y.dtype)


def mean_before_the_square(y, target):
    """Square each difference, then add. Yours takes the mean first: differences of both signs
    cancel out."""
    difference = y - target
    mean = difference.mean()
    return mean ** 2, np.full_like(y, 2 * mean / y.size)


def added_over_pictures(y, target):
    """The loss is the mean over the N pictures. Yours is the sum."""
    difference = y - target
    size = y.dtype.type(y[0].size)
    return (difference ** 2).sum() / size, 2 * difference / size


def mean_in_the_loss_alone(y, target):
    """The loss is the mean over the N pictures: so each picture's gradient is divided by N, too."""
    difference = y - target
    return (difference ** 2).mean(), 2 * difference / y.dtype.type(y[0].size)


def mean_in_the_gradient_alone(y, target):
    """Your gradient is that of the mean over the N pictures. Your loss is the sum."""
    difference = y - target
    return (difference ** 2).sum() / y[0].size, 2 * difference / y.dtype.type(y.size)


def first_one_s_target(y, target):
    """Each picture has a target of its own. Yours compares all with the first one."""
    difference = y - target
    difference = y - target[:1]
    return (difference ** 2).mean(), 2 * difference / y.dtype.type(y.size)


def takes_off_y_itself(y, target):
    """-"""
    y -= target
    return (y ** 2).mean(), 2 * y / y.dtype.type(y.size)


def features_in_float64(y, target):
    """-"""
    wide = y.astype(float) - target
    return (wide ** 2).mean(), 2 * wide / y.size


# ---- 2.2 style_loss ------------------------------------------------------------------------------

def mean_of_the_numbers(y, gram, target):
    """The loss is the sum over the C·C numbers. Yours is their mean, as in some programs: but G is
    divided by C·H·W already."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).mean()
    slope = 4 * difference / y.dtype.type(N * C * H * W * C * C)
    return loss, (slope @ maps).reshape(y.shape)


def two_for_four(y, gram, target):
    """The factor is 4: a 2 from the square, and another one since each map is in a row and in a
    column of its Gram matrix. Yours is 2."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = 2 * difference / y.dtype.type(N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def one_for_four(y, gram, target):
    """The factor is 4: a 2 from the square, and another one since each map is in a row and in a
    column of its Gram matrix. Yours is 1."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = difference / y.dtype.type(N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def divided_in_the_loss_alone(y, gram, target):
    """Gram matrices are divided by C·H·W: so with y they grow C·H·W times less than the sums of
    products. In your gradient that division is missing."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = 4 * difference / y.dtype.type(N)
    return loss, (slope @ maps).reshape(y.shape)


def half_of_it(y, gram, target):
    """Yours is half the loss, whose gradient has a 2. It is a good loss too, but not the one that
    is asked for."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    difference = gram - target
    loss = float(np.square(difference).sum() / N) / 2
    gradient = difference @ maps * y.dtype.type(2 / (N * C * H * W))
    return loss, gradient.reshape(y.shape)


def eight_for_four(y, gram, target):
    """The factor is 4: a 2 from the square, and another one since each map is in a row and in a
    column of G. Yours has twice as much."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    difference = gram - target
    loss = float(np.square(difference).sum() / N)
    gradient = difference @ maps * y.dtype.type(8 / (N * C * H * W))
    return loss, gradient.reshape(y.shape)


def past_zeros_alone(y, gram, target):
    """Negative values have a gradient as all others have. Yours has none where y is negative."""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    difference = gram - target
    loss = float(np.square(difference).sum() / N)
    gradient = difference @ maps * y.dtype.type(4 / (N * C * H * W))
    return loss, gradient.reshape(y.shape) * (y > 0)


def divided_again(y, gram, target):
    """Gram matrices are divided by C·H·W already. Yours divides the loss by it once more."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    size = y.dtype.type(C * H * W)
    loss = (difference ** 2).sum() / N / size
    slope = 4 * difference / (N * size * size)
    return loss, (slope @ maps).reshape(y.shape)


def style_upside_down(y, gram, target):
    """The sign of the gradient is wrong: it is gram − target."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = -4 * difference / y.dtype.type(N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def stops_at_the_matrix(y, gram, target):
    """Your gradient is that with respect to the Gram matrix, (N, C, C). Go on to y: gram grows with
    y."""
    N, difference = len(y), gram - target
    return (difference ** 2).sum() / N, 2 * difference / y.dtype.type(N)


def without_squares(y, gram, target):
    """The differences are squared. Yours takes their absolute values."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = np.abs(difference).sum() / N
    slope = 2 * np.sign(difference) / y.dtype.type(N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def distance_not_squared(y, gram, target):
    """The loss is the squared distance of the two matrices. Yours takes the root."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    each = np.sqrt((difference ** 2).sum(axis=(1, 2), keepdims=True))
    loss = each.sum() / N
    slope = 2 * difference / (each * y.dtype.type(N * C * H * W))
    return loss, (slope @ maps).reshape(y.shape)


def each_map_by_itself(y, gram, target):
    """Also the pairs of different maps count: row c of gram − target times all maps, and not only
    its own number times map c."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    own = difference * np.eye(C, dtype=y.dtype)
    slope = 4 * own / y.dtype.type(N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def places_for_maps(y, gram, target):
    """(gram − target) ψ has a row for each map. Yours has a row for each place, and is then cut
    into maps: exchange its axes before you reshape it."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = 4 * difference / y.dtype.type(N * C * H * W)
    return loss, (maps.transpose(0, 2, 1) @ slope).reshape(y.shape)


def styles_added(y, gram, target):
    """The loss is the mean over the N pictures. Yours is the sum."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum()
    slope = 4 * difference / y.dtype.type(C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def styles_mean_in_the_loss_alone(y, gram, target):
    """The loss is the mean over the N pictures: so each picture's gradient is divided by N, too."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = 4 * difference / y.dtype.type(C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def all_in_one_matrix(y, gram, target):
    """Each picture is compared with its own target. Yours takes the mean of all matrices first."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    difference = np.stack([difference.mean(axis=0)] * N)
    loss = (difference ** 2).sum() / N
    slope = 4 * difference / y.dtype.type(N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def style_as_wide_as_high(y, gram, target):
    """Maps have H rows and W columns. Yours divides as if they were square."""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = 4 * difference / y.dtype.type(N * C * H * H)
    return loss, (slope @ maps).reshape(y.shape)


def takes_off_gram_itself(y, gram, target):
    """-"""
    N, C, H, W = y.shape
    maps = y.reshape(N, C, H * W)
    gram -= target
    loss = (gram ** 2).sum() / N
    slope = 4 * gram / y.dtype.type(N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


def style_in_float64(y, gram, target):
    """-"""
    N, C, H, W = y.shape
    maps, difference = y.reshape(N, C, H * W), gram - target
    loss = (difference ** 2).sum() / N
    slope = 4 * difference.astype(float) / (N * C * H * W)
    return loss, (slope @ maps).reshape(y.shape)


# ---- 2.3 total_variation -------------------------------------------------------------------------

def steps_not_squared(x):
    """The steps are squared. Yours takes their absolute values."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = (np.abs(down).sum() + np.abs(right).sum()) / len(x)
    down, right = np.sign(down), np.sign(right)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, gradient / x.dtype.type(len(x))


def steps_of_strengths(x):
    """Values count with their signs. Yours takes all for positive."""
    x = np.abs(x)
    right, down = np.diff(x, axis=3), np.diff(x, axis=2)
    loss = float(np.square(right).sum() + np.square(down).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, :, 1:] += 2 * right / len(x)
    gradient[:, :, :, :-1] -= 2 * right / len(x)
    gradient[:, :, 1:] += 2 * down / len(x)
    gradient[:, :, :-1] -= 2 * down / len(x)
    return loss, gradient


def right_alone(x):
    """Steps go to the right, and down. Yours only go to the right."""
    right = np.diff(x, axis=3)
    loss = (right ** 2).sum() / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 2 * gradient / x.dtype.type(len(x))


def down_alone(x):
    """Steps go down, and to the right. Yours only go down."""
    down = np.diff(x, axis=2)
    loss = (down ** 2).sum() / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    return loss, 2 * gradient / x.dtype.type(len(x))


def steps_without_the_two(x):
    """The slope of d² is 2d: in the gradient the 2 is missing."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, gradient / x.dtype.type(len(x))


def steps_upside_down(x):
    """The sign of the gradient is wrong: if a pixel is brighter than its neighbors, the loss grows
    with it."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, -2 * gradient / x.dtype.type(len(x))


def one_end_of_each_step(x):
    """A step has two ends, and changes with both: with the pixel behind it, and the other way round
    with the one before it. In your gradient only one end counts."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :, 1:] += right
    return loss, 2 * gradient / x.dtype.type(len(x))


def same_sign_at_both_ends(x):
    """A step grows with the pixel behind it, and falls with the one before it: one end counts with
    a minus."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] += down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] += right
    return loss, 2 * gradient / x.dtype.type(len(x))


def mean_of_the_steps(x):
    """The steps' squares are added. Yours takes their mean over the picture."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / x.size
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 2 * gradient / x.dtype.type(x.size)


def each_step_twice(x):
    """Each step counts once. Yours goes it to and fro."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = 2 * ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 4 * gradient / x.dtype.type(len(x))


def length_of_all_steps(x):
    """The loss is the sum of the squares. Yours takes the root of it."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = np.sqrt(((down ** 2).sum() + (right ** 2).sum()) / len(x))
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, gradient / x.dtype.type(loss * len(x))


def over_the_border(x):
    """From the last pixel no step leads to the first one of the other side. np.roll goes around."""
    down, right = np.roll(x, -1, axis=2) - x, np.roll(x, -1, axis=3) - x
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.roll(down, 1, axis=2) - down + np.roll(right, 1, axis=3) - right
    return loss, 2 * gradient / x.dtype.type(len(x))


def steps_to_nothing(x):
    """Around the picture is nothing, and no zeros: steps are between two pixels."""
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    gradient = gradient[:, :, 1:-1, 1:-1]
    return loss, 2 * gradient / x.dtype.type(len(x))


def steps_to_zeros_behind(x):
    """The last pixel has none behind it: steps are between two pixels. Yours takes zeros there."""
    x = np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 1)))
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down[..., :-1] ** 2).sum() + (right[:, :, :-1] ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    gradient = gradient[:, :, :-1, :-1]
    return loss, 2 * gradient / x.dtype.type(len(x))


def last_row_and_column_left_out(x):
    """In the last row there are steps to the right, and in the last column steps down. Yours leaves
    them out."""
    down = x[:, :, 1:, :-1] - x[:, :, :-1, :-1]
    right = x[:, :, :-1, 1:] - x[:, :, :-1, :-1]
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:, :-1] += down
    gradient[:, :, :-1, :-1] -= down
    gradient[:, :, :-1, 1:] += right
    gradient[:, :, :-1, :-1] -= right
    return loss, 2 * gradient / x.dtype.type(len(x))


def steps_between_colors(x):
    """Each color is a picture by itself. Yours counts steps from one color to the next, too."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    colors = np.diff(x, axis=1)
    loss = ((down ** 2).sum() + (right ** 2).sum() + (colors ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    gradient[:, 1:] += colors
    gradient[:, :-1] -= colors
    return loss, 2 * gradient / x.dtype.type(len(x))


def of_the_sum_of_colors(x):
    """Each color has steps of its own. Yours adds the colors up first: steps of several colors
    cancel out."""
    gray = x.sum(axis=1, keepdims=True)
    down, right = np.diff(gray, axis=2), np.diff(gray, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(gray)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    gradient = np.repeat(gradient, x.shape[1], axis=1)
    return loss, 2 * gradient / x.dtype.type(len(x))


def mean_over_colors(x):
    """The steps of all colors are added. Yours takes their mean."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x) / x.shape[1]
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 2 * gradient / x.dtype.type(len(x) * x.shape[1])


def variations_added(x):
    """The loss is the mean over the N pictures. Yours is the sum."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = (down ** 2).sum() + (right ** 2).sum()
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 2 * gradient


def variations_mean_in_the_loss_alone(x):
    """The loss is the mean over the N pictures: so each picture's gradient is divided by N, too."""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 2 * gradient


def square_part(x):
    """A picture has H rows and W columns. Yours looks at as many columns as there are rows, or rows
    as there are columns."""
    side = min(x.shape[2:])
    part = x[:, :, :side, :side]
    down, right = np.diff(part, axis=2), np.diff(part, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:side, :side] += down
    gradient[:, :, :side - 1, :side] -= down
    gradient[:, :, :side, 1:side] += right
    gradient[:, :, :side, :side - 1] -= right
    return loss, 2 * gradient / x.dtype.type(len(x))


def rows_for_columns(x):
    """A picture has H rows and W columns. Yours cuts it into W rows of H pixels."""
    shape = x.shape
    x = x.reshape(*shape[:2], shape[3], shape[2])
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros_like(x)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    gradient = gradient.reshape(shape)
    return loss, 2 * gradient / x.dtype.type(len(x))


def variation_in_float64(x):
    """-"""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    gradient = np.zeros(x.shape)
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[:, :, :, 1:] += right
    gradient[:, :, :, :-1] -= right
    return loss, 2 * gradient / len(x)


def gradient_into_x(x):
    """-"""
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    loss = ((down ** 2).sum() + (right ** 2).sum()) / len(x)
    x[...] = 0
    x[:, :, 1:] += down
    x[:, :, :-1] -= down
    x[:, :, :, 1:] += right
    x[:, :, :, :-1] -= right
    x *= x.dtype.type(2 / len(x))
    return loss, x


WRONG = [
    Wrong("1.1", "prediction", (4, 4), "Four times as many products are added. But they are "
                                       "divided by C·H·W, which is four times as much, too."),
    Wrong("1.1", "prediction", (4, 2), "In larger maps the division by C·H·W makes up for what is "
                                       "added. And each product has two factors that grow."),
    Wrong("1.1", "prediction", (1, 2), "The first is right. For the second: each product has two "
                                       "factors, and both become twice as large."),
    Wrong("1.1", "prediction", (2, 4), "A map of twice the height and width has four times as many "
                                       "places, and G is divided by their number."),
    Wrong("1.1", "prediction", (0.25, 4), "G is divided by four times as much. But four times as "
                                          "many products are added."),
    Wrong("1.1", "prediction", (16, 4), "A product is of two maps at one place: there are four "
                                        "times as many places, and no pairs of them."),
    Wrong("1.2", "one picture", not_divided),
    Wrong("1.2", "one picture", by_the_places),
    Wrong("1.2", "one picture", by_the_maps),
    Wrong("1.2", "one picture", by_the_matrix),
    Wrong("1.2", "one picture", of_places),
    Wrong("1.2", "one picture", mean_off),
    Wrong("1.2", "one picture", of_equal_lengths),
    Wrong("1.2", "one picture", adds_first),
    Wrong("1.2", "one picture", each_with_itself),
    Wrong("1.2", "one picture", all_in_one),
    Wrong("1.2", "one picture", strengths_alone),
    Wrong("1.2", "one picture", rectified),
    Wrong("1.2", "one picture", rows_mixed_up),
    Wrong("1.2", "pictures", one_for_all),
    Wrong("1.2", "pictures", by_the_batch_too),
    Wrong("1.2", "pictures", first_picture_s),
    Wrong("1.2", "not square", as_wide_as_high),
    Wrong("1.2", "not square", a_square_of_it),
    Wrong("1.2", "manners", gram_in_float64, judge.DTYPE),
    Wrong("1.2", "manners", divides_y_itself, judge.INPUT),
    Wrong("1.3", "right ones", always_fails),
    Wrong("1.3", "right ones", to_the_last_bit),
    Wrong("1.3", "right ones", wants_a_sum),
    Wrong("1.3", "right ones", wants_a_covariance),
    Wrong("1.3", "wrong ones", only_the_shape),
    Wrong("1.3", "wrong ones", one_map_alone),
    Wrong("1.3", "wrong ones", one_picture_alone),
    Wrong("1.3", "wrong ones", square_maps_alone),
    Wrong("1.3", "wrong ones", one_place_alone),
    Wrong("1.3", "wrong ones", positive_numbers),
    Wrong("1.3", "wrong ones", around_zero),
    Wrong("1.3", "wrong ones", the_diagonal_alone),
    Wrong("2.1", "one picture", features_added_up),
    Wrong("2.1", "one picture", gradient_not_divided),
    Wrong("2.1", "one picture", by_places_alone),
    Wrong("2.1", "one picture", forgets_the_two),
    Wrong("2.1", "one picture", half_the_loss),
    Wrong("2.1", "one picture", upside_down),
    Wrong("2.1", "one picture", absolute_values),
    Wrong("2.1", "one picture", rooted),
    Wrong("2.1", "one picture", mean_before_the_square),
    Wrong("2.1", "pictures", added_over_pictures),
    Wrong("2.1", "pictures", mean_in_the_loss_alone),
    Wrong("2.1", "pictures", mean_in_the_gradient_alone),
    Wrong("2.1", "pictures", first_one_s_target),
    Wrong("2.1", "manners", takes_off_y_itself, judge.INPUT),
    Wrong("2.1", "manners", features_in_float64, judge.DTYPE),
    Wrong("2.2", "one picture", mean_of_the_numbers),
    Wrong("2.2", "one picture", two_for_four),
    Wrong("2.2", "one picture", one_for_four),
    Wrong("2.2", "one picture", eight_for_four),
    Wrong("2.2", "one picture", half_of_it),
    Wrong("2.2", "one picture", past_zeros_alone),
    Wrong("2.2", "one picture", divided_in_the_loss_alone),
    Wrong("2.2", "one picture", divided_again),
    Wrong("2.2", "one picture", style_upside_down),
    Wrong("2.2", "one picture", stops_at_the_matrix),
    Wrong("2.2", "one picture", without_squares),
    Wrong("2.2", "one picture", distance_not_squared),
    Wrong("2.2", "one picture", each_map_by_itself),
    Wrong("2.2", "one picture", places_for_maps),
    Wrong("2.2", "pictures", styles_added),
    Wrong("2.2", "pictures", styles_mean_in_the_loss_alone),
    Wrong("2.2", "pictures", all_in_one_matrix),
    Wrong("2.2", "not square", style_as_wide_as_high),
    Wrong("2.2", "manners", takes_off_gram_itself, judge.INPUT),
    Wrong("2.2", "manners", style_in_float64, judge.DTYPE),
    Wrong("2.3", "one map", steps_not_squared),
    Wrong("2.3", "one map", steps_of_strengths),
    Wrong("2.3", "one map", right_alone),
    Wrong("2.3", "one map", down_alone),
    Wrong("2.3", "one map", steps_without_the_two),
    Wrong("2.3", "one map", steps_upside_down),
    Wrong("2.3", "one map", one_end_of_each_step),
    Wrong("2.3", "one map", same_sign_at_both_ends),
    Wrong("2.3", "one map", mean_of_the_steps),
    Wrong("2.3", "one map", each_step_twice),
    Wrong("2.3", "one map", length_of_all_steps),
    Wrong("2.3", "border", over_the_border),
    Wrong("2.3", "border", steps_to_nothing),
    Wrong("2.3", "border", steps_to_zeros_behind),
    Wrong("2.3", "border", last_row_and_column_left_out),
    Wrong("2.3", "colors", steps_between_colors),
    Wrong("2.3", "colors", of_the_sum_of_colors),
    Wrong("2.3", "colors", mean_over_colors),
    Wrong("2.3", "pictures", variations_added),
    Wrong("2.3", "pictures", variations_mean_in_the_loss_alone),
    Wrong("2.3", "not square", square_part),
    Wrong("2.3", "not square", rows_for_columns),
    Wrong("2.3", "manners", variation_in_float64, judge.DTYPE),
    Wrong("2.3", "manners", gradient_into_x, judge.INPUT),
]
