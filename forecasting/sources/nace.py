"""Sectors of the Eurostat sources: NACE Rev. 2 groups, the sections they split into, and their divisions."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecasting.sources.canonical import canonical
from forecasting.vocabulary import TOTAL


@dataclass(frozen=True)
class Sector:
    """A group or section of NACE Rev. 2.

    Parameters
    ----------
    code : str
        As Eurostat writes it.
    parent : str
        Code of the parent; ``TOTAL`` for a group.
    divisions : range
        Two-digit NACE divisions it holds.
    label_nl, label_en : str
        Labels.
    """

    code: str
    parent: str
    divisions: range
    label_nl: str
    label_en: str


def _sector(code: str, parent: str, first: int, last: int, label_nl: str, label_en: str) -> Sector:
    return Sector(code, parent, range(first, last + 1), label_nl, label_en)


SECTORS: Final[tuple[Sector, ...]] = (
    _sector("A", TOTAL, 1, 3, "Landbouw, bosbouw en visserij", "Agriculture, forestry and fishing"),
    _sector("B-E", TOTAL, 5, 39, "Industrie, energie en water", "Industry, energy and water"),
    _sector("F", TOTAL, 41, 43, "Bouwnijverheid", "Construction"),
    _sector("G-I", TOTAL, 45, 56, "Handel, vervoer en horeca", "Trade, transport, accommodation and food"),
    _sector("J", TOTAL, 58, 63, "Informatie en communicatie", "Information and communication"),
    _sector("K", TOTAL, 64, 66, "Financiële activiteiten en verzekeringen", "Finance and insurance"),
    _sector("L", TOTAL, 68, 68, "Exploitatie van en handel in onroerend goed", "Real estate"),
    _sector("M_N", TOTAL, 69, 82, "Zakelijke diensten", "Professional and administrative services"),
    _sector(
        "O-Q", TOTAL, 84, 88, "Overheid, onderwijs en zorg", "Public administration, education and health"
    ),
    _sector("R-U", TOTAL, 90, 99, "Overige diensten en huishoudens", "Other services and households"),
    _sector("G", "G-I", 45, 47, "Groot- en detailhandel", "Wholesale and retail trade"),
    _sector("H", "G-I", 49, 53, "Vervoer en opslag", "Transportation and storage"),
    _sector("I", "G-I", 55, 56, "Verschaffen van accommodatie en maaltijden", "Accommodation and food"),
    _sector(
        "M", "M_N", 69, 75, "Vrije beroepen, wetenschap en techniek", "Professional and scientific activities"
    ),
    _sector(
        "N",
        "M_N",
        77,
        82,
        "Administratieve en ondersteunende diensten",
        "Administrative and support services",
    ),
    _sector("O", "O-Q", 84, 84, "Openbaar bestuur en defensie", "Public administration and defence"),
    _sector("P", "O-Q", 85, 85, "Onderwijs", "Education"),
    _sector(
        "Q", "O-Q", 86, 88, "Gezondheidszorg en maatschappelijke dienstverlening", "Health and social work"
    ),
)
"""Eurostat's ten groups, then the sections into which three of them are split."""

GROUPS: Final[tuple[str, ...]] = tuple(sector.code for sector in SECTORS if sector.parent == TOTAL)
"""The ten groups of the labour force survey's regional tables."""

SPLIT: Final[dict[str, tuple[str, ...]]] = {
    group: tuple(sector.code for sector in SECTORS if sector.parent == group)
    for group in GROUPS
    if any(sector.parent == group for sector in SECTORS)
}
"""Sections by the group that is split into them. R-U stays whole: no survey here knows households (T)."""

LEAVES: Final[tuple[str, ...]] = tuple(sector.code for sector in SECTORS if sector.code not in SPLIT)
"""Sectors that are staffed: groups that are not split, and sections."""


def sectors_table() -> pd.DataFrame:
    """Return the canonical table ``sectors``: TOTAL, ten groups (level 1), eight sections (level 2)."""
    root = pd.DataFrame({"code": [TOTAL], "level": [0], "label_nl": ["Totaal"], "label_en": ["Total"]})
    rows = pd.DataFrame([vars(sector) for sector in SECTORS])
    rows["level"] = rows["parent"].ne(TOTAL) + 1
    return canonical("sectors", pd.concat([root, rows], ignore_index=True))


def leaf_of_division(division: int) -> str:
    """Return the staffed sector of a NACE Rev. 2 division.

    Raises
    ------
    KeyError
        If there is no such division.

    Examples
    --------
    >>> leaf_of_division(85), leaf_of_division(97)
    ('P', 'R-U')
    """
    for sector in SECTORS:
        if division in sector.divisions and sector.code in LEAVES:
            return sector.code
    raise KeyError(division)
