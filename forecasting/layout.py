"""How a region is laid out: what is forecast, where people work, which regions are scored."""

from forecasting.demand import Industry, industry_by_occupation, industry_by_sector
from forecasting.region import Region


def lay_out(region: Region) -> Industry:
    """Return how the region counts employment: by sector and staffing, or by occupation itself.

    Aggregates are left out: their people are in their markets, and would count twice.
    """
    regions = region.table("regions")
    apart = set(regions.loc[regions["role"] != "aggregate", "code"])
    if len(region.table("staffing")):
        employment = region.table("sector_employment")
        employment = employment[employment["region"].isin(apart)]
        return industry_by_sector(employment, region.table("sectors"), region.table("staffing"))
    employment = region.table("occupation_employment")
    return industry_by_occupation(employment[employment["region"].isin(apart)])


def market_codes(region: Region) -> list[str]:
    """Return the regions that are scored."""
    regions = region.table("regions")
    return sorted(regions.loc[regions["role"] == "market", "code"])
