"""Room 2: plots become tracks, one for each object.

`tracker.step` folds a nation's plots into its own tracks; `fuse.step` folds those and partners' tracklets
into the picture of all three. Both are pure. Not in the room: what a track means (`assess`), what may leave
(`release`).
"""
