"""The sandboxes that there are, by the names that the setting ``ForkProvisioner.sandbox`` has for them."""

from __future__ import annotations

from autograder.sandbox.base import Confinement, Sandbox
from autograder.sandbox.bubblewrap import BubblewrapConfinement, BubblewrapSandbox
from autograder.sandbox.none import NoConfinement, NoSandbox

SANDBOXES: dict[str, type[Sandbox]] = {"bubblewrap": BubblewrapSandbox, "none": NoSandbox}
CONFINEMENTS: dict[str, type[Confinement]] = {"bubblewrap": BubblewrapConfinement, "none": NoConfinement}
