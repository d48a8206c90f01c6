"""Courses that are nearly the same: the same skills, a similar title and about the same length."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

from forecasting.funding.catalogue import Courses

COLUMNS: Final = ["course", "other", "skills_overlap", "title_similarity", "hours_ratio"]
_AT_ONCE: Final = 1000
"""Courses that are compared with all others at a time: bounds the memory."""


def near_duplicates(offered: Courses, rule: Mapping[str, float]) -> pd.DataFrame:
    """Return every pair of near-duplicates, sorted, the lower code first.

    Parameters
    ----------
    rule : mapping
        Parameter ``near_duplicate_rule``: least Jaccard overlap of the skills, least cosine of the titles,
        least ratio of the hours.

    Notes
    -----
    Jaccard: skills that both teach over those that either does. Titles: TF-IDF of runs of three to five
    characters within words, so that inflected Dutch compounds still meet. A course whose skills or hours are
    unknown is in no pair: it was not judged. Pairs without a skill in common are never formed.
    """
    pairs = _alike(offered, rule)
    if not len(pairs):
        return pd.DataFrame(columns=COLUMNS)
    one, other = pairs["one"].to_numpy(), pairs["two"].to_numpy()
    texts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), lowercase=True)
    used = np.unique(np.concatenate([one, other]))
    titles = [offered.titles[at] or "-" for at in used]
    weighed = sparse.csr_array(texts.fit_transform(titles)) if any(map(_has_runs, titles)) else None
    at, to = np.searchsorted(used, one), np.searchsorted(used, other)
    alike = np.zeros(len(pairs)) if weighed is None else _cosine(weighed, at, to)
    same = np.array([offered.titles[a] == offered.titles[b] for a, b in zip(one, other, strict=True)])
    alike = np.where(same, 1.0, alike)
    codes = np.array(offered.codes, dtype=object)
    found = pd.DataFrame(
        {
            "course": codes[one],
            "other": codes[other],
            "skills_overlap": pairs["overlap"],
            "title_similarity": np.round(alike, 6),
            "hours_ratio": pairs["ratio"],
        }
    )
    return found[alike >= rule["title"]].sort_values(["course", "other"], ignore_index=True)


def _has_runs(title: str) -> bool:
    return bool(title.strip())


def _alike(offered: Courses, rule: Mapping[str, float]) -> pd.DataFrame:
    """Return the pairs with enough skills in common and about the same hours."""
    count, hours, teaches = offered.known, offered.hours, offered.teaches
    whole = (count > 0) & (count == offered.listed)
    frames = [pd.DataFrame({"one": [], "two": [], "overlap": [], "ratio": []}, dtype=float)]
    for start in range(0, len(count), _AT_ONCE):
        shared: Any = sparse.coo_array(teaches[start : start + _AT_ONCE] @ teaches.T)
        one, two = shared.coords[0] + start, shared.coords[1]
        overlap = shared.data / (count[one] + count[two] - shared.data)
        longer = np.maximum(hours[one], hours[two])
        ratio = np.divide(
            np.minimum(hours[one], hours[two]), longer, out=np.ones(len(one)), where=longer != 0
        )
        kept = (one < two) & (overlap >= rule["skills"]) & (ratio >= rule["hours"]) & whole[one] & whole[two]
        found = {"one": one, "two": two, "overlap": overlap, "ratio": ratio}
        frames.append(pd.DataFrame({name: values[kept] for name, values in found.items()}))
    return pd.concat(frames, ignore_index=True).astype({"one": np.int64, "two": np.int64})


def _cosine(weighed: "sparse.csr_array", one: Any, two: Any) -> Any:
    return np.asarray((weighed[one].multiply(weighed[two])).sum(axis=1)).ravel()


def groups(offered: Courses, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the group of each course that has a near-duplicate: linked pairs, named by the lowest code.

    Returns
    -------
    DataFrame
        ``course, group, size``; sorted. Links chain: two courses of a group need not be a pair themselves.
    """
    place = {code: number for number, code in enumerate(offered.codes)}
    one, two = (pairs[name].map(place).to_numpy(dtype=np.int64) for name in ("course", "other"))
    links = sparse.coo_array((np.ones(len(pairs)), (one, two)), shape=(len(place), len(place)))
    _, label = connected_components(links, directed=False)
    frame = pd.DataFrame({"course": offered.codes, "label": label}).sort_values("course", ignore_index=True)
    by_label = frame.groupby("label")["course"]
    frame = frame.assign(group=by_label.transform("min"), size=by_label.transform("size"))
    return frame.loc[frame["size"] > 1, ["course", "group", "size"]].reset_index(drop=True)
