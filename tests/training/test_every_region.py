"""A sweep over the NUTS regions of the real files: each is checked and built, or refused with a reason."""

import dataclasses
from pathlib import Path

import pytest

from forecasting.errors import InputError
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region, read_region, write_region
from forecasting.sources import flanders

pytestmark = [pytest.mark.shared, pytest.mark.full]
EVERY = 15


def test_a_sample_of_all_regions_is_built(shared_data: Path, parameters: Parameters, tmp_path: Path) -> None:
    raw = flanders.read(shared_data)
    everything = flanders.tidy(raw).tables["regions"]
    geos = sorted(everything.loc[everything["role"] == "reference", "code"])[::EVERY]
    few = {**parameters.values, "draws": dataclasses.replace(parameters.values["draws"], value=100)}
    built = 0
    for geo in geos:
        region = _tidied(raw, geo)
        if region is None:
            continue
        write_region(region, tmp_path / geo)
        snapshot = build_snapshot(
            read_region(tmp_path / geo), dataclasses.replace(parameters, values=few), 1, "t"
        )
        cells = snapshot.tables["gaps"].query("not aggregate")
        assert (cells["score_p50"].notna() | cells["reason"].ne("")).all(), geo
        assert snapshot.manifest["residuals"]["occupations_less_sectors_persons"] < 1, geo
        built += 1
    assert built >= 0.8 * len(geos)


def _tidied(raw: flanders.Raw, geo: str) -> Region | None:
    """Return the region, or None where the source says that it has no base year."""
    try:
        return flanders.tidy(raw, (geo,))
    except InputError:
        return None
