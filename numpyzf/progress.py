"""How far a long computation is: a line on the terminal, written over; in a log one a minute."""
import sys
import time

LOG_EVERY = 60                              # seconds between two lines of progress in a log

_logged = time.monotonic()                  # when a log last got a line, or a training began


def log_begins():
    """A command begins: the first line of its progress comes in a log LOG_EVERY seconds from now.

    Without it, that line would come at once in a process that has already run for some time.
    """
    global _logged
    _logged = time.monotonic()


def show_progress(text):
    """Rewrite one line on stderr. Where that is no terminal: print one line a minute."""
    global _logged
    if sys.stderr is None:
        return
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        return
    now = time.monotonic()
    if not text:                            # a training begins, or another line tells of an epoch
        _logged = now
    elif now - _logged > LOG_EVERY:         # a batch system's log: it's alive
        _logged = now
        print(text, file=sys.stderr, flush=True)


class ProgressLine:
    """Turns the numbers that training.train tells after every step into a line.

    progress: gets the line, five times a second at most, and at the end of every epoch.
    recipe: training.Recipe.
    count: how many images an epoch has.
    """

    def __init__(self, progress, recipe, count):
        self.progress, self.epochs, self.count = progress, recipe.epochs, count
        self.epoch, self.start, self.shown = 0, 0.0, 0.0

    def __call__(self, epoch, seen, loss, accuracy):
        """What train tells: `seen` images of this epoch, their mean loss and accuracy."""
        now = time.monotonic()
        if epoch != self.epoch:         # its first step: from here on the speed is measured
            self.epoch, self.start, self.before, self.shown = epoch, now, seen, now
        if now - self.shown < 0.2 and seen < self.count:
            return
        self.shown = now
        text = f"epoch {epoch}/{self.epochs}  loss {loss:.3f}  accuracy {accuracy:.1%}"
        if now > self.start and seen > self.before:
            speed = (seen - self.before) / (now - self.start)
            left = (self.count * (self.epochs - epoch + 1) - seen) / speed
            text += f"  {speed:,.0f} images/s  {clock(left)} left"
        self.progress(text)


def clock(seconds):
    """A time in words of a clock: 1:05, or 2:00:05 from an hour on."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
