"""Room 4: telling our own people: drafted by rule, released by officers, written as CAP."""
