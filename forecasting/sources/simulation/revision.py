"""The change of classifications halfway: skills merged, split and born, a few occupations split.

Before it, figures stand under the old codes; the table ``concordance`` says what became of them.
"""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecasting.sources.simulation.catalogue import Catalogue
from forecasting.sources.simulation.streams import Streams

YEAR: Final = 2020
"""First year of the new codes."""

_MERGED, _SPLIT, _BORN, _OCCUPATIONS = 6, 5, 8, 3


@dataclass(frozen=True)
class Revision:
    """Old codes and their successors.

    Parameters
    ----------
    skills, occupations : DataFrame
        ``old_code, new_code, weight``: share of the old code that went to the successor.
    born : tuple of str
        Skills that had no code before.
    """

    skills: pd.DataFrame
    occupations: pd.DataFrame
    born: tuple[str, ...]

    def concordance(self) -> pd.DataFrame:
        """Return the canonical table."""
        parts = {"skills": self.skills, "occupations": self.occupations}
        rows = [part.assign(classification=name) for name, part in parts.items() if len(part)]
        return pd.concat(rows, ignore_index=True).assign(valid_from=f"{YEAR}-01-01")


def revision(listed: Catalogue, streams: Streams) -> Revision:
    """Draw what changes: the more skills there are, the more; occupations that stand beside each other."""
    draw, codes = streams.at("revision"), listed.skills["code"].to_numpy()
    part = len(codes) / 289
    merged, split, born = (max(1, round(count * part)) for count in (_MERGED, _SPLIT, _BORN))
    rising = codes[listed.skills["marks"].str.contains("r")]
    born_codes = draw.choice(rising, born, replace=False)
    rest = draw.permutation([code for code in codes if code not in set(born_codes)])
    rows = []
    for number, code in enumerate(rest[:merged]):
        rows += [(f"Z{number:02d}{letter}", code, 1.0) for letter in "ab"]
    for number in range(split):
        one, other = rest[merged + 2 * number : merged + 2 * number + 2]
        rows += [(f"Z{merged + number:02d}", one, 0.6), (f"Z{merged + number:02d}", other, 0.4)]
    columns = ["old_code", "new_code", "weight"]
    return Revision(
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(_old_occupations(listed, streams), columns=columns),
        tuple(sorted(map(str, born_codes))),
    )


def _old_occupations(listed: Catalogue, streams: Streams) -> list[tuple[str, str, float]]:
    jobs = listed.occupations
    code, group, size = jobs["code"].tolist(), jobs["isco"].str[:2].tolist(), jobs["size"].tolist()
    pairs = [row for row in range(len(jobs) - 1) if group[row] == group[row + 1]]
    if not pairs:
        return []
    chosen = streams.at("revision", 1).permutation(pairs)
    rows: list[tuple[str, str, float]] = []
    used: set[int] = set()
    for number, row in enumerate(chosen):
        if len(rows) < 2 * _OCCUPATIONS and not {row, row + 1} & used:
            used |= {row, row + 1}
            share = round(size[row] / (size[row] + size[row + 1]), 3)
            old = f"{group[row]}-{number + 1}"
            rows += [(old, code[row], share), (old, code[row + 1], round(1 - share, 3))]
    return rows


def older(table: pd.DataFrame, column: str, changed: pd.DataFrame, figures: list[str]) -> pd.DataFrame:
    """Return rows under the codes of before: successors of a split are added up, parts of a merger divided.

    Parameters
    ----------
    table : DataFrame
        Rows before the revision, under the new codes.
    column : str
        Its column of codes.
    changed : DataFrame
        ``old_code, new_code``.
    figures : list of str
        Columns that are added up or divided.
    """
    if changed.empty:
        return table
    concerned = table[column].isin(changed["new_code"])
    parts = changed.groupby("new_code")["old_code"].size()
    joined = table[concerned].merge(changed[["old_code", "new_code"]], left_on=column, right_on="new_code")
    share = 1 / joined[column].map(parts)
    for figure in figures:
        joined[figure] = joined[figure] * share
    joined[column] = joined["old_code"]
    keys = [name for name in table.columns if name not in figures]
    summed = joined.groupby(keys, sort=False, as_index=False)[figures].sum()
    return pd.concat([table[~concerned], summed], ignore_index=True)
