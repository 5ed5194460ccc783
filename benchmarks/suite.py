"""All benchmarks, one after the other. Parts that are not asked for import nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.tables import Section

PARTS = ("engine", "minibatches", "single", "references", "flow", "polar", "modified", "networks")


def run(
    only: str | None = None,
    *,
    sizes: Sequence[int] = (64,),
    quick: bool = False,
    gpu: bool = False,
    show: Callable[[str], None] = lambda _: None,
) -> list[Section]:
    """Run the parts, or `only` one of them; `show` is told what runs.

    `run("engine")` needs numpy, jax and optax only. Raises `ValueError` for a part that there is not.
    """
    if only not in (None, *PARTS):
        raise ValueError(f"There is no part {only!r}: use one of {', '.join(PARTS)}.")
    sections = []
    if only in (None, "engine"):
        from benchmarks.engine import engine_section

        sections.append(engine_section(sizes, quick=quick, gpu=gpu, show=show))
    if only in (None, "minibatches"):
        from benchmarks.minibatches import minibatches_section

        sections.append(minibatches_section(quick=quick, show=show))
    if only in (None, "single"):
        from benchmarks.single import single_section

        sections.append(single_section(quick=quick, show=show))
    if only in (None, "references"):
        from benchmarks.references import references_section

        sections.append(references_section(quick=quick, show=show))
    if only in (None, "flow"):
        from benchmarks.flow import flow_section
        from benchmarks.large_flows import large_flows_section

        sections.append(flow_section(quick=quick, show=show))
        sections.append(large_flows_section(quick=quick, show=show))
    if only in (None, "polar"):
        from benchmarks.polar import polar_section

        sections.append(polar_section(quick=quick, show=show))
    if only in (None, "modified"):
        from benchmarks.modified import modified_section

        sections.append(modified_section(quick=quick, show=show))
    if only in (None, "networks"):
        from benchmarks.networks import networks_section

        sections.append(networks_section(quick=quick, show=show))
    return sections
