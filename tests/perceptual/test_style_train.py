"""A network for one style: what it is trained by, on what, and what it makes of a picture."""
import numpy as np
import pytest
from PIL import Image

from numpyzf import cli
from numpyzf.perceptual import learn, losses, networks, pictures
from numpyzf.perceptual.style import network_command, train

TINY = train.Plan(maps=2, steps=3, batch=2, patch=24, judge="labnet-cifar10",
                  content_layers=("relu2",), style_layers=("relu1", "relu2"))


def train_quietly(folder, picture, images, plan, **options):
    return train.train(folder, picture, images, plan, report=lambda text: None, **options)


@pytest.fixture
def picture(rng):
    return rng.integers(256, size=(3, 30, 37), dtype=np.uint8)


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(12, 3, 26, 31), dtype=np.uint8)


# ---- what it is trained by -----------------------------------------------------------------------

def value_by_hand(plan, objective, y, x, corner):
    """The three terms, formula by formula."""
    row, column = corner
    own, other = (objective.judge.features(np.ascontiguousarray(v[:, :, row:, column:]))
                  for v in (y, x))
    content = np.mean([((own[layer] - other[layer]) ** 2).mean() / (other[layer] ** 2).mean()
                       for layer in plan.content_layers])
    style = []
    for layer in plan.style_layers:
        maps = own[layer].reshape(len(y), own[layer].shape[1], -1)
        grams = np.einsum("ncp,ndp->ncd", maps, maps) / maps[0].size
        target = objective.grams[layer]
        style.append(((grams - target) ** 2).sum() / len(y) / (target ** 2).sum())
    steps = (np.diff(y, axis=2) ** 2).sum() + (np.diff(y, axis=3) ** 2).sum()
    return {"content": content, "style": np.mean(style), "variation": steps / y.size}


@pytest.mark.parametrize("plan", [
    TINY._replace(content=0.5, style=2.0, variation=0.25),
    TINY._replace(judge="squeezenet", patch=48, content_layers=("fire2",),
                  style_layers=("relu1", "fire2")),
], ids=["lab net", "squeezenet, a layer that serves both"])
def test_the_objective_is_its_terms_in_shares_and_their_gradient(plan, picture, rng):
    objective = train.Objective(picture, plan)
    y, x = (rng.random((2, 3, plan.patch, plan.patch)) for _ in range(2))
    target = x, np.array([3, 5])
    value, terms, dy = objective(y, target)
    expected = value_by_hand(plan, objective, y, *target)
    assert terms == pytest.approx(expected, rel=1e-5)       # the style's Gram is of float32
    assert value == pytest.approx(sum(getattr(plan, name) * terms[name] for name in terms))
    for _ in range(3):
        direction = rng.standard_normal(y.shape) / np.sqrt(y.size)
        up, down = (objective(y + step * direction, target)[0] for step in (1e-6, -1e-6))
        assert (up - down) / 2e-6 == pytest.approx((dy * direction).sum(), rel=1e-5)


def test_the_style_itself_lacks_nothing_and_black_lacks_something(picture):
    objective = train.Objective(picture, TINY)
    x = pictures.from_bytes(picture)[None]
    assert objective.lacking(x) == 0
    assert objective.lacking(np.zeros_like(x)) > 0.01
    _, terms, _ = objective(x, (x, (0, 0)))
    assert terms["content"] == 0 == terms["style"]


def test_a_corner_is_left_out_by_the_judge_and_kept_smooth_by_variation(picture, rng):
    objective = train.Objective(picture, TINY._replace(variation=0.0))
    y, x = (rng.random((1, 3, 24, 24)) for _ in range(2))
    _, _, dy = objective(y, (x, (4, 7)))
    assert not dy[:, :, :4].any() and not dy[:, :, :, :7].any() and dy[:, :, 4:, 7:].all()
    smooth = train.Objective(picture, TINY)
    assert smooth(y, (x, (4, 7)))[2][:, :, :4].any()


def test_float32_stays_float32(picture, rng):
    y, x = (rng.random((1, 3, 24, 24), np.float32) for _ in range(2))
    assert train.Objective(picture, TINY)(y, (x, (1, 2)))[2].dtype == np.float32


# ---- on what -------------------------------------------------------------------------------------

def test_patches_are_parts_of_the_photographs_mirrored_or_not(images, rng):
    patches, found, corners = train.Patches(images, 25, 4), set(), set()
    for _ in range(60):
        x, (content, corner) = patches(rng)
        assert x is content and x.dtype == np.float32 and x.shape == (4, 3, 25, 25)
        corners.add(tuple(corner))
        for patch in pictures.to_bytes(x):
            (place,) = [(n, row, column, mirror)
                        for n in range(12) for row in range(2) for column in range(7)
                        for mirror in (1, -1)
                        if (images[n, :, row:row + 25, column:column + 25][:, :, ::mirror]
                            == patch).all()]
            found.add(place)
    assert {place[0] for place in found} == set(range(12))
    assert all(len({place[axis] for place in found}) == count
               for axis, count in ((1, 2), (2, 7), (3, 2)))
    assert len(corners) > 30 and {c for corner in corners for c in corner} == set(range(8))


def test_photographs_smaller_than_a_patch_are_refused(images):
    with pytest.raises(ValueError, match="31×26 pixels, fewer than a patch of 28×28"):
        train.Patches(images, 28, 1)


# ---- the training --------------------------------------------------------------------------------

def stripes(width=32):
    """A picture of red and blue stripes, two pixels wide each: its Gram is unlike a gray one's."""
    columns = np.arange(width) // 2 % 2
    return np.broadcast_to(np.stack([255 * columns, 0 * columns, 255 - 255 * columns])[:, None],
                           (3, 24, width)).astype(np.uint8)


def test_it_learns_a_style(tmp_path, rng):
    """Over three seeds the share that is missing was at most 0.25, and green at most 15."""
    images = rng.integers(256, size=(20, 3, 24, 24), dtype=np.uint8)
    plan = TINY._replace(maps=4, steps=60, batch=1, rate=1e-2, content=0.1, style=1.0,
                         variation=0.0, content_layers=("relu1",), style_layers=("relu1",))
    state = train_quietly(tmp_path, stripes(), images, plan)
    row = state.history[-1]
    assert row["missing"] < 0.4
    red, green, blue = train.paint(state.net, images[0]).reshape(3, -1).mean(axis=1)
    assert green < 0.4 * min(red, blue)         # the colors of the style


def test_a_training_is_the_same_bits_again_and_goes_on_with_them(tmp_path, picture, images,
                                                                 monkeypatch):
    monkeypatch.setattr(learn, "EVERY", 2)
    whole = train_quietly(tmp_path / "whole", picture, images, TINY)
    count = iter(range(100))
    asked = train.Objective.__call__

    def stopping(self, y, target):
        if next(count) == 2:
            raise KeyboardInterrupt
        return asked(self, y, target)

    monkeypatch.setattr(train.Objective, "__call__", stopping)
    with pytest.raises(KeyboardInterrupt):
        train_quietly(tmp_path / "parts", picture, images, TINY)
    monkeypatch.setattr(train.Objective, "__call__", asked)
    parts = train_quietly(tmp_path / "parts", picture, images, TINY)
    assert parts.history == whole.history and len(parts.history) == 2
    for name, value in whole.net.parameters.items():
        np.testing.assert_array_equal(value, parts.net.parameters[name])


def test_another_style_is_no_continuation(tmp_path, picture, images):
    train_quietly(tmp_path, picture, images, TINY)
    with pytest.raises(ValueError, match="was begun with style_checksum"):
        train_quietly(tmp_path, 255 - picture, images, TINY)


@pytest.mark.parametrize("change, message", [
    ({"patch": 26}, "multiple of 4, not 26"), ({"maps": 0}, "maps"), ({"rate": np.nan}, "rate"),
    ({"style": np.inf}, "style"), ({"style_layers": ("relu99",)}, "relu99.*the layers are"),
    ({"content_layers": ("nothing",)}, "nothing.*the layers are"),
    ({"patch": 16, "judge": "squeezenet", "style_layers": ("fire5",), "content_layers": ("relu1",)},
     "9×9 pixels don't fit the judge's layers relu1, fire5"),     # 16 from a far corner
])
def test_a_plan_that_can_t_be_is_refused_before_anything_is_made(tmp_path, picture, images, change,
                                                                 message):
    with pytest.raises(ValueError, match=message):
        train_quietly(tmp_path, picture.repeat(4, axis=2), images, TINY._replace(**change))
    assert not any(tmp_path.iterdir())


def test_a_style_smaller_than_the_judge_takes_is_refused(tmp_path, images):
    plan = TINY._replace(judge="squeezenet", style_layers=("fire5",), content_layers=("relu1",))
    with pytest.raises(ValueError, match="9×5 pixels don't fit the judge's layers relu1, "):
        train_quietly(tmp_path, np.zeros((3, 5, 9), np.uint8), images, plan)


def test_nan_stops_and_says_what_to_change(tmp_path, picture, images, monkeypatch):
    monkeypatch.setattr(losses, "total_variation", lambda y: (np.nan, np.zeros_like(y)))
    with pytest.raises(ValueError, match="loss is nan.*lower rate than 0.002"):
        train_quietly(tmp_path, picture, images, TINY)


# ---- what it makes -------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [(24, 24), (25, 31), (40, 23)])
def test_a_painted_picture_is_as_large_as_it_was(size, rng):
    net = networks.start(networks.small_style((3, 24, 24), maps=2), rng)
    small = rng.integers(256, size=(3, *size), dtype=np.uint8)
    painted = train.paint(net, small)
    assert painted.shape == small.shape and painted.dtype == np.uint8
    whole = networks.at_size(net, small.shape).predict(pictures.from_bytes(small)[None])[0]
    np.testing.assert_array_equal(painted, pictures.to_bytes(whole)[:, :size[0], :size[1]])


def test_a_picture_smaller_than_the_network_takes_is_refused(rng):
    net = networks.small_style((3, 24, 24), maps=2)
    with pytest.raises(ValueError, match="7×3 pixels is too small for this network"):
        train.paint(net, np.zeros((3, 3, 7), np.uint8))


def test_a_network_of_another_kind_is_refused(tmp_path):
    net = networks.small_superres(4, maps=2, blocks=1)
    learn.save(tmp_path / "a.npz", learn.State(net, np.random.default_rng(0), {"kind": "superres"}))
    with pytest.raises(ValueError, match="a.npz.*'superres', not one for a style"):
        learn.load(tmp_path / "a.npz", train.build)


def test_the_shorter_side_is_as_asked():
    picture = np.full((3, 30, 45), 90, np.uint8)
    assert network_command.with_shorter_side(picture, 20).shape == (3, 20, 30)
    assert (network_command.with_shorter_side(picture, 60) == 90).all()


def test_the_commands(tmp_path, monkeypatch, capsys, images, picture):
    """Gray and transparent photographs, a gray style; a file with another ending."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for number, image in enumerate(images):
        mode = ("RGB", "L", "RGBA")[number % 3]
        Image.fromarray(image.transpose(1, 2, 0)).convert(mode).save(f"photos/{number}.png")
    Image.fromarray(picture[0]).save("style.png")
    words = ("style train style.png photos --out net --steps 2 --batch 1 --patch 24 --maps 2 "
             "--size 24 --style-size 24 --judge labnet-cifar10 --content-layers relu2 "
             "--style-layers relu1,relu2")
    assert cli.main(words.split()) == 0
    assert "style apply net PICTURE" in capsys.readouterr().out
    assert cli.main("style apply net photos/2.png".split()) == 0
    with Image.open("2-net.png") as painted:
        assert painted.size == (31, 26) and painted.mode == "RGB"
    assert cli.main("style apply net/network.npz photos/1.png --size 13 --out a.jpg".split()) == 0
    with Image.open("a.jpg") as painted:
        assert painted.size == (16, 13) and painted.format == "JPEG"
    capsys.readouterr()
    assert cli.main("style apply net photos/1.png --out a.svg".split()) == 2
    assert "a.svg: .svg is no kind of image; use .png" in capsys.readouterr().err
    assert cli.main("style apply photos photos/1.png".split()) == 2
    assert "network.npz" in capsys.readouterr().err
