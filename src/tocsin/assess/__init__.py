"""Room 3: what a track means: launch, impact, areas.

In the room: the launch point, the predicted impact with its 95 % ellipse and time, the areas under the
flight. Not in the room: whom to warn (`warn`), plots, partners' links. Everything here answers "where does
it come down, and when"; nothing searches for flights.
"""

from tocsin.assess.assessor import AssessState, new_assess, step

__all__ = ["AssessState", "new_assess", "step"]
