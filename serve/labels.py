"""Labels that the service makes, so that no client makes its own: their values, and what decides them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Label:
    """One column of labels.

    Parameters
    ----------
    table, column : str
        Where it is published.
    values : tuple of str
        Every value.
    parameters : tuple of str
        Parameters of the release that decide which value a row gets.
    """

    table: str
    column: str
    values: tuple[str, ...]
    parameters: tuple[str, ...]


_ANSWERS: Final = ("yes", "no", "open", "abstain")

LABELS: Final = (
    Label(
        "gaps",
        "state",
        ("shortage", "mismatch", "balanced", "surplus", "unknown"),
        ("shortage_threshold", "surplus_band", "state_rule"),
    ),
    Label("gaps", "reliability", ("good", "caution", "sceptical"), ("reliability",)),
    Label("gaps", "covers", ("both", "quantitative", "partly"), ()),
    Label("gaps", "probability_of_shortage", (), ("shortage_threshold",)),
    Label("indicators", "class", (), ("ita_classes", "balance_classes")),
    Label("shrinking_jobs", "answer", _ANSWERS, ("shrinking_loss", "likely")),
    Label("emerging_skills", "direction", ("emerging", "fading", "none", "abstain"), ("emerging_skill",)),
    Label("shortages", "answer", _ANSWERS, ("shortage_places", "likely")),
    Label(
        "training_response",
        "answer",
        ("trainable", "no_course", "nothing_missing", "abstain"),
        ("training_pace",),
    ),
    Label("transitions", "class", ("viable", "highly_viable"), ("transition_rule",)),
    Label(
        "transitions",
        "quadrant",
        ("short_upskilling", "short_reskilling", "deep_upskilling", "deep_reskilling"),
        ("short_training", "short_training_taught"),
    ),
    Label("employment", "reason", (), ("small_cell",)),
    Label("supply", "reason", (), ("small_cell", "small_cell_jobseekers")),
)
