"""The conformance kit: what a plugin's solver or problem must keep to, each rule as a check with its own name."""
