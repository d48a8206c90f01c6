"""Run parts of the benchmarks, print their tables, and write each into its own section of BENCHMARKS.md.

``python -m tests.benchmarks [PART …] [--until 2022-12] [--out FILE]``; no part is all of them.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import (
    allocation,
    api,
    breaks,
    cbs,
    emerging,
    funding,
    hard_to_fill,
    intervals,
    job_sdf,
    method,
    moments,
    occupations,
    referee,
    scale,
    speed,
    transitions,
)
from tests.benchmarks.data import shared_folder
from tests.benchmarks.report import commit, replace_section
from tests.conftest import ROOT


@dataclass(frozen=True)
class Part:
    """One section.

    Parameters
    ----------
    heading : str
    report : callable
        Of the folder of real data and the last month of Job-SDF to read.
    needs : tuple of str
        Folders of real data without which it cannot run.
    """

    heading: str
    report: Callable[[Path, str | None], list[str]]
    needs: tuple[str, ...] = ()


PARTS: Final = {
    "method": Part("The method's steps", method.report),
    "job_sdf": Part("Job-SDF: point forecasts", job_sdf.report, ("job_sdf",)),
    "intervals": Part("Job-SDF: intervals", intervals.report, ("job_sdf",)),
    "emerging": Part("Job-SDF: emerging skills", emerging.report, ("job_sdf",)),
    "cbs": Part("CBS: quarterly vacancies by sector", cbs.report, ("cbs",)),
    "speed": Part("Speed and memory", speed.report, ("job_sdf",)),
    "scale": Part("Demand and supply of a large country", scale.report),
    "occupations": Part("Occupations: British Columbia and the US", occupations.report, occupations.NEEDS),
    "transitions": Part("Transitions between ESCO's occupations", transitions.report, ("esco",)),
    "hard_to_fill": Part("Bottlenecks and hard-to-fill vacancies", hard_to_fill.report),
    "referee": Part("Simulated regions held to their truth", referee.report),
    "breaks": Part("Structural breaks", breaks.report, ("cbs", "indeed")),
    "moments": Part("Moments of real labour markets", moments.report, moments.NEEDS),
    "allocation": Part("Allocation of a budget", allocation.report),
    "funding": Part("Participation beside demand, held to the truth", funding.report),
    "api": Part("API", api.report),
}


def run(name: str, until: str | None, out: Path) -> int | None:
    """Run one part and return how many bars it missed; None where its data is absent, and it is skipped."""
    part, shared = PARTS[name], shared_folder()
    absent = [folder for folder in part.needs if not (shared / folder).is_dir()]
    if absent:
        sys.stdout.write(f"Part {name} skipped: no {', '.join(absent)} in {shared} (SHARED_DATA).\n\n")
        return None
    stamp, begun = commit(), time.perf_counter()  # before the run: of the code that runs
    body = part.report(shared, until)
    seconds = time.perf_counter() - begun
    lines = [f"`make bench PARTS={name}` on two cores, {stamp}; {seconds:.0f} seconds.", "", *body]
    sys.stdout.write("\n".join([f"## {part.heading}", "", *lines, ""]) + "\n")
    sys.stdout.flush()
    replace_section(out, part.heading, lines, [each.heading for each in PARTS.values()])
    return sum("**NOT MET**" in line for line in lines)


def month(text: str) -> str:
    """Return a month as the files write it; anything else would cut them at a wrong place unseen."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"{text!r}; expected a month as 2022-12")
    return text


def main() -> None:
    """Read the command line and run the parts one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none is all")
    parser.add_argument("--until", type=month, metavar="YYYY-MM", help="last month of Job-SDF that is read")
    parser.add_argument("--out", type=Path, default=ROOT / "BENCHMARKS.md", help="file to write")
    arguments = parser.parse_intermixed_args()
    unknown = [name for name in arguments.parts if name not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; expected {', '.join(PARTS)}")
    missed = {name: run(name, arguments.until, arguments.out) for name in arguments.parts or PARTS}
    told = ", ".join(f"{name} {count}" for name, count in missed.items() if count)
    skipped = ", ".join(name for name, count in missed.items() if count is None)
    sys.stdout.write(f"Bars not met: {told or 'none'}. Parts skipped: {skipped or 'none'}.\n")


if __name__ == "__main__":
    main()
