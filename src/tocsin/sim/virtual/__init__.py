"""THE WORLD OUTSIDE in virtual time: three nations' production folds over simulated networks, disks, clocks.

In the room: a heap of events, books in memory that keep what SQLite would keep, brokers and links that
misbehave on seed, liars, an observer that knows what was offered and what was committed, planted bugs.
Not in the room: sockets, files, the real clock. What the nodes decide is theirs: `hall_step`, `door_step`,
the hall's `Turner`, `Pending` and `DoorLink` run here as they are.
"""
