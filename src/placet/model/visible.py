"""Text as it can be shown: what it holds is seen, and does nothing to whatever shows it."""

from placet.model.invisible import invisible


def visible(text: str) -> str:
    r"""Return text with every character spelled out that is not printed, or prints as nothing: `\x1b`, `\u202e`."""
    if text.isprintable() and not invisible(text):
        return text
    return "".join(each if each.isprintable() and not invisible(each) else _spelled(each) for each in text)


def _spelled(letter: str) -> str:
    return letter.encode("unicode_escape", "backslashreplace").decode()
