"""Feature inversion: what comes back from low layers and high ones, and the command."""
import re

import numpy as np
import pytest

from numpyzf import data, gradcheck
from numpyzf.cli import main
from numpyzf.exchange.model import open_net
from numpyzf.perceptual import pictures
from numpyzf.perceptual.invert import draw, measure


@pytest.fixture(scope="module")
def labnet():
    return open_net("labnet-cifar10")[0]


@pytest.fixture(scope="module")
def cat():
    return data.load_image(data.photograph("cat"), 48)


def test_the_lowest_layer_gives_the_picture_back(cat):
    run, _ = open_net("squeezenet")
    low = measure.invert(run, cat, "relu1", variation=1.0, steps=120)
    assert low.psnr > 30 and low.left < 0.01 and low.trouble == ""
    assert low.picture.shape == cat.shape and low.numbers == 64 * 23 * 23


def test_higher_layers_give_back_less(labnet, cat):
    made = [measure.invert(labnet, cat, layer, steps=60)
            for layer in ("conv1", "conv3", "pool5")]
    assert made[0].psnr > 30
    assert made[0].psnr - 3 > made[1].psnr > made[2].psnr + 1


def test_same_seed_same_bits(labnet, cat):
    first, again, other = (measure.invert(labnet, cat, "relu2", steps=8, seed=seed)
                           for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.picture, again.picture)
    assert (first.picture != other.picture).any() and first.steps == 8


def test_the_gradient_also_of_fewer_pixels(labnet, rng):
    image = rng.integers(256, size=(3, 11, 9), dtype=np.uint8)
    judge, seen = measure.features(labnet, image, "relu1")
    loss = measure.Loss(judge, seen.astype(np.float64), 0.1, 3.0)
    coarse = measure.Coarse(loss, (11, 9), 2, np.float64)
    z = rng.uniform(0.2, 0.8, (1, 3, 6, 5))
    gradcheck.check_gradient(lambda z: coarse(z)[0], lambda dy: dy * coarse(z)[1], z, rng, h=1e-7,
                             tolerance=1e-5)


def test_gray_stays_gray(labnet, cat):
    made = measure.invert(labnet, cat[:1], "relu1", steps=8)
    assert made.picture.shape == (1, 48, 48)


def test_the_figure_shows_the_image_and_each_layer(labnet, cat):
    made = [measure.invert(labnet, cat, layer, steps=2) for layer in ("relu1", "relu2")]
    figure = draw.draw(cat, made, "labnet")
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == ["the image", f"relu1: {made[0].psnr:.1f} dB", f"relu2: {made[1].psnr:.1f} dB"]
    shown = np.asarray(figure.axes[1].images[0].get_array())
    np.testing.assert_array_equal(shown, pictures.from_bytes(made[0].picture, np.float64).transpose(
        1, 2, 0))


def test_the_command(tmp_path, capsys):
    out = tmp_path / "cat.png"
    assert main(["invert", "cat", "--net", "labnet-cifar10", "--layers", "relu1,relu3", "--size",
                 "32", "--steps", "4", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "32×32 pixels: 3,072 numbers" in lines[0]
    assert [line.split()[0] for line in lines[1:4]] == ["layer", "relu1", "relu3"]
    assert out.exists()


@pytest.mark.parametrize("words, message", [
    (["--layers", "relu1,relu99"], "relu99.*the layers are"),
    (["--layers", "relu1,fc6", "--size", "40"], "40×40 pixels don't fit.*fc6"),
    (["--size", "2", "--net", "squeezenet", "--layers", "relu1"], "2×2 pixels don't fit.*relu1"),
    (["--variation", "nan"], "variation must be a finite number"),
    (["--net", "nowhere.onnx"], "nowhere.onnx"),
])
def test_what_can_t_be_is_told_before_anything_is_computed(tmp_path, capsys, words, message):
    out = tmp_path / "figure.png"
    assert main(["invert", "cat", "--net", "labnet-cifar10", "--out", str(out), *words]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error) and error.count("\n") == 1
    assert not out.exists()


def test_a_loss_that_turns_to_nan_leaves_the_picture_from_before(tmp_path, capsys, monkeypatch):
    calls, real = [], measure.Loss.__call__

    def broken(self, x):
        calls.append(x)
        value, dx = real(self, x)
        return (np.nan, dx) if len(calls) > 5 else (value, dx)
    monkeypatch.setattr(measure.Loss, "__call__", broken)
    out = tmp_path / "figure.png"
    assert main(["invert", "cat", "--net", "labnet-cifar10", "--layers", "relu1", "--size", "32",
                 "--steps", "40", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "relu1: " in error and "the loss is nan" in error and "--variation" in error
    assert out.exists()
