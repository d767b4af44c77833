"""Makes numpyzf/data/embedded/photographs: a dozen photographs that anyone may use.

    python tests/reference/make_photographs.py SKIMAGE.whl SCIPY.whl CLOTHING.zip

SKIMAGE.whl: of scikit-image 0.16.2, SCIPY.whl: of SciPy 1.9.3, both for any system (pip download
--no-deps). CLOTHING.zip: photographs of clothes (CC0), by class in clothing/test/. The notices are
in the folder, in LICENSE-photographs. Each photograph is made smaller: its shorter side gets 256
pixels. The same files give the same bytes with one version of Pillow.
"""
import bz2
import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parents[2] / "numpyzf" / "data" / "embedded" / "photographs"
SIDE, QUALITY = 256, 88
SKIMAGE = {"cat": "chelsea.png", "coffee": "coffee.png", "astronaut": "astronaut.png",
           "rocket": "rocket.jpg"}
CLOTHING = {"jeans": "pants/0004", "sandals": "shoes/0008", "boots": "shoes/0004",
            "hat": "hat/0011", "t-shirt": "t-shirt/0007", "cardigan": "longsleeve/0007",
            "skirt": "skirt/0008"}


def main(skimage, scipy, clothing):
    """Write the photographs."""
    FOLDER.mkdir(exist_ok=True)
    with zipfile.ZipFile(skimage) as archive:
        for name, file in SKIMAGE.items():
            save(name, Image.open(io.BytesIO(archive.read(f"skimage/data/{file}"))))
    with zipfile.ZipFile(scipy) as archive:
        pixels = bz2.decompress(archive.read("scipy/misc/face.dat"))
        save("raccoon", Image.frombytes("RGB", (1024, 768), pixels))
    with zipfile.ZipFile(clothing) as archive:
        for name, file in CLOTHING.items():
            save(name, Image.open(io.BytesIO(archive.read(f"clothing/test/{file}.jpg"))))


def save(name, image):
    """One photograph, smaller, as a JPEG without anything but its pixels."""
    scale = SIDE / min(image.size)
    size = [round(side * scale) for side in image.size]
    small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.save(FOLDER / f"{name}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
