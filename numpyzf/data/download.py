"""Downloads, one file at a time.

A download that broke off is resumed. Its digest is checked before the file gets its name. Where
several processes want one file, one of them downloads it, and the others wait.
"""
import hashlib
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..files import locked

BLOCK = 1 << 16     # bytes read at a time
REDRAW = 0.1        # seconds between two states of the progress line


def cache_folder():
    """The Path of the folder that keeps downloads.

    It is $NUMPYZF_CACHE, else $XDG_CACHE_HOME/numpyzf, else ~/.cache/numpyzf.
    Raises OSError where there is no home folder.
    """
    own, shared = os.environ.get("NUMPYZF_CACHE"), os.environ.get("XDG_CACHE_HOME")
    try:
        if own:
            return Path(own).expanduser()
        return (Path(shared) if shared else Path.home() / ".cache") / "numpyzf"
    except RuntimeError:
        raise OSError("no home folder is known to keep downloads in; name a folder for them in "
                      "$NUMPYZF_CACHE") from None


def fetch(url, path, *, digest=None, timeout=30.0):
    """Download one file. Until all of it is there and checked, the bytes are in path + ".part".

    Progress goes to stderr.

    url: http or https.
    path: where the file goes. Its folder is made; a file of that name is replaced, unless it has
    the digest. Beside it stays an empty file, .NAME.lock.
    digest: "md5:…" or "sha256:…" and so on, in hexadecimal, or None. With a digest, a .part file
    that an interrupted download left is continued. Without one, nothing could show that two halves
    belong together, so the download begins anew.
    timeout: seconds without an answer before giving up.
    Returns path. Raises OSError if the server, the network or the disk fails (what came stays in
    the .part file), and ValueError if the digest differs (the .part file is deleted).
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.part")

    def waiting():
        say(f"{path.name}: another process is downloading it; waiting for that")

    try:
        with locked(path.with_name(f".{path.name}.lock"), waiting):
            if digest is None:
                part.unlink(missing_ok=True)
            elif _is_there(path, digest):
                return path         # another process has downloaded it meanwhile
            _receive(url, part, timeout)
            if digest is not None:
                _check(url, path, part, digest)
            os.replace(part, path)
    except ConnectionError as error:
        raise OSError(f"could not download {url} ({error}); run this again to go on, or get that "
                      f"file another way and put it at {path}. To try something else, take a "
                      "data set that needs no download, such as fashion-mnist-small") from error
    except OSError as error:
        raise OSError(f"cannot write to the folder {path.parent} ({error.strerror or error}); "
                      "make room there, or name another cache folder in $NUMPYZF_CACHE, then "
                      "run this again") from error
    return path


def say(text, end="\n"):
    """Print one line to stderr, where there is one: programs without a terminal may have none."""
    if sys.stderr is not None:
        print(text, end=end, file=sys.stderr, flush=True)


# ---- the transfer ----------------------------------------------------------------------------

def _receive(url, part, timeout):
    """Add the bytes of `url` that the file `part` lacks.

    Where the server cannot resume, write all of it anew. Raises ConnectionError.
    """
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
    """Ask for `url` from byte `have` on.

    Returns (response, the byte at which it begins); response is None if nothing is left to get.
    """
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
        # More bytes are here than there: those here are of another file.
        return _open(url, 0, timeout)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ConnectionError(str(reason) or type(error).__name__) from error
    if response.status != 206:      # 206: a part, as asked; 200: the whole file
        return response, 0
    if response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        return response, have
    response.close()
    return _open(url, 0, timeout)


def _blocks(response):
    """Yield what comes, in blocks. Raises ConnectionError if the network fails, never OSError."""
    try:
        while block := response.read(BLOCK):
            yield block
    except (OSError, HTTPException) as error:
        raise ConnectionError(str(error) or type(error).__name__) from error


def _save(blocks, part, have, total):
    """Write the blocks after the first `have` bytes of `part`, with a progress line.

    Returns how many bytes `part` then holds.
    """
    name = part.name.removesuffix(".part")
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    done, started, shown = have, time.monotonic(), 0.0
    if not on_terminal:
        resumed = f", from byte {have:,} on" if have else ""
        say(f"{name}: downloading{resumed}")
    try:
        with open(part, "ab" if have else "wb") as file:
            for block in blocks:
                file.write(block)
                done += len(block)
                if on_terminal and time.monotonic() - shown > REDRAW:
                    shown = time.monotonic()
                    say(_state(name, have, done, total, shown - started), end="\r")
    finally:
        say(_state(name, have, done, total, time.monotonic() - started))
    return done


def _state(name, have, done, total, seconds):
    """The progress line, of one width, so that each state covers the one before."""
    if total is None:
        share = " MB"
    else:
        share = f" of {total / 1e6:.1f} MB, {100 * done // max(total, 1)} %"
    rate = (done - have) / 1e6 / max(seconds, 1e-3)
    return f"{name}: {done / 1e6:.1f}{share}, {rate:.1f} MB/s".ljust(79)


# ---- the digest ------------------------------------------------------------------------------

def _hexdigest(path, kind):
    """The digest of a file, in hexadecimal; kind: "md5", "sha256" …"""
    hasher = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            hasher.update(block)
    return hasher.hexdigest()


def _is_there(path, digest):
    """Is the file there, and has it the digest?"""
    kind, _, expected = digest.partition(":")
    return path.is_file() and _hexdigest(path, kind) == expected


def _check(url, path, part, digest):
    """Raise ValueError, and delete `part`, unless it has the digest."""
    kind, _, expected = digest.partition(":")
    found = _hexdigest(part, kind)
    if found != expected:
        part.unlink()
        raise ValueError(f"{path}: what came from {url} has the {kind} digest {found}, not "
                         f"{expected}: damaged on the way, or the file there has changed; "
                         f"{part.name} was deleted: run this again")
