"""Speed of the engine, the references and the flow, as ratios measured in one run: `python -m benchmarks`."""
