"""A headless Chromium, steered by the standard library alone.

The browser reads commands from its file descriptor 3 and writes answers and events to 4: JSON, each
message ended by a zero byte (--remote-debugging-pipe). The commands are those of the Chrome
DevTools Protocol.
"""
import base64
import json
import os
import select
import shutil
import signal
import tempfile
import time

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
PATIENCE = 60       # seconds until an answer that doesn't come is an error
FLAGS = ["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
         "--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         "--no-sandbox"]        # without which root can't run it; it opens our own page only
CODES = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Escape": 27, "Tab": 9,
         "Enter": 13, " ": 32}


def find():
    """The path of a Chromium or Chrome that this system can steer, or None."""
    found = filter(None, map(shutil.which, NAMES))
    return next(found, None) if hasattr(os, "posix_spawn") else None


class Browser:
    """One page of a headless browser.

    events: what the browser reported since `events.clear()`, such as {"method":
    "Runtime.exceptionThrown", "params": …}.
    """

    def __init__(self, program):
        import fcntl    # which Windows lacks
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, self.write = os.pipe()
        self.read, theirs_out = os.pipe()
        # Above 10, so that putting one at 3 doesn't overwrite the other.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (theirs_in, theirs_out)]
        null = os.open(os.devnull, os.O_RDWR)
        places = [(null, 0), (null, 1), (null, 2), (high[0], 3), (high[1], 4)]
        command = [program, *FLAGS, f"--user-data-dir={self.folder.name}", "about:blank"]
        self.process = os.posix_spawn(program, command, os.environ, setpgroup=0, file_actions=[
            (os.POSIX_SPAWN_DUP2, fd, place) for fd, place in places])
        for fd in (theirs_in, theirs_out, *high, null):
            os.close(fd)
        self.buffer, self.number, self.session, self.events = b"", 0, None, []
        targets = self.send("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def close(self):
        """End the browser and what it has started."""
        try:
            self.session = None
            self.send("Browser.close")
        except OSError:
            pass
        finally:
            try:
                os.killpg(self.process, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.waitpid(self.process, 0)
            os.close(self.read)
            os.close(self.write)
            self.folder.cleanup()

    def send(self, method, **params):
        """Give a command and wait for its answer. Raises RuntimeError for an error."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(end)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self, end):
        """The next message. Raises OSError if the browser has ended or is silent for too long."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the browser gave no answer within {PATIENCE} seconds")
            part = os.read(self.read, 1 << 20)
            if not part:
                raise OSError("the browser has ended")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def run(self, script):
        """The value of a JavaScript expression, awaited if it is a promise."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", details).get("description", details))
        return answer["result"].get("value")

    def settled(self):
        """Wait until the page has drawn all that it wants to draw now."""
        # Two frames, for what is drawn when it comes near; then whatever sheets are still awaited
        self.run("""(async () => {
            const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
            await frame(); await frame();
            while ([...bitmaps.values()].some(one => one instanceof Promise)) await frame();
            await frame();
        })()""")

    def open(self, url):
        """Load a page and wait until it is drawn."""
        self.send("Page.navigate", url="about:blank")   # or a new fragment wouldn't load it anew
        self.events.clear()
        self.send("Page.navigate", url=url)
        self.run("document.readyState === 'complete' || new Promise(done => "
                 "addEventListener('load', done))")
        self.settled()

    def press(self, key):
        """Press a key as a person does."""
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        code = CODES.get(key, ord(key.upper()) if len(key) == 1 and key.isalnum() else 0)
        common = {"key": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text,
                  **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)
        self.settled()

    def click(self, selector):
        """Press the mouse at the middle of an element, scrolled to where it can be seen."""
        x, y = self.run(f"""(() => {{
            const node = document.querySelector({json.dumps(selector)});
            node.scrollIntoView({{block: "center"}});
            const box = node.getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2];
        }})()""")
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)
        self.settled()

    def mouse(self, kind, x, y):
        """Move the mouse, press or release its button."""
        button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    def size(self, width, height, dark=False):
        """Take a size in pixels, and light or dark."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=False,
                  deviceScaleFactor=1)
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def screenshot(self, path, whole=False):
        """Write a PNG of what is seen, or of the whole page."""
        size = self.run("({width: innerWidth, height: document.documentElement.scrollHeight})")
        part = {"clip": {"x": 0, "y": 0, "scale": 1, **size}} if whole else {}
        data = self.send("Page.captureScreenshot", captureBeyondViewport=whole, **part)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def pdf(self, path):
        """Print the page."""
        data = self.send("Page.printToPDF", printBackground=False)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
