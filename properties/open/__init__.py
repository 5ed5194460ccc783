"""Open questions, each a conjecture that is hunted."""
