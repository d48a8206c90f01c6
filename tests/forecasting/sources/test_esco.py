"""The weights of skills, by hand: three unit groups, four titles, two skills."""

import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.sources import bls, esco

UNITS = ["5411", "5412", "5419", "6310"]


def test_jobs_are_spread_over_the_groups_a_soc_code_meets():
    employment = pd.DataFrame({"soc": ["33-2011", "33-3051", "33-9000"], "jobs": [300.0, 80.0, 40.0]})
    crosswalk = pd.DataFrame(
        [
            ("33-2011", "5411"),
            ("33-3051", "5411"),
            ("33-3051", "5412"),
            ("33-9031", "5419"),
            ("33-9032", "541"),
            ("33-9099", "6310"),
        ],
        columns=["soc", "isco"],
    )

    jobs = bls.unit_group_jobs(employment, crosswalk, UNITS, {})

    third = 40 / 3
    assert jobs.to_dict() == pytest.approx(
        {"5411": 300 + 40 + third / 3, "5412": 40 + third / 3, "5419": third + third / 3, "6310": third}
    )


def test_a_merged_code_goes_where_the_card_says():
    employment = pd.DataFrame({"soc": ["29-1111"], "jobs": [2737.0]})
    crosswalk = pd.DataFrame({"soc": ["29-1141", "29-1151"], "isco": ["5411", "5412"]})

    jobs = bls.unit_group_jobs(employment, crosswalk, UNITS, {"29-1111": ["29-1141"]})

    assert jobs.to_dict() == {"5411": 2737.0}


def test_a_line_item_without_a_soc_code_is_refused():
    employment = pd.DataFrame({"soc": ["99-9998", "99-9999"], "jobs": [1.0, 2.0]})
    crosswalk = pd.DataFrame({"soc": ["29-1141"], "isco": ["5411"]})

    with pytest.raises(InputError, match=r"found no SOC code for 99-9998, 99-9999; .*add them to bls\.yaml"):
        bls.unit_group_jobs(employment, crosswalk, UNITS, {})


def test_a_unit_group_without_jobs_counts_as_the_mean_of_its_siblings():
    weights = bls.unit_weights(pd.Series({"5411": 30.0, "5412": 10.0, "5413": 5.0}), UNITS)

    assert weights.to_dict() == pytest.approx({"5411": 0.5, "5412": 10 / 60, "5419": 20 / 60, "6310": 1.0})


@pytest.fixture
def raw():
    label = ["conceptUri", "preferredLabel"]
    field = "http://data.europa.eu/esco/isced-f/"
    fields = pd.DataFrame(
        [(f"{field}05", "sciences"), (f"{field}051", "biology"), (f"{field}99", "x")], columns=label
    )
    relations = [
        ("o/a", "essential", "s/1"),
        ("o/b", "optional", "s/1"),
        ("o/a", "optional", "s/2"),
        ("o/c", "optional", "s/2"),
        ("o/d", "essential", "s/3"),
        ("o/gone", "essential", "s/1"),
    ]
    return esco.Raw(
        groups=pd.DataFrame(
            [("5", "Service"), ("54", "Protective"), ("5411", "Fire")], columns=["code", label[1]]
        ),
        groups_nl=pd.DataFrame([("5", "Diensten"), ("54", "Veiligheid")], columns=["code", label[1]]),
        titles=pd.DataFrame(
            [("o/a", "5411"), ("o/b", "5411"), ("o/c", "5412"), ("o/d", "2111")],
            columns=["conceptUri", "iscoGroup"],
        ),
        skills=pd.DataFrame(
            [("s/1", "put out", "skill/competence"), ("s/2", "law", "knowledge"), ("s/3", " odd ", "")],
            columns=[*label, "skillType"],
        ),
        green=pd.DataFrame({"conceptUri": ["s/2"]}),
        digital=pd.DataFrame({"conceptUri": ["s/1"]}),
        relations=pd.DataFrame(relations, columns=["occupationUri", "relationType", "skillUri"]),
        fields=fields,
        fields_nl=fields.assign(preferredLabel="wetenschappen"),
    )


def test_weights_are_shares_of_jobs_not_of_titles(raw):
    table = esco.occupation_skills(raw, pd.Series({"5411": 0.9, "5412": 0.1, "2111": 1.0}), ["54"])

    assert table.to_dict("records") == [
        {"occupation": "54", "skill": "1", "relation": "essential", "weight": 0.45},
        {"occupation": "54", "skill": "2", "relation": "optional", "weight": 0.55},
    ]


def test_only_the_groups_used_and_their_parents_are_occupations(raw):
    table = esco.occupations(raw, ["54"])

    assert table[["code", "parent", "level", "label_nl"]].to_numpy().tolist() == [
        ["5", "TOTAL", 1, "Diensten"],
        ["54", "5", 2, "Veiligheid"],
        ["TOTAL", "", 0, "Totaal"],
    ]


def test_skills_have_a_code_a_kind_and_their_collections(raw):
    table = esco.skills(raw)

    assert table[["code", "label_nl", "label_en", "kind", "green", "digital"]].to_numpy().tolist() == [
        ["1", "", "put out", "skill", False, True],
        ["2", "", "law", "knowledge", True, False],
        ["3", "", "odd", "", False, False],
    ]


def test_fields_are_broad_fields_with_both_labels(raw):
    table = esco.fields(raw)

    assert table[["code", "label_nl", "label_en"]].to_numpy().tolist() == [
        ["F05", "wetenschappen", "sciences"]
    ]
