"""Who calls: the history of a number, what is open of it, and how likely it only keeps the centre busy.

    form = NumberForm(area="025")
    Follower(journal, form).run()                                  # the engine keeps the table of calls up to date
    past = number_history(read_engine, form.key(caller), now, but=call)
    past.calls, past.count, past.incidents, past.open, past.nuisance.score, past.nuisance.reasons

A number is never blocked, delayed or sent elsewhere for its history: it is shown, with every reason.
"""

from intake.history.erasing import calls_of, calls_to_erase, erase_calls
from intake.history.follower import Follower
from intake.history.nuisance import Nuisance, Reason, Rule, weigh
from intake.history.past import PastCall, PastIncident
from intake.history.reading import NumberHistory, number_history
from intake.number import NumberForm

__all__ = [
    "Follower",
    "Nuisance",
    "NumberForm",
    "NumberHistory",
    "PastCall",
    "PastIncident",
    "Reason",
    "Rule",
    "calls_of",
    "calls_to_erase",
    "erase_calls",
    "number_history",
    "weigh",
]
