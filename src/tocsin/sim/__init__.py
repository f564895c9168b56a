"""THE WORLD OUTSIDE: launches of the public record flown again, and what illustrative sensors would
report.

In the room: scenario files, the public launch record, a notional boost solved to meet published
figures, truth, and plots drawn from seeded random streams. Not in the room: clocks, sockets, nodes;
nothing here decides anything. A scenario starts from a recorded launch place, apogee, range and
azimuth. There is no vehicle data and no input of a chosen impact point.
"""
