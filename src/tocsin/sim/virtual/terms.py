"""A nation's terms of release for one run: as the door's policy, and as plain numbers for the observer."""

import random

from msgspec import Struct

from tocsin.model.label import Nation
from tocsin.release.terms import Coarsening, Delaying, FlowTerms, Kind, PartnerTerms, Policy, UrgentTerms

DELAY_S = 20
"""Long enough to meet a crash, short enough for a run of minutes."""


class Terms(Struct, frozen=True):
    """What the observer knows of a policy. A delay of 0 means that what asks for one stays."""

    kinds: dict[Nation, frozenset[str]]
    coarsens: bool
    flow_delay_s: int
    urgent_delay_s: int

    @property
    def policy(self) -> Policy:
        """The same, for the door."""
        coarsen = Coarsening.REDUCE if self.coarsens else Coarsening.FORBID
        return Policy(
            partners={
                nation: PartnerTerms(frozenset(map(Kind, kinds))) for nation, kinds in self.kinds.items()
            },
            urgent=UrgentTerms(
                coarsen=coarsen, delay=_mode(self.urgent_delay_s), delay_s=self.urgent_delay_s
            ),
            flow=FlowTerms(coarsen=coarsen, delay=_mode(self.flow_delay_s), delay_s=self.flow_delay_s),
        )


def any_terms(dice: random.Random) -> Terms:
    """Mostly everything to everybody; sometimes a partner gets no tracklets or no predictions."""
    everything = frozenset(str(kind) for kind in Kind)
    kinds = {
        nation: everything - {dice.choice(sorted(everything))} if dice.random() < 0.2 else everything
        for nation in Nation
    }
    delays = (0 if dice.random() < 0.3 else DELAY_S, 0 if dice.random() < 0.7 else DELAY_S)
    return Terms(kinds, dice.random() < 0.9, *delays)


def _mode(delay_s: int) -> Delaying:
    return Delaying.WAIT if delay_s else Delaying.FORBID
