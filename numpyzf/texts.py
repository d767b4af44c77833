"""The words of an item stand in a file of their own, `text.md` in its folder, and not in Python strings."""
from importlib.resources import files


def read(package):
    """The texts of an item: {heading: text}.

    package: the item's package, `__package__` in a module of its folder.

    A text begins behind a line "## heading". Lines of one paragraph are joined by a space; an empty line
    separates paragraphs. {name} in a text is filled in by str.format, so a brace itself is {{ or }}.
    """
    _, *parts = ("\n" + files(package).joinpath("text.md").read_text(encoding="utf-8")).split("\n## ")
    return {heading.strip(): _paragraphs(body) for heading, _, body in (part.partition("\n") for part in parts)}


def _paragraphs(body):
    return "\n\n".join(" ".join(part.split("\n")) for part in body.strip().split("\n\n"))
