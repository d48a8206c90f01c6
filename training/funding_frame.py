"""What surrounds every picture of money: title, key and the warning, in English and Dutch, as SVG."""

from collections.abc import Iterable
from html import escape
from typing import Final

from forecasting.funding.words import NOT_FOR_SOLE_USE

WIDTH: Final = 900
TEXT: Final = 'font-family="sans-serif" font-size="12" fill="#1a1a1a"'


def framed(title: str, key: str, marks: Iterable[str], height: int) -> str:
    """Return a picture: what it shows, how it is read, that it is not for sole use, and its marks.

    Parameters
    ----------
    title, key : str
        Plain text; the key says what each mark means.
    marks : iterable of str
        SVG elements below the first 80 pixels.
    height : int
        Pixels.
    """
    sole = f"{NOT_FOR_SOLE_USE['en']} {NOT_FOR_SOLE_USE['nl']}"
    rows = "\n".join(marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="title desc">\n<title id="title">{escape(title)}</title>\n'
        f'<desc id="desc">{escape(key)}</desc>\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f'<text x="16" y="28" {TEXT} font-weight="bold">{escape(title)}</text>\n'
        f'<text x="16" y="50" {TEXT}>{escape(key)}</text>\n'
        f'<text x="16" y="70" {TEXT}>{escape(sole)}</text>\n{rows}\n</svg>\n'
    )
