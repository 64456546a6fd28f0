"""Governed mutations: one asks, another approves, and exactly the approved change is executed, once."""

from signoff._version import __version__
from signoff.engine.interceptors import Interceptor
from signoff.engine.policies import Policy, Proposal, Verdict, allow, deny, policy, require_approval
from signoff.engine.runtime import MutationEngine
from signoff.errors import SignoffError
from signoff.governance.facade import Governance
from signoff.model.actor import Actor, ActorKind, Directory, OpenDirectory, StaticDirectory
from signoff.model.changes import Change
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
    "Directory",
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
    "deny",
    "policy",
    "require_approval",
]
