"""The registered model, from code: looks gap scores up in the snapshot that is logged with it.

MLflow copies this file beside the snapshot and runs it to load the model, so no pickle is involved and
nothing of this project needs to be importable where the model is used.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class GapScores(PythonModel):
    """Gap scores of occupations, as published in one snapshot."""

    def load_context(self, context: Any) -> None:
        """Read the published gaps of the scenario that is served."""
        folder = Path(context.artifacts["snapshot"])
        scenario = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["scenario"]
        gaps = pd.read_parquet(folder / "tables" / "gaps.parquet")
        self.gaps = gaps[gaps["scenario"] == scenario]

    def predict(
        self,
        context: Any,  # noqa: ARG002 - MLflow calls with it
        model_input: pd.DataFrame,
        params: Any = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return the scores of the cells asked for, one row per row of the input, in its order.

        Parameters
        ----------
        model_input : DataFrame
            With ``region``, ``occupation`` and ``horizon``.

        Raises
        ------
        MlflowException
            If a cell is not in the snapshot.
        """
        keys = ["region", "occupation", "horizon"]
        asked = model_input[keys].astype({"region": str, "occupation": str, "horizon": "int64"})
        found = asked.merge(self.gaps.astype({"region": str, "occupation": str}), on=keys, how="left")
        unknown = found["from_year"].isna()
        if unknown.any():
            raise mlflow.MlflowException.invalid_parameter_value(
                f"cells not in this snapshot: {asked[unknown.to_numpy()].to_dict('records')}"
            )
        return found[[*keys, "score", "score_p10", "score_p50", "score_p90", "quantitative"]].astype(
            {"horizon": "int64"}
        )


set_model(GapScores())
