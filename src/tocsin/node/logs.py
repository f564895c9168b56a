"""The logs at the door's turn: what is due, what partners say about logs, what is wrong. See notary (the own
national log), witness (partners' national logs), tellings (what each told the other).
"""

from tocsin.model.label import Nation
from tocsin.node import notary, tellings, witness
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived
from tocsin.share.links import Accused, Cosigned, Holding, LogGrew, LogNote, Shown, Sighted, ToldSoFar


def due(turn: Turn) -> None:
    """At the cadence of the checkpoints."""
    log = turn.state.office.log
    if log is not None and notary.ask_hall(turn, log):
        tellings.sign_all(turn, log)


def take_note(turn: Turn, partner: Nation, note: LogNote, arrived: Arrived) -> None:
    """One verified note of a partner."""
    match note:
        case LogGrew():
            witness.take_log(turn, partner, note, arrived)
        case Sighted():
            witness.take_sighted(turn, partner, note, arrived)
        case Shown():
            witness.take_shown(turn, partner, note)
        case Accused():
            witness.take_accused(turn, partner, note, arrived)
        case Cosigned():
            notary.take_cosigned(turn, partner, note, arrived)
        case Holding():
            notary.take_holding(turn, partner, note)
        case ToldSoFar():
            tellings.take_word(turn, partner, note, arrived)
