"""The networks: modules only, no training code."""
