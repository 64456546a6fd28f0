"""What becomes of a request, foretold: written from the design and the documents, not from the lifecycle's code.

It knows one law, so that it can stay small and exact: so many leads have to approve, and perhaps a check has to pass.
It gives the world as it is to be after an ask, with every arrow that is to be walked, or says that it is refused.
Nothing of placet is imported here.
"""

from collections.abc import Callable
from dataclasses import replace

from turn import (
    ADMINISTRATOR,
    CHECKER,
    HOUR,
    MOST_FAILURES,
    ON_CALL,
    OPEN,
    STEWARDS,
    WAIVER,
    Arrow,
    Ask,
    Demand,
    Request,
    Turn,
    World,
)


def predict(world: World, ask: Ask) -> tuple[World, list[Arrow]]:
    """Foretell what the world is like after an ask, and which arrows are walked.

    Raises:
        Refused: it is refused.
    """
    if ask.verb == "submit":
        turn = _submitted(world, ask)
    elif ask.verb == "expire_due":
        return _swept(world, ask)
    else:
        turn = Turn(world, ask, world.requests[ask.id])
        if not _done(turn):
            VERBS[ask.verb](turn)
    return turn.world, turn.arrows


def _done(turn: Turn) -> bool:
    """Tell whether the same actor has done the same already, and that stands: then nothing happens."""
    it, ask = turn.request, turn.ask
    if ask.verb in VOTES:
        voted = it.status not in {"canceled", "expired", "superseded", "stale"}
        voted = voted and not (it.status == "revalidation" and ask.verb == "reject")
        vetoed = ask.verb == "reject" and it.status == "rejected" and it.done.get("veto") == ask.by
        return ask.shown == 0 and ((voted and it.votes.get(ask.by) == VOTES[ask.verb]) or vetoed)
    same = ask.verb != "supersede" or it.successor == ask.successor
    return ask.verb in LASTING and it.done.get(ask.verb) == ask.by and same


# ---- asking


def _drafted(turn: Turn) -> None:
    """A wish that is denied, that raises, or that nobody could approve is not taken in."""
    turn.demand(turn.ask.times not in {"denied", "broken"})
    turn.demand(turn.demanded(turn.ask.wish).leads <= len(turn.leads))


def _submitted(world: World, ask: Ask) -> Turn:
    deadline = None if ask.deadline is None else world.now + ask.deadline
    new = Request(ask.id, ask.wish, Demand(), world.version, None, ask.on_drift, ask.fallback, ask.pause, deadline)
    turn = Turn(world, ask, replace(new, moved=world.now - HOUR))
    _drafted(turn)
    turn.demand(ask.id not in world.requests and not turn.late)
    demand = turn.demanded(ask.wish)
    turn.request = replace(turn.request, demand=demand, effect=turn.effect(ask.wish))
    if demand == Demand():
        turn.move("admit", "approved")
    else:
        turn.move("submit", "pending")
        turn.settle()
    return turn


def _amend(turn: Turn) -> None:
    turn.among(*OPEN)
    _drafted(turn)
    turn.demand(turn.ask.by == turn.request.requester and not turn.late)
    turn.renew("amend", turn.ask.wish, turn.demanded(turn.ask.wish))


def _take_over(turn: Turn) -> None:
    """A steward asks in the place of whoever asked, on new terms; whoever asked before decides no more than they do."""
    turn.among(*OPEN)
    it, by = turn.request, turn.ask.by
    turn.demand(by in STEWARDS and by != it.requester and turn.ask.times != "stripped" and not turn.late)
    turn.request = replace(it, requester=by, formerly={*it.formerly, it.requester} - {by})
    turn.demand(turn.ask.times not in {"denied", "broken"})
    turn.demand(turn.demanded(it.wish).leads <= len(turn.leads))
    turn.renew("take_over", it.wish, turn.demanded(it.wish))


# ---- deciding


def _vote(trigger: str) -> Callable[[Turn], None]:
    def vote(turn: Turn) -> None:
        turn.settle("expire_approval")
        it, by = turn.request, turn.ask.by
        if trigger == "dissent" and it.status == "revalidation":
            turn.demand(turn.eligible and turn.ask.shown == 0)
            turn.move("reject", "rejected", done={"veto": turn.ask.by})
            return
        turn.among("pending")
        turn.demand(turn.ask.shown == 0 and turn.eligible and not turn.late)
        turn.demand(by not in it.votes and turn.approvals < it.demand.leads)
        turn.move(trigger, votes={**it.votes, by: trigger}, voted={**it.voted, by: turn.moment})
        turn.settle()

    return vote


def _withdraw(turn: Turn) -> None:
    turn.settle("expire_approval")
    turn.among("pending")
    turn.demand(turn.ask.by in turn.request.votes)
    turn.move("withdraw", votes={who: vote for who, vote in turn.request.votes.items() if who != turn.ask.by})
    turn.settle()


def _request_changes(turn: Turn) -> None:
    turn.among("pending")
    turn.demand(turn.eligible and not turn.late)
    turn.move("request_changes", "created")


def _report(turn: Turn) -> None:
    turn.among("pending", "approved")
    turn.demand(turn.request.demand.check and turn.ask.by == CHECKER and turn.ask.shown == 0 and not turn.late)
    turn.settle("expire_approval")
    first = turn.request.passed_at
    turn.move("report", passed=turn.ask.passed, passed_at=turn.moment if turn.ask.passed and first is None else first)
    turn.settle("expire", "expire_approval", "approve", "reject", "note", "lapse")


def _waive(turn: Turn) -> None:
    turn.among("pending", "approved")
    turn.demand(turn.request.demand.freeze or turn.ask.times == "frozen")
    turn.demand(turn.ask.by == WAIVER and turn.ask.shown == 0 and not turn.late)
    turn.settle("expire_approval")
    first = turn.request.waived_at
    turn.move("waive", waived=True, waived_at=turn.moment if first is None else first)
    turn.settle()


def _hold(turn: Turn) -> None:
    turn.among("pending", "approved")
    turn.demand((turn.eligible or turn.ask.by in {turn.request.requester, ADMINISTRATOR}) and not turn.late)
    turn.move("hold", "pending", held=True)


def _release(turn: Turn) -> None:
    turn.among("pending")
    demand = turn.request.demand
    asks_people = demand.leads or demand.check
    may = turn.eligible or turn.ask.by == ADMINISTRATOR or (turn.ask.by == turn.request.requester and not asks_people)
    turn.demand(turn.request.held and may)
    turn.settle("expire_approval")
    turn.move("release", held=False)
    turn.settle()


def _cancel(turn: Turn) -> None:
    turn.among(*OPEN)
    turn.demand(turn.ask.by in {turn.request.requester, ADMINISTRATOR})
    turn.move("cancel", "canceled")


def _supersede(turn: Turn) -> None:
    turn.among(*OPEN)
    successor = turn.before.requests.get(turn.ask.successor)
    turn.demand(successor and successor.id != turn.request.id and successor.status in {*OPEN, "executed"})
    turn.demand(turn.ask.by in {turn.request.requester, ADMINISTRATOR})
    turn.move("supersede", "superseded", successor=turn.ask.successor)


def _retry(turn: Turn) -> None:
    turn.among("failed")
    turn.demand(turn.request.failures < MOST_FAILURES)
    turn.move("retry", "approved")
    turn.settle("expire_approval", "lapse")


def _comment(turn: Turn) -> None:
    turn.move("comment")


def _review(turn: Turn) -> None:
    turn.among("executed")
    turn.demand(turn.request.review == "open" and turn.ask.by in turn.leads)
    turn.move("review", review="closed")


def _reassess(turn: Turn) -> None:
    turn.settle("expire", "expire_approval", "approve", "reject", "note", "lapse")


def _swept(world: World, ask: Ask) -> tuple[World, list[Arrow]]:
    arrows: list[Arrow] = []
    for each in world.requests.values():
        turn = Turn(world, ask, each)
        turn.settle("expire")
        world, arrows = turn.world, arrows + turn.arrows
    return world, arrows


# ---- executing


def _execute(turn: Turn) -> None:
    if turn.request.status == "executed":
        return
    _as_time_passes(turn)
    if not _rests(turn):
        _resolve(turn)


def _revalidate(turn: Turn) -> None:
    _as_time_passes(turn)
    if _rests(turn):
        return
    turn.among("revalidation")
    turn.looked = True
    _as_time_passes(turn)
    if _rests(turn):
        return
    leads = turn.request.demand.leads
    turn.demand(turn.eligible if leads else turn.ask.by in {turn.request.requester, ADMINISTRATOR})
    _look_again(turn)


def _rests(turn: Turn) -> bool:
    return turn.request.status in {"expired", "pending"} and bool(turn.arrows)


def _as_time_passes(turn: Turn) -> None:
    turn.settle("expire")
    paused_in_an_emergency = turn.request.status == "revalidation" and turn.request.emergency
    if not turn.ask.emergency and not paused_in_an_emergency:
        turn.settle("expire_approval", "approve", "lapse")


def _run(turn: Turn) -> str:
    """Say how its run on the current state ends."""
    if turn.ask.times in {"broken", "denied"}:
        return {"broken": "failed", "denied": "refused"}[turn.ask.times]
    demand = turn.demanded(turn.request.wish)
    if turn.ask.emergency or turn.met(demand):
        return "accepted"
    return "waiting" if turn.people_agree(demand) else "unapproved"


def _resolve(turn: Turn) -> None:
    """Compare the versions, and go where that leads."""
    it = turn.request
    turn.among("approved", "revalidation", *(["pending"] if turn.ask.emergency else []))
    turn.demand(it.status != "revalidation" or it.validated is not None)
    outcome = "proceed" if (it.validated or it.expected) == turn.version else _drifted(turn)
    if not turn.looked:
        turn.looked = True  # at the state, which may have been made later than the clock says by now
        _as_time_passes(turn)
        if _rests(turn):
            return
        it = turn.request
    if turn.ask.emergency:
        open_reviews = any(each.review == "open" for each in turn.before.requests.values())
        turn.demand(_run(turn) == "accepted" and turn.ask.by == ON_CALL and not open_reviews and not it.held)
    else:
        turn.demand(turn.met(it.demand))
    turn.move("override" if turn.ask.emergency else "resolve", "resolving", emergency=turn.ask.emergency)
    ROADS[outcome](turn)


def _drifted(turn: Turn) -> str:
    """Say what follows where the state has moved."""
    it = turn.request
    same = _run(turn) != "failed" and turn.same
    if turn.in_place:
        return "in_place"
    if it.wish.covers == "effect" and it.on_drift == "revalidate" and not it.pause:
        return "proceed" if same else "renew_approval"
    if it.on_drift != "keep_if_same_effect":
        return it.on_drift
    if same:
        return "proceed"
    return "renew_approval" if (it.fallback, it.wish.covers) == ("revalidate", "effect") else it.fallback


def _proceed(turn: Turn) -> None:
    if _turned_aside(turn):
        return
    wish = turn.request.wish
    values = list(turn.values)
    values[wish.field] = wish.value
    turn.values, turn.version = (values[0], values[1]), turn.version + 1
    turn.move("execute", "executed", review="open" if turn.ask.emergency else "")
    turn.made = turn.request.moved


def _mark_stale(turn: Turn) -> None:
    if turn.request.on_drift == "reject" or _run(turn) not in {"refused", "failed"}:
        turn.move("mark_stale", "stale")
    else:
        _turned_aside(turn)


def _mark_in_place(turn: Turn) -> None:
    turn.move("mark_in_place", "stale")


def _renew_approval(turn: Turn) -> None:
    turn.demand(_run(turn) != "waiting")
    if _run(turn) in {"refused", "failed"}:
        _turned_aside(turn)
    else:
        _renew(turn)


def _renew(turn: Turn) -> None:
    """Ask again for what is demanded now, or if that is nothing, for what was demanded before; go on if it is met."""
    demanded = turn.demanded(turn.request.wish)
    turn.renew("renew_approval", turn.request.wish, turn.request.demand if demanded == Demand() else demanded)
    if turn.request.status == "approved" and turn.ask.verb == "execute":
        _resolve(turn)


def _require_revalidation(turn: Turn) -> None:
    turn.move("require_revalidation", "revalidation", validated=None)
    if not turn.request.pause:
        _look_again(turn)
        if turn.request.status == "revalidation":
            _resolve(turn)


def _look_again(turn: Turn) -> None:
    if _turned_aside(turn):
        return
    if turn.request.wish.covers == "effect" and not turn.same:
        _renew(turn)
    else:
        turn.move("revalidate", validated=turn.version)


def _turned_aside(turn: Turn) -> bool:
    """Take the branch that the run demands, unless it was accepted; where all that is missing is time, it can wait."""
    run = _run(turn)
    turn.demand(run != "waiting")
    if run == "refused":
        turn.move("block", "rejected")
    elif run == "failed":
        turn.move("fail", "failed", failures=turn.request.failures + 1)
    elif run == "unapproved":
        _renew(turn)
    return run != "accepted"


ROADS: dict[str, Callable[[Turn], None]] = {
    "proceed": _proceed,
    "reject": _mark_stale,
    "in_place": _mark_in_place,
    "renew_approval": _renew_approval,
    "revalidate": _require_revalidation,
}
VOTES = {"approve": "vote", "reject": "dissent", "abstain": "abstain"}
LASTING = {"take_over", "cancel", "supersede", "review", "release", "request_changes", "retry"}
"""What is done once, until something undoes it."""
VERBS: dict[str, Callable[[Turn], None]] = {
    "amend": _amend,
    "take_over": _take_over,
    "approve": _vote("vote"),
    "reject": _vote("dissent"),
    "abstain": _vote("abstain"),
    "withdraw": _withdraw,
    "request_changes": _request_changes,
    "report": _report,
    "waive": _waive,
    "hold": _hold,
    "release": _release,
    "cancel": _cancel,
    "supersede": _supersede,
    "retry": _retry,
    "comment": _comment,
    "review": _review,
    "reassess": _reassess,
    "execute": _execute,
    "revalidate": _revalidate,
}
