"""What can go wrong with an agent, each with a sentence that a person can read."""


class AgentError(Exception):
    """The attempt failed; another one may succeed."""


class AgentDiedError(AgentError):
    """The runner ended, or its link broke."""


class PermanentAgentError(AgentError):
    """Another attempt cannot succeed either: a wrong key, an unknown model, the turn's time-out."""


class QuotaError(PermanentAgentError):
    """The group's folders take too much for another turn; its chat is told once a day."""


class RuntimeAwayError(AgentError):
    """No agent can be started now (the engine is down, all places are taken); waiting does not use up attempts."""


class StoppedError(AgentError):
    """A person stopped the run before its agent was ready."""


class SessionUnknownError(AgentError):
    """The SDK no longer knows the session that was to be resumed."""


class LeaseLostError(Exception):
    """The run is no longer ours: another worker has it, or it was cancelled. Nothing of this attempt may count."""
