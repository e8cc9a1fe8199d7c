"""Programs that jobs may run by the command `exec`.

This keeps nobody who may send jobs from running code on Workers: .blend files can hold Python.
"""

from collections.abc import Collection, Iterable

from flamenco.model.access import Role
from flamenco.model.jobs import Command

COMMAND = "exec"


def refusal(
    commands: Iterable[Command],
    by: Role,
    *,
    enabled: bool,
    least: Role,
    programs: Collection[str],
) -> str | None:
    """Reason why somebody with a role may not submit these commands; None if that is fine.

    ``programs`` are named as in commands, before variables are replaced; without any, all may run.
    """
    used = [each.parameters for each in commands if each.name == COMMAND]
    if not used:
        return None
    if not enabled:
        return "exec: the command is switched off here (exec.enabled)"
    roles = list(Role)
    if roles.index(by) < roles.index(least):
        return f"exec: the command is for those who are at least {least} (exec.role)"
    if not programs:
        return None
    if others := [each.get("exe") for each in used if each.get("exe") not in programs]:
        return f"exec: {others[0]!r} is not among exec.programs"
    if any(each.get("env") or each.get("cwd") for each in used):
        return "exec: env and cwd may mean another program than exec.programs names"
    return None
