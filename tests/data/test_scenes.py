import numpy as np
import pytest

from numpyzf import data
from numpyzf.data import paint, scenes, shapes

PARTS = {"face": "left eye, right eye, nose, mouth",
         "cat": "left ear, right ear, left eye, right eye, nose",
         "fish": "tail, back fin, eye", "bird": "tail, beak, wing, eye",
         "car": "left window, right window, left wheel, right wheel",
         "house": "roof, door, left window, right window",
         "boat": "hull, sail, jib, flag", "wheel": "spokes, rim, hub", "flower": "petals, center",
         "ring": "outer band, inner band"}
HIDDEN = {"spokes"}     # their ends are drawn over
# Whiskers, legs and masts may be thinner than a pixel, and then they are not in the mask.
THIN = ("cat", "bird", "boat")
# The centers of these lie on another part, or on nothing.
HOLLOW = {"spokes", "rim", "outer band", "inner band"}


def parts_of(*names):
    """The names of all parts of these classes."""
    return {part for name in names for part in PARTS[name].split(", ")}


def draw(count=20, seed=1, **options):
    return scenes.render(count, np.random.default_rng(seed), **options)


def same(a, b):
    return (np.array_equal(a.images, b.images) and np.array_equal(a.labels, b.labels)
            and np.array_equal(a.masks, b.masks) and a.parts.keys() == b.parts.keys()
            and all(np.array_equal(a.parts[p], b.parts[p], equal_nan=True) for p in a.parts))


def grown(masks):
    """Masks (N, S, S) with all the neighbors of their pixels."""
    rows, columns = masks.shape[1:]
    wide = np.pad(masks, [(0, 0), (1, 1), (1, 1)])
    return np.any([wide[:, y:y + rows, x:x + columns] for y in range(3) for x in range(3)], axis=0)


@pytest.fixture
def repaint(monkeypatch):
    """repaint(color): from now on every shape is drawn in color(shape).

    The light changes nothing.
    """
    kinds = dict(shapes.KINDS)
    monkeypatch.setattr(paint, "slope", lambda rng, side: np.zeros((side, side), np.float32))
    half = np.float32(0.5)
    monkeypatch.setattr(paint, "pattern", lambda rng, side: np.full((side, side), half))

    def set_color(color):
        for name, kind in kinds.items():
            monkeypatch.setitem(scenes.KINDS, name, lambda rng, palette, kind=kind: [
                shape._replace(color=(color(shape),) * 3) for shape in kind(rng, palette)])
    return set_color


# ---- what is returned ------------------------------------------------------------------------

@pytest.mark.small
@pytest.mark.parametrize("size", [32, 64, 96])
def test_shapes_and_types(size):
    s = draw(20, size=size)
    assert s.images.shape == (20, 3, size, size) and s.images.dtype == np.uint8
    assert s.images.flags.c_contiguous
    assert s.masks.shape == (20, size, size) and s.masks.dtype == bool
    assert s.labels.shape == (20,) and s.labels.dtype == np.int64
    assert s.classes == scenes.CLASSES == tuple(PARTS)
    for circles in s.parts.values():
        assert circles.shape == (20, 3) and circles.dtype == np.float32


@pytest.mark.small
def test_every_object_has_the_parts_of_its_class_and_no_others():
    s = draw(40)
    for name, label in zip(s.classes, range(10)):
        there = {part: np.isfinite(circles[s.labels == label]) for part, circles in s.parts.items()}
        assert {part for part, values in there.items() if values.any()} == parts_of(name), name
        assert all(values.all() for values in there.values() if values.any())


@pytest.mark.small
def test_same_seed_same_bytes():
    assert same(draw(20, seed=4), draw(20, seed=4))
    assert not same(draw(20, seed=4), draw(20, seed=5))
    rng = np.random.default_rng(4)
    assert same(scenes.render(20, rng), draw(20, seed=4))
    assert not same(scenes.render(20, rng), draw(20, seed=4))       # the generator goes on


def test_no_two_scenes_are_alike():
    for options in ({}, {"centered": True}):
        images = draw(60, classes=["ring", "car"], **options).images
        assert len(np.unique(images.reshape(60, -1), axis=0)) == 60


@pytest.mark.small
def test_labels_are_balanced_and_shuffled():
    labels = draw(43).labels
    counts = np.bincount(labels, minlength=10)
    assert sorted(counts) == [4] * 7 + [5] * 3
    assert not np.array_equal(labels, np.arange(43) % 10)


@pytest.mark.small
def test_a_subset_of_the_classes():
    s = draw(9, classes=("ring", "face", "boat"))
    assert sorted(s.labels) == [0, 0, 0, 6, 6, 6, 9, 9, 9] and s.classes == scenes.CLASSES
    assert set(s.parts) == parts_of("ring", "face", "boat")


def test_one_seed_is_one_scene_at_every_size():
    small, large = draw(30, size=48), draw(30, size=96)
    for part in small.parts:
        a, b = small.parts[part], large.parts[part]
        # Places twice as far from the image's corner, which is half a pixel before (0, 0).
        np.testing.assert_allclose((a[:, :2] + 0.5) * 2, b[:, :2] + 0.5, rtol=1e-5)
        np.testing.assert_allclose(a[:, 2] * 2, b[:, 2], rtol=1e-5)
    halves = large.masks.reshape(30, 48, 2, 48, 2).mean(axis=(2, 4))
    assert (small.masks == (halves > 0.5)).mean() > 0.98
    means = large.images.reshape(30, 3, 48, 2, 48, 2).mean(axis=(3, 5))
    assert np.abs(small.images - means).mean() < 8


# ---- the truth is true -----------------------------------------------------------------------

@pytest.mark.parametrize("size", [32, 64])
def test_the_mask_is_what_the_object_covers_by_half_or_more(repaint, size):
    repaint(lambda shape: 255)
    white = draw(60, size=size)
    repaint(lambda shape: 0)
    black = draw(60, size=size)
    # 0 … 255: the share of the pixel that the object covers
    covered = white.images[:, 0].astype(int) - black.images[:, 0]
    assert np.array_equal(white.masks, black.masks)
    assert np.array_equal(white.masks, covered >= 128)
    assert (covered[~white.masks] > 0).any()                    # smooth edges
    assert (covered == 255).any(axis=(1, 2)).all()              # solid inside


def test_other_colors_change_the_object_only(monkeypatch):
    names = [name for name in PARTS if name not in THIN]
    before, palette = draw(60, classes=names), paint.palette
    def inverted(behind, rng):
        return tuple(tuple(255 - c for c in color) for color in palette(behind, rng))
    monkeypatch.setattr(paint, "palette", inverted)
    after = draw(60, classes=names)
    changed = (before.images != after.images).any(axis=1)
    # One neighbor is on the edge; sharp corners reach one farther.
    assert not changed[~grown(grown(before.masks))].any()
    solid = before.labels > 6
    assert changed[before.masks].mean() > 0.85
    assert changed[solid][before.masks[solid]].mean() > 0.95


def ends(filled):
    """The first and the last place of each row of filled (N, S) that is filled, as (2, N)."""
    return np.stack([filled.argmax(axis=1), filled.shape[1] - 1 - filled[:, ::-1].argmax(axis=1)])


def test_the_object_fills_40_to_75_percent_of_the_side_and_is_all_there():
    masks = draw(140, seed=2, classes=[name for name in PARTS if name not in THIN]).masks
    rows, columns = ends(masks.any(axis=2)), ends(masks.any(axis=1))
    side = np.maximum(rows[1] - rows[0], columns[1] - columns[0]) + 1
    assert 0.4 * 64 - 1 <= side.min() < 0.45 * 64
    assert 0.7 * 64 < side.max() <= 0.85 * 64           # turned ones are wider
    for first_last in (rows, columns):
        middle = first_last.mean(axis=0)
        assert middle.min() < 20 and middle.max() > 43
    assert not masks[:, [0, -1]].any() and not masks[:, :, [0, -1]].any()


def test_parts_are_where_they_are_drawn(repaint):
    """One part white and all else black, against all black: the part is the pixels that differ."""
    y, x = np.mgrid[:96, :96]
    for part in sorted(parts_of(*PARTS)):
        classes = [name for name in PARTS if part in parts_of(name)]
        own = {"count": 15, "size": 96, "classes": classes}
        repaint(lambda shape: 0)
        black = draw(**own)
        repaint(lambda shape: 255 * (shape.part == part))
        differ = draw(**own).images[:, 0].astype(float) - black.images[:, 0]
        for n in range(15):
            # In a mirror the other one: the part is whichever of the two is nearer.
            circles = [black.parts[name][n] for name in {part, shapes.mirrored_part(part)}]
            weight = differ[n] / differ[n].sum()
            center = np.array([(weight * y).sum(), (weight * x).sum()])
            row, column, radius = min(circles, key=lambda c: np.hypot(*(c[:2] - center)))
            distance = np.hypot(y - row, x - column)
            assert distance[differ[n] > 0].max() < radius + 1.2, (part, n)
            if part not in HIDDEN:
                assert np.hypot(row - center[0], column - center[1]) < 0.5, (part, n)
                assert distance[differ[n] > 0].max() > radius - 1.2, (part, n)


def test_parts_lie_in_the_mask():
    s = draw(150)
    for part in set(s.parts) - HOLLOW:
        # A flag may be smaller than a pixel.
        n = np.flatnonzero(np.isfinite(s.parts[part][:, 0]) & (part != "flag"))
        row, column = np.rint(s.parts[part][n, :2]).astype(int).T
        assert s.masks[n, row, column].all(), part
    n = np.flatnonzero(s.labels == 9)
    row, column = np.rint(s.parts["inner band"][n, :2]).astype(int).T
    assert not s.masks[n, row, column].any()            # the ring's hole


def test_eyes_are_dark_in_the_middle_and_white_around_it():
    s = draw(40, seed=3, classes=["face"], size=128)
    gray = s.images.mean(axis=1)
    for eye in ("left eye", "right eye"):
        row, column, radius = s.parts[eye].T
        row, edge = np.rint(row).astype(int), np.rint(column + 0.8 * radius).astype(int)
        pupil = gray[np.arange(40), row, np.rint(column).astype(int)]
        white = gray[np.arange(40), row, edge]
        assert pupil.max() < 60 and white.min() > 110 and (white - pupil).min() > 80


@pytest.mark.parametrize("name", ["face", "cat", "car", "house"])
def test_left_is_the_viewers_left_in_mirror_images_too(name):
    s = draw(60, classes=[name])
    for part in PARTS[name].split(", "):
        if part.startswith("left"):
            assert (s.parts[part][:, 1] < s.parts[part.replace("left", "right")][:, 1] - 2).all()


def test_tilts_stay_below_20_degrees_and_go_both_ways():
    s = draw(100, classes=["face"])
    row, column, _ = (s.parts["right eye"] - s.parts["left eye"]).T
    tilt = np.degrees(np.arctan2(row, column))
    assert tilt.min() < -15 and tilt.max() > 15 and np.abs(tilt).max() < 20.01


def test_half_of_the_fish_swim_to_the_right():
    s = draw(100, classes=["fish"])
    right = (s.parts["eye"][:, 1] > s.parts["tail"][:, 1]).mean()
    assert 0.3 < right < 0.7


@pytest.mark.small
def test_centered_objects_stand_upright_in_the_middle():
    s = draw(42, centered=True, classes=[name for name in PARTS if name not in THIN])
    for mask in s.masks:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert abs(rows[0] + rows[-1] - 63) <= 3 and abs(columns[0] + columns[-1] - 63) <= 2
        assert abs(max(np.ptp(rows), np.ptp(columns)) + 1 - 0.6 * 64) <= 2
    faces, fish = s.labels == 0, s.labels == 2
    left, right = s.parts["left eye"][faces], s.parts["right eye"][faces]
    np.testing.assert_allclose(left[:, 0], right[:, 0], atol=1e-4)
    assert (s.parts["eye"][fish, 1] < s.parts["tail"][fish, 1]).all()       # no mirror images


def test_symmetric_classes_are_those_that_look_the_same_turned():
    assert scenes.SYMMETRIC == ("wheel", "flower", "ring")
    rng, palette = np.random.default_rng(0), ((0, 0, 0),) * 4
    for name, kind in shapes.KINDS.items():
        points = np.concatenate([shape.points for shape in kind(rng, palette)])
        angles = 2 * np.pi / np.arange(2, 11)
        fits = []
        for angle in angles:
            apart = shapes.turned(points, angle)[:, None] - points[None]
            fits.append(np.sqrt((apart ** 2).sum(axis=2)).min(axis=1).max())
        assert (min(fits) < 0.1) == (name in scenes.SYMMETRIC), name


# ---- data.load, errors -----------------------------------------------------------------------

@pytest.fixture
def small_splits(monkeypatch):
    monkeypatch.setattr(scenes, "SPLITS", {"train": (40, 2013), "test": (20, 2014)})
    scenes._load.cache_clear()
    yield
    scenes._load.cache_clear()


def test_splits(small_splits):
    train, test = scenes.load("train"), scenes.load("test")
    assert len(train.images) == 40 and len(test.images) == 20
    first = scenes.load("train", count=7)
    assert np.array_equal(first.images, train.images[:7])
    assert np.array_equal(first.labels, train.labels[:7])
    assert np.array_equal(first.masks, train.masks[:7])
    assert scenes.load("train") is train
    for array in (train.images, train.labels, train.masks, train.parts["nose"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_splits_have_seeds_of_their_own(small_splits, monkeypatch):
    splits = {split: (20, seed) for split, (count, seed) in scenes.SPLITS.items()}
    monkeypatch.setattr(scenes, "SPLITS", splits)
    train, test = (scenes.load(split).images.reshape(20, -1) for split in ("train", "test"))
    assert len(np.unique(np.concatenate([train, test]), axis=0)) == 40


def test_data_load(small_splits, refuses, tmp_path):
    images, labels, classes = data.load("scenes", "test")
    s = scenes.load("test")
    assert isinstance(data.load("scenes"), data.Dataset) and len(data.load("scenes").images) == 40
    assert images is s.images and labels is s.labels and classes == scenes.CLASSES
    assert data.load("scenes", "test", size=40).images.shape == (20, 3, 40, 40)
    with refuses(ValueError, "scenes", "leave folder out"):
        data.load("scenes", folder=tmp_path)
    with refuses(ValueError, "size", "32", "31"):
        data.load("scenes", size=31)


def test_the_sizes_of_the_real_splits():
    counts = {split: count for split, (count, seed) in scenes.SPLITS.items()}
    assert counts == {"train": 6000, "test": 1200}
    assert len({seed for count, seed in scenes.SPLITS.values()}) == 2


@pytest.mark.small
@pytest.mark.parametrize("kind, words, options", [
    (ValueError, ("count", "at least 1", "0"), {"count": 0}),
    (TypeError, ("count", "2.0"), {"count": 2.0}),
    (TypeError, ("count", "True"), {"count": True}),
    (ValueError, ("size", "32", "31"), {"size": 31}),
    (TypeError, ("size", "'64'"), {"size": "64"}),
    (ValueError, ("classes", "'dog'", "face, cat"), {"classes": ["face", "dog"]}),
    (ValueError, ("classes", "[]"), {"classes": []}),
    (ValueError, ("classes", "different"), {"classes": ["cat", "cat"]}),
    (TypeError, ("classes", "'cat'"), {"classes": "cat"}),
    (TypeError, ("rng", "numpy.random.Generator", "3"), {"rng": 3}),
    (TypeError, ("rng", "None"), {"rng": None})])
def test_bad_arguments_of_render(refuses, kind, words, options):
    with refuses(kind, *words):
        scenes.render(**({"count": 2, "rng": np.random.default_rng(0)} | options))


@pytest.mark.small
@pytest.mark.parametrize("kind, words, arguments", [
    (ValueError, ("split", "'validation'"), ("validation",)), (ValueError, ("split", "[]"), ([],)),
    (ValueError, ("size", "16"), ("test", 16)),
    (ValueError, ("count", "1,200", "1,201"), ("test", 64, 1201)),
    (ValueError, ("count", "at least 1"), ("test", 64, 0)),
    (TypeError, ("count", "1.5"), ("test", 64, 1.5))])
def test_bad_arguments_of_load(refuses, kind, words, arguments):
    with refuses(kind, *words):
        scenes.load(*arguments)
