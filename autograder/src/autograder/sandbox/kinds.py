"""The sandboxes that there are, by the names that the setting ``ForkProvisioner.sandbox`` has for them.

The first ones hold more.
"""

from __future__ import annotations

import threading
from functools import cache

from autograder.sandbox.base import Confinement, Obstacle, Sandbox
from autograder.sandbox.bubblewrap import BubblewrapConfinement, BubblewrapSandbox
from autograder.sandbox.landlock import LandlockConfinement, LandlockSandbox
from autograder.sandbox.none import NoConfinement, NoSandbox

SANDBOXES: dict[str, type[Sandbox]] = {"bubblewrap": BubblewrapSandbox, "landlock": LandlockSandbox, "none": NoSandbox}
CONFINEMENTS: dict[str, type[Confinement]] = {
    "bubblewrap": BubblewrapConfinement,
    "landlock": LandlockConfinement,
    "none": NoConfinement,
}
AUTO = "auto"  # stands for the first one that works here and confines
CHOICES = [AUTO, *SANDBOXES]

_one_trial = threading.Lock()


def choose(name: str) -> str:
    """Return the sandbox that a setting asks for. If none works, ``auto`` is the strongest, which says what it lacks.

    Parameters
    ----------
    name : str
        One of `CHOICES`.
    """
    if name != AUTO:
        return name
    confining = [kind for kind, sandbox in SANDBOXES.items() if sandbox.confines]
    return next((kind for kind in confining if not find_obstacle(kind)), confining[0])


def find_obstacle(name: str) -> Obstacle | None:
    """Return why a sandbox does not work on this machine, or None if it does; it is tried once only.

    Parameters
    ----------
    name : str
        One of `CHOICES`. For ``auto`` there is an obstacle if no sandbox works that confines.
    """
    if name != AUTO:
        with _one_trial:
            return _try(name)
    obstacles = []
    for kind, sandbox in SANDBOXES.items():
        if sandbox.confines:
            obstacle = find_obstacle(kind)
            if obstacle is None:
                return None
            obstacles.append(obstacle)
    return Obstacle("; ".join(dict.fromkeys(obstacle.reason for obstacle in obstacles)), obstacles[0].remedy)


def stronger(name: str) -> dict[str, Obstacle]:
    """Return the sandboxes that hold more than this one and do not work here, with the reasons."""
    before = list(SANDBOXES)[: list(SANDBOXES).index(name)]
    return {kind: obstacle for kind in before if (obstacle := find_obstacle(kind))}


@cache
def _try(name: str) -> Obstacle | None:
    return SANDBOXES[name]().find_obstacle()
