"""Downloads: one file at a time, resumed where it broke off, its digest checked before it takes its name."""
import hashlib
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

BLOCK = 1 << 16
REDRAW = 0.1        # seconds between two states of the progress line


def cache_folder():
    """The folder that downloads are kept in: $NUMPYZF_CACHE, else $XDG_CACHE_HOME/numpyzf, else ~/.cache/numpyzf."""
    own, shared = os.environ.get("NUMPYZF_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own).expanduser()
    return (Path(shared) if shared else Path.home() / ".cache") / "numpyzf"


def fetch(url, path, *, digest=None, timeout=30.0):
    """Download one file. Progress goes to stderr; until all is there and checked, the bytes are in path + ".part".

    url: http or https. path: where the file goes; its folder is made, a file of that name is replaced.
    digest: "md5:…" or "sha256:…" and so on, in hexadecimal. With a digest, a .part file that an interrupted download
    left is continued; without one nothing could show that two halves belong together, so it begins anew.
    timeout: seconds without an answer before giving up.

    Returns path. Raises OSError if the server, the network or the disk fails (what came stays in the .part file), and
    ValueError if the digest differs (the .part file is deleted).
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if digest is None:
            part.unlink(missing_ok=True)
        _receive(url, part, timeout)
        if digest is not None:
            _check(url, path, part, digest)
        os.replace(part, path)
    except ConnectionError as error:
        raise OSError(f"could not download {url} ({error}); run this again to go on, or get that file another way and "
                      f"put it at {path}; the data set fashion-mnist-small is embedded and needs no download"
                      ) from error
    except OSError as error:
        raise OSError(f"cannot write to the folder {path.parent} ({error.strerror or error}); make room there, or name "
                      "another cache folder in $NUMPYZF_CACHE, then run this again") from error
    return path


def _receive(url, part, timeout):
    """Add to the file `part` the bytes of `url` that it lacks, or write it anew where the server cannot resume."""
    have = part.stat().st_size if part.exists() else 0
    response, have = _open(url, have, timeout)
    if response is None:
        return
    with response:
        total = None if response.length is None else have + response.length
        done = _save(_blocks(response), part, have, total)
    if total is not None and done < total:
        raise ConnectionError(f"the connection closed after {done:,} of {total:,} bytes")


def _open(url, have, timeout):
    """Ask for `url` from byte `have` on. Returns the response, None if nothing is left, and the byte it begins at."""
    request = Request(url, headers={"User-Agent": "numpyzf"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urlopen(request, timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code != 416 or not have:
            raise ConnectionError(str(error)) from error
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return None, have
        return _open(url, 0, timeout)       # there are more bytes here than there: those here are of another file
    except (OSError, HTTPException) as error:
        raise ConnectionError(str(getattr(error, "reason", error)) or type(error).__name__) from error
    if response.status != 206:
        return response, 0
    if response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        return response, have
    response.close()
    return _open(url, 0, timeout)


def _blocks(response):
    try:
        while block := response.read(BLOCK):
            yield block
    except (OSError, HTTPException) as error:
        raise ConnectionError(str(error) or type(error).__name__) from error


def _save(blocks, part, have, total):
    """Write the blocks after the first `have` bytes of `part`, with a progress line; returns how many it then holds."""
    name = part.name.removesuffix(".part")
    live = sys.stderr.isatty()
    done, started, shown = have, time.monotonic(), 0.0
    if not live:
        print(f"{name}: downloading{f', from byte {have:,} on' if have else ''}", file=sys.stderr, flush=True)
    try:
        with open(part, "ab" if have else "wb") as file:
            for block in blocks:
                file.write(block)
                done += len(block)
                if live and time.monotonic() - shown > REDRAW:
                    shown = time.monotonic()
                    print(_state(name, have, done, total, shown - started), end="\r", file=sys.stderr, flush=True)
    finally:
        print(_state(name, have, done, total, time.monotonic() - started), file=sys.stderr, flush=True)
    return done


def _state(name, have, done, total, seconds):
    share = f" of {total / 1e6:.1f} MB, {100 * done // max(total, 1)} %" if total is not None else " MB"
    return f"{name}: {done / 1e6:.1f}{share}, {(done - have) / 1e6 / max(seconds, 1e-3):.1f} MB/s".ljust(79)


def _check(url, path, part, digest):
    kind, _, expected = digest.partition(":")
    hasher = hashlib.new(kind, usedforsecurity=False)
    with open(part, "rb") as file:
        while block := file.read(BLOCK):
            hasher.update(block)
    if hasher.hexdigest() != expected:
        part.unlink()
        raise ValueError(f"{path}: what came from {url} has the {kind} digest {hasher.hexdigest()}, not {expected}: "
                         f"damaged on the way, or the file there has changed; {part.name} was deleted: run this again")
