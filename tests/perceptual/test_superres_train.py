"""Training super-resolution: pairs of patches, what is compared, what is held out."""
import numpy as np
import pytest

from numpyzf.perceptual import judge, learn, losses, pictures
from numpyzf.perceptual.superres import train

TINY = train.Plan(scale=2, maps=4, blocks=1, steps=40, batch=2, patch=6, rate=3e-3)


def smooth_images(rng, count=12, side=24, channels=1):
    """Pictures with edges, which bicubic enlargement blurs."""
    rows, columns = np.mgrid[:side, :side]
    images = np.empty((count, channels, side, side), np.uint8)
    for image in images:
        a, b = rng.standard_normal(2)       # an edge through the middle, in some direction
        image[...] = np.where(a * (rows - 11.5) + b * (columns - 11.5) > 0, 220, 40)
    return images


def train_quietly(folder, images, plan, **options):
    return train.train(folder, images, plan, report=lambda text: None, **options)


def test_pairs_are_parts_of_a_small_picture_and_of_the_same_place_in_the_large_one(rng):
    images = rng.integers(256, size=(3, 3, 17, 22), dtype=np.uint8)
    pairs = train.Pairs(images, 4, 3, 50)
    x, target = pairs(rng)
    assert x.shape == (50, 3, 3, 3) and target.shape == (50, 3, 12, 12) and x.max() <= 1
    low = pictures.low_resolution(images, 4)        # 4 rows, 5 columns
    found = set()
    for patch, large in zip(np.round(255 * x).astype(np.uint8),
                            np.round(255 * target).astype(np.uint8)):
        matches = [(n, row, column, kind)
                   for n in range(3) for row in range(2) for column in range(3)
                   for kind in np.ndindex(2, 2, 2)
                   if (train.mirrored(low[n, :, row:row + 3, column:column + 3],
                                      kind) == patch).all()]
        assert len(matches) == 1
        (n, row, column, kind), = matches
        place = images[n, :, 4 * row:4 * row + 12, 4 * column:4 * column + 12]
        np.testing.assert_array_equal(train.mirrored(place, kind), large)
        found.add(kind)
    assert len(found) == 8


def test_a_patch_is_the_whole_picture_where_that_is_smaller(rng):
    pairs = train.Pairs(rng.integers(256, size=(2, 1, 28, 28), dtype=np.uint8), 4, 24, 3)
    x, target = pairs(rng)
    assert x.shape == (3, 1, 7, 7) and target.shape == (3, 1, 28, 28)


def test_corners_differ_and_their_adjoint_is_theirs(rng):
    x = rng.standard_normal((20, 2, 7, 9))
    seen = train.from_corners(x)
    assert seen.shape == (20, 2, 4, 6)
    assert len({(rows.start, columns.start) for rows, columns in train.corners(x)}) == 16
    r, back = rng.standard_normal(seen.shape), np.zeros_like(x)
    train.add_from_corners(back, r)
    np.testing.assert_allclose((seen * r).sum(), (x * back).sum())


def test_the_feature_objective_adds_its_terms_and_their_gradient(rng):
    objective = train.FeatureObjective(train.Plan(loss="feature", judge="labnet-cifar10",
                                                  layers=("relu1",), feature=0.01, pixel=0.5))
    y, target = rng.random((2, 3, 35, 35)), rng.random((2, 3, 35, 35))
    value, terms, dy = objective(y, target)
    assert value == pytest.approx(0.01 * terms["feature"] + 0.5 * terms["pixel"])
    assert terms["pixel"] == losses.pixel(y, target, power=1)[0]
    direction = rng.standard_normal(y.shape)
    step = 1e-6
    up, down = (objective(y + sign * step * direction, target)[0] for sign in (1, -1))
    assert (up - down) / (2 * step) == pytest.approx((dy * direction).sum(), rel=1e-4)


def test_training_beats_bicubic_on_what_it_did_not_see(tmp_path, rng):
    plan = TINY._replace(scale=4, maps=8, steps=500, batch=8)
    state = train_quietly(tmp_path, smooth_images(rng, 40), plan)
    row = state.history[-1]
    assert row["psnr"] > row["bicubic"] + 0.3
    assert set(row) == {"step", "rate", "loss", "psnr", "bicubic"}


def test_a_training_is_the_same_bits_again_and_another_seed_s_are_others(tmp_path, rng):
    images = smooth_images(rng)
    first, again, other = (train_quietly(tmp_path / name, images, TINY._replace(seed=seed))
                           for name, seed in (("a", 3), ("b", 3), ("c", 4)))
    for name, value in first.net.parameters.items():
        np.testing.assert_array_equal(value, again.net.parameters[name])
    assert (first.net.parameters["conv1.w"] != other.net.parameters["conv1.w"]).any()


def test_other_images_are_no_continuation(tmp_path, rng):
    train_quietly(tmp_path, smooth_images(rng), TINY)
    with pytest.raises(ValueError, match="was begun with checksum"):
        train_quietly(tmp_path, smooth_images(rng), TINY)


def test_a_pixel_training_doesn_t_ask_for_the_same_judge(tmp_path, rng):
    images = smooth_images(rng)
    train_quietly(tmp_path, images, TINY)
    assert train_quietly(tmp_path, images, TINY._replace(judge="labnet-cifar10")).step == 40


def test_the_network_is_read_back_as_it_was_built(tmp_path, rng):
    state = train_quietly(tmp_path, smooth_images(rng), TINY)
    read = learn.load(tmp_path, train.build)
    assert [*read.net.layers] == [*state.net.layers]
    for name, value in state.net.parameters.items():
        np.testing.assert_array_equal(value, read.net.parameters[name])


@pytest.mark.parametrize("change, message", [
    ({"scale": 5}, "scale"), ({"network": "paper", "scale": 2}, "scale"),
    ({"loss": "style"}, "loss"), ({"network": "large"}, "network"), ({"maps": 0}, "maps"),
    ({"rate": np.nan}, "rate"),
])
def test_a_plan_that_can_t_be_is_refused(tmp_path, rng, change, message):
    with pytest.raises(ValueError, match=message):
        train_quietly(tmp_path, smooth_images(rng), TINY._replace(**change))
    assert not any(tmp_path.iterdir())


def test_layers_that_the_judge_hasn_t_are_refused_before_anything_is_trained(tmp_path, rng):
    plan = TINY._replace(loss="feature", judge="labnet-cifar10", layers=("relu99",))
    with pytest.raises(ValueError, match="relu99"):
        train_quietly(tmp_path, smooth_images(rng), plan)
    assert not any(tmp_path.iterdir())


def test_judges_leave_their_net_as_it_is(rng):
    one = judge.judge_of("labnet-cifar10", ["relu1"])
    before = {name: value.copy() for name, value in one.net.parameters.items()}
    x = rng.random((1, 3, 32, 32), np.float32)
    trace = one.features(x)
    one.pull(trace, {"relu1": np.ones_like(trace["relu1"])}, 3)
    for name, value in one.net.parameters.items():
        np.testing.assert_array_equal(value, before[name])
