"""A page that moves, for a browser that may run its script: a file beside the static one."""

from __future__ import annotations

from steps.pages.page import TEMPLATES

# Under which a step's metadata say where such a page lies.
LIVE = "live_report"
HEAD, BODY = "</head>", "</body>"


def live(page: str) -> str:
    """The same page with points that tell their numbers, curves to hide and tables to sort.

    Everything is in the file, and it says no more than the page without it.
    """
    style, script = (
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("live.css.j2", "live.js.j2")
    )
    before, head, after = page.partition(HEAD)
    inner, body, end = after.rpartition(BODY)
    styled = f"{before}<style>\n{style}</style>\n{head}{inner}"
    return f"{styled}<script>\n{script}</script>\n{body}{end}"
