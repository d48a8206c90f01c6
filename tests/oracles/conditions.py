"""Allocation under conditions by dense programmes: largest total by the simplex, nearest shares by SLSQP."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog, minimize

Row = tuple[list[float], float | None, float | None]
"""Coefficients, least and most."""


def _upper(rows: Sequence[Row]) -> tuple[list[list[float]], list[float]]:
    matrix, bound = [], []
    for coefficients, least, most in rows:
        if most is not None:
            matrix.append(list(coefficients))
            bound.append(float(most))
        if least is not None:
            matrix.append([-each for each in coefficients])
            bound.append(-float(least))
    return matrix, bound


def largest_total(
    budget: float, low: list[float], high: list[float], rows: Sequence[Row]
) -> list[float] | None:
    """Return shares that give out as much as can be; None where nothing keeps all conditions."""
    matrix, bound = _upper([*rows, ([1.0] * len(low), None, budget)])
    found = linprog(
        [-1.0] * len(low),
        A_ub=matrix,
        b_ub=bound,
        bounds=list(zip(low, high, strict=True)),
        method="highs-ds",
    )
    return None if found.status else [float(each) for each in found.x]


def nearest(
    start: list[float], weights: list[float], low: list[float], high: list[float], rows: Sequence[Row]
) -> list[float]:
    """Return the shares of the same total nearest to proportion: least Σ x² / weight."""
    total = sum(start)
    matrix, bound = _upper(rows)
    bent = np.array([1 / each if each > 0 else 0.0 for each in weights])
    found = minimize(
        lambda x: total * float(bent @ x**2) / 2,
        np.array(start) / total,
        jac=lambda x: total * bent * x,
        bounds=[(a / total, b / total) for a, b in zip(low, high, strict=True)],
        constraints=[
            {"type": "eq", "fun": lambda x: x.sum() - 1.0, "jac": lambda x: np.ones(len(x))},
            {
                "type": "ineq",
                "fun": lambda x: np.array(bound) / total - np.array(matrix) @ x,
                "jac": lambda _: -np.array(matrix),
            },
        ],
        method="SLSQP",
        options={"maxiter": 300, "ftol": 1e-15},
    )
    return [float(each) * total for each in found.x]
