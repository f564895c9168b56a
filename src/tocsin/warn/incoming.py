"""What reaches the desk beside the picture and officers' acts: rules, outlets' receipts, a restart. Pure."""

from msgspec.structs import replace

from tocsin.model.warning import DeskRules, WarnStatus
from tocsin.warn.state import WarnState
from tocsin.warn.table import OVER


def ruled(state: WarnState, rules: DeskRules) -> WarnState:
    """From now on these rules hold: officers, limits, regions, offices, thresholds. Proposals of officers who
    are gone stay void by themselves: an approval is judged over the list of its own moment.
    """
    known = {(officer.name, officer.credential) for officer in rules.officers}
    kept = {name: act for name, act in state.proposals.items() if (act.officer, act.credential) in known}
    limits = rules.thresholds or state.thresholds
    return replace(state, rules=rules, proposals=kept, thresholds=limits)


def carried(state: WarnState, name: str, outlet: str) -> WarnState:
    """An outlet says that it has the message of draft `name`."""
    draft = state.drafts.get(name)
    if draft is None or outlet in draft.carried:
        return state
    told = replace(draft, carried=tuple(sorted((*draft.carried, outlet))))
    return replace(state, drafts={**state.drafts, name: told})


def restored(state: WarnState) -> WarnState:
    """The hall was started again from its record: what was open or in force is marked so, for its life."""
    drafts = {
        name: draft
        if draft.status in OVER or draft.status is WarnStatus.PREPARED
        else replace(draft, restored=True)
        for name, draft in state.drafts.items()
    }
    return replace(state, drafts=drafts)
