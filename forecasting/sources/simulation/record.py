"""What happened, by period: sums of flows, stocks at the end and on average."""

from dataclasses import dataclass, field

import numpy as np

from forecasting.sources.simulation.catalogue import Array
from forecasting.sources.simulation.market import STOCKS, Market


@dataclass
class Record:
    """Figures by name, each a list over periods of arrays of shape (futures, occupations, regions).

    Parameters
    ----------
    flows, ends, means : dict of str to list of ndarray
        Sums over the period; stocks at its end; stocks on average.
    """

    flows: dict[str, list[Array]] = field(default_factory=dict)
    ends: dict[str, list[Array]] = field(default_factory=dict)
    means: dict[str, list[Array]] = field(default_factory=dict)

    def add(self, now: Market, flows: dict[str, Array], *, first: bool, months: int) -> None:
        """Note a month; `first` opens a new period of so many months."""
        for name, flow in flows.items():
            _note(self.flows, name, flow.astype(np.float32), first=first, add=not name.startswith("open_"))
        for name in STOCKS:
            stock = getattr(now, name).astype(np.float32)
            _note(self.ends, name, stock, first=first, add=False)
            _note(self.means, name, stock / months, first=first, add=True)

    def flow(self, name: str) -> Array:
        """Return a flow, shape (periods, futures, occupations, regions)."""
        return np.stack(self.flows[name]).astype(float)

    def end(self, name: str) -> Array:
        """Return a stock at the end of each period."""
        return np.stack(self.ends[name]).astype(float)

    def mean(self, name: str) -> Array:
        """Return a stock's mean over each period."""
        return np.stack(self.means[name]).astype(float)


def _note(into: dict[str, list[Array]], name: str, figure: Array, *, first: bool, add: bool) -> None:
    found = into.setdefault(name, [])
    if first:
        found.append(figure)
    else:
        found[-1] = found[-1] + figure if add else figure
