"""Commands that keep the disk of a store: prune and restore."""

from typing import Annotated, Final

import typer

from training.terminal import console, told

_KEEP: Final = 10
_OLDER_THAN: Final = 365


def prune(
    keep: Annotated[int, typer.Option(help="So many stay, whatever their age.", min=0)] = _KEEP,
    older_than: Annotated[int, typer.Option(help="Days since it was last in service.", min=0)] = _OLDER_THAN,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Remove the folders of old releases: never one in service, one to roll back to, or one paid on."""
    with told():
        from training.retention import prune as prune_releases
        from training.store import open_store

        with console.status("Pruning"):
            fates = prune_releases(open_store(), keep, older_than, dry_run=dry_run)
    for fate in fates:
        act = ("would be removed" if dry_run else "removed") if fate.removed else "kept"
        console.print(f"{fate.release} {act}: {fate.why}.", markup=False, highlight=False)
    console.print(
        f"{sum(fate.removed for fate in fates)} of {len(fates)} releases "
        f"{'would be removed' if dry_run else 'removed'}.",
        highlight=False,
    )


def restore(release: Annotated[str, typer.Argument(help="Id of a release that was pruned or lost.")]) -> None:
    """Bring the folder of a release back from the registry, without putting it in service."""
    with told():
        from training.retention import restore as bring_back
        from training.store import open_store

        with console.status(f"Restoring {release}"):
            version = bring_back(open_store(), release)
    console.print(
        f"Release {release} is back, from version {version}; it is not in service.", highlight=False
    )
