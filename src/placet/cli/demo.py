"""The demonstration: six acts about one document of feature flags, an inbox, and what is left afterwards."""

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from placet.cli.file import trail_view
from placet.cli.invocation import command, program
from placet.cli.pieces import DIM, changes_view, clean
from placet.cli.shop import FLAGS, MUTATIONS, PEOPLE, RULES, WidenRollout, flags, people, rules
from placet.cli.stage import MEANWHILE, Stage
from placet.cli.views import history_view, inbox_view, verification_view
from placet.documents import MergeDocument, PatchDocument
from placet.engine.policies import deny
from placet.governance.facade import Governance
from placet.model.conditions import Schedule
from placet.model.request import MutationRequest
from placet.model.terms import OnDrift
from placet.store.sqlite import SqliteStore


def play(db: Path, console: Console) -> None:
    """Play the demonstration on a new file.

    Args:
        db: where the file is to be; nothing must be there.
        console: where to show it.

    Raises:
        StoreError: the file cannot be made.
    """
    with Governance.open(SqliteStore(db), mutations=MUTATIONS, policies=rules(), directory=people()) as gov:
        stage = Stage(gov, console)
        _opening(stage)
        _executed(stage)
        _stale(stage)
        renewed = _renewed(stage)
        _revalidated(stage)
        _kept(stage)
        waiting = _waiting(stage)
        _blocked(stage)
        _inbox(stage)
        _left_behind(stage, renewed)
    _next(console, db, renewed, waiting)


def _opening(stage: Stage) -> None:
    document = flags()
    stage.gov.create_state(FLAGS, document)
    count = len(document.content["flags"])
    who = [f"{actor.id} ({', '.join(actor.roles) or actor.kind})" for actor in PEOPLE.values()]
    out = stage.console
    out.print(Text("A shop keeps its feature flags in one document. Nobody changes it alone.", "bold"))
    out.print(Text(f"{FLAGS}, version 1: {count} flags in the format flagd (OpenFeature) reads.", DIM))
    for title, lines in (("people", who), ("rules", RULES)):
        out.print()
        stage.line(title, *(Text(line) for line in lines))


def _executed(stage: Stage) -> None:
    stage.act(
        "What is approved is what runs.",
        "The approval is bound to a digest of the change, its effect and its version.",
    )
    request = stage.ask("dana", "the new checkout is ready for everybody", _default("new-checkout", "on"))
    stage.approve("noor", request)
    stage.execute(request)


def _stale(stage: Stage) -> None:
    stage.act(
        "A change approved for a version that is gone is refused.",
        "Two are approved for version 2. One makes version 3: the other is too late.",
    )
    second = stage.ask("eli", "try vector search on everybody", _default("search-ranker", "vector"))
    stage.approve("noor", second)
    stage.meanwhile("dana", "sam", "hybrid search won the test", _default("search-ranker", "hybrid"))
    stage.execute(second)


def _renewed(stage: Stage) -> MutationRequest:
    stage.act(
        "The flags moved: the approvers see the new effect, and decide again.",
        "Ten more on top of ten is not ten more on top of fifty.\nStrategy: renew_approval.",
    )
    request = stage.ask(
        "eli",
        "refunds run well, give them to 10 percent more",
        WidenRollout(flag="instant-refunds", by=10),
        on_drift=OnDrift.RENEW_APPROVAL,
    )
    stage.approve("noor", request)
    stage.meanwhile("sam", "noor", "long queue, refund half at once", WidenRollout(flag="instant-refunds", by=40))
    again = stage.execute(request).request
    wanted = ", ".join(map(str, again.requirements))
    stage.line("noor", Text("reads what it does now, beyond half of the users:"), changes_view(again.effect))
    stage.line("", Text(f"so it requires {wanted}"))
    stage.approve_outdated("noor", request)
    stage.approve("noor", again)
    stage.approve("sam", again)
    return stage.execute(again).request


def _revalidated(stage: Stage) -> None:
    stage.act(
        "The flags moved: the rules are asked again, and nobody has to be.",
        'The approver agreed to "15 more", whatever that is added to.\nStrategy: revalidate.',
    )
    request = stage.ask(
        "dana",
        "express delivery for 15 percent more",
        WidenRollout(flag="express-delivery", by=15),
        on_drift=OnDrift.REVALIDATE,
    )
    stage.approve("sam", request)
    stage.meanwhile("eli", "noor", "a second depot has opened", WidenRollout(flag="express-delivery", by=5))
    stage.execute(request)


def _kept(stage: Stage) -> None:
    stage.act(
        "The flags moved elsewhere: the effect is the same, so the approval holds.",
        "It is simulated again, and the change set is compared.\nStrategy: keep_if_same_effect.",
    )
    request = stage.ask(
        "eli",
        "gift cards in Austria, too",
        PatchDocument(patch=[{"op": "add", "path": "/flags/gift-cards/targeting/if/0/in/1/0", "value": "AT"}]),
        on_drift=OnDrift.KEEP_IF_SAME_EFFECT,
    )
    stage.approve("noor", request)
    stage.meanwhile("dana", "sam", "the sale begins", _default("homepage-hero", "sale"))
    stage.execute(request)


def _blocked(stage: Stage) -> None:
    stage.act(
        "What was approved is refused all the same, if the rules say no on the day.",
        "Nothing moved, but a freeze came after the approval. Policies are asked again.",
    )
    request = stage.ask("dana", "let everybody log everything", _default("log-sampling", "all"))
    stage.approve("noor", request)
    stage.gov.register_policy(deny("freeze: no changes of flags while the sale runs"))
    stage.line(MEANWHILE, Text("a policy is registered: no changes of flags while the sale runs"))
    stage.execute(request)


def _waiting(stage: Stage) -> MutationRequest:
    """Leave requests that wait for somebody: one of them for anybody, for whoever watches to try."""
    wider = WidenRollout(flag="express-delivery", by=40)
    beyond = stage.gov.submit(wider, to=FLAGS, by="dana", reason="express delivery for 40 percent more")
    stage.gov.approve(beyond.id, by="noor", digest=beyond.digest)
    sale_ends = Schedule(not_before=datetime.now(UTC).replace(microsecond=0) + timedelta(days=7))
    spring = _default("homepage-hero", "spring")
    stage.gov.submit(spring, to=FLAGS, by="dana", reason="spring again after the sale", requirements=[sale_ends])
    owner: dict[str, JsonValue] = {"flags": {"legacy-invoice-pdf": {"metadata": {"owner": "billing"}}}}
    return stage.gov.submit(MergeDocument(merge=owner), to=FLAGS, by="eli", reason="billing owns this one")


def _inbox(stage: Stage) -> None:
    stage.after("Some requests wait. The inbox of sam: those on which sam can act now, and what they wait for.")
    gov = stage.gov
    stage.console.print(inbox_view([gov.waiting_for(each.id) for each in gov.inbox("sam")]))


def _left_behind(stage: Stage, request: MutationRequest) -> None:
    stage.after("The trail of the request in act 3: each move is one entry, chained by hash.")
    stage.console.print(trail_view(stage.gov.decisions(request.id)))
    stage.after(f"The history of {FLAGS}: replaying it gives every version back.")
    stage.console.print(history_view(stage.gov.history(FLAGS), stage.console))
    stage.after("Verification recomputes all of it.")
    stage.console.print(verification_view(stage.gov.verify()))


def _next(console: Console, db: Path, request: MutationRequest, waiting: MutationRequest) -> None:
    name, where = program(), f"--db {shlex.quote(str(db))}"
    tries = {
        "everything about the request in act 3": f"{name} show {request.id} \\\n    {where}",
        "all requests": command("list", db=db),
        "how each version came to be": command("history", FLAGS, db=db),
        "the flags as they are now, for flagd": f"{command('export', FLAGS, db=db)} > flags.json",
        "has anybody touched a row?": command("verify", db=db),
        "whose turn is it?": command("inbox", "--by", "sam", "--role", "release-manager", db=db),
        "one request waits for anybody: approve it": (
            f"{name} approve {waiting.id} --by you \\\n    --digest {waiting.digest} \\\n    {where}"
        ),
    }
    console.print()
    console.print(Rule(style=DIM))
    console.print(clean(f"Everything is in {db}. Try next:", "bold"), soft_wrap=True)
    for what, line in tries.items():
        console.print(Text(f"\n# {what}", DIM))
        console.print(Text("\n").join(clean(part, "cyan") for part in line.split("\n")), soft_wrap=True)


def _default(flag: str, variant: str) -> PatchDocument:
    return PatchDocument(patch=[{"op": "replace", "path": f"/flags/{flag}/defaultVariant", "value": variant}])
