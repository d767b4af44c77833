"""Style transfer by optimization: its objective, what comes out, the command."""
import re

import numpy as np
import pytest

from numpyzf import data
from numpyzf.cli import main
from numpyzf.data.image import load_image
from numpyzf.perceptual import losses, pictures
from numpyzf.perceptual.style import command, measure, objective

LAB = objective.Plan("labnet-cifar10", ("relu2",), ("relu1", "relu2"))


def stripes(size=48):
    """A style that is drawn: dark blue and yellow stripes, uint8 (3, size, size)."""
    rows, columns = np.indices((size, size))
    blue = (rows + columns) % 12 < 6
    return np.where(blue, np.reshape([20, 30, 110], (3, 1, 1)),
                    np.reshape([240, 200, 60], (3, 1, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def cat():
    return load_image(data.photograph("cat"), 48)


@pytest.fixture(scope="module")
def lab():
    return objective.Objective(LAB, stripes())


# ---- the objective -------------------------------------------------------------------------------

def test_its_terms_are_relative_and_add_up(lab, rng):
    y, content = rng.random((2, 3, 30, 26)), rng.random((2, 3, 30, 26))
    value, terms, _ = lab(y, content)
    assert value == pytest.approx(sum(getattr(LAB, name) * terms[name] for name in terms))
    own, other = (lab.judge.features(x)["relu2"] for x in (y, content))
    assert terms["content"] == pytest.approx(((own - other) ** 2).mean() / (other ** 2).mean())
    expected = 0
    inside = {"relu1": np.s_[..., 2:28, 2:24], "relu2": np.s_[..., 3:11, 3:9]}
    for layer, gram in lab.grams.items():
        # what sees no padding: conv2's 5×5 windows, padded by 2
        one = lab.judge.features(y)[layer][inside[layer]]
        expected += losses.style(one, gram)[0] / (gram ** 2).sum()
    assert terms["style"] == pytest.approx(expected)
    assert terms["variation"] == pytest.approx(losses.total_variation(y)[0] / (3 * 30 * 26))


def test_a_picture_has_its_own_content_and_the_style_its_own_style(lab, rng):
    style = pictures.from_bytes(stripes())[None]
    terms = lab(style, style)[1]
    assert terms["content"] == 0 and terms["style"] < 1e-9


def test_the_gradient_of_objective_and_view(lab, rng):
    """Along random directions, by central differences."""
    x, content = rng.random((2, 3, 24, 22)), rng.random((2, 3, 24, 22))
    for call in (lambda y: lab(y, content)[::2], measure.View(lab, content, 1, 3)):
        for _ in range(3):
            direction = rng.standard_normal(x.shape) / np.sqrt(x.size)
            up, down = (call(x + step * direction)[0] for step in (1e-6, -1e-6))
            assert (up - down) / 2e-6 == pytest.approx((call(x)[1] * direction).sum(), rel=1e-5)


# ---- by optimization -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def painted(cat):
    """A photograph of a cat in the style of one of coffee."""
    coffee = load_image(data.photograph("coffee"), 48)
    return measure.transfer(objective.Objective(LAB, coffee), cat, steps=80)


def test_the_style_loss_falls_by_95_percent(cat, painted):
    """Of a photograph that begins as itself, but for the smoothing."""
    assert painted.last["style"] < 0.05 * painted.first["style"] and painted.trouble == ""
    assert painted.picture.shape == cat.shape and painted.picture.dtype == np.uint8


def test_neither_grid_nor_frame_is_left(painted):
    """What repeats every two pixels is weaker than what does every 2.7, and the border is hardly
    rougher than the rest.
    """
    y = pictures.luminance(painted.picture)
    spectrum = np.abs(np.fft.fft2(y - y.mean())) ** 2
    last, near = (np.concatenate([spectrum[n], spectrum[:, n]]).mean() for n in (24, 18))
    assert last < near
    steps = np.square(np.diff(y, axis=1))
    assert max(steps[:4].mean(), steps[-4:].mean()) < 3 * steps.mean()


def test_a_plain_picture_gets_no_frame():
    """SqueezeNet's padding is style to its deep layers, and a plain picture can't hide it."""
    plain = np.broadcast_to(np.uint8([[[210]], [[170]], [[130]]]), (3, 96, 96))
    coffee = load_image(data.photograph("coffee"), 96)
    made = measure.transfer(objective.Objective(objective.Plan(), coffee), plain, steps=40)
    gray = made.picture.mean(axis=0)
    inside = gray[5:-5, 5:-5]
    border = (gray.sum() - inside.sum()) / (gray.size - inside.size)
    assert abs(border - inside.mean()) < 15


def test_without_a_style_the_picture_stays(lab, cat):
    still = objective.Objective(LAB._replace(style=0.0, variation=0.0), stripes())
    made = measure.transfer(still, cat, steps=40)
    assert pictures.psnr(made.picture, cat) > 30


def test_gray_pictures_and_other_sizes(lab, cat):
    made = measure.transfer(lab, cat[:1, :40, :33], steps=8)
    assert made.picture.shape == (1, 40, 33) and made.steps == 8


# ---- the commands --------------------------------------------------------------------------------

WORDS = ["--judge", "labnet-cifar10", "--content-layers", "relu2", "--style-layers", "relu1,relu2"]


def test_the_command(tmp_path, capsys):
    out = tmp_path / "out.png"
    assert main(["style", "transfer", "cat", "jeans", *WORDS, "--size", "32", "--steps", "8",
                 "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["content", "style", "variation"]
    assert re.match(r"The style loss fell by \d+\.\d%", lines[4])
    assert load_image(out).shape == (3, 32, 32)


@pytest.mark.parametrize("words, message", [
    (["--style-layers", "relu99"], "relu99.*the layers are"),
    (["--style-weight", "nan"], "style must be a finite number"),
    (["--size", "2"], "2×2 pixels don.t fit"),
    (["--judge", "nowhere.onnx"], "nowhere.onnx"),
    (["--style-weight", "-1"], "style must be a weight of 0 to 1,000,000"),
    (["--variation", "1e300"], "variation must be a weight"),
])
def test_what_can_t_be_is_one_line(tmp_path, capsys, words, message):
    out = tmp_path / "out.png"
    assert main(["style", "transfer", "cat", "jeans", *WORDS, *words, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error) and error.count("\n") == 1 and not out.exists()


def test_a_picture_that_can_t_be_written_is_refused_before_it_is_painted(tmp_path, capsys,
                                                                         monkeypatch):
    monkeypatch.setattr(measure, "transfer", None)
    for name, message in (("a.pdf", ".pdf is no kind of image"), ("gone/a.png", "no folder")):
        assert main(["style", "transfer", "cat", "jeans", "--out", str(tmp_path / name)]) == 2
        assert message in capsys.readouterr().err


def test_a_loss_in_words():
    assert command.changed(0.04) == "fell by 96.0%" and command.changed(1.5) == "rose by 50.0%"


def test_a_loss_that_turns_to_nan_leaves_the_picture_from_before(tmp_path, capsys, monkeypatch):
    calls, real = [], measure.View.__call__

    def broken(self, y):
        calls.append(y)
        value, dy = real(self, y)
        return (np.nan, dy) if len(calls) > 3 else (value, dy)
    monkeypatch.setattr(measure.View, "__call__", broken)
    out = tmp_path / "out.png"
    assert main(["style", "transfer", "cat", "jeans", *WORDS, "--size", "32", "--steps", "64",
                 "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "the loss is nan" in error and "--style-weight" in error and out.exists()
