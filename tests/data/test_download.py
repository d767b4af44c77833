import hashlib
import io
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from numpyzf.data import available, download, load
from numpyzf.data.download import cache_folder, fetch

BODY = bytes(range(256)) * 1200
DIGEST = "sha256:" + hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves server.body in the manner of server.manner; notes each request's Range header."""

    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        start = int(asked[len("bytes="):-1]) if asked and server.manner != "ignores Range" else 0
        if server.manner == "not found":
            return self.send_error(404)
        if start >= len(server.body) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.body)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if server.manner == "another range":
            start = max(0, start - 10)
        self.send_response(206 if start else 200)
        if start:
            last, total = len(server.body) - 1, len(server.body)
            self.send_header("Content-Range", f"bytes {start}-{last}/{total}")
        if server.manner != "no length":
            self.send_header("Content-Length", str(len(server.body) - start))
        self.end_headers()
        if server.manner == "hangs":
            server.over.wait(5)
        if server.manner == "takes its time":
            time.sleep(0.3)
        end = start + 100_000 if server.manner == "cuts" else None
        self.wfile.write(server.body[start:end])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.body, server.manner, server.asked, server.over = BODY, "", [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}/data.bin"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "folder" / "data.bin"


def leave_part(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("data.bin.part")
    part.write_bytes(data)
    return part


def names(path):
    return sorted(p.name for p in path.parent.iterdir() if p.name != ".data.bin.lock")


@pytest.mark.parametrize("manner", ["", "no length", "ignores Range"])
@pytest.mark.parametrize("digest", [DIGEST, "md5:" + hashlib.md5(BODY).hexdigest(), None])
def test_a_file_arrives(server, path, manner, digest):
    server.manner = manner
    assert fetch(server.url, path, digest=digest) == path
    assert path.read_bytes() == BODY and names(path) == ["data.bin"] and server.asked == [None]


def test_a_download_resumes(server, path):
    leave_part(path, BODY[:70_000])
    fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == BODY and names(path) == ["data.bin"]
    assert server.asked == ["bytes=70000-"]


def test_a_server_that_ignores_range(server, path):
    server.manner = "ignores Range"
    leave_part(path, BODY[:70_000])
    fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == BODY and server.asked == ["bytes=70000-"]


def test_a_server_that_sends_another_range(server, path):
    server.manner = "another range"
    leave_part(path, BODY[:70_000])
    fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == BODY and server.asked == ["bytes=70000-", None]


def test_a_part_that_was_complete(server, path):
    leave_part(path, BODY)
    fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == BODY and server.asked == [f"bytes={len(BODY)}-"]


def test_a_part_that_is_too_long(server, path):
    leave_part(path, BODY + b"more")
    fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == BODY and server.asked == [f"bytes={len(BODY) + 4}-", None]


def test_without_a_digest_nothing_is_resumed(server, path):
    leave_part(path, b"of another file")
    fetch(server.url, path)
    assert path.read_bytes() == BODY and server.asked == [None]


def test_a_transfer_that_breaks_off_can_go_on(server, path, refuses):
    server.manner = "cuts"
    for received in (100_000, 200_000, 300_000):
        with refuses(OSError, server.url, path, f"{received:,} of {len(BODY):,}", "run this again"):
            fetch(server.url, path, digest=DIGEST)
        assert names(path) == ["data.bin.part"]
        assert path.with_name("data.bin.part").read_bytes() == BODY[:received]
    fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == BODY
    assert server.asked == [None, "bytes=100000-", "bytes=200000-", "bytes=300000-"]


def test_a_changed_file(server, path, refuses):
    part = leave_part(path, b"old" + BODY[3:70_000])
    with refuses(ValueError, path, server.url, DIGEST[7:], "data.bin.part was deleted"):
        fetch(server.url, path, digest=DIGEST)
    assert not part.exists() and not path.exists()
    fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == BODY


def test_a_wrong_digest_leaves_the_old_file(server, path, refuses):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    with refuses(ValueError, "md5 digest", hashlib.md5(BODY).hexdigest()):
        fetch(server.url, path, digest="md5:0123")
    assert path.read_bytes() == b"old" and names(path) == ["data.bin"]


def test_of_two_who_want_one_file_one_downloads_it(server, path, capsys):
    server.manner, found = "takes its time", []

    def run():
        found.append(fetch(server.url, path, digest=DIGEST))
    both = [threading.Thread(target=run) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)
    assert found == [path, path] and path.read_bytes() == BODY and names(path) == ["data.bin"]
    assert server.asked == [None]
    lines = capsys.readouterr().err.splitlines()
    assert lines.count("data.bin: another process is downloading it; waiting for that") == 1


def test_a_file_of_that_name_is_replaced_unless_it_is_the_one(server, path):
    path.parent.mkdir(parents=True)
    for content, digest, asked in ((b"old", DIGEST, 1), (BODY, DIGEST, 1), (BODY, None, 2)):
        path.write_bytes(content)
        fetch(server.url, path, digest=digest)
        assert path.read_bytes() == BODY and len(server.asked) == asked


def test_not_found(server, path, refuses):
    server.manner = "not found"
    leave_part(path, BODY[:70_000])
    with refuses(OSError, server.url, path, "404", "no download, such as fashion-mnist-small"):
        fetch(server.url, path, digest=DIGEST)
    assert names(path) == ["data.bin.part"] and len(server.asked) == 1


def test_no_network(path, refuses):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/data.bin"
        with refuses(OSError, url, f"put it at {path}.",
                     "take a data set that needs no download, such as fashion-mnist-small"):
            fetch(url, path, digest=DIGEST)
    assert not path.exists()


def test_a_server_that_hangs(server, path, refuses):
    server.manner = "hangs"
    started = time.monotonic()
    with refuses(OSError, server.url, "timed out"):
        fetch(server.url, path, digest=DIGEST, timeout=0.2)
    assert time.monotonic() - started < 2


@pytest.mark.skipif(not Path("/dev/full").exists(),
                    reason="there is no /dev/full to stand for a full disk")
def test_a_full_disk(server, path, refuses):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    path.with_name("data.bin.part").symlink_to("/dev/full")
    with refuses(OSError, path.parent, "No space left", "NUMPYZF_CACHE"):
        fetch(server.url, path, digest=DIGEST)
    assert path.read_bytes() == b"old"


def test_a_folder_that_cannot_be_made(server, tmp_path, refuses):
    (tmp_path / "file").write_bytes(b"")
    with refuses(OSError, tmp_path / "file", "NUMPYZF_CACHE"):
        fetch(server.url, tmp_path / "file" / "data.bin", digest=DIGEST)
    assert server.asked == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal(server, path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(download, "REDRAW", 0)
    leave_part(path, BODY[:70_000])
    fetch(server.url, path, digest=DIGEST)
    states = sys.stderr.getvalue().split("\r")
    assert len(states) > 3 and all(s.startswith("data.bin: 0.") and "MB/s" in s for s in states)
    # Each state covers the one before it.
    assert len({len(s.rstrip("\n")) for s in states}) == 1
    assert "0.3 of 0.3 MB, 100 %" in states[-1] and states[-1].endswith("\n")
    assert "\n" not in "".join(states[:-1])
    assert states[0].split(", ")[1] < "99 %"


def test_progress_elsewhere_is_two_lines(server, path, capsys):
    leave_part(path, BODY[:70_000])
    fetch(server.url, path, digest=DIGEST)
    out, err = capsys.readouterr()
    assert out == "" and "\r" not in err
    first, last = err.splitlines()
    assert first == "data.bin: downloading, from byte 70,000 on" and "100 %" in last


def test_progress_nowhere(server, path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    assert fetch(server.url, path, digest=DIGEST).read_bytes() == BODY
    assert capsys.readouterr().out == ""


def test_cache_folder(monkeypatch):
    monkeypatch.setenv("NUMPYZF_CACHE", os.path.join("~", "mine"))
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    monkeypatch.setenv("HOME", "/home/student")
    assert cache_folder() == Path("/home/student/mine")
    monkeypatch.delenv("NUMPYZF_CACHE")
    assert cache_folder() == Path("/xdg/numpyzf")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache_folder() == Path("/home/student/.cache/numpyzf")


@pytest.mark.parametrize("own", [None, "~nobody-of-this-name/cache"])
def test_no_home(monkeypatch, own, refuses):
    def home(*_):
        raise RuntimeError("Could not determine home directory.")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", home)
    monkeypatch.delenv("NUMPYZF_CACHE")
    if own:
        monkeypatch.setenv("NUMPYZF_CACHE", own)
    with refuses(OSError, "no home folder", "$NUMPYZF_CACHE"):
        load("cifar10")
    assert [place is None for _, _, place in available()] == [False, True, True, False]
