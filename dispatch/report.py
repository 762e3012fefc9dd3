"""What Asterisk reports of attempts, and what it finds when it is asked."""

from __future__ import annotations

from dispatch import command, event, fact
from dispatch.answer import has_taken, last_words, press
from dispatch.attempt import Attempt, AttemptEvent, AttemptState
from dispatch.board import Board
from dispatch.calling import cut, mention, stop
from dispatch.command import Words
from dispatch.deadline import Due
from dispatch.event import Sight
from dispatch.notification import Why
from dispatch.order import OrderEvent, OrderState
from dispatch.outcome import Outcome

_MOVES = {
    Sight.RINGING: AttemptEvent.FOUND_RINGING,
    Sight.SPEAKING: AttemptEvent.FOUND_SPEAKING,
    Sight.LISTENING: AttemptEvent.FOUND_LISTENING,
    Sight.CLOSING: AttemptEvent.FOUND_CLOSING,
}

Progress = event.Dialled | event.Rings | event.Accepted | event.PromptOver | event.NoKey


def went_on(board: Board, attempt: Attempt, heard: Progress) -> None:
    """An attempt has gone one step further."""
    before = attempt.state
    match heard:
        case event.Dialled():
            board.move(attempt, AttemptEvent.DIALLED)
        case event.Rings():
            if board.move(attempt, AttemptEvent.RINGS) and attempt.state is not before:
                board.note(fact.AttemptRang(attempt.order, attempt.id))
        case event.Accepted():
            _accepted(board, attempt)
        case event.PromptOver():
            if board.move(attempt, AttemptEvent.PROMPT_OVER):
                attempt.accepted = True
                _spoken(board, attempt)
        case event.NoKey():
            if board.move(attempt, AttemptEvent.NO_KEY):
                attempt.accepted = True
                if attempt.verdict is None:
                    board.judge(attempt, Outcome.NO_KEY)
    _settle(board, attempt, before)


def ended(board: Board, attempt: Attempt, outcome: Outcome) -> None:
    """An attempt's line is down. What became of it may be unknown even so: then Asterisk is asked what it has noted."""
    if outcome is Outcome.UNKNOWN:
        lose_sight(board, attempt)
    elif attempt.state is AttemptState.UNKNOWN and outcome is Outcome.HUNG_UP:
        _ask_anew(board, attempt)
    elif attempt.live and board.move(attempt, AttemptEvent.ENDED):
        board.end(attempt, outcome)


def lose_sight(board: Board, attempt: Attempt) -> None:
    """Nobody knows where an attempt is: Asterisk is asked, until it answers."""
    if not board.move(attempt, AttemptEvent.LOST_SIGHT) or attempt.state is not AttemptState.UNKNOWN:
        return
    attempt.doubted_at = board.now  # also if it was unknown before: something else may be on its way now
    board.note(fact.SightLost(attempt.order, attempt.id))
    _ask_anew(board, attempt)


def missed(board: Board) -> None:
    """Nobody knows what happened meanwhile: Asterisk is asked about everything that was dialled."""
    for attempt in board.attempts.values():
        if attempt.state is AttemptState.UNKNOWN:
            _ask_anew(board, attempt)
        elif attempt.live and attempt.state is not AttemptState.DECIDED:
            lose_sight(board, attempt)


def ask(board: Board, attempt: Attempt) -> None:
    """Asterisk is asked about an attempt, and asked again if it does not answer."""
    board.do(command.Ask(attempt.id, attempt.fence, attempt.turn, board.now))
    board.await_report(attempt)


def _ask_anew(board: Board, attempt: Attempt) -> None:
    """What was seen before now does not count: it tells of no key, and of no end, that came after."""
    attempt.turn += 1
    ask(board, attempt)


def found(board: Board, heard: event.Found) -> None:
    """Asterisk's answer; it counts only if nothing was heard of the attempt meanwhile."""
    attempt = board.attempts.get(heard.attempt)
    if attempt is None or attempt.state is not AttemptState.UNKNOWN or attempt.turn != heard.turn:
        return
    if heard.sight is Sight.ABSENT and not heard.key:
        _absent(board, attempt, heard.at)
        return
    if heard.sight in _MOVES:
        known = bool(heard.key) or attempt.verdict is not None
        # Last words without anything that was decided: then it listens.
        sight = heard.sight if known or heard.sight is not Sight.CLOSING else Sight.LISTENING
        board.move(attempt, _MOVES[sight])
        attempt.accepted = attempt.accepted or heard.sight is not Sight.RINGING
    # A key that was pressed while nobody listened means the same as one that is heard; in a later round, nothing.
    notification = board.notifications[attempt.order]
    counts = heard.key == "1" or (heard.key == "9" and attempt.verdict is None)
    missed = counts and notification.open and attempt.round == notification.round
    if missed:
        press(board, attempt, heard.key)
    if heard.taken_back and has_taken(notification, attempt):
        mention(board, notification, Why.TAKEN_BACK)
    if heard.sight not in _MOVES:
        board.move(attempt, AttemptEvent.FOUND_GONE if attempt.state is AttemptState.UNKNOWN else AttemptEvent.ENDED)
        board.end(attempt, heard.outcome, found=True)
    elif not missed:
        _settle(board, attempt, AttemptState.UNKNOWN)


def overdue(board: Board, attempt: Attempt) -> None:
    """An attempt should have gone on by now."""
    match attempt.state:
        case AttemptState.UNKNOWN:
            ask(board, attempt)
        case AttemptState.CLOSING:
            cut(board, attempt, Outcome.HUNG_UP)
        case AttemptState.STOPPING:
            lose_sight(board, attempt)
        case _:
            attempt.overstays += 1
            if attempt.overstays > 1:
                cut(board, attempt, Outcome.NO_KEY if attempt.accepted else Outcome.NO_ANSWER)
            else:
                lose_sight(board, attempt)


def _accepted(board: Board, attempt: Attempt) -> None:
    before = attempt.accepted
    stopping = attempt.state is AttemptState.STOPPING
    if not board.move(attempt, AttemptEvent.ACCEPTED):
        return
    attempt.accepted = True
    if not before:
        board.note(fact.AttemptAccepted(attempt.order, attempt.id))
    if stopping:  # picked up in the moment in which it was to stop: he is told why, if there is time
        notification = board.notifications[attempt.order]
        words = Words.NEXT if notification.open else last_words(notification, attempt)
        board.after(command.Say(attempt.id, attempt.fence, words), notification.write)


def _spoken(board: Board, attempt: Attempt) -> None:
    notification = board.notifications[attempt.order]
    if notification.progress is OrderState.ISSUED:
        board.progress(notification, OrderEvent.HEARD)
        board.record(fact.OrderHeard(attempt.order, attempt.id, notification.round))


def _absent(board: Board, attempt: Attempt, seen_at: float) -> None:
    """Asterisk knew nothing of it: believed only if whatever was sent to it had had time to arrive by then."""
    settled_at = attempt.doubted_at + board.calling.settle_s
    if board.now < settled_at:
        board.deadlines.put(Due.ATTEMPT, attempt.id, settled_at)
        return
    if seen_at < settled_at:
        ask(board, attempt)
        return
    board.move(attempt, AttemptEvent.FOUND_GONE)
    board.end(attempt, Outcome.UNKNOWN, found=True)


def _settle(board: Board, attempt: Attempt, before: AttemptState) -> None:
    """An attempt came out of the unknown, and may not be needed any more."""
    if before is not AttemptState.UNKNOWN or attempt.state in (AttemptState.UNKNOWN, AttemptState.ENDED):
        return
    notification = board.notifications[attempt.order]
    if attempt.state is AttemptState.CLOSING:
        words = Words.NEXT if notification.open else last_words(notification, attempt)
        board.after(command.Say(attempt.id, attempt.fence, words), notification.write)
    elif not notification.open:
        stop(board, attempt, last_words(notification, attempt))
    elif attempt.verdict is not None:
        cut(board, attempt, attempt.verdict)  # it was hung up once, and is still there
