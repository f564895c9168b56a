"""Real faults for real processes: three nations on loopback, broken on purpose, and an account from the
outside."""
