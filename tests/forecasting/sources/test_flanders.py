"""The real files: what Eurostat published must come out, and what is made must add up."""

import csv
import io
import zipfile
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest

from forecasting.checks import check_region
from forecasting.errors import InputError
from forecasting.reading import TableRead
from forecasting.region import problems_of, read_region, write_region
from forecasting.sources import bls, esco, flanders
from forecasting.sources.cards import read_card
from forecasting.sources.nace import GROUPS, LEAVES, SPLIT

pytestmark = pytest.mark.shared

ROUNDING = 50.0
"""Half of the publisher's unit of a hundred persons."""


@pytest.fixture(scope="module")
def region(raw):
    return flanders.tidy(raw)


@pytest.fixture(scope="module")
def employment(region):
    table = region.tables["sector_employment"]
    return table[table["region"] == "BE2"].set_index(["year", "sector", "age_band"])


def test_published_employment_comes_out_exactly(employment):
    persons = employment["persons"]

    assert persons[(2015, "TOTAL", "all")] == 2_787_500
    assert persons[(1999, "TOTAL", "all")] == 2_450_300
    assert persons[(2015, "O-Q", "all")] == 863_200
    assert persons[(2015, "TOTAL", "65+")] == 28_400
    assert persons[(2012, "R-U", "all")] == 99_100


def test_marks_are_carried(employment):
    flag = employment["flag"]

    assert flag[(2011, "TOTAL", "all")] == "b"
    assert flag[(2008, "TOTAL", "all")] == ""
    assert flag[(2008, "A", "all")] == "b"
    assert flag[(2015, "A", "65+")] == "ue"
    assert flag[(2011, "A", "65+")] == "bue"
    assert flag[(2011, "P", "all")] == "be"


def test_groups_sum_to_the_total_within_rounding(employment):
    persons = employment["persons"].xs("all", level="age_band").unstack("sector").loc[2008:]

    off = (persons[list(GROUPS)].sum(axis=1) - persons["TOTAL"]).abs()
    assert len(off) == 8
    assert (off <= ROUNDING * (len(GROUPS) + 1)).all()


def test_sections_sum_to_their_groups_in_every_band(employment):
    persons = employment["persons"].unstack("sector")

    for group, sections in SPLIT.items():
        np.testing.assert_allclose(
            persons[list(sections)].sum(axis=1, min_count=1), persons[group], rtol=1e-9
        )


def test_bands_sum_to_their_sector(employment):
    persons = employment["persons"].unstack("age_band").loc[2008:]
    off = persons.drop(columns="all").sum(axis=1) - persons["all"]

    total = off.index.get_level_values("sector") == "TOTAL"
    assert off[~total].abs().max() < 0.01
    assert off[total].abs().max() <= 7 * ROUNDING


def test_sectors_sum_to_the_regions_bands(employment):
    persons = employment["persons"].unstack("sector").drop(index="all", level="age_band").loc[2008:]

    np.testing.assert_allclose(persons[list(GROUPS)].sum(axis=1), persons["TOTAL"], rtol=2e-3, atol=100)


def test_farmers_are_older_than_the_region(employment):
    """31.3 of 34.5 thousand in agriculture are under 65 in 2015; a regional share would make it 34.1."""
    persons = employment["persons"]

    assert persons[(2015, "A", "65+")] == pytest.approx(3_200, abs=100)


def test_every_staffed_sector_sums_to_one(region):
    staffing = region.tables["staffing"]

    sums = staffing.groupby("sector")["share"].sum()
    assert sorted(sums.index) == sorted(LEAVES)
    np.testing.assert_allclose(sums, 1.0)
    assert staffing["occupation"].nunique() == 40


def test_forty_occupations_have_dutch_names(region):
    occupations = region.tables["occupations"].set_index("code")

    assert (occupations["level"] == 2).sum() == 40
    assert occupations["label_nl"].ne("").all()
    assert occupations.loc["53", ["label_nl", "parent"]].tolist() == ["Verzorgend personeel", "5"]
    assert "0" not in occupations.index


def test_education_is_no_more_hidden_in_the_public_sector(employment):
    """Mean of 2014 and 2015; the recoded year 2012 would give 0.17 instead of 0.34."""
    persons = employment["persons"]

    share = persons[(2015, "P", "all")] / persons[(2015, "O-Q", "all")]
    assert share == pytest.approx((255479 / 758150 + 269132 / 767265) / 2, rel=1e-9)


def test_vacancies_are_those_published_for_flanders(region):
    posts = region.tables["sector_vacancies"].set_index(["period", "sector"])

    assert posts.loc[("2015", "G"), ["open", "occupied", "flag"]].tolist() == [10303.0, 338460.0, ""]
    assert posts.loc[("2015", "R-U"), ["open", "flag"]].tolist() == [1555.0, "d"]
    assert ("2013", "O-Q") not in posts.index
    assert ("2015", "A") not in posts.index


def test_graduates_sum_to_the_countrys_total_times_the_share(region, raw):
    graduates = region.tables["graduates"]
    total = 110_888 * 671.6 / raw_young(raw, 2014)

    tertiary = graduates[(graduates["year"] == 2014) & (graduates["level"] == "ED5-8")]
    assert tertiary["persons"].sum() == pytest.approx(total, abs=1)
    assert set(graduates["year"]) == {2013, 2014}
    assert set(graduates["flag"]) == {"e"}
    assert set(graduates["level"]) == {"ED35", "ED45", "ED5-8"}


def raw_young(raw, year):
    rows = raw.ages[(raw.ages["age"] == "Y25-34") & (raw.ages["geo"] == "BE") & (raw.ages["year"] == year)]
    return rows["value"].item()


def test_entrants_sum_to_one_and_none_is_a_soldier(region):
    entry = region.tables["entry"]

    np.testing.assert_allclose(entry.groupby(["field", "level"])["share"].sum(), 1.0)
    assert entry["field"].nunique() == 11
    assert entry["occupation"].nunique() == 39, "63 is not among the jobs"


def test_jobseekers_are_the_published_unemployed(region):
    seekers = region.tables["jobseekers"].set_index("period")

    assert seekers.loc["2015", ["persons", "flag"]].tolist() == [152_200.0, ""]
    assert seekers.loc["2011", "flag"] == "b"


def test_references_are_the_other_nuts_regions(region):
    regions = region.tables["regions"].set_index("code")
    employed = region.tables["sector_employment"]

    assert regions.loc["BE2", "role"] == "market"
    assert (regions["role"] == "reference").sum() == 330
    assert regions.loc["BE31", "role"] == "reference"
    assert not {"BE", "BE1", "BE21", "EU15", "EA19"} & set(regions.index), "nobody counts twice"
    others = employed[employed["region"] != "BE2"]
    assert set(others["age_band"]) == {"all"}
    assert set(others["sector"]) == {"TOTAL", *GROUPS}


def test_skills_of_one_group_by_hand(region, shared):
    """Group 94, food preparation assistants, in plain loops over the published files."""
    titles = read_member(shared / esco.CLASSIFICATION_FILE, "occupations_en.csv")
    unit_of = {row["conceptUri"]: row["iscoGroup"] for row in titles if row["iscoGroup"].startswith("94")}
    size = Counter(unit_of.values())
    # 35-3021 and 35-3022 meet 9411 and others; so does 35-9011: the workbook's base year, line items
    jobs = us_jobs_by_hand(shared, set(size))
    weight = {unit: jobs[unit] / sum(jobs.values()) for unit in size}
    expected = defaultdict(lambda: {"essential": 0.0, "optional": 0.0})
    for row in read_member(shared / esco.RELATIONS_FILE, "occupationSkillRelations.csv"):
        unit = unit_of.get(row["occupationUri"])
        if unit:
            skill = row["skillUri"].rsplit("/", 1)[1]
            expected[skill][row["relationType"]] += weight[unit] / size[unit]

    table = region.tables["occupation_skills"]
    found = table[table["occupation"] == "94"].set_index("skill")

    assert set(size) == {"9411", "9412"}
    assert set(found.index) == set(expected)
    for skill, sums in expected.items():
        relation = "essential" if sums["essential"] > 0 else "optional"
        assert found.loc[skill, "relation"] == relation
        assert found.loc[skill, "weight"] == pytest.approx(sums[relation], abs=1e-6)


def read_member(path, member):
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        return list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig", newline="")))


def us_jobs_by_hand(shared, units):
    met = defaultdict(list)
    for soc, isco in bls.read_crosswalk(shared).itertuples(index=False):
        met[soc].append(isco)
    jobs = dict.fromkeys(units, 0.0)
    for soc, count in bls.read_employment(shared).itertuples(index=False):
        for unit in met.get(soc, ()):
            if unit in jobs:
                jobs[unit] += count / len(met[soc])
    return jobs


def test_us_jobs_are_counted_once_and_nurses_are_among_them(raw):
    merged = read_card("bls")["merged"]
    jobs = bls.unit_group_jobs(raw.jobs, raw.crosswalk, esco.unit_groups(raw.esco), merged)

    assert raw.jobs["jobs"].sum() == pytest.approx(143_068.2, abs=2), "the workbook's own total"
    assert jobs.sum() == pytest.approx(raw.jobs["jobs"].sum())
    assert jobs["2221"] > 2_700


def test_weights_are_shares_and_subsistence_farmers_ask_no_skill(region):
    table = region.tables["occupation_skills"]

    assert table["weight"].between(0, 1, inclusive="right").all()
    assert table["occupation"].nunique() == 39
    assert "63" not in set(table["occupation"])
    assert not table.duplicated(["occupation", "skill"]).any()


def test_a_written_region_is_read_back_as_it_was(region, tmp_path):
    folder = tmp_path / "flanders"
    write_region(region, folder)

    assert problems_of(folder) == []
    back = read_region(folder)
    assert back.settings["name"] == "Vlaams Gewest (BE2)"
    assert [card["id"] for card in back.settings["sources"]] == list(flanders.SOURCES)
    for name, table in region.tables.items():
        pd.testing.assert_frame_equal(back.tables[name], table)


@pytest.mark.parametrize(
    ("geo", "absent"),
    [
        ("BE21", set()),
        ("NL41", set()),
        ("FR10", {"sector_vacancies"}),
        ("FI2", {"jobseekers"}),
        ("BE", set()),
    ],
)
def test_other_regions_work(raw, region, geo, absent):
    other = flanders.tidy(raw, (geo,))

    unchanged = ("skills", "occupation_skills")
    tables = {name: TableRead(name, table) for name, table in other.tables.items() if name not in unchanged}
    assert check_region(other.settings, tables) == []
    assert set(region.tables) - set(other.tables) == absent
    table = other.tables["sector_employment"]
    own = table[(table["region"] == geo) & (table["year"] == 2015)].set_index(["sector", "age_band"])[
        "persons"
    ]
    for group, sections in SPLIT.items():
        if (group, "all") not in own:
            continue  # M_N is not published for Åland
        assert own[[(section, "all") for section in sections]].sum() == pytest.approx(own[(group, "all")])


def test_provinces_are_scored_under_flanders(raw):
    region = flanders.tidy(raw, provinces=True)
    tables = region.tables
    roles = tables["regions"].set_index("code")["role"]
    provinces = ["BE21", "BE22", "BE23", "BE24", "BE25"]

    assert roles["BE2"] == "aggregate"
    assert sorted(roles.index[roles == "market"]) == provinces
    assert set(tables["jobseekers"]["region"]) == set(provinces)
    posts = tables["sector_vacancies"].query("period == '2015' and sector == 'G'").set_index("region")
    assert posts["open"].sum() == pytest.approx(10_303, rel=1e-3), "shares of employment: rounding only"
    assert set(posts["flag"]) == {"e"}
    graduates = tables["graduates"].query("year == 2014 and level == 'ED5-8'")["persons"].sum()
    alone = flanders.tidy(raw).tables["graduates"].query("year == 2014 and level == 'ED5-8'")["persons"].sum()
    assert graduates == pytest.approx(alone, rel=1e-3)


def test_an_unknown_region_names_what_was_meant(raw):
    with pytest.raises(InputError, match=r"'BE26'.*BE2 \(Vlaams Gewest\)"):
        flanders.tidy(raw, ("BE26",))
    with pytest.raises(InputError, match=r"'EL11'; expected a NUTS code \(version 2013\) with employment"):
        flanders.tidy(raw, ("EL11",))


def test_separations_are_of_the_regions_occupations_and_the_country_of_its_codes(raw, region):
    table = region.tables["separations"]
    assert set(table["occupation"]) == set(region.tables["staffing"]["occupation"])
    assert table.groupby("kind")["rate"].mean().between(0.02, 0.1).all()
    assert set(table["flag"]) == {"e"}
    assert region.settings["country"] == "BE"
    assert "country" not in flanders.tidy(raw, ["BE2", "NL1"]).settings
