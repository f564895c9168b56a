"""tocsin: a trilateral missile-warning network. Warning only: it detects, tracks, shares and warns."""

__version__ = "0.1.0"
