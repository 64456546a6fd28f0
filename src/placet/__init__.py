"""Governed mutations: one asks, another approves, and exactly the approved change is executed, once."""

from placet._version import __version__
from placet.engine.calendar import FreezeWindow, freeze
from placet.engine.hooks import Hook, Moved
from placet.engine.policies import (
    Policy,
    Proposal,
    Verdict,
    allow,
    allow_emergency,
    allow_execution,
    allow_take_over,
    deny,
    policy,
    require,
    require_approval,
)
from placet.engine.runtime import MutationEngine
from placet.errors import PlacetError
from placet.governance.facade import Governance
from placet.model.actor import Actor, ActorKind
from placet.model.changes import Change
from placet.model.channel import Channel
from placet.model.directory import Delegation, Directory, OpenDirectory, StaticDirectory
from placet.model.emergency import Emergency
from placet.model.mutation import Intent, Issue, Mutation, Risk
from placet.model.outcome import Outcome
from placet.model.request import MutationRequest, Status
from placet.model.requirement import Requirement
from placet.model.run import Mode, Run
from placet.model.shape import Ordered
from placet.model.state import Snapshot, State
from placet.model.terms import OnDrift
from placet.store.port import StateSource

__all__ = [
    "Actor",
    "ActorKind",
    "Change",
    "Channel",
    "Delegation",
    "Directory",
    "Emergency",
    "FreezeWindow",
    "Governance",
    "Hook",
    "Intent",
    "Issue",
    "Mode",
    "Moved",
    "Mutation",
    "MutationEngine",
    "MutationRequest",
    "OnDrift",
    "OpenDirectory",
    "Ordered",
    "Outcome",
    "PlacetError",
    "Policy",
    "Proposal",
    "Requirement",
    "Risk",
    "Run",
    "Snapshot",
    "State",
    "StateSource",
    "StaticDirectory",
    "Status",
    "Verdict",
    "__version__",
    "allow",
    "allow_emergency",
    "allow_execution",
    "allow_take_over",
    "deny",
    "freeze",
    "policy",
    "require",
    "require_approval",
]
