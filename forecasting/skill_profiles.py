"""What openings ask per occupation and skill, now and over each window, as a published table."""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.skill_forecast import SkillForecast

COLUMNS: Final = (
    "occupation",
    "skill",
    "horizon",
    "asked_now",
    "asked",
    "asked_p10",
    "asked_p90",
    "change",
    "importance",
)


def skill_profiles_table(forecast: SkillForecast) -> pd.DataFrame:
    """Return the published table ``skill_profiles``: one row per skill that is asked now or in the window.

    Notes
    -----
    Profiles are of an occupation, whatever the region (METHOD.md section 10). They are shares of ads or of a
    classification's titles, not of persons, so nothing of them is suppressed. An occupation of which nothing
    is known has no row.
    """
    frames = []
    for row, occupation in enumerate(forecast.occupations):
        for years, demand in zip(forecast.horizons, forecast.demand(row), strict=True):
            low, high = np.quantile(demand.asked, [0.1, 0.9], axis=1)
            mean = demand.asked.mean(axis=1)
            frame = pd.DataFrame(
                {
                    "occupation": occupation,
                    "skill": np.array(forecast.skills, dtype=object)[demand.skill],
                    "horizon": years,
                    "asked_now": demand.now,
                    "asked": mean,
                    "asked_p10": low,
                    "asked_p90": high,
                    "change": mean - demand.now,
                    "importance": demand.importance,
                }
            )
            frames.append(frame[(mean > 0) | (demand.now > 0)])
    parts = [frame for frame in frames if len(frame)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: [] for name in COLUMNS})
