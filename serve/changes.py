"""What differs between two releases, figure by figure, each as its own release published it.

Nothing is subtracted: a figure that one of them keeps back stays unknown here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from serve import answers
from serve.release import Concept, Release
from serve.schemas import Language
from serve.table import Record

_PARTS: Final = ("quantitative", "qualitative", "unfilled")
COMPARED: Final = (
    *("score", "score_p10", "score_p50", "score_p90"),
    *(f"{name}{quantile}" for name in _PARTS for quantile in ("", "_p10", "_p50", "_p90")),
    *("probability_of_shortage", "rank", "state", "reliability", "openings", "supply", "reason"),
)
_SETTINGS: Final = ("seed", "draws", "as_of", "status", "horizons", "convention", "code")
"""Entries of a manifest that say how a release was built."""


def changes(
    before: Release, after: Release, region: Concept, horizon: int, occupations: Sequence[str], lang: Language
) -> list[dict[str, Any]]:
    """Return the gap scores of a region and horizon that differ, the largest change of score first.

    Parameters
    ----------
    before, after : Release
    region, horizon
        As resolved in `after`.
    occupations : sequence of str
        Codes to look at; all where empty.
    """
    old = _by_occupation(before, region, horizon)
    new = _by_occupation(after, region, horizon)
    found = []
    for code in dict.fromkeys((*new, *old)):
        figures = _differing(old.get(code), new.get(code))
        if figures and (not occupations or code in occupations):
            kind = "changed" if code in old and code in new else "added" if code in new else "removed"
            concepts = after.occupations if code in after.occupations else before.occupations
            found.append(
                {
                    "occupation": answers.label_of(concepts, code, lang),
                    "region": region.code,
                    "horizon": horizon,
                    "kind": kind,
                    "figures": figures,
                }
            )
    return sorted(found, key=_by_size)


def _by_occupation(release: Release, region: Concept, horizon: int) -> dict[str, Record]:
    return {row["occupation"]: row for row in release.gaps.rows(region.code, horizon)}


def _differing(old: Record | None, new: Record | None) -> dict[str, dict[str, Any]]:
    both = {name: ((old or {}).get(name), (new or {}).get(name)) for name in COMPARED}
    return {
        name: {"before": before, "after": after} for name, (before, after) in both.items() if before != after
    }


def _by_size(change: Mapping[str, Any]) -> tuple[bool, float, str]:
    """Order by the change of the median score; where one of them is unknown, last."""
    figure = change["figures"].get("score_p50", {"before": 0.0, "after": 0.0})
    known = figure["before"] is not None and figure["after"] is not None
    return not known, -abs(figure["after"] - figure["before"]) if known else 0.0, change["occupation"].code


def of_parameters(before: Release, after: Release) -> dict[str, dict[str, Any]]:
    """Return the parameters whose value differs."""
    old, new = (
        {name: said["value"] for name, said in release.manifest.get("parameters", {}).items()}
        for release in (before, after)
    )
    return _mapped(old, new)


def of_settings(before: Release, after: Release) -> dict[str, dict[str, Any]]:
    """Return the settings of the builds that differ: seed, draws, code and the like."""
    old, new = ({name: release.manifest.get(name) for name in _SETTINGS} for release in (before, after))
    return _mapped(old, new)


def of_tables(before: Release, after: Release) -> list[str]:
    """Return the canonical tables whose content differs, or that only one of them had."""
    old, new = (release.manifest.get("fingerprints", {}) for release in (before, after))
    return sorted(_mapped(old, new))


def of_methods(before: Release, after: Release) -> dict[str, dict[str, Any]]:
    """Return the methods that differ, by component."""
    return _mapped(before.manifest.get("methods", {}), after.manifest.get("methods", {}))


def _mapped(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {"before": old.get(name), "after": new.get(name)}
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
