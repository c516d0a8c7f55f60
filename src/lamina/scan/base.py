"""Base: whether what the image stands on has grown old, or there is a newer one; pure."""

from dataclasses import dataclass
from typing import Final, Literal

from lamina.oci.image import Image
from lamina.scan.finding import Finding, Outcome, not_scanned

NAME: Final = "base"
_DAY_S: Final = 24 * 3600

State = Literal["current", "newer", "other", "unknown", "fixed", "assembled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseStatus:
    """What is known of a base.

    An ``assembled`` one is made of packages, each of which is judged by itself; a ``fixed`` one
    does not move; on an ``other`` one the image does not stand, or no longer.  ``old`` and ``new``
    are digests or what else tells two apart, ``created`` is when the one in use was made, in
    seconds since the epoch (0: not known).
    """

    reference: str
    state: State
    old: str = ""
    new: str = ""
    created: int = 0
    hint: str = ""


def base_of_layers(reference: str, base: Image, image: Image) -> BaseStatus:
    """Judge by the layers whether ``image`` stands on ``base`` as it is now."""
    lowest = [layer.diff_id for layer in image.layers[: len(base.layers)]]
    is_same = bool(lowest) and lowest == [layer.diff_id for layer in base.layers]
    state: State = "current" if is_same else "other"
    return BaseStatus(reference=reference, state=state, created=base.created)


def scan_base(
    status: BaseStatus, *, now: float, most_days: int, packages: Outcome | None = None
) -> Outcome:
    """Judge a base; ``packages`` is how the scanner of Debian packages ended, for assembled ones.

    ``most_days`` is how old it may be; 0 is any age.
    """
    if status.state == "unknown":
        return not_scanned(NAME, status.hint or f"it is not known what {status.reference} was")
    if status.state == "assembled":
        return _assembled(status, packages)
    if status.state == "other":
        return Outcome(scanner=NAME, findings=(_other(status),), coverage=status.reference)
    age = int((now - status.created) // _DAY_S) if status.created else None
    if most_days and age is None and status.state != "fixed":
        return not_scanned(NAME, f"{status.reference} does not say when it was made")
    found = [_newer(status)] if status.state == "newer" else []
    if most_days and age is not None and age > most_days:
        found.append(_old(status, age, most_days))
    text = f"{status.reference}" + (f", {age} days old" if age is not None else "")
    moving = "; it does not move by itself" if status.state == "fixed" else ""
    return Outcome(scanner=NAME, findings=tuple(found), coverage=text + moving)


def _assembled(status: BaseStatus, packages: Outcome | None) -> Outcome:
    if packages is None or packages.reason:
        return not_scanned(
            NAME, f"{status.reference} is made of packages, and those were not compared"
        )
    return Outcome(
        scanner=NAME,
        coverage=f"{status.reference} is made of packages: the scanner debian judges each",
    )


def _other(status: BaseStatus) -> Finding:
    return Finding(
        rule="base/other",
        subject=status.reference,
        severity="medium",
        text=f"the lowest layers of the image are not those that {status.reference} has now",
        hint="build again on it, or name the base that it stands on",
    )


def _newer(status: BaseStatus) -> Finding:
    was = f"; this one stands on {status.old}, now it is {status.new}" if status.old else ""
    return Finding(
        rule="base/newer",
        subject=status.reference,
        severity="medium",
        text=f"there is a newer {status.reference}{was}",
        hint=status.hint or "build again with --pull",
    )


def _old(status: BaseStatus, age: int, most_days: int) -> Finding:
    return Finding(
        rule="base/old",
        subject=status.reference,
        severity="medium",
        text=f"{status.reference} is {age} days old, and {most_days} are allowed",
        hint="take a newer base",
    )
