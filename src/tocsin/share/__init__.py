"""Sealed products to the partners and theirs back to us."""
