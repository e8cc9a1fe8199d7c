"""Operations tagged `access` on the audit log."""

from flamenco.api import audit as api
from flamenco.store import AuditFilter, audit_lines
from web.context import reader
from web.operations import Operations
from web.operators import demand_operator_if_open

routes = Operations("access")


@routes.get("/audit")
async def fetch_audit_log(query: api.AuditWanted) -> api.AuditLog:
    """The audit log: who changed what, when and from where."""
    demand_operator_if_open("in an open farm only the operator reads the audit log")
    wanted = AuditFilter(
        who=query.who,
        operation=query.operation,
        about=query.about,
        subject=query.subject,
        since=query.since,
        until=query.until,
    )
    most, before, after = query.limit + 1, query.before, query.after
    lines = await reader().ask(lambda db: audit_lines(db, wanted, most, before=before, after=after))
    return api.AuditLog(lines=tuple(lines[: query.limit]), more=len(lines) > query.limit)
