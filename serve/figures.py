"""Figures as people read them, in the language of a page: rounded, with the separators of the place."""

from dataclasses import dataclass
from typing import Final

from serve.schemas import Language

_THIN: Final = "\u00a0"
MISSING: Final = "–"


@dataclass(frozen=True)
class Figures:
    """Writes figures in a language; an unknown one is a dash, never a zero.

    Examples
    --------
    >>> Figures("nl").persons(12345.6), Figures("en").share(0.3049), Figures("nl").persons(-1200)
    ('12.346', '30%', '−1.200')
    """

    language: Language

    def persons(self, value: float | None) -> str:
        """Return whole persons."""
        if value is None:
            return MISSING
        text = f"{abs(value):,.0f}"
        text = text.replace(",", ".") if self.language == "nl" else text
        return f"−{text}" if value < 0 and text != "0" else text

    def share(self, value: float | None, digits: int = 0) -> str:
        """Return a share in per cent."""
        if value is None:
            return MISSING
        text = f"{100 * value:.{digits}f}"
        return f"{text.replace('.', ',')}{_THIN}%" if self.language == "nl" else f"{text}%"
