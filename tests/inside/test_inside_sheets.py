"""Tiles on sheets, and sheets in files that fit."""
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from numpyzf.inside import project, sheets
from numpyzf.inside.parts import Parts, fingerprint, folder_of

pytestmark = pytest.mark.small


@pytest.mark.parametrize("size, group, count", [((5, 5), 9, 288), ((48, 48), 9, 3456),
                                                ((227, 227), 1, 70), ((300, 300), 9, 18)])
def test_a_unit_s_tiles_are_in_one_row_and_no_sheet_is_too_large(size, group, count):
    columns, per_sheet = sheets.layout(size, group, count)
    assert columns % group == 0 and per_sheet % columns == 0
    assert per_sheet // columns * size[0] <= sheets.MOST_SIDE
    assert columns * size[1] <= max(sheets.MOST_SIDE, group * size[1])
    assert columns <= count         # no sheet is wider than its tiles


@pytest.mark.parametrize("channels", [1, 3])
def test_where_a_tile_lies(channels, rng):
    tiles = rng.integers(0, 256, (7, channels, 4, 5), np.uint8)
    pixels = np.asarray(Image.open(BytesIO(sheets.webp(sheets.sheet(tiles, 3), None))))
    assert pixels.shape == (12, 15, 3)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, 3)
        part = pixels[row * 4:row * 4 + 4, column * 5:column * 5 + 5]
        np.testing.assert_array_equal(np.moveaxis(part, -1, 0), np.broadcast_to(tile, (3, 4, 5)))
    assert (pixels[8:, 5:] == 128).all()


def pictures(rng, count=6):
    made = {f"p{i}": Image.fromarray(rng.integers(0, 256, (60, 60, 3), np.uint8))
            for i in range(count)}
    return {name: (lambda image=image: image) for name, image in made.items()}


def test_the_best_quality_that_fits(rng):
    some = pictures(rng)
    whole, quality = sheets.pack(some, 10 ** 9, lambda done, total: None)
    assert quality is None and [*whole] == [*some]
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(whole["p3"]))),
                                  np.asarray(some["p3"]()))
    nbytes = {q: sum(sheets.base64_nbytes(sheets.webp(image(), q)) for image in some.values())
              for q in sheets.QUALITIES}
    assert sum(map(sheets.base64_nbytes, whole.values())) == nbytes[None]
    for quality in (90, 50, 20):
        files, found = sheets.pack(some, nbytes[quality], lambda done, total: None)
        assert found == quality
        files, found = sheets.pack(some, nbytes[quality] + 1, lambda done, total: None)
        assert found == quality and files["p0"] == sheets.webp(some["p0"](), quality)
    with pytest.raises(sheets.TooLarge) as error:
        sheets.pack(some, nbytes[20] - 1, lambda done, total: None)
    assert error.value.args == (nbytes[20],)


def test_tiles_are_bytes_around_mid_gray(rng):
    boxes = rng.standard_normal((2, 3, 8, 8)).astype(np.float32)
    boxes[1] = 0
    tiles, scales = project.as_tiles(boxes, (8, 8))
    assert (tiles[1] == 128).all() and scales[1] == 0
    assert scales[0] == pytest.approx(np.percentile(np.abs(boxes[0]), 99.5))
    shown = np.clip(boxes[0] / scales[0], -1, 1)
    np.testing.assert_allclose(tiles[0], 128 + 127 * shown, atol=0.5001)
    smaller, _ = project.as_tiles(boxes, (4, 4))
    means = boxes[0].reshape(3, 4, 2, 4, 2).mean(axis=(2, 4))
    scale = np.percentile(np.abs(means), 99.5)
    np.testing.assert_allclose(smaller[0], 128 + 127 * np.clip(means / scale, -1, 1), atol=0.501)


def test_parts_are_read_if_they_are_this_page_s(tmp_path):
    page = tmp_path / "page.html"
    folder_of(page).mkdir()
    Parts(page, "a").write("one", {"x": np.arange(3), "word": np.array("ä")})
    found = Parts(page, "a").read("one")
    assert found["x"].tolist() == [0, 1, 2] and str(found["word"]) == "ä" and len(found) == 2
    assert Parts(page, "b").read("one") is None and Parts(page, "a").read("two") is None
    Parts(page, "a").tidy()
    assert folder_of(page).exists()
    Parts(page, "a").remove()
    assert not folder_of(page).exists()


def test_a_fingerprint_tells_settings_and_arrays_apart():
    x = np.arange(4.0)
    prints = [fingerprint({"a": 1}, [x]), fingerprint({"a": 2}, [x]),
              fingerprint({"a": 1}, [x + 1]),
              fingerprint({"a": 1}, [x.reshape(2, 2)]), fingerprint({"a": 1}, [x, x]),
              fingerprint({"a": 1}, [x.astype(np.float32)])]
    assert len(set(prints)) == 6 and fingerprint({"a": 1}, [x.copy()]) == prints[0]
