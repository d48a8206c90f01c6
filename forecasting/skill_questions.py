"""The questions about skills and training, asked of a region's own tables."""

import pandas as pd

from forecasting.cells import KEY, Cells
from forecasting.emerging import emerging_skills
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.skill_collections import collections_table
from forecasting.skill_counts import mention_counts
from forecasting.skill_forecast import SkillForecast
from forecasting.skill_profiles import skill_profiles_table
from forecasting.training_response import training_response_table
from forecasting.transition_answers import transition_tables


def skill_questions(
    region: Region,
    cells: Cells,
    skill_gaps: pd.DataFrame,
    asked: SkillForecast,
    gaps: pd.DataFrame,
    parameters: Parameters,
) -> dict[str, pd.DataFrame]:
    """Return the published tables of the baseline that are about skills, courses and transitions.

    Parameters
    ----------
    cells : Cells
        Of the baseline.
    skill_gaps : DataFrame
        Published table of the same cells; rows of aggregates in it are left out.
    asked : SkillForecast
    gaps : DataFrame
        Published table of the same cells.

    Returns
    -------
    dict of str to DataFrame
        ``emerging_skills, training_response, skill_profiles, transitions, transition_thresholds,
        collections``.
    """
    base_year = int(region.settings["base_year"])
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
    profiles = skill_profiles_table(asked)
    given = {"occupations": region.table("occupations"), "skills": skills, "courses": courses}
    classification = region.settings["classifications"]["occupations"]["name"]
    moves = transition_tables(
        {**given, "skill_profiles": profiles, "gaps": gaps}, str(classification), parameters
    )
    return {
        "emerging_skills": emerging,
        "training_response": training_response_table(cells, skill_gaps, courses, base_year, parameters),
        "skill_profiles": profiles,
        **moves,
        "collections": collections_table(
            skill_gaps, skills, emerging, courses, parameters, moves["transitions"]
        ),
    }
