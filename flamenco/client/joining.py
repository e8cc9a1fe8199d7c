"""Operations on who may work for a farm, and on who changed what."""

from operator import attrgetter

from flamenco.api import workers as wire
from flamenco.api.audit import AuditLog, AuditWanted
from flamenco.client.calls import Call, get, nothing, operation, send, then


class JoiningOperations:
    """Operations on join tokens, and on the credentials of workers."""

    @operation
    def audit_log(self, wanted: AuditWanted) -> Call[AuditLog]:
        """Lines of the audit log."""
        return get("audit", AuditLog, wanted)

    @operation
    def join_tokens(self) -> Call[tuple[wire.ShownJoinToken, ...]]:
        """The join tokens that count, the newest first."""
        return then(get("worker-mgt/join-tokens", wire.JoinTokenList), attrgetter("tokens"))

    @operation
    def create_join_token(self, wanted: wire.JoinTokenWanted) -> Call[wire.NewJoinToken]:
        """Make a token by which a Worker joins, or gets new credentials."""
        return send("worker-mgt/join-tokens", wanted, wire.NewJoinToken)

    @operation
    def end_join_token(self, token_id: str) -> Call[None]:
        """Let a join token count no longer."""
        return Call("DELETE", f"worker-mgt/join-tokens/{token_id}", nothing)

    @operation
    def approve_worker(self, worker_id: str) -> Call[None]:
        """Let a worker work that waits for approval."""
        return Call("POST", f"worker-mgt/workers/{worker_id}/approve", nothing)

    @operation
    def revoke_worker_credentials(self, worker_id: str) -> Call[None]:
        """Let the credentials of a worker count no longer: it has to join anew."""
        return Call("POST", f"worker-mgt/workers/{worker_id}/revoke-credentials", nothing)
