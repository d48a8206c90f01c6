"""How a region is laid out: what is forecast, where people work, which regions are scored."""

from forecasting.demand import Industry, industry_by_occupation, industry_by_sector
from forecasting.region import Region
from forecasting.regional_staffing import with_regional_staffing


def lay_out(region: Region) -> Industry:
    """Return how the region counts employment: by sector and staffing, or by occupation itself.

    Aggregates are left out: their people are in their markets, and would count twice. Markets that are also
    surveyed by occupation get staffing of their own.
    """
    regions = region.table("regions")
    apart = set(regions.loc[regions["role"] != "aggregate", "code"])
    if len(region.table("staffing")):
        employment = region.table("sector_employment")
        employment = employment[employment["region"].isin(apart)]
        industry = industry_by_sector(employment, region.table("sectors"), region.table("staffing"))
        survey, base_year = region.table("occupation_employment"), int(region.settings["base_year"])
        return with_regional_staffing(industry, survey, market_codes(region), base_year)
    employment = region.table("occupation_employment")
    return industry_by_occupation(employment[employment["region"].isin(apart)])


def market_codes(region: Region) -> list[str]:
    """Return the regions that are scored."""
    regions = region.table("regions")
    return sorted(regions.loc[regions["role"] == "market", "code"])
