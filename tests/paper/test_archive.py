"""Finished items in one file: what comes back, and files that someone made with bad intent."""
import io
import json
import shutil
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from numpyzf import page
from numpyzf.paper import archive, reproduce
from numpyzf.paper.claims import HOLDS, NOT_TESTABLE, Claim, Report
from numpyzf.paper.study import Study

MADE = {"version": "1", "date": "2026-01-01", "machine": "a box", "seconds": 65, "seeds": 2}


def png(pixels=64):
    """The bytes of a picture, noise of so many pixels a side."""
    out, rng = io.BytesIO(), np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (pixels, pixels, 3), np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study with two finished items, and a real part of the first; a third isn't finished."""
    items = [reproduce.Item("fig1", "Figure 1: one", None, real=len),
             reproduce.Item("table1", "Table 1: two", None), reproduce.Item("fig9", "9", None)]
    monkeypatch.setattr(reproduce, "ITEMS", items)
    study = Study(tmp_path / "paper", report=lambda text: None)
    (study.out / "items").mkdir(parents=True)
    section = page.Section("<a>", "words", png(), [["a", 1.5], ["b", 2]], "noise")
    table = page.Section("numbers", "words", rows=[["a"], [3]])
    for name, sections in (("fig1", [table, section, section]), ("fig1-real", [section]),
                           ("table1", [table])):
        claims = [Claim(f"{name} is so", "1 <x>", HOLDS, "", "someone else"),
                  Claim("and more", "no data", NOT_TESTABLE)]
        reproduce.keep(study.out, name, Report(claims, sections, MADE))
    return study


def files(path):
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def write(path, members, kind=zipfile.ZIP_STORED):
    """A zip file; members: {name: bytes}, or pairs of them."""
    with zipfile.ZipFile(path, "w", kind) as opened:
        for name, content in getattr(members, "items", lambda: members)():
            opened.writestr(name, content)
    return path


@pytest.mark.parametrize("quick", [False, True])
def test_the_page_from_the_file_is_the_page_of_the_study(study, tmp_path, quick):
    study.quick = quick
    there = reproduce.write_page(study).read_bytes()
    packed = archive.pack(study)
    shutil.move(packed, tmp_path / "handed out.zip")
    shutil.rmtree(study.out)
    made = archive.write_page(tmp_path / "handed out.zip", tmp_path / "new" / "folder")
    assert made == tmp_path / "new" / "folder" / "index.html" and made.read_bytes() == there
    assert b"a box" in there and b"took 3:15" in there and (b"A quick run" in there) == quick
    assert [path.name for path in made.parent.iterdir()] == ["index.html"]


def test_what_is_packed_is_what_is_finished_and_always_the_same_bytes(study):
    (study.out / "items" / "fig9.json").write_text("{}")
    (study.out / "items" / "notes.txt").write_text("mine")
    first = archive.pack(study).read_bytes()
    assert archive.pack(study).read_bytes() == first
    with zipfile.ZipFile(study.out / "items.zip") as opened:        # whenever they were packed
        assert {member.date_time for member in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert sorted(files(study.out / "items.zip")) == [
        "fig1-2.png", "fig1-3.png", "fig1-real-1.png", "fig1-real.json", "fig1.json", "study.json",
        "table1.json"]
    assert len(first) < 1.1 * sum(map(len, files(study.out / "items.zip").values())) + 1000


def test_a_folder_with_a_study_keeps_its_page(study, tmp_path):
    before = reproduce.write_page(study).read_bytes() + b"older"
    (study.out / "index.html").write_bytes(before)
    packed = archive.pack(study)
    with pytest.raises(ValueError, match="holds a reproduction, .* choose another folder"):
        archive.write_page(packed, study.out)
    assert (study.out / "index.html").read_bytes() == before
    with pytest.raises(FileNotFoundError, match="no file .*gone.zip"):
        archive.write_page(tmp_path / "gone.zip", tmp_path / "new")


# ---- files that are damaged, or made with bad intent ----------------------------------------

def changed(values, **others):
    """An item's JSON with other values of its first claim or section, or of what it says of it."""
    found = json.loads(values)
    for key, value in others.items():
        if key == "made":
            found["made"] |= value
        else:
            number, new = value
            found[key][0][number] = new
    return json.dumps(found).encode()


def chunk(kind, content):
    return (struct.pack(">I4s", len(content), kind) + content
            + struct.pack(">I", zlib.crc32(kind + content)))


def wide_picture(width, height, bits=8):
    """A picture that says it is as large, of few bytes; all checksums are right."""
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))


HOSTILE = {
    "above its folder": ({"../evil.json": b"{}"}, r"it holds '\.\./evil\.json'"),
    "an absolute path": ({"/tmp/evil.json": b"{}"}, "it holds '/tmp/evil.json'"),
    "in a folder": ({"items/fig1.json": b"{}"}, "it holds 'items/fig1.json'"),
    "on a Windows drive": ({"C:\\evil.json": b"{}"}, "it holds 'C:"),
    "a program": ({"run.py": b"print()"}, "it holds 'run.py'"),
    "a folder": ({"fig1-1.png/": b""}, "it holds 'fig1-1.png/'"),
    "a picture too many": ({"fig1-51.png": png()}, "it holds 'fig1-51.png'"),
    "not the item's JSON": ({"fig1.json": b"[" * 100_000}, r"its fig1\.json"),
    "a number for a text": ({"table1.json": lambda own: changed(own, claims=(1, 5))},
                            r"its table1\.json"),
    "another verdict": ({"table1.json": lambda own: changed(own, claims=(2, "<b>holds</b>"))},
                        r"its table1\.json"),
    "a picture elsewhere": ({"table1.json": lambda own: changed(own, sections=(2, "/etc/passwd"))},
                            r"its table1\.json"),
    "ages": ({"table1.json": lambda own: changed(own, made={"seconds": 10 ** 4000})},
             r"its table1\.json"),
    "no picture": ({"fig1-2.png": b"<script>"}, r"its fig1\.json, or a picture of it"),
    "a huge picture": ({"fig1-2.png": wide_picture(5000, 5000)}, "a picture of 25,000,000 pixels"),
    "a picture beyond all": ({"fig1-2.png": wide_picture(1 << 30, 1 << 30)}, "damaged, or no file"),
    "a picture of 16 bits": ({"fig1-2.png": wide_picture(9, 9, 16)}, "a picture of the kind I"),
    "a picture cut short": ({"fig1-2.png": wide_picture(1000, 1000)}, "damaged, or no file"),
    "no name of the images": ({"study.json": b'{"quick": true}'}, "damaged, or no file"),
    "a list for a name": ({"study.json": b'{"name": [], "quick": true}'}, r"its study\.json"),
    "a number for yes": ({"study.json": b'{"name": "a", "quick": 1}'}, r"its study\.json"),
    "no study": ({"study.json": None}, r"it has no study\.json"),
    "no item": ({name: None for name in ("fig1.json", "fig1-real.json", "table1.json")},
                "no item in it")}


@pytest.mark.parametrize("change, words", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_in_a_line_and_leaves_nothing(study, tmp_path, change, words):
    members = files(archive.pack(study))
    for name, content in change.items():
        members[name] = content(members[name]) if callable(content) else content
    path = write(tmp_path / "a.zip", {name: content for name, content in members.items()
                                      if content is not None})
    refused(path, tmp_path, words)


def refused(path, tmp_path, words):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=words) as error:
        archive.write_page(path, tmp_path / "new")
    assert "ask for it anew" in str(error.value) and "\n" not in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_larger_inside_than_outside_is_refused(study, tmp_path):
    members = files(archive.pack(study))
    bomb = write(tmp_path / "bomb.zip", members | {"fig1-2.png": bytes(10 ** 8)},
                 zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 10 ** 6
    refused(bomb, tmp_path, "is compressed")
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = write(tmp_path / "twice.zip", [*members.items(), ("fig1.json", b"{}")])
    refused(twice, tmp_path, "holds fig1.json several times")


def test_members_that_lie_on_each_other_are_refused(study, tmp_path):
    """Many entries of the directory point at one large member."""
    path = write(tmp_path / "a.zip", files(archive.pack(study)) | {"fig1-4.png": bytes(100_000)})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as opened:
        start, members = opened.start_dir, opened.infolist()
        opened_large = opened.getinfo("fig1-4.png")
    entries = bytearray()
    for number in range(5, 50):
        name = f"fig1-{number}.png".encode()
        entries += struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33,
                               opened_large.CRC, 100_000, 100_000, len(name), 0, 0, 0, 0, 0,
                               opened_large.header_offset) + name
    old = bytes(content[start:-22])
    count = len(members) + 45
    path.write_bytes(bytes(content[:start]) + old + entries + struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(old) + len(entries), start, 0))
    with zipfile.ZipFile(path) as opened:
        assert len(opened.infolist()) == count
    refused(path, tmp_path, "larger inside than outside")


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b"no zip", lambda b: b[:-30],
                                    lambda b: b[:5000] + b[6000:],
                                    lambda b: b[:300] + bytes([b[300] ^ 1]) + b[301:]],
                         ids=["empty", "text", "cut short", "a part lost", "a bit"])
def test_a_damaged_file_is_refused(study, tmp_path, damage):
    path = tmp_path / "a.zip"
    path.write_bytes(damage(archive.pack(study).read_bytes()))
    refused(path, tmp_path, "damaged, or no file of finished items")


def test_a_file_that_is_far_too_large_is_not_read(study, tmp_path, monkeypatch):
    packed = archive.pack(study)
    monkeypatch.setattr(archive, "MOST_BYTES", packed.stat().st_size - 1)
    refused(packed, tmp_path, "bytes, more than")
