"""A process that marks one task, seen from the grader: started, listened to, measured, ended."""
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PRINTED = 2000          # characters of what a student's file prints that are kept
PRINTED_LINES = 20
PROCESSES = 50          # so many at once are too many
PACKAGE = Path(__file__).parent.parent
PROC = Path("/proc")    # of Linux


class Child:
    """One process of worker.py.

    order: see worker.main. What the grader adds stays in the folder.
    folder: of its own, where it runs and may write.
    messages: a queue.SimpleQueue that gets (this child, message), and (child, None) at the end.
    """

    def __init__(self, order, folder, messages):
        self.order, self.messages = order, messages
        self.token = secrets.token_hex(8)
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", json.dumps(order)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=folder, env=self._environment(folder), start_new_session=True)
        self.kept = b""                         # the beginning of what was printed
        self.check = None                       # the check that runs now
        self.loaded = self.done = False
        self.deadline = None                    # of the monotonic clock, from when it is ready
        self.reason = ""                        # why it was ended
        self.memory_at_start = None
        self.killed_at = None
        for work in (self._listen, self._drain):
            threading.Thread(target=work, daemon=True).start()

    def _environment(self, folder):
        own = {"MPLBACKEND": "Agg", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1",
               "PYTHONUNBUFFERED": "1", "NUMPYZF_KEEP_MEMORY": "0", "NUMPYZF_LAB": self.token,
               "TMPDIR": str(folder), "NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
               "PYTHONPATH": os.pathsep.join(filter(None, [str(PACKAGE.parent),
                                                           os.environ.get("PYTHONPATH")]))}
        if os.environ.get("NUMBA_CACHE_DIR"):
            own["NUMBA_CACHE_DIR"] = os.path.abspath(os.environ["NUMBA_CACHE_DIR"])
        return os.environ | own

    def _listen(self):
        with contextlib.suppress(ValueError):           # a line cut short
            for line in self.process.stdout:
                self.messages.put((self, json.loads(line)))
        self.messages.put((self, None))

    def _drain(self):
        """Read what is printed, to the end, so that no print has to wait; keep its beginning."""
        while block := self.process.stderr.read1(1 << 16):
            if len(self.kept) < 4 * PRINTED:
                self.kept += block

    @property
    def printed(self):
        """The beginning of what it printed."""
        text = self.kept.decode("utf-8", "replace").replace("\r\n", "\n")
        lines = text[:PRINTED].splitlines()
        if len(text) <= PRINTED and len(lines) <= PRINTED_LINES:
            return text
        return "\n".join([*lines[:PRINTED_LINES], "… and more"])

    def ended(self):
        """Whether the process has ended by itself; its number stays taken until `wait`."""
        if not hasattr(os, "waitid"):               # Windows
            return self.process.poll() is not None
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, flags) is not None

    def usage(self):
        """Bytes in memory of it and of each process that it has started; [] if unknown."""
        found = []
        for number in filter(str.isdecimal, os.listdir(PROC) if PROC.is_dir() else []):
            with contextlib.suppress(OSError):
                # after "(name) ": state, parent, group, session, …, number 22 is memory in pages
                words = (PROC / number / "stat").read_text().rpartition(") ")[2].split()
                if int(words[3]) == self.process.pid and words[0] != "Z":
                    found.append(int(words[21]) * os.sysconf("SC_PAGE_SIZE"))
        return found

    def kill(self):
        """End it and all that it has started, before its number can be given to another."""
        self.killed_at = self.killed_at or time.monotonic()
        if os.name == "nt":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.process.pid)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        while self._kill_escaped():                 # those that left the group
            pass

    def _kill_escaped(self):
        """On Linux, end what has this child's token in its environment; returns how many."""
        mark, count = f"NUMPYZF_LAB={self.token}".encode(), 0
        for number in filter(str.isdecimal, os.listdir(PROC) if PROC.is_dir() else []):
            with contextlib.suppress(OSError):
                if int(number) != self.process.pid and (
                        mark in (PROC / number / "environ").read_bytes().split(b"\0")):
                    os.kill(int(number), signal.SIGKILL)
                    count += 1
        return count

    def wait(self):
        """Wait for its end, after `kill`; returns its exit status."""
        status = self.process.wait()
        return status

    def where(self):
        """The line of the student's file that it was in when time was over, or it crashed."""
        try:
            text = Path(self.order["traces"]).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        for line in text.splitlines():              # the innermost comes first
            start = f'  File "{self.order["file"]}", line '
            if line.startswith(start):
                number = line[len(start):].split(" ")[0].rstrip(",")
                source = Path(self.order["file"]).read_text(encoding="utf-8").split("\n")
                return f"in line {number}: {source[int(number) - 1].strip()[:80]}"
        return ""
