"""What governance leaves behind is what flagd's provider reads: the flags answer differently before and after."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.flag_evaluation import Reason
from typer.testing import CliRunner

from placet import Governance, OpenDirectory
from placet.cli.app import app
from placet.cli.shop import FLAGS, MUTATIONS
from placet.documents import Document

PATIENCE = 30.0
USERS = [f"user-{number}" for number in range(1000)]
Serve = Callable[[Path], OpenFeatureClient]


def somebody(key: str = "user-1", **attributes: str | bool) -> EvaluationContext:
    return EvaluationContext(targeting_key=key, attributes=attributes)


def ready(client: OpenFeatureClient) -> Event:
    """Give something to wait on until the provider is ready, even if it is already."""
    seen = Event()

    def tell(_: EventDetails) -> None:
        seen.set()

    client.add_handler(ProviderEvent.PROVIDER_READY, tell)
    return seen


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a file of flags through the OpenFeature SDK, offline; gives a client whose provider is ready."""
    numbers = itertools.count()

    def made(path: Path) -> OpenFeatureClient:
        domain = f"{path.name}-{next(numbers)}"
        provider = FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(path), deadline_ms=20)
        api.set_provider(provider, domain)
        client = api.get_client(domain)
        assert ready(client).wait(PATIENCE), "the provider did not become ready"
        return client

    yield made
    api.shutdown()
    api.clear_providers()


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    assert CliRunner().invoke(app, ["demo", "--db", str(file)]).exit_code == 0
    return file


@pytest.fixture
def before(db: Path, tmp_path: Path) -> Path:
    """The flags before anything was executed, replayed from the history."""
    with Governance.open(f"sqlite:///{db}?mode=ro", mutations=MUTATIONS, directory=OpenDirectory()) as gov:
        first = gov.replay(FLAGS, 1).state
    assert isinstance(first, Document)
    path = tmp_path / "before.json"
    path.write_text(json.dumps(first.content))
    return path


@pytest.fixture
def after(db: Path, tmp_path: Path) -> Path:
    """The flags as they are now, exported by the command line."""
    path = tmp_path / "after.json"
    path.write_text(CliRunner().invoke(app, ["export", FLAGS, "--db", str(db)]).stdout)
    return path


def test_a_default_that_was_approved_and_executed_is_what_users_get(serve: Serve, before: Path, after: Path) -> None:
    old, new = serve(before), serve(after)
    assert old.get_boolean_value("new-checkout", default_value=False, evaluation_context=somebody()) is False
    assert new.get_boolean_value("new-checkout", default_value=False, evaluation_context=somebody()) is True
    assert old.get_string_value("search-ranker", "", somebody()) == "bm25"
    assert new.get_string_value("search-ranker", "", somebody()) == "bm25+vector"


def test_a_targeting_rule_that_was_changed_decides_anew(serve: Serve, before: Path, after: Path) -> None:
    old, new = serve(before), serve(after)
    for country, was, is_now in (("AT", False, True), ("DE", True, True), ("PL", False, False)):
        found = [client.get_boolean_details("gift-cards", False, somebody(country=country)) for client in (old, new)]
        assert [each.value for each in found] == [was, is_now]
        assert {each.reason for each in found} == {Reason.TARGETING_MATCH}


def test_a_rollout_widened_by_governance_reaches_more_and_takes_it_from_nobody(
    serve: Serve, before: Path, after: Path
) -> None:
    reached = [
        {user for user in USERS if client.get_boolean_value("instant-refunds", False, somebody(user))}
        for client in (serve(before), serve(after))
    ]
    assert [round(len(users) / len(USERS), 1) for users in reached] == [0.1, 0.6]
    assert reached[0] < reached[1]


def test_what_was_refused_has_changed_nothing(serve: Serve, after: Path) -> None:
    client = serve(after)
    assert client.get_float_value("log-sampling", 0.0, somebody()) == 0.01


def test_the_other_rules_of_the_document_work(serve: Serve, after: Path) -> None:
    client = serve(after)
    assert client.get_string_value("search-ranker", "", somebody(email="ida@shop.example")) == "vector"
    assert client.get_string_value("search-ranker", "", somebody(appVersion="5.3.1")) == "bm25+vector"
    assert client.get_string_value("mobile-onboarding", "", somebody(appVersion="6.4.0")) == "short"
    assert client.get_string_value("mobile-onboarding", "", somebody(appVersion="5.4.0")) == "long"
    assert client.get_boolean_value("parcel-lockers", False, somebody(postcode="10115")) is True
    assert client.get_boolean_value("parcel-lockers", False, somebody(postcode="20095")) is False
    assert client.get_integer_value("max-upload-mb", 0, somebody(email="ida@shop.example")) == 200


def test_every_flag_of_the_document_gives_a_value_of_its_variants(serve: Serve, after: Path) -> None:
    client, flags = serve(after), json.loads(after.read_text())["flags"]
    asked = {bool: "boolean", str: "string", int: "integer", float: "float", dict: "object"}
    who = somebody(country="FR", appVersion="5.2.0", email="ada@mail.example", customerId="c-7", postcode="80331")
    for key, flag in flags.items():
        kind = type(next(iter(flag["variants"].values())))
        found = getattr(client, f"get_{asked[kind]}_details")(key, kind(), who)
        if flag["state"] == "ENABLED":
            assert found.error_code is None, (key, found)
            assert found.value in flag["variants"].values()
