"""Whether a client says that it can read what it is about to get (RFC 9110, section 12.5.1)."""

from functools import lru_cache


@lru_cache(maxsize=256)
def acceptable(accept: str, media: str) -> bool:
    """Return whether a field ``Accept`` allows a media type; one that cannot be read allows everything.

    Examples
    --------
    >>> acceptable("application/*, text/html;q=0.5", "application/json")
    True
    >>> acceptable("text/html, application/json;q=0", "application/json")
    False
    """
    kind, _, detail = media.partition(";")[0].strip().lower().partition("/")
    weights: dict[int, float] = {}
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    for first, second, weight in ranges:
        if (first, second) == (kind, detail):
            weights[2] = max(weight, weights.get(2, 0.0))
        elif (first, second) == (kind, "*"):
            weights[1] = max(weight, weights.get(1, 0.0))
        elif first == second == "*":
            weights[0] = max(weight, weights.get(0, 0.0))
    known = any(first and second for first, second, _ in ranges)
    return not known or (weights[max(weights)] > 0 if weights else False)


def _range(part: str) -> tuple[str, str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    first, _, second = media.partition("/")
    weight = next((said[2:] for said in parameters if said.startswith("q=")), "1")
    try:
        return first, second, float(weight)
    except ValueError:
        return first, second, 1.0
