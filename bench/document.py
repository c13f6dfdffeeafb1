"""The generated parts of docs/performance.md: what stands between the markers of a name is replaced, the rest stays."""

import pathlib

from machine import Failure

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "performance.md"


def table(headings, rows):
    """Markdown; the first column is text, the others are numbers."""
    lines = [headings, ["---", *("---:" for _ in headings[1:])], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def replace(name, text):
    begin, end = f"<!-- generated: {name} -->", f"<!-- end of {name} -->"
    page = PAGE.read_text()
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise Failure(f"{PAGE} lacks the markers {begin} and {end}")
    PAGE.write_text(page[:page.index(begin)] + f"{begin}\n\n{text}\n\n" + page[page.index(end):])
