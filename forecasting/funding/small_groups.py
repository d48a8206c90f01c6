"""Groups too small to show, and the others that must then be hidden with them.

A total minus what is shown must not reveal a small group: so one hidden group is never alone, and the hidden
ones together are not small either.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def hidden(members: Sequence[int], least: int) -> NDArray[np.bool_]:
    """Return which groups of one way of grouping are not shown.

    Parameters
    ----------
    members : sequence of int, length groups
        Persons or applicants of each; the groups add up to the whole.
    least : int
        A group with fewer is small; one without any hides nobody.

    Returns
    -------
    ndarray of bool, shape (groups,)
        Small ones, and the smallest of the others until two or more are hidden that are not small together.

    Examples
    --------
    >>> hidden([3, 40, 90, 25], 20).tolist(), hidden([25, 40], 20).tolist(), hidden([3], 20).tolist()
    ([True, False, False, True], [False, False], [True])
    """
    sizes = np.asarray(members, dtype=np.int64)
    found = (sizes > 0) & (sizes < least)
    for at in np.argsort(sizes, kind="stable"):
        if not found.any() or (found.sum() > 1 and sizes[found].sum() >= least):
            break
        found[at] |= sizes[at] > 0
    return found


def applicants(table: pd.DataFrame, by: str, unknown: str) -> "pd.Series[int]":
    """Return the number of single undertakings of each group, those that tell none as `unknown`."""
    labels = table[by].replace("", pd.NA).astype(object)
    labels = labels.where(labels.notna(), unknown).astype(str)
    return table["single_undertaking"].groupby(labels.to_numpy()).nunique()
