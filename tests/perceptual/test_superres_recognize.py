"""What classifiers say of enlarged images."""
import numpy as np
import pytest
from PIL import Image

from numpyzf import training
from numpyzf.perceptual.superres import recognize
from numpyzf.perceptual.superres.recognize import Comparison, Recognition


def found(**right):
    return Recognition("x", 8, ("a", "b"), {name: np.array(rows, bool)
                                            for name, rows in right.items()})


@pytest.mark.small
def test_a_comparison_by_hand():
    same = found(bicubic=[[1, 0, 1, 0], [1, 1, 0, 0]], net=[[1, 0, 1, 0], [1, 1, 0, 0]])
    assert recognize.compare(same, "net") == Comparison(0, 0, False)
    # image by image the net gains 1, 1/2, 0, 0 over the two seeds
    gains = found(bicubic=[[0, 0, 1, 0], [0, 1, 1, 0]], net=[[1, 1, 1, 0], [1, 1, 1, 0]])
    compared = recognize.compare(gains, "net")
    assert compared.difference == 0.375 and compared.every_seed
    assert compared.error == pytest.approx(np.sqrt(11 / 64 / 4))    # a variance of 11/64
    assert not compared.surely_more                                 # 4 images are too few
    many = found(bicubic=np.tile(gains.right["bicubic"], 50), net=np.tile(gains.right["net"], 50))
    assert recognize.compare(many, "net").surely_more
    assert not recognize.compare(many, "bicubic", "net").surely_more


@pytest.mark.small
def test_more_often_must_be_with_every_seed():
    rng = np.random.default_rng(0)
    bicubic = rng.random((2, 4000)) < 0.5
    net = bicubic.copy()
    net[0] |= rng.random(4000) < 0.3
    net[1, np.flatnonzero(net[1])[0]] = False       # one image fewer with the second seed
    compared = recognize.compare(found(bicubic=bicubic, net=net), "net")
    assert compared.difference > 10 * compared.error and not compared.every_seed
    assert not compared.surely_more


@pytest.fixture(scope="module")
def stripes(tmp_path_factory):
    """Two classes: wide stripes that lie, and that stand, with noise; 16 × 16 pixels in gray."""
    folder, rng = tmp_path_factory.mktemp("stripes"), np.random.default_rng(0)
    for axis, name in enumerate(("lying", "standing")):
        (folder / name).mkdir()
        for i in range(60):
            wave = np.indices((16, 16))[axis] + rng.integers(16)
            image = 127 + 80 * np.sign(np.sin(wave * np.pi / 4)) + rng.normal(0, 10, (16, 16))
            Image.fromarray(np.uint8(np.clip(image, 0, 255))).save(folder / name / f"{i:02}.png")
    return folder


def test_what_is_enlarged_well_is_recognized_and_what_is_not_is_not(stripes, tmp_path):
    """Repeated pixels keep wide stripes; a picture turned by a quarter is the other class."""
    networks = {"repeated": lambda low: low.repeat(2, axis=1).repeat(2, axis=2),
                "turned": lambda low: low.repeat(2, axis=1).repeat(2, axis=2).swapaxes(1, 2)}
    lines, recipe = [], training.Recipe(epochs=6, batch=8, rate=0.02)
    result = recognize.recognize(str(stripes), 2, networks, tmp_path / "nets", size=16,
                                 seeds=(0, 1), recipe=recipe, report=lines.append)
    assert [*result.right] == ["original", "bicubic", "repeated", "turned"]
    assert result.classes == ("lying", "standing") and result.side == 16
    accuracy = {method: right.mean(axis=1) for method, right in result.right.items()}
    assert all(right.shape == (2, 24) for right in result.right.values())
    assert (accuracy["original"] > 0.9).all() and (accuracy["repeated"] > 0.8).all()
    assert (accuracy["turned"] < 0.2).all()
    assert any("lying" not in line and "24 test images" in line for line in lines)
    # a second time the classifiers are there: the same answers, and no epoch
    again = []
    same = recognize.recognize(str(stripes), 2, networks, tmp_path / "nets", size=16,
                               seeds=(0, 1), recipe=recipe, most=10, report=again.append)
    assert not any(line.startswith("epoch") for line in again)
    np.testing.assert_array_equal(
        same.right["turned"],
        result.right["turned"][:, np.linspace(0, 23, 10).astype(int)])


def test_a_side_that_is_no_multiple_is_refused(stripes, tmp_path):
    with pytest.raises(ValueError, match="side of 18 pixels, which is no multiple of 4"):
        recognize.recognize(str(stripes), 4, {}, tmp_path, size=18)
