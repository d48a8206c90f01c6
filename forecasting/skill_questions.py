"""The questions about skills and training, asked of a region's own tables."""

import pandas as pd

from forecasting.cells import KEY, Cells
from forecasting.emerging import emerging_skills
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.skill_collections import collections_table
from forecasting.skill_counts import mention_counts
from forecasting.training_response import training_response_table


def skill_questions(
    region: Region, cells: Cells, skill_gaps: pd.DataFrame, base_year: int, parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """Return the published tables ``emerging_skills, training_response, collections`` of the baseline.

    Parameters
    ----------
    cells : Cells
        Of the baseline.
    skill_gaps : DataFrame
        Published table of the same cells; rows of aggregates in it are left out.
    """
    key = list(KEY)
    leaves = pd.MultiIndex.from_frame(cells.index.loc[~cells.index["aggregate"], key])
    skill_gaps = skill_gaps[pd.MultiIndex.from_frame(skill_gaps[key]).isin(leaves)]
    rule, concordance = parameters["emerging_skill"], region.table("concordance")
    revised = concordance[concordance["classification"] == "skills"]
    retired = frozenset(set(revised["old_code"]) - set(revised["new_code"]))
    counts = mention_counts(
        region.table("skill_mentions"),
        concordance,
        region.table("occupation_vacancies"),
        base_year,
        rule["years"],
        rule["yearly_from"],
    )
    emerging = emerging_skills(counts, retired, rule)
    courses, skills = region.table("courses"), region.table("skills")
    return {
        "emerging_skills": emerging,
        "training_response": training_response_table(cells, skill_gaps, courses, base_year, parameters),
        "collections": collections_table(skill_gaps, skills, emerging, courses, parameters),
    }
