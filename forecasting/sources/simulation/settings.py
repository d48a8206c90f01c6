"""The choices behind a simulation: size, difficulty and the market's rates, read from ``settings.yaml``."""

from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import yaml

PACKAGE: Final = "forecasting.sources.simulation"


@dataclass(frozen=True)
class Settings:
    """One simulation's choices.

    Parameters
    ----------
    seed : int
        Of every stream.
    difficulty, size : str
        Names in ``settings.yaml``.
    persons, regions, replications, courses, variants, mention_months : int
        Employed persons at the start, markets, futures of the oracle, courses, occupations made of one, and
        months of a period of the ads' skills.
    sectors, occupations : tuple of str
        Codes that are kept; empty for all.
    base_year, history_years, future_years, burn_in_years : int
        Calendar.
    horizons : tuple of int
        Years of the windows.
    rough : dict of str to float
        The difficulty's figures.
    market : dict of str to float
        Rates of `market` and `vacancies`.
    """

    seed: int
    difficulty: str
    size: str
    persons: int
    regions: int
    replications: int
    courses: int
    variants: int
    mention_months: int
    sectors: tuple[str, ...]
    occupations: tuple[str, ...]
    base_year: int
    history_years: int
    future_years: int
    burn_in_years: int
    horizons: tuple[int, ...]
    rough: dict[str, float]
    market: dict[str, float]

    @property
    def first_year(self) -> int:
        """Return the first year that is observed."""
        return self.base_year - self.history_years + 1


def declared() -> dict[str, Any]:
    """Read ``settings.yaml``."""
    text = (resources.files(PACKAGE) / "settings.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def settings(seed: int, difficulty: str, size: str) -> Settings:
    """Return the choices of one simulation.

    Raises
    ------
    KeyError
        If no such size or difficulty is declared.
    """
    said = declared()
    chosen = said["sizes"][size]
    kept = {name: tuple(chosen[name]) for name in ("sectors", "occupations")}
    calendar = {name: said[name] for name in said if name == "base_year" or name.endswith("_years")}
    return Settings(
        seed=seed,
        difficulty=difficulty,
        size=size,
        horizons=tuple(said["horizons"]),
        rough=said["difficulties"][difficulty],
        market=said["market"],
        **chosen | kept,
        **calendar,
    )
