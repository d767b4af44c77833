"""Finished items in one file, from which a page is made where nobody can compute them.

    study.json      {"name": what the images are called, "quick": true or false}
    fig1.json …     what an item found, and
    fig1-1.png …    its pictures: as in a study's folder, see reproduce.keep

It is a zip file whose members aren't compressed and have no date of their own: equal items give
equal bytes, and nothing in it is larger than the file. It may come from anyone, so nothing is
believed when it is read, and nothing of it is written but the page.
"""
import io
import json
import os
import warnings
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from .. import checks, texts
from ..files import replacing
from . import reproduce, together

ABOUT = "study.json"
MOST_BYTES = 1 << 26        # of the file
MOST_PICTURES = 50          # of an item
MOST_PIXELS = 1 << 24       # of a picture
MODES = ("1", "L", "LA", "P", "RGB", "RGBA")        # Pillow's names of how its pixels are stored


def pack(study):
    """Write items.zip, with all finished items, into the study's folder; returns its path."""
    path, folder = study.out / "items.zip", study.out / "items"
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        _add(archive, ABOUT, json.dumps({"name": study.name, "quick": study.quick}).encode())
        for name in _item_names():
            report = reproduce.read(study.out, name)
            if report is None:
                continue
            pictures = [reproduce.picture_name(name, number)
                        for number, section in enumerate(report.sections, 1) if section.picture]
            for own in (f"{name}.json", *pictures):
                _add(archive, own, (folder / own).read_bytes())
    return path


def write_page(path, out):
    """Write the page of the items in such a file: index.html in a folder. Nothing is computed.

    path: the file.
    out: the folder; it is made if it isn't there.
    Returns the page's path. Raises FileNotFoundError; ValueError if the file is damaged or not what
    `pack` writes, or if the folder holds a study; OSError if the page can't be written.
    """
    path, out = checks.path("path", path), checks.path("out", out)
    if (out / ABOUT).exists():
        raise ValueError(f"{out} holds a reproduction, whose page would be lost: choose another "
                         "folder with --out")
    checks.writable_folder(out)
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {path}") from None
    with file, TemporaryDirectory() as folder:
        try:
            about, found = _read(file, Path(folder))
        except MemoryError:
            raise
        except Exception as error:      # damaged files make zipfile and Pillow raise nearly any
            raise ValueError(f"{path} is damaged, or no file of finished items "
                             f"({texts.short(error, 100)}); ask for it anew, or make it with "
                             "numpyzf reproduce") from None
    out.mkdir(parents=True, exist_ok=True)
    together.write(out / "index.html", about["name"], found, quick=about["quick"])
    return out / "index.html"


def _item_names():
    """All items' names, each before that of its real part."""
    parts = [(item, reproduce.real_part(item)) for item in reproduce.ITEMS]
    return [each.name for pair in parts for each in pair if each]


def _add(archive, name, content):
    member = zipfile.ZipInfo(name)      # of the first day that a zip file knows
    member.create_system, member.external_attr = 3, 0o644 << 16     # on each system the same bytes
    archive.writestr(member, content)


# ---- reading ------------------------------------------------------------------------------------

def _read(file, folder):
    """What ABOUT says and a list of together.Found, by way of files in an empty folder."""
    size = os.fstat(file.fileno()).st_size
    _check(size <= MOST_BYTES, f"{size:,} bytes, more than {MOST_BYTES:,}")
    (folder / "items").mkdir()
    with zipfile.ZipFile(file) as archive:
        _check_members(archive.infolist(), size)
        for member in archive.infolist():
            (folder / "items" / member.filename).write_bytes(archive.read(member))
    about = json.loads((folder / "items" / ABOUT).read_text(encoding="utf-8"))
    _check(isinstance(about["name"], str) and isinstance(about["quick"], bool), f"its {ABOUT}")
    about["name"] = texts.short(about["name"])
    for name in _item_names():
        if (folder / "items" / f"{name}.json").exists():
            report = reproduce.read(folder, name)
            _check(report is not None, f"its {name}.json, or a picture of it")
            for section in report.sections:
                if section.picture:
                    _check_picture(section.picture)
    found = reproduce.finished(folder)
    _check(found, "no item in it")
    return about, found


def _check_members(members, size):
    """Only files that `pack` writes, each once, together not larger than the archive of `size`."""
    known = {ABOUT} | {f"{name}.json" for name in _item_names()} | {
        reproduce.picture_name(name, number)
        for name in _item_names() for number in range(1, MOST_PICTURES + 1)}
    names = [member.filename for member in members]
    for name in names:
        _check(name in known, f"it holds {name!r}")
        _check(names.count(name) == 1, f"it holds {name} several times")
    _check(ABOUT in names, f"it has no {ABOUT}")
    for member in members:
        _check(member.compress_type == zipfile.ZIP_STORED, f"{member.filename} is compressed")
    _check(sum(member.file_size for member in members) <= size, "larger inside than outside")


def _check_picture(png):
    with warnings.catch_warnings():
        warnings.simplefilter("error")          # Pillow's, of a picture that is far too large
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            pixels = image.width * image.height
            _check(0 < pixels <= MOST_PIXELS, f"a picture of {pixels:,} pixels")
            _check(image.mode in MODES, f"a picture of the kind {image.mode}")
            image.load()


def _check(holds, what):
    if not holds:
        raise ValueError(what)
