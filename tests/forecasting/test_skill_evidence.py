"""What past forecasts of skill shares missed: movement, told from noise."""

import numpy as np
import pandas as pd
import pytest

from forecasting.skill_evidence import fit_share_spread, middle


def test_movement_of_a_skill_is_told_from_that_of_one_occupation_and_from_noise() -> None:
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product([(1, 5), range(6), range(80), range(12)])
    rows = index.to_frame(index=False, name=["horizon", "origin", "skill", "occupation"])
    skill = rows.groupby(["horizon", "origin", "skill"]).ngroup().to_numpy()
    wide = np.where(rows["horizon"] == 5, 1.0, 0.5)
    common, alone, counted = rng.standard_normal((3, len(rows)))
    rows["error"] = wide * (0.4 * common[skill] + 0.2 * alone) + 0.1 * counted
    spread = fit_share_spread(rows.assign(noise=0.01), 3)
    assert spread is not None
    assert [spread.at(middle(years)) for years in (1, 5)] == pytest.approx([0.04, 0.16], rel=0.15)
    assert [spread.own_at(middle(years)) for years in (1, 5)] == pytest.approx([0.01, 0.04], rel=0.15)
    assert spread.own_at(6.0) == pytest.approx(2 * spread.own_at(3.0))
    assert fit_share_spread(rows.assign(noise=0.01), 7) is None
