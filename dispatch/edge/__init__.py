"""The escalation made real: between its pure core, Asterisk, the voice that speaks orders, and the journal.

notifier = Notifier(exchange, journal, Escalation(calling), speaker, Noted(cel), way_out="city", ...)
await notifier.run()          # until cancelled
notifier.hear(news)           # every news of Asterisk, in order
notifier.issued(orders)       # once they are on disk
await notifier.wish(wish)     # returns when it is on disk; raises NotGranted
"""

from dispatch.edge.noted import Noted
from dispatch.edge.notifier import Notifier

__all__ = ["Noted", "Notifier"]
