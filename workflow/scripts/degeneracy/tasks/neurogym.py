"""Any trial-based task of neurogym (Molano-Mazón et al. 2022) that has targets, by its name."""

import contextlib
import io
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import numpy as np

from degeneracy.errors import UserError
from degeneracy.plugins.options import Range, did_you_mean
from degeneracy.tasks import Ood, Trials

CHECKED_BY_MAKING = True


@dataclass(frozen=True)
class Task:
    """Observations of the environment, its ground truth as targets: a one for the action, or the values themselves.

    Trials are drawn from an environment that is seeded with our generator (neurogym's own Dataset takes no seed). They
    begin with their first period and are as long as the longest of them; what follows the end of a trial is 0 and does
    not count. With `count_fixation: false` the steps of the period `fixation` do not count either.

    The suite of Yang et al. (2019) is among the names, such as yang19.go-v0. Tasks that are learnt by reward have no
    targets, and cannot be trained on.
    """

    environment: str = "PerceptualDecisionMaking-v0"
    time_step: Annotated[float, Range(1, 1000, "ms")] = 100.0
    count_fixation: bool = True

    def __post_init__(self):
        _spaces(self.environment, self.time_step)

    @property
    def inputs(self) -> list[str]:
        space, _ = _spaces(self.environment, self.time_step)
        return _names(getattr(space, "name", None), space.shape[0], "observation")

    @property
    def outputs(self) -> list[str]:
        _, space = _spaces(self.environment, self.time_step)
        return _names(getattr(space, "name", None), _actions(space), "action")

    @property
    def categorical(self) -> bool:
        return hasattr(_spaces(self.environment, self.time_step)[1], "n")

    def trials(self, generator: np.random.Generator, count: int, ood: Ood | None = None) -> Trials:
        """Draw `count` trials; out of distribution, of either kind, every period lasts twice as long."""
        environment = _made(self.environment, self.time_step)
        environment.seed(int(generator.integers(2**31)))
        if ood:
            drawn = environment.sample_time
            environment.sample_time = lambda period: 2 * drawn(period)
        parts = [self._trial(environment) for _ in range(count)]
        steps = max(len(mask) for _, _, mask in parts)
        joined = [
            np.stack([np.pad(part, ((0, steps - len(part)),) + ((0, 0),) * (part.ndim - 1)) for part in kind])
            for kind in zip(*parts, strict=True)
        ]
        return Trials(*joined)

    def _trial(self, environment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs (time, input), targets (time, output) and mask (time) of the next trial."""
        environment.new_trial()
        wanted, space = np.asarray(environment.gt), environment.action_space
        if hasattr(space, "n"):
            if not space.contains(int(wanted.max())):
                raise UserError(
                    f"neurogym: {self.environment} asks for the action {wanted.max()}, which is not in {space}"
                )
            targets = np.eye(space.n)[wanted.astype(int) - int(space.start)]
        else:
            targets = wanted.reshape(len(wanted), -1).astype(float)
        mask = np.ones(len(wanted))
        if not self.count_fixation and "fixation" in environment.start_ind:
            mask[environment.start_ind["fixation"] : environment.end_ind["fixation"]] = 0
        return np.asarray(environment.ob, float), targets, mask

    def constant_inputs(self) -> np.ndarray:
        """Inputs (condition, input) at which fixed points are sought: silence, and the fixation alone if any."""
        count = len(self.inputs)
        fixation = [np.eye(count)[index] for index, name in enumerate(self.inputs) if name == "fixation"]
        return np.stack([np.zeros(count), *fixation])


def _made(name: str, time_step: float) -> Any:
    """A new environment. Raises UserError if there is none of this name, or if it is not one that we can train on."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it greets
            import neurogym
            from neurogym.envs.registration import ALL_EXTENDED_ENVS
    except ImportError:
        raise UserError("environment: neurogym is not installed (pip install 'degeneracy[neurogym]')") from None
    if name not in ALL_EXTENDED_ENVS:
        raise UserError(f'environment: unknown environment "{name}"{did_you_mean(name, ALL_EXTENDED_ENVS)}')
    try:
        with warnings.catch_warnings(action="ignore"):  # of gymnasium, about neurogym
            return neurogym.make(name, dt=time_step).unwrapped
    except Exception as error:  # each environment has exceptions of its own
        raise UserError(f"environment: given {name}, which cannot be made: {error}") from None


@cache
def _spaces(name: str, time_step: float) -> tuple[Any, Any]:
    """Spaces of the observations and of the actions of an environment. Raises UserError if we cannot train on it."""
    environment = _made(name, time_step)
    observed, acted = environment.observation_space, environment.action_space
    if len(observed.shape or ()) != 1:
        raise UserError(f"environment: given {name}, whose observation is not a vector: it is a {observed}")
    if not (hasattr(acted, "n") or acted.shape):
        raise UserError(f"environment: given {name}, whose action is neither a choice nor a vector: it is a {acted}")
    with contextlib.suppress(Exception):  # what an environment without targets raises is its own
        environment.new_trial()
    if not (hasattr(environment, "gt") and hasattr(environment, "ob")):
        raise UserError(f"environment: given {name}, which has no targets: it is learnt by reward")
    return observed, acted


def _actions(space) -> int:
    return int(space.n) if hasattr(space, "n") else int(np.prod(space.shape))


def _names(groups: dict | None, count: int, other: str) -> list[str]:
    """A name for each of `count` channels, from neurogym's names of single channels or of several."""
    found = [f"{other}_{index}" for index in range(count)]
    for name, channels in (groups or {}).items():
        several = np.atleast_1d(np.asarray(channels))
        for index, channel in enumerate(several):
            found[channel] = f"{name}_{index}" if len(several) > 1 else str(name)
    return found
