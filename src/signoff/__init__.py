"""Governed mutations: one asks, another approves, and exactly the approved change is executed, once."""

from signoff._version import __version__
from signoff.engine.calendar import FreezeWindow, freeze
from signoff.engine.interceptors import Interceptor
from signoff.engine.policies import (
    Policy,
    Proposal,
    Verdict,
    allow,
    allow_emergency,
    deny,
    policy,
    require,
    require_approval,
)
from signoff.engine.runtime import MutationEngine
from signoff.errors import SignoffError
from signoff.governance.facade import Governance
from signoff.model.actor import Actor, ActorKind
from signoff.model.changes import Change
from signoff.model.directory import Delegation, Directory, OpenDirectory, StaticDirectory
from signoff.model.emergency import Emergency
from signoff.model.mutation import Intent, Issue, Mutation, Risk
from signoff.model.outcome import Outcome
from signoff.model.request import MutationRequest, Status
from signoff.model.requirement import Requirement
from signoff.model.run import Mode, Run
from signoff.model.state import Snapshot, State
from signoff.model.terms import OnDrift
from signoff.store.port import StateSource

__all__ = [
    "Actor",
    "ActorKind",
    "Change",
    "Delegation",
    "Directory",
    "Emergency",
    "FreezeWindow",
    "Governance",
    "Intent",
    "Interceptor",
    "Issue",
    "Mode",
    "Mutation",
    "MutationEngine",
    "MutationRequest",
    "OnDrift",
    "OpenDirectory",
    "Outcome",
    "Policy",
    "Proposal",
    "Requirement",
    "Risk",
    "Run",
    "SignoffError",
    "Snapshot",
    "State",
    "StateSource",
    "StaticDirectory",
    "Status",
    "Verdict",
    "__version__",
    "allow",
    "allow_emergency",
    "deny",
    "freeze",
    "policy",
    "require",
    "require_approval",
]
