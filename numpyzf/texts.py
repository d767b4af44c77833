"""Words: an item's stand in `text.md` in its folder; names that come from outside are cleaned.

A class, a file or a folder may be called anything: its name is shown, and never obeyed.
"""
import unicodedata
from importlib.resources import files

NAME = 40           # characters of a name that are shown
FILE_NAME = 200     # bytes; file systems take 255, and a temporary file's name is longer


def read(package):
    """Read the texts of an item from text.md.

    A text begins below a line "## heading"; what stands above the first one is not read. Lines of
    one paragraph are joined by a space. An empty line separates paragraphs. {name} in a text is
    filled in by str.format, so a brace itself is {{ or }}.

    package: the item's package, which is `__package__` in a module of its folder.
    Returns {heading: text}, with an empty line between paragraphs.
    """
    content = files(package).joinpath("text.md").read_text(encoding="utf-8")
    _, *parts = f"\n{content}".split("\n## ")
    texts = {}
    for part in parts:
        heading, _, body = part.partition("\n")
        paragraphs = body.strip().split("\n\n")
        texts[heading.strip()] = "\n\n".join(text.replace("\n", " ") for text in paragraphs)
    return texts


def clean(text):
    """Make a text one line of characters that a terminal, a picture or a page can show.

    Control characters, which a terminal obeys, and what was no UTF-8 in a file's name become "?".
    Marks without a shape, such as those that turn the direction of writing, are left out.

    text: anything; str makes a string of it.
    Returns a string.

    >>> clean("a\\x1b[31m\\nb")
    'a?[31m b'
    """
    return "".join(_shown(character) for character in str(text))


def _shown(character):
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category == "Cf":                            # a mark
        return ""
    return "?" if category in ("Cc", "Cs", "Co") else character     # control, no UTF-8, private


def short(name, length=NAME):
    """A name, cleaned, of `length` characters at most: of a longer one the two ends.

    >>> short("Ankle boot"), short("a very long name of a class", 12)
    ('Ankle boot', 'a very…class')
    """
    name = " ".join(clean(unicodedata.normalize("NFC", str(name))).split()) or "?"
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[:length - 1 - tail]}…{name[len(name) - tail:]}"


def listed(names, most=12):
    """Names, cleaned and short, with commas between them: the first `most` and how many follow.

    >>> listed(["cat", "dog", "owl"]), listed(["cat", "dog", "owl"], most=1)
    ('cat, dog, owl', 'cat and 2 more')
    """
    shown = ", ".join(short(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def file_name(*parts, ending=".png"):
    """A file's name made of parts with hyphens between them.

    It is one that every file system takes: cleaned, without slashes, FILE_NAME bytes at most. Of
    too long parts the longest is cut.

    >>> file_name("my/photo", "conv3", "guided")
    'my_photo-conv3-guided.png'
    """
    parts = ["".join("_" if c in '/\\\\:*?"<>|' else c for c in clean(part)) for part in parts]
    while len("-".join(parts).encode()) > FILE_NAME - len(ending):
        longest = max(range(len(parts)), key=lambda i: len(parts[i].encode()))
        parts[longest] = parts[longest][:-1]
    return "-".join(parts) + ending


def table(rows, left):
    """Rows of cells as lines of text, with columns of one width.

    rows: sequences of strings, equally many in each.
    left: how many columns begin at the left; the others, of numbers, end at the right.

    >>> print(table([("layer", "values"), ("conv1", "7"), ("fc8", "12")], left=1))
    layer  values
    conv1       7
    fc8        12
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) if number < left else cell.rjust(width)
                 for number, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
