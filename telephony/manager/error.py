"""What can be wrong with an act that we wish to send."""

from __future__ import annotations


class BadAction(ValueError):
    """An action that would not reach Asterisk as it is meant; nothing was sent. `code` is stable."""

    code = "manager_bad_action"
