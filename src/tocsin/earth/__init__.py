"""Physics of the round, turning Earth: pure functions of arrays, float64, SI units, radians.

In the room: frames (WGS-84 geodetic, ECEF, local east-north-up), zonal gravity, a smooth atmosphere,
ballistic flight with its state-transition matrix, Gaussian algebra, and the first-level areas a flight may
cross. Not in the room: sensors, tracks, clocks, decisions. Nothing here does input or output, except that
`places.load_areas` reads package data and `warm` fills the compiler's cache.

Frame: ECEF (WGS-84), rotating with the Earth; velocities are relative to the ground. Covariances follow the
same order as their states. Local planes are ordered east, north, up. Azimuths run clockwise from north, 0 to
2 pi.

`flight` is the typed front; `kernels`, `gravity` and `atmosphere` hold the compiled functions for callers
that are compiled themselves.
"""
