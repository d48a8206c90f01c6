"""Which release a request names, by its id or by a day; what cannot be had is refused with the reason."""

import datetime as dt
from typing import Final

from forecasting.errors import ForecastingError
from serve.archive import Archive, Promotion, before, first_of, served_on
from serve.problems import Fault, Refusal
from serve.release import Champion, Release

LATEST: Final = "latest"
PREVIOUS: Final = "previous"


def promotions(archive: Archive, latest: Release) -> tuple[Promotion, ...]:
    """Return every promotion, oldest first.

    Raises
    ------
    Refusal
        If the log cannot be read.
    """
    try:
        return archive.promotions(latest.champion)
    except ForecastingError as error:
        told = str(error).replace(f"{archive.folder}/", "")
        raise Refusal("release_refused", f"The log of promotions cannot be read. {told}") from error


def pinned(archive: Archive, latest: Release, release: str | None, as_of: dt.date | None) -> Release:
    """Return the release asked by its id, or by a day.

    Parameters
    ----------
    archive : Archive
    latest : Release
        What is in service.
    release : str or None
        An id, or ``latest``.
    as_of : date or None
        At whose end it was in service.

    Raises
    ------
    Refusal
        If both are given, nothing is known of it, it was removed, or it cannot be read.
    """
    if release is not None and as_of is not None:
        told = "give release or as_of, not both"
        raise Refusal("bad_parameter", f"{told}.", [Fault(parameter="as_of", value=str(as_of), message=told)])
    if release == LATEST:
        return latest
    champion = _on(archive, latest, as_of) if as_of is not None else identity(archive, latest, str(release))
    return load(archive, latest, champion)


def identity(archive: Archive, latest: Release, release: str, parameter: str = "release") -> Champion:
    """Return the identity that a release was first promoted with.

    Raises
    ------
    Refusal
        If it was never in service.
    """
    if release == LATEST:
        return latest.champion
    champion = first_of(promotions(archive, latest), release)
    if champion is None:
        told = "never in service here: see /v1/releases"
        faults = [Fault(parameter=parameter, value=release, message=told)]
        raise Refusal("unknown_code", f"Release {release} was {told}.", faults)
    return champion


def previous(archive: Archive, latest: Release, release: str) -> Champion | None:
    """Return the identity of the release in service just before another's last promotion, if any was."""
    known = promotions(archive, latest)
    found = before(known, release)
    return None if found is None else first_of(known, found.release)


def compared(archive: Archive, latest: Release, release: str, earlier: str) -> Champion:
    """Return the identity of the release to compare another with: an id, ``latest`` or ``previous``.

    Raises
    ------
    Refusal
        If it was never in service, or none was in service before.
    """
    if earlier != PREVIOUS:
        return identity(archive, latest, earlier, "from")
    found = previous(archive, latest, release)
    if found is None:
        told = f"no other release was in service before {release}: see /v1/releases"
        faults = [Fault(parameter="from", value=earlier, message=told)]
        raise Refusal("unknown_code", f"There is nothing to compare with: {told}.", faults)
    return found


def _on(archive: Archive, latest: Release, day: dt.date) -> Champion:
    known = promotions(archive, latest)
    if day > dt.datetime.now(dt.UTC).date():
        told = "a day to come: nobody knows what will be in service"
        raise Refusal("bad_parameter", f"{told}.", [Fault(parameter="as_of", value=str(day), message=told)])
    champion = served_on(known, day)
    if champion is None:
        told = f"nothing was in service yet; the first release is of {known[0].since[:10]}"
        raise Refusal("unknown_code", f"{told}.", [Fault(parameter="as_of", value=str(day), message=told)])
    return champion


def load(archive: Archive, latest: Release, champion: Champion) -> Release:
    """Return a release of the log.

    Raises
    ------
    Refusal
        If its figures were removed, or cannot be read.
    """
    if champion != latest.champion and not archive.present(champion.release):
        told = f"Release {champion.release} was removed from this machine; the registry may still have it."
        raise Refusal("pruned_release", told)
    try:
        return archive.load(champion, latest)
    except ForecastingError as error:
        told = str(error).replace(f"{archive.folder}/", "")
        raise Refusal("release_refused", f"Release {champion.release} cannot be read. {told}") from error
