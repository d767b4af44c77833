"""Wrong answers to the tasks of the looking lab, one misconception each; the docstring is the hint.

They use what solution.py imports, and nothing else.
"""
import numpy as np

from ...data.transform import translate
from ...paper.table1.measure import cover as cover_all
from .. import judge
from ..tasks import Wrong


# ---- 1.1 top_units -------------------------------------------------------------------------------

def by_the_mean(y, k):
    """An image is as strong as its strongest unit. Yours looks for the largest mean or sum."""
    N, C, H, W = y.shape
    order = np.argsort(-y.mean(axis=(2, 3)), axis=0, kind="stable")[:k].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    flat = y.reshape(N, C, H * W)
    places = flat.argmax(axis=2)[order, channels]
    units = np.stack([order, channels, *np.divmod(places, W)], axis=2)
    return flat[order, channels, places], units


def by_size(y, k):
    """Strong means large, not far from zero: −9 is less than 1. Leave the absolute value out."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-abs(flat).max(axis=2), axis=0, kind="stable")[:k].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    places = abs(flat).argmax(axis=2)[order, channels]
    units = np.stack([order, channels, *np.divmod(places, W)], axis=2)
    return flat[order, channels, places], units


def column_before_row(y, k):
    """A unit is n, c, row, column, in this order. Yours has the column before the row."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-flat.max(axis=2), axis=0, kind="stable")[:k].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    rows, columns = np.divmod(flat.argmax(axis=2)[order, channels], W)
    return (flat.max(axis=2)[order, channels],
            np.stack([order, channels, columns, rows], axis=2))


def image_counted_twice(y, k):
    """One image comes twice, with two of its units. Take the maximum of each image first, and sort
    the images then."""
    N, C, H, W = y.shape
    flat = y.transpose(1, 0, 2, 3).reshape(C, N * H * W)
    order = np.argsort(-flat, axis=1, kind="stable")[:, :min(k, N)]
    n, place = np.divmod(order, H * W)
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    return (np.take_along_axis(flat, order, axis=1),
            np.stack([n, channels, *np.divmod(place, W)], axis=2))


def strongest_last(y, k):
    """The strongest image comes first. Yours comes last: argsort begins with the smallest."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-flat.max(axis=2), axis=0, kind="stable")[:k][::-1].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    rows, columns = np.divmod(flat.argmax(axis=2)[order, channels], W)
    return (flat.max(axis=2)[order, channels],
            np.stack([order, channels, rows, columns], axis=2))


def in_order_of_images(y, k):
    """These are the right images, in the order in which they were given. The strongest comes
    first."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.sort(np.argsort(-flat.max(axis=2), axis=0, kind="stable")[:k].T, axis=1)
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    rows, columns = np.divmod(flat.argmax(axis=2)[order, channels], W)
    return (flat.max(axis=2)[order, channels],
            np.stack([order, channels, rows, columns], axis=2))


def places_by_height(y, k):
    """A row has W units: row = place // W and column = place % W. Yours takes H."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-flat.max(axis=2), axis=0, kind="stable")[:k].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    rows, columns = np.divmod(flat.argmax(axis=2)[order, channels], H)
    return (flat.max(axis=2)[order, channels],
            np.stack([order, channels, rows, columns], axis=2))


def same_images_for_all(y, k):
    """Each map has its own strongest images. Yours takes the same ones for all maps."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-flat.max(axis=(1, 2)), kind="stable")[:k]
    order = np.broadcast_to(order, (C, len(order)))
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    rows, columns = np.divmod(flat.argmax(axis=2)[order, channels], W)
    return (flat.max(axis=2)[order, channels],
            np.stack([order, channels, rows, columns], axis=2))


def always_map_zero(y, k):
    """The second number of a unit is its map, c. In yours it is 0 for all."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-flat.max(axis=2), axis=0, kind="stable")[:k].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    rows, columns = np.divmod(flat.argmax(axis=2)[order, channels], W)
    return (flat.max(axis=2)[order, channels],
            np.stack([order, 0 * channels, rows, columns], axis=2))


def filled_up_with_zeros(y, k):
    """If there are fewer images than k, all of them are returned, and no more. Yours is filled up
    with zeros, which look like the first unit of image 0."""
    N, C, H, W = y.shape
    values, units = np.zeros((C, k), y.dtype), np.zeros((C, k, 4), np.int64)
    for c in range(C):
        order = np.argsort(-y[:, c].max(axis=(1, 2)), kind="stable")[:k]
        for i, n in enumerate(order):
            row, column = np.unravel_index(y[n, c].argmax(), (H, W))
            values[c, i], units[c, i] = y[n, c, row, column], (n, c, row, column)
    return values, units


def later_of_equals(y, k):
    """Of equal images yours takes the later. Turning argsort's result around turns equals around
    too: sort −y, with kind="stable"."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(flat.max(axis=2), axis=0, kind="stable")[::-1][:k].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    rows, columns = np.divmod(flat.argmax(axis=2)[order, channels], W)
    return (flat.max(axis=2)[order, channels],
            np.stack([order, channels, rows, columns], axis=2))


def last_place_of_equals(y, k):
    """Of equal units in an image yours takes the last. The first counts: `>` and not `>=`."""
    N, C, H, W = y.shape
    flat = y.reshape(N, C, H * W)
    order = np.argsort(-flat.max(axis=2), axis=0, kind="stable")[:k].T
    channels = np.broadcast_to(np.arange(C)[:, None], order.shape)
    places = H * W - 1 - flat[:, :, ::-1].argmax(axis=2)[order, channels]
    return (flat.max(axis=2)[order, channels],
            np.stack([order, channels, *np.divmod(places, W)], axis=2))


def values_in_float64(y, k):
    """-"""
    N, C, H, W = y.shape
    values = np.zeros((C, min(k, N)))
    units = np.zeros((C, min(k, N), 4), np.int64)
    for c in range(C):
        order = np.argsort(-y[:, c].max(axis=(1, 2)), kind="stable")[:k]
        for i, n in enumerate(order):
            row, column = np.unravel_index(y[n, c].argmax(), (H, W))
            values[c, i], units[c, i] = y[n, c, row, column], (n, c, row, column)
    return values, units


def strikes_out(y, k):
    """-"""
    N, C, H, W = y.shape
    values = np.zeros((C, min(k, N)), y.dtype)
    units = np.zeros((C, min(k, N), 4), np.int64)
    for c, i in np.ndindex(values.shape):
        n, row, column = np.unravel_index(y[:, c].argmax(), (N, H, W))
        values[c, i], units[c, i] = y[n, c, row, column], (n, c, row, column)
        y[n, c] = -np.inf
    return values, units


# ---- 1.2 test_top_units --------------------------------------------------------------------------

def always_fails(top_units):
    """Your test fails whatever it is given."""
    assert False


def wants_the_strongest_last(top_units):
    """Your test wants the strongest image last. It comes first."""
    values, units = top_units(np.array([[[[3., 2.]]], [[[7., 1.]]]]), 2)
    assert values.tolist() == [[3, 7]]


def never_fails(top_units):
    """Your test catches nothing: it calls the function, but doesn't look at what comes."""
    top_units(np.array([[[[3., 2.]]], [[[7., 1.]]]]), 2)


def one_image_wanted(top_units):
    """Your test asks for one image only. So it sees neither the order nor an image that comes
    twice: ask for two."""
    y = np.array([[[[4., 4.], [4., 4.]]], [[[0., 9.], [8., 0.]]]])
    values, units = top_units(y, 1)
    assert values.tolist() == [[9]] and units.tolist() == [[[1, 0, 0, 1]]]


def maps_of_one_unit(top_units):
    """In your test each map has one unit. Then the mean is the maximum, no image can come twice,
    and every place is 0, 0."""
    values, units = top_units(np.array([[[[3.]]], [[[7.]]]]), 2)
    assert values.tolist() == [[7, 3]]
    assert units.tolist() == [[[1, 0, 0, 0], [0, 0, 0, 0]]]


def values_alone(top_units):
    """Your test looks at the values, and not at the units: a wrong place passes."""
    y = np.array([[[[4., 4.], [4., 4.]]], [[[0., 9.], [8., 0.]]], [[[0., 0.], [5., 0.]]]])
    assert top_units(y, 2)[0].tolist() == [[9, 5]]


# ---- 2.1 cover -----------------------------------------------------------------------------------

def one_too_few(image, top, left, size, value):
    """The square ends one pixel too early: a slice's end isn't part of it, so top:top + size has
    `size` pixels."""
    return cover_all(image[None], [(top, left)], size - 1, value)[0]


def around_the_center(image, top, left, size, value):
    """top and left are the square's first row and column. Yours takes them for its center."""
    return cover_all(image[None], [(top - size // 2, left - size // 2)], size, value)[0]


def adds_the_value(image, top, left, size, value):
    """A covered pixel has the value itself. Yours adds it to what was there."""
    inside = cover_all(np.zeros_like(image)[None], [(top, left)], size, 1)[0]
    return image + inside * np.asarray(value, image.dtype)


def column_first(image, top, left, size, value):
    """Rows are axis 1 of (C, H, W), columns are axis 2: image[:, rows, columns]."""
    return cover_all(image[None], [(left, top)], size, value)[0]


def counts_from_behind(image, top, left, size, value):
    """A negative start of a slice counts from behind: image[:, -1:1] is empty. Begin at
    max(top, 0), end at max(top + size, 0)."""
    covered = image.copy()
    covered[:, top:top + size, left:left + size] = value
    return covered


def moved_inside(image, top, left, size, value):
    """A square that hangs over the edge covers less. Yours is moved until it lies inside."""
    C, H, W = image.shape
    top, left = max(0, min(top, H - size)), max(0, min(left, W - size))
    return cover_all(image[None], [(top, left)], size, value)[0]


def one_channel(image, top, left, size, value):
    """Yours covers the first channel alone. A gray square covers all of them."""
    covered = image.copy()
    covered[:1] = cover_all(image[None, :1], [(top, left)], size, value)[0]
    return covered


def always_zero(image, top, left, size, value):
    """The covered pixels have the value that is asked for. Yours are always 0."""
    return cover_all(image[None], [(top, left)], size, 0)[0]


def paints_on_the_image(image, top, left, size, value):
    """-"""
    rows = slice(max(top, 0), max(top + size, 0))
    columns = slice(max(left, 0), max(left + size, 0))
    image[:, rows, columns] = value
    return image.copy()


def covers_in_float64(image, top, left, size, value):
    """-"""
    return cover_all(image.astype(np.float64)[None], [(top, left)], size, value)[0]


# ---- 2.3 occlusion_map ---------------------------------------------------------------------------

def the_loss(predict, image, label, *, size, tops, lefts, value=0.0):
    """The map holds the probability that is left. Yours holds how much of it was lost."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    whole = predict(image[None])[0, label]
    for i, j in np.ndindex(found.shape):
        covered = cover_all(image[None], [(tops[i], lefts[j])], size, value)
        found[i, j] = whole - predict(covered)[0, label]
    return found


def all_but_the_square(predict, image, label, *, size, tops, lefts, value=0.0):
    """The square is covered, and the rest is seen. Yours covers the rest."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, j in np.ndindex(found.shape):
        inside = cover_all(np.zeros_like(image)[None], [(tops[i], lefts[j])], size, 1) == 1
        found[i, j] = predict(np.where(inside, image, value))[0, label]
    return found


def smaller_square(predict, image, label, *, size, tops, lefts, value=0.0):
    """The square is one pixel too small: top:top + size has `size` pixels."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, j in np.ndindex(found.shape):
        covered = cover_all(image[None], [(tops[i], lefts[j])], size - 1, value)
        found[i, j] = predict(covered)[0, label]
    return found


def never_uncovers(predict, image, label, *, size, tops, lefts, value=0.0):
    """Squares pile up: what was covered for one place is still covered for the next. Begin with a
    copy of the whole image for each place."""
    found, covered = np.empty((len(tops), len(lefts)), image.dtype), image[None]
    for i, j in np.ndindex(found.shape):
        covered = cover_all(covered, [(tops[i], lefts[j])], size, value)
        found[i, j] = predict(covered)[0, label]
    return found


def turned_around(predict, image, label, *, size, tops, lefts, value=0.0):
    """A row of the map belongs to one of `tops`, a column to one of `lefts`. Yours are
    exchanged."""
    found = np.empty((len(lefts), len(tops)), image.dtype)
    for j, i in np.ndindex(found.shape):
        covered = cover_all(image[None], [(tops[i], lefts[j])], size, value)
        found[j, i] = predict(covered)[0, label]
    return found


def square_turned_around(predict, image, label, *, size, tops, lefts, value=0.0):
    """tops are rows of the image, lefts are columns: the square's corner is (tops[i], lefts[j])."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, j in np.ndindex(found.shape):
        covered = cover_all(image[None], [(lefts[j], tops[i])], size, value)
        found[i, j] = predict(covered)[0, label]
    return found


def loses_the_edge(predict, image, label, *, size, tops, lefts, value=0.0):
    """A square that begins outside of the image covers what is inside. A negative start of a slice
    counts from behind: use max(top, 0)."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, j in np.ndindex(found.shape):
        covered = image.copy()
        covered[:, tops[i]:tops[i] + size, lefts[j]:lefts[j] + size] = value
        found[i, j] = predict(covered[None])[0, label]
    return found


def covers_one_channel(predict, image, label, *, size, tops, lefts, value=0.0):
    """The square covers all channels. Yours covers the first one."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, j in np.ndindex(found.shape):
        covered = image[None].copy()
        covered[:, :1] = cover_all(covered[:, :1], [(tops[i], lefts[j])], size, value)
        found[i, j] = predict(covered)[0, label]
    return found


def covers_with_zero(predict, image, label, *, size, tops, lefts, value=0.0):
    """The square has the value that is asked for. Yours is always 0."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, j in np.ndindex(found.shape):
        covered = cover_all(image[None], [(tops[i], lefts[j])], size, 0)
        found[i, j] = predict(covered)[0, label]
    return found


def of_the_answer(predict, image, label, *, size, tops, lefts, value=0.0):
    """This is the probability of the class that the net finds most probable. The class that is
    asked for is `label`."""
    found = np.empty((len(tops), len(lefts)), image.dtype)
    for i, j in np.ndindex(found.shape):
        covered = cover_all(image[None], [(tops[i], lefts[j])], size, value)
        found[i, j] = predict(covered)[0].max()
    return found


def map_in_float64(predict, image, label, *, size, tops, lefts, value=0.0):
    """-"""
    found = np.empty((len(tops), len(lefts)))
    for i, j in np.ndindex(found.shape):
        covered = cover_all(image[None], [(tops[i], lefts[j])], size, value)
        found[i, j] = predict(covered)[0, label]
    return found


# ---- 3.1 shift_curve -----------------------------------------------------------------------------

def squared(features, image, shifts):
    """The root is missing: this is the square of the distance."""
    still = features(image[None])
    return np.array([np.sum((features(translate(image, down)[None]) - still) ** 2)
                     for down in shifts], np.float64)


def sum_of_sizes(features, image, shifts):
    """This is the sum of |a − b|. The Euclidean distance is √(Σ (a − b)²)."""
    still = features(image[None])
    return np.array([np.sum(abs(features(translate(image, down)[None]) - still))
                     for down in shifts], np.float64)


def mean_square(features, image, shifts):
    """Yours takes a mean before the root. The Euclidean distance takes the sum."""
    still = features(image[None])
    return np.array([np.sqrt(np.mean((features(translate(image, down)[None]) - still) ** 2))
                     for down in shifts], np.float64)


def sideways(features, image, shifts):
    """Yours moves the image to the right. Down is along the rows, axis 1 of (C, H, W)."""
    still = features(image[None])
    return np.array([np.linalg.norm(features(translate(image, 0, right)[None]) - still)
                     for right in shifts], np.float64)


def upwards(features, image, shifts):
    """Positive is down: row 0 of the image comes to row `shift`. Yours goes up."""
    still = features(image[None])
    return np.array([np.linalg.norm(features(translate(image, -up)[None]) - still)
                     for up in shifts], np.float64)


def comes_round(features, image, shifts):
    """What leaves at the bottom comes in again at the top: that is np.roll. What comes in is 0."""
    still = features(image[None])
    return np.array([np.linalg.norm(features(np.roll(image, down, axis=1)[None]) - still)
                     for down in shifts], np.float64)


def edge_repeated(features, image, shifts):
    """Yours repeats the image's edge. What comes in is 0."""
    still, last = features(image[None]), image.shape[1] - 1
    return np.array([np.linalg.norm(features(
        image[None, :, np.clip(np.arange(last + 1) - down, 0, last)]) - still)
        for down in shifts], np.float64)


def from_the_previous(features, image, shifts):
    """Each distance is to the image as it was. Yours is to the one that was shifted before."""
    found, before = [], features(image[None])
    for down in shifts:
        now = features(translate(image, down)[None])
        found.append(np.linalg.norm(now - before))
        before = now
    return np.array(found, np.float64)


def shifts_pile_up(features, image, shifts):
    """Yours shifts what has been shifted already. Begin with the image as it was each time."""
    found, still = [], features(image[None])
    for down in shifts:
        image = translate(image, down)
        found.append(np.linalg.norm(features(image[None]) - still))
    return np.array(found, np.float64)


def first_map_alone(features, image, shifts):
    """The features may be maps, (N, C, H, W): the sum goes over all of them. Yours looks at the
    first one."""
    still = features(image[None])
    pairs = [(features(translate(image, down)[None]), still) for down in shifts]
    return np.array([np.linalg.norm((a - b)[:, 0] if a.ndim > 2 else a - b) for a, b in pairs],
                    np.float64)


def mean_over_maps(features, image, shifts):
    """The sum goes over all axes of the features. Yours gives each map a distance, and takes their
    mean."""
    still = features(image[None])
    pairs = [(features(translate(image, down)[None]), still) for down in shifts]
    return np.array([np.linalg.norm((a - b)[0], axis=(1, 2)).mean() if a.ndim > 2
                     else np.linalg.norm(a - b) for a, b in pairs], np.float64)


def in_float32(features, image, shifts):
    """-"""
    still = features(image[None])
    return np.array([np.linalg.norm(features(translate(image, down)[None]) - still)
                     for down in shifts], np.float32)


# ---- 4.1 correspondence --------------------------------------------------------------------------

def agreement(before, after):
    """This is the share of features that agree. Δ is the share that differ."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return np.mean([np.mean(signs[i] == signs[j]) for i in range(len(signs)) for j in range(i)])


def number_of_features(before, after):
    """This counts features. Divide by how many there are: Δ is a share."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return float(np.mean([np.sum(signs[i] != signs[j])
                          for i in range(len(signs)) for j in range(i)]))


def with_itself(before, after):
    """Yours compares each image with itself too, which finds no difference. A pair is two images:
    j < i."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return np.mean([np.mean(a != b) for a in signs for b in signs])


def when_covered(before, after):
    """It is the change that is compared, before − after. Yours compares the features
    themselves."""
    signs = np.sign(after).reshape(len(after), -1)
    return np.mean([np.mean(signs[i] != signs[j]) for i in range(len(signs)) for j in range(i)])


def neighbors_alone(before, after):
    """All pairs count: 0 with 2 too, not only 0 with 1 and 1 with 2."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return np.mean([np.mean(signs[i] != signs[i - 1]) for i in range(1, len(signs))])


def all_with_the_first(before, after):
    """All pairs count: 1 with 2 too. Yours compares the first image with the others."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return np.mean([np.mean(signs[i] != signs[0]) for i in range(1, len(signs))])


def sum_over_pairs(before, after):
    """Yours adds up over the pairs. Δ is their mean: so it can be compared when n is another."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return float(np.sum([np.mean(signs[i] != signs[j])
                         for i in range(len(signs)) for j in range(i)]))


def changes_themselves(before, after):
    """Only the sign of a change counts, np.sign. Yours says that 2 and 5 differ."""
    change = (before - after).reshape(len(before), -1)
    return np.mean([np.mean(change[i] != change[j]) for i in range(len(change)) for j in range(i)])


def zero_is_plus(before, after):
    """No change is a sign of its own. Yours counts it with the positive ones: `>= 0`."""
    signs = (before >= after).reshape(len(before), -1)
    return np.mean([np.mean(signs[i] != signs[j]) for i in range(len(signs)) for j in range(i)])


def zero_is_minus(before, after):
    """No change is a sign of its own. Yours counts it with the negative ones: `> 0`."""
    signs = (before > after).reshape(len(before), -1)
    return np.mean([np.mean(signs[i] != signs[j]) for i in range(len(signs)) for j in range(i)])


def zero_agrees_with_all(before, after):
    """0 and 1 disagree as well. Yours asks for opposite signs."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return np.mean([np.mean(signs[i] * signs[j] < 0) for i in range(len(signs)) for j in range(i)])


def of_those_that_change(before, after):
    """Divide by all features. Yours leaves out those that change in neither image."""
    signs = np.sign(before - after).reshape(len(before), -1)
    shares = []
    for i in range(len(signs)):
        for j in range(i):
            count = np.sum((signs[i] != 0) | (signs[j] != 0))
            shares.append(np.sum(signs[i] != signs[j]) / count)
    return np.mean(shares)


def divided_by_maps(before, after):
    """Divide by the number of all features, C·H·W. Yours divides by the length of axis 1."""
    signs = np.sign(before - after).reshape(len(before), -1)
    return np.mean([np.sum(signs[i] != signs[j]) / before.shape[1]
                    for i in range(len(signs)) for j in range(i)])


def subtracts_in_place(before, after):
    """-"""
    before -= after
    signs = np.sign(before).reshape(len(before), -1)
    return np.mean([np.mean(signs[i] != signs[j]) for i in range(len(signs)) for j in range(i)])


WRONG = [
    Wrong("1.1", "strongest", by_the_mean),
    Wrong("1.1", "strongest", by_size),
    Wrong("1.1", "strongest", column_before_row),
    Wrong("1.1", "several", image_counted_twice),
    Wrong("1.1", "several", strongest_last),
    Wrong("1.1", "several", in_order_of_images),
    Wrong("1.1", "not square", places_by_height),
    Wrong("1.1", "maps", same_images_for_all),
    Wrong("1.1", "maps", always_map_zero),
    Wrong("1.1", "few images", filled_up_with_zeros),
    Wrong("1.1", "ties", later_of_equals),
    Wrong("1.1", "ties", last_place_of_equals),
    Wrong("1.1", "manners", values_in_float64, judge.DTYPE),
    Wrong("1.1", "manners", strikes_out, judge.INPUT),
    Wrong("1.2", "right ones", always_fails),
    Wrong("1.2", "right ones", wants_the_strongest_last),
    Wrong("1.2", "wrong ones", never_fails),
    Wrong("1.2", "wrong ones", one_image_wanted),
    Wrong("1.2", "wrong ones", maps_of_one_unit),
    Wrong("1.2", "wrong ones", values_alone),
    Wrong("2.1", "inside", one_too_few),
    Wrong("2.1", "inside", around_the_center),
    Wrong("2.1", "inside", adds_the_value),
    Wrong("2.1", "row and column", column_first),
    Wrong("2.1", "edge", counts_from_behind),
    Wrong("2.1", "edge", moved_inside),
    Wrong("2.1", "channels", one_channel),
    Wrong("2.1", "value", always_zero),
    Wrong("2.1", "manners", paints_on_the_image, judge.INPUT),
    Wrong("2.1", "manners", covers_in_float64, judge.DTYPE),
    Wrong("2.2", "prediction", 10, "The square need not lie wholly on the left or right: count its "
                                   "places, not the unit's pixels. At which place does it touch "
                                   "pixel 11 first?"),
    Wrong("2.2", "prediction", 7, "These are the places where all of the square is seen. A part of "
                                  "it is enough."),
    Wrong("2.2", "prediction", 14, "One too many: at one end of these the square only comes close "
                                   "to what the unit sees."),
    Wrong("2.3", "one place", the_loss),
    Wrong("2.3", "one place", all_but_the_square),
    Wrong("2.3", "one place", smaller_square),
    Wrong("2.3", "grid", never_uncovers),
    Wrong("2.3", "grid", turned_around),
    Wrong("2.3", "grid", square_turned_around),
    Wrong("2.3", "edge", loses_the_edge),
    Wrong("2.3", "channels", covers_one_channel),
    Wrong("2.3", "value", covers_with_zero),
    Wrong("2.3", "label", of_the_answer),
    Wrong("2.3", "manners", map_in_float64, judge.DTYPE),
    Wrong("3.1", "one shift", squared),
    Wrong("3.1", "one shift", sum_of_sizes),
    Wrong("3.1", "one shift", mean_square),
    Wrong("3.1", "one shift", sideways),
    Wrong("3.1", "direction", upwards),
    Wrong("3.1", "edge", comes_round),
    Wrong("3.1", "edge", edge_repeated),
    Wrong("3.1", "several", from_the_previous),
    Wrong("3.1", "several", shifts_pile_up),
    Wrong("3.1", "maps", first_map_alone),
    Wrong("3.1", "maps", mean_over_maps),
    Wrong("3.1", "manners", in_float32, judge.DTYPE),
    Wrong("4.1", "two images", agreement),
    Wrong("4.1", "two images", number_of_features),
    Wrong("4.1", "two images", with_itself),
    Wrong("4.1", "two images", when_covered),
    Wrong("4.1", "pairs", neighbors_alone),
    Wrong("4.1", "pairs", all_with_the_first),
    Wrong("4.1", "pairs", sum_over_pairs),
    Wrong("4.1", "signs", changes_themselves),
    Wrong("4.1", "zeros", zero_is_plus),
    Wrong("4.1", "zeros", zero_is_minus),
    Wrong("4.1", "zeros", zero_agrees_with_all),
    Wrong("4.1", "zeros", of_those_that_change),
    Wrong("4.1", "maps", divided_by_maps),
    Wrong("4.1", "manners", subtracts_in_place, judge.INPUT),
]
