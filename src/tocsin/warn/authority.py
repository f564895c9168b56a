"""Who may speak to the people of an area: the nation by its code, and within it the offices of its own
table.
"""

from typing import Final

from tocsin.model.label import Nation
from tocsin.model.warning import DeskRules, MsgType, Office, Right, Warning

# ISO 3166-2 prefix (or 3166-1 code of a territory) -> the nation with authority to warn there.
_NATIONS: Final = {"JP": Nation.JPN, "KR": Nation.KOR} | dict.fromkeys(
    ("US", "GU", "MP", "AS", "PR", "VI", "UM"), Nation.USA
)
_RIGHT_OF: Final = {
    MsgType.ALERT: Right.ALERT,
    MsgType.UPDATE: Right.UPDATE,
    MsgType.CANCEL: Right.CANCEL,
}


def nation_of(area: str) -> Nation | None:
    """The nation that may warn an ISO 3166-2 area."""
    return _NATIONS.get(area.split("-")[0])


def may(rules: DeskRules, nation: Nation, area: str, right: Right) -> bool:
    """True when this desk has that right in an area: its nation's area, and within its office's row if it
    names one.
    """
    if nation_of(area) is not nation:
        return False
    if not rules.office:
        return True
    own = [office for office in rules.offices if office.name == rules.office and office.nation is nation]
    return any(right in office.rights and covers(office, area) for office in own)


def may_send(rules: DeskRules, warning: Warning) -> bool:
    """True when the desk may tell each of the areas of a message what it says."""
    right = _RIGHT_OF[warning.msg_type]
    return all(may(rules, warning.nation, row.area, right) for row in warning.areas)


def right_of(msg_type: MsgType) -> Right:
    """The right that a message needs."""
    return _RIGHT_OF[msg_type]


def covers(office: Office, area: str) -> bool:
    """True when an area is in an office's row."""
    return any(area == row or (row.endswith("*") and area.startswith(row[:-1])) for row in office.areas)


def office_of(rules: DeskRules, sender: str) -> Office | None:
    """The office that a CAP sender belongs to."""
    return next((office for office in rules.offices if sender in office.senders), None)
