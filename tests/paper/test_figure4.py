"""Figure 4 on filters and nets that change at a known epoch."""
import numpy as np
import pytest

from numpyzf import data, runs, training
from numpyzf.paper import figure4
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_TESTABLE
from numpyzf.geometry import ReceptiveField
from numpyzf.layers import Conv
from numpyzf.network import Network


def prepare(images):
    return images.astype(np.float32)


def net(*weights):
    """One layer of 1×1 filters over three colors, one map per row of weights."""
    made = Network([("conv1", Conv(3, len(weights), 1))], (3, 8, 8))
    made.layers["conv1"].params["w"][:, :, 0, 0] = weights
    return made


def colored():
    """Image 0 has a red pixel, image 1 a green one, image 2 one that is a little of both."""
    images = np.zeros((3, 3, 8, 8), np.uint8)
    images[0, :, 1, 1], images[1, :, 5, 6], images[2, :, 3, 2] = (200, 0, 0), (0, 200, 0), (90, 90, 0)
    return images


# Map 0 turns from red to green after the second epoch. Map 1 keeps to red. Map 2 doesn't fire at first.
START = net([0, 0, 1], [0, 0, 0], [0, 0, 0])
EPOCHS = [net([1, 0, 1], [1, 0, 0], [-1, -1, 0]), net([0.8, 0.6, 1], [2, 0, 0], [1, 0, 0]), net([0.6, 0.8, 1], [2, 0, 0], [0, 1, 0]),
          net([0, 1, 1], [3, 0, 0], [0, 1, 0])]


@pytest.fixture
def evolution():
    (found,) = figure4.compute(EPOCHS, START, colored(), prepare)
    return found


@pytest.mark.small
def test_the_strongest_image_at_each_epoch(evolution):
    assert evolution.layer == "conv1" and evolution.field == ReceptiveField(1, 1, 0)
    np.testing.assert_array_equal([result.units[0, 0] for result in evolution.found],
                                  [[0, 0, 1, 1], [0, 0, 1, 1], [1, 0, 5, 6], [1, 0, 5, 6]])
    np.testing.assert_array_equal([result.units[1, 0, 0] for result in evolution.found], 0)
    np.testing.assert_allclose([result.values[0, 0] for result in evolution.found], [200, 160, 160, 200])
    np.testing.assert_array_equal(evolution.found[2].patches[0, 0, :, 0, 0], [0, 200, 0])
    np.testing.assert_allclose(evolution.found[1].projections[0, 0, :, 0, 0], 160 * np.array([0.8, 0.6, 1]), rtol=1e-6)


@pytest.mark.small
def test_the_course_known_by_hand(evolution):
    course = figure4.course(evolution)
    np.testing.assert_array_equal(course.images, [0.5, 0.5, 1, 1])                  # of the two maps that fire always
    v = np.array([[1, 0, 1], [0.8, 0.6, 1], [0.6, 0.8, 1], [0, 1, 1]])
    np.testing.assert_allclose(course.pictures, (v @ v[-1] / 2 + 1) / 2, rtol=1e-5)
    steps = 1 - (v[1:] * v[:-1]).sum(axis=1) / 2
    np.testing.assert_allclose(course.jumps, [steps[1], (steps[0] + steps[2] + 0 + 0 + 0) / 5], atol=1e-6)
    np.testing.assert_allclose(course.changes, 1 / 6)
    change = np.array([[1, 0, 0, 1, 0, 0, -1, -1, 0], [0.8, 0.6, 0, 2, 0, 0, 1, 0, 0],
                       [0.6, 0.8, 0, 2, 0, 0, 0, 1, 0], [0, 1, 0, 3, 0, 0, 0, 1, 0]])
    length = np.linalg.norm(change, axis=1)
    np.testing.assert_allclose(course.filters, change @ change[-1] / length / length[-1], rtol=1e-5)    # blue was there from the start


@pytest.mark.small
def test_maps_that_never_fire_give_no_course():
    dark = [net([0, 0, 0]), net([-1, -1, 0])]
    (evolution,) = figure4.compute(dark, START, colored(), prepare)
    course = figure4.course(evolution._replace(filters=np.array([[0, 1.0], [0, 2.0]])))
    np.testing.assert_array_equal(course.filters, [1, 1])
    assert np.isnan([*course.pictures, *course.images, *course.jumps, course.changes]).all()


def test_one_epoch_is_its_own_end():
    (evolution,) = figure4.compute(EPOCHS[:1], START, colored(), prepare)
    course = figure4.course(evolution)
    np.testing.assert_allclose([course.filters, course.pictures, course.images], 1, rtol=1e-6)
    assert np.isnan([*course.jumps, course.changes]).all()
    assert len(figure4.draw([evolution], [1]).axes) == 1
    figure4.draw_courses([[course]], [1])


@pytest.mark.parametrize("series, epoch", [([0.1, 0.8, 1, 0.95], 3.5), ([0.95, 0.91, 0.95, 1], 1), ([0.95, 0.5, 0.7, 1.1], 7.5),
                                           ([0.9, 0.9, 0.9, 1], 5), ([1, 1, 1, 0.9], np.inf), ([np.nan] * 4, np.inf)])
def test_settled(series, epoch):
    assert figure4.settled([1, 2, 5, 10], series, 0.9) == epoch


@pytest.mark.small
def test_cosine():
    a = np.array([[[3.0, 0], [0, 4]], [[0, 0], [0, 0]]])
    np.testing.assert_allclose(figure4.cosine(a, 2 * a), [1, 0])
    np.testing.assert_allclose(figure4.cosine(a, np.array([[[0.0, 1], [0, 1]]])), [4 / 5 / np.sqrt(2), 0])
    np.testing.assert_allclose(figure4.cosine(a, -a, axes=2), [[-1, -1], [0, 0]])


def test_before_training_is_where_training_began(tmp_path, rng):
    images, labels = rng.integers(0, 256, (40, 1, 28, 28), np.uint8), np.arange(40) % 4
    recipe = training.Recipe(epochs=1, rate=1e-12)
    run = runs.train_run(tmp_path / "run", data=data.Dataset(images, labels, tuple("abcd")), recipe=recipe, seed=3, report=lambda text: None)
    start = figure4.before_training(run, labels, 3)
    for name, value in start.parameters.items():
        np.testing.assert_allclose(value, run.net.parameters[name], atol=1e-9)
    assert np.abs(figure4.before_training(run, labels, 4).parameters["conv2.w"] - start.parameters["conv2.w"]).max() > 0.01
    assert start is not run.net and start.parameters["conv2.w"] is not run.net.parameters["conv2.w"]


@pytest.mark.small
def test_drawing_frames_what_is_of_another_image(evolution):
    """Of the two most active maps, 1 keeps its image, and that of 0 changes at the third epoch."""
    figure = figure4.draw([evolution, evolution], [1, 2, 3, 5], maps=2, shown=(1, 3))
    assert len(figure.axes) == 2
    first = figure.axes[0]
    texts = [text.get_text() for text in first.texts]
    assert [text for text in texts if text.startswith("epoch")] == ["epoch 1", "epoch 3", "epoch 5"]
    assert [text for text in texts if text.startswith("map")] == ["map 1", "map 0"] and "conv1" in texts
    (frame,) = first.patches
    height, width = first.images[0].get_array().shape[:2]
    left, top = (frame.get_x() + 0.5) / width, (frame.get_y() + 0.5) / height
    assert 0.5 < left < 0.55 and 0.5 < top < 0.55           # the right half of the second of three columns, the lower row
    pixels = np.asarray(first.images[0].get_array())
    row, column = int(frame.get_y() + frame.get_height() / 2), int(frame.get_x() + frame.get_width() / 2)
    np.testing.assert_allclose(pixels[row, column], [0, 200 / 255, 0])
    assert figure.get_size_inches()[0] <= 9


def test_courses_are_drawn_as_means_over_seeds(evolution):
    course = figure4.course(evolution)
    other = course._replace(images=course.images - 0.5)
    figure = figure4.draw_courses([[course, course._replace(layer="conv2")], [other, other]], [1, 2, 5, 10])
    filters, pictures, images = figure.axes
    np.testing.assert_allclose(images.lines[0].get_ydata(), [25, 25, 75, 75])
    np.testing.assert_array_equal(filters.lines[0].get_xdata(), [1, 2, 5, 10])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["conv1", "conv2"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch"] * 3


def courses():
    """Two seeds in which all is as the paper says: the higher the layer, the later it settles; images change, pictures jump."""
    def series(settles, low=0.2, high=0.95):
        return np.array([low if epoch < settles else high for epoch in (1, 2, 5, 10)])
    return [[figure4.Course(f"conv{i}", series(at), series(at), series(at), (0.8, 0.2), 0.4) for i, at in enumerate((1, 1, 2, 5, 10), 1)]
            for _ in range(2)]


@pytest.mark.small
def test_claims_follow_from_the_courses():
    claims = figure4._claims(courses(), [1, 2, 5, 10])
    assert [claim.verdict for claim in claims] == [HOLDS] * 4 + [NOT_TESTABLE]
    assert claims[0].measured == ("conv1: 1.0 and 1.0; conv2: 1.0 and 1.0; conv3: 1.9 and 1.9; conv4: 4.8 and 4.8; conv5: 9.7 and 9.7 "
                                  "(epoch of 10, interpolated; 2 seeds)")
    assert "conv2: 0.80 against 0.20, and the image changes in 40 % of cases" in claims[3].measured
    for number, change in enumerate(({"filters": np.array([0, 0, 0, 0.1])}, {"pictures": np.array([0.0, 0, 0, 0.1])},
                                     {"images": np.array([0, 0, 0, 0.4])}, {"jumps": (0.2, 0.3)})):
        wrong = courses()
        wrong[1][1] = wrong[1][1]._replace(**change)
        expected = [DOES_NOT_HOLD if i == number else HOLDS for i in range(4)]
        assert [claim.verdict for claim in figure4._claims(wrong, [1, 2, 5, 10])] == [*expected, NOT_TESTABLE]


@pytest.mark.small
def test_upper_layers_that_settle_first_contradict_the_paper():
    upside_down = [row[::-1] for row in courses()]
    assert [claim.verdict for claim in figure4._claims(upside_down, [1, 2, 5, 10])[:3]] == [DOES_NOT_HOLD] * 3
