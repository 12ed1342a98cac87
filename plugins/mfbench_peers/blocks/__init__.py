"""Building blocks of the adapters of this package."""
