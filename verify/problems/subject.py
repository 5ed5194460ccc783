"""What a claim is about: a run of an optimizer, a flow in log time, or something that its quantity runs by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from solvers.errors import InputError
from solvers.norms import Norm
from verify import losses
from verify.flows.dynamics import Dynamics
from verify.losses import Loss
from verify.models.model import Model
from verify.optimizers.calling import Optimizer
from verify.runs.sampling import FULL, Sampling


@dataclass(frozen=True)
class Run:
    """A discrete run of an optimizer on a linear model, or on another one.

    optimizer: an optax transformation. text: what it is, in words. loss, norm: by name, or a `verify.losses.Loss` and a
    `solvers.Norm`; None where the quantity needs none. sampling, batch: full batches, or mini-batches of so many points
    and how they are drawn, see `verify.runs.sampling`. model: a network, say, see `verify.models`; None is linear.
    Raises `InputError` for a sampling that there is not, and for a batch that does not go with it.
    """

    optimizer: Optimizer
    text: str
    loss: str | Loss | None = None
    norm: str | Norm | None = None
    sampling: str = FULL
    batch: int | None = None
    model: Model | None = None

    def __post_init__(self):
        Sampling(self.sampling, self.batch)
        if not isinstance(self.model, Model | None):
            raise InputError(f"The model is of type {type(self.model).__name__}: give a verify.models.Model.")

    @property
    def how(self) -> Sampling:
        """Which points a step sees."""
        return Sampling(self.sampling, self.batch)


@dataclass(frozen=True)
class Flow:
    """A method's flow in log time, which takes over after the method's first steps.

    dynamics: the method and its flow; None is gradient descent of a stable step size. text, loss, norm: as of a `Run`.
    """

    dynamics: Dynamics | None
    text: str
    loss: str | Loss | None = None
    norm: str | Norm | None = None


@dataclass(frozen=True)
class Described:
    """What the claim's quantity runs by itself. text: what that is, in words.

    loss: where the quantity asks for one. norm: the norm that the quantity asks for, or the names of those that it goes
    through.
    """

    text: str
    loss: str | Loss | None = None
    norm: str | Norm | tuple[str, ...] | None = None


Subject = Run | Flow | Described

SAMPLED = ("sampling", "batch")
_OF_RUNS = (*SAMPLED, "model")
SHORT = ("optimizer", "optimizer_text", "loss", "norm", "flow", *_OF_RUNS)
"""Names by which a claim's subject can be given, and changed, field by field."""


def varied(subject: Subject | None, changes: Mapping[str, Any]) -> Subject:
    """The subject with these of its fields changed; without one, the subject that they describe.

    optimizer, optimizer_text, loss, norm, sampling, batch, model: as of a `Run`; `sampling="full"` alone means full
    batches.
    flow: the dynamics whose flow is followed, True for gradient descent's, False for a run of the optimizer.
    Raises `InputError` where a run has no optimizer, and for mini-batches or a model of what is no run.
    """
    named = {"optimizer_text": "text"}
    apart = ("optimizer", "flow", *_OF_RUNS)
    others = {named.get(name, name): value for name, value in changes.items() if name not in apart}
    if subject is not None:
        others = {"text": subject.text, "loss": subject.loss, "norm": subject.norm} | others
    others.setdefault("text", "")
    flow = changes.get("flow", subject.dynamics or True if isinstance(subject, Flow) else False)
    own = {name: changes[name] for name in _OF_RUNS if name in changes}
    if flow:
        _without(own)
        return Flow(None if flow is True else flow, **others)
    optimizer = changes.get("optimizer", subject.optimizer if isinstance(subject, Run) else None)
    if optimizer is not None:
        if isinstance(subject, Run):
            kept = ("model",) if changes.get("sampling") == FULL else _OF_RUNS
            own = {name: getattr(subject, name) for name in kept} | own
        return Run(optimizer, **others, **own)
    if isinstance(subject, Flow):
        raise InputError("A run in place of a flow needs an optimizer: give optimizer= beside flow=False.")
    _without(own)
    return Described(**others)


def _without(own: Mapping[str, Any]) -> None:
    if any(name in own for name in SAMPLED):
        raise InputError("Mini-batches are taken by a run of an optimizer: give optimizer= beside sampling=.")
    if own:
        raise InputError("A model is trained by a run of an optimizer: give optimizer= beside model=.")


def with_norm(subject: Subject, norm: str | Norm) -> Subject:
    """The same, about another norm."""
    return replace(subject, norm=norm)


def named(given: str | Loss | Norm | tuple[str, ...] | None) -> str:
    """A subject's loss or norm by name, several separated by commas; nothing where there is none."""
    if given is None or isinstance(given, str):
        return given or ""
    return ", ".join(given) if isinstance(given, tuple) else given.name


def run_of(subject: Subject, *, sampled: bool = False, modelled: bool = False) -> Run:
    """The subject as a run; raises `InputError` if it is none.

    sampled, modelled: whether the quantity can be measured on mini-batches too, and on other models than the linear
    one; if not, `InputError` is raised for these.
    """
    if not isinstance(subject, Run):
        raise InputError(f"This quantity is measured along a run, but {subject.text!r} is none: give an optimizer.")
    if not sampled and not subject.how.full:
        raise InputError(f"This quantity is measured on full batches, and not on {subject.how}: give no sampling.")
    if not modelled and subject.model is not None:
        raise InputError(f"This quantity is one of linear models, and not of the {subject.model}: give no model.")
    return subject


def flow_of(subject: Subject) -> Flow:
    """The subject as a flow; raises `InputError` if it is none."""
    if not isinstance(subject, Flow):
        raise InputError(f"This quantity is measured along a flow, but {subject.text!r} is none: give flow=True.")
    return subject


def norm_of(subject: Subject) -> str | Norm:
    """The norm that the subject names; raises `InputError` if it names none, or several."""
    if subject.norm is None or isinstance(subject.norm, tuple):
        raise InputError(f"This quantity needs a norm, but of {subject.text!r} none is named: give norm='l2', say.")
    return subject.norm


def loss_of(subject: Subject) -> Loss:
    """The loss that the subject names; raises `InputError` if it names none, or one that there is not."""
    if subject.loss is None:
        raise InputError(
            f"This quantity needs a loss, but of {subject.text!r} none is named: give loss='logistic', say."
        )
    return losses.loss(subject.loss)
