"""The words of an item stand in a file of their own, `text.md` in its folder, not in strings."""
from importlib.resources import files


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
