"""Flows in log time: gradient descent and its kin, of known norm, rate and residual."""

from __future__ import annotations

import math

from benchmarks.soundness.entry import binary, false, group, multiclass, true
from benchmarks.soundness.runs import ALONG
from verify.claims.kinds import Limit, Rate, Tight
from verify.flows.dynamics import AdaGrad, Adam, GradientDescent, SteepestDescent
from verify.laws import Law, inverse_log
from verify.problems.margins.conditioner import Conditioned, Settling
from verify.problems.margins.gap import Direction
from verify.problems.margins.residual import Residual

SOUDRY, LOG = "Soudry et al. 2018, Theorem ", Rate(inverse_log())
RESIDUAL = Limit(1e-4, inverse_log())
ATTAINED = "w = ŵ log t + ρ with ρ bounded: the rate 1/log t is attained wherever ρ does not vanish (Theorem 5)"
ADAM = Adam(0.1, 1e-8)

ENTRIES = (
    *group(
        "flow-gd", "GD on the logistic loss, as a flow",
        true(SOUDRY + "5", "l2", LOG),
        true(SOUDRY + "5, on tightness", "l2", Tight(inverse_log(), share=1 / 4)),
        false(ATTAINED, "l2", Rate(inverse_log().faster(0.3))),
        false("its gap falls like 1/log t", "l2", Tight(inverse_log().faster(-0.5), share=1 / 4)),
        false(ALONG, "linf", LOG),
        flow=True, loss="logistic", share=1 / 2,
    ),
    *group(
        "flow-gd-exponential", "GD on the exponential loss, as a flow",
        true(SOUDRY + "4", kind=RESIDUAL, quantity=Residual(), what="residual"),
        false("the residual moves by log 1.1 along support vectors", kind=RESIDUAL,
              quantity=Residual(step_factor=1.1), what="residual of a step 1.1 times as large"),
        false("the residual then grows like log t", kind=RESIDUAL, quantity=Residual(log_factor=1.0003),
              what="residual of 1.0003 ŵ log t"),
        flow=True, loss="exponential", share=1 / 2,
    ),
    *group(
        "flow-gd-multiclass", "GD on the pairwise logistic loss, as a flow",
        true("Ravi et al. 2024: the loss has an exponential tail", "l2", LOG),
        false("for classes at (1, 0, 0), (0, 2, 0), (0, 0, 3) the maximisers differ", "spectral", LOG),
        flow=True, loss="pairwise_logistic", problem=multiclass(max_classes=3, max_points=8), share=1 / 2,
    ),
    *group(
        "flow-zero-multiplier", "GD where support vectors have no multiplier, as a flow",
        true(SOUDRY + "3, degenerate case", kind=Rate(Law(0.0, -1.0, log_log_power=1.0)), quantity=Direction(),
             what="direction, log log t / log t"),
        false("on the points (1, 0), (1, 1) w₂ grows like log log t", kind=LOG, quantity=Direction(),
              what="direction, 1/log t"),
        flow=True, loss="logistic", problem=binary(flavours=("zero_multiplier",)), share=1 / 2,
    ),
    *group(
        "flow-heavy-ball", "the heavy ball (0.9) on the logistic loss, as a flow",
        true("Wang et al. 2022", "l2", LOG),
        true("Soudry et al. 2018, Theorem 4 with η/(1-β)", kind=RESIDUAL, quantity=Residual(),
             what="residual, step size η/(1-β)"),
        false("the step size is η/(1-β), not η", kind=RESIDUAL, quantity=Residual(step_factor=0.1),
              what="residual, step size η"),
        flow=GradientDescent(0.9), loss="logistic", share=1 / 2,
    ),
    *group(
        "flow-adam", "Adam(.9, .95), ε = 1e-8 inside the root, η = 0.1, as a flow",
        true("Wang et al. 2022: gradients vanish beside ε", "l2", LOG),
        false("gradients vanish beside ε, and " + ALONG, "linf", LOG),
        flow=ADAM, loss="logistic", share=1 / 2,
    ),
    *group(
        "flow-rmsprop", "RMSProp, ε = 1e-4 inside the root, η = 0.1, as a flow",
        true("Wang et al. 2021", "l2", LOG),
        false("the step size is η/√ε, not η", kind=RESIDUAL, quantity=Residual(step_factor=math.sqrt(1e-4)),
              what="residual, step size η"),
        flow=Adam(0.1, 1e-4, b1=0.0), loss="logistic", share=1 / 2,
    ),
    *group(
        "flow-adagrad", "AdaGrad(ε=0), η = 0.3, as a flow",
        true("Qian, Qian 2019", kind=LOG, quantity=Conditioned(), what="‖h^-1/2 w‖, 1/log t"),
        true("Qian, Qian 2019: h converges", kind=Limit(1e-6, inverse_log()), quantity=Settling(), what="h settles"),
        false("it maximises the margin over ‖h^-1/2 w‖ (Qian, Qian 2019)", kind=LOG, quantity=Conditioned(power=0.0),
              what="‖w‖, 1/log t"),
        false("the norm is ‖h^-1/2 w‖, of which the cube is none", "linf", LOG),
        flow=AdaGrad(0.3), loss="exponential", share=1 / 2,
    ),
    *group(
        "flow-steepest-l1.3", "unnormalised steepest descent in l1.3, as a flow",
        true("Gunasekar et al. 2018, Theorem 5", "l1.3", LOG),
        false("on the point (1, 2) it goes along (1, 10)", "l2", LOG),
        flow=SteepestDescent("l1.3"), loss="exponential", share=1 / 2,
    ),
)  # fmt: skip
