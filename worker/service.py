"""A systemd unit that keeps a Worker running on a render machine."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

STOP_SECONDS = 30
"""Seconds that are more than an orderly stop takes, whose steps have limits of their own."""
RESTART_SECONDS = 5
RESTART_EXIT_CODE = 47
"""Default exit code that tells systemd that the Manager asked for a restart."""

_UNIT = """\
[Unit]
Description=Flamenco Worker
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
{service}

[Install]
WantedBy={wanted_by}
"""

_SYSTEM = ("ProtectSystem=full", "ProtectControlGroups=yes")
"""The only restrictions possible for a Worker. Its programs open devices, load modules through a
program that runs as root (NVIDIA's), talk to an X server in /tmp, and write where a job says."""


@attrs.frozen(kw_only=True)
class Service:
    """A Worker as a service of systemd."""

    command: Sequence[str]
    folder: Path
    """Working directory: the folder of its configuration."""
    restart_exit_code: int
    path: str = ""
    """PATH on which its programs are found."""
    user: str = ""
    """User that it runs as, in a unit of the machine; empty: the user whose unit this is."""

    def unit(self) -> str:
        """The text of the unit.

        A Worker exits with 0 if it should stay down and with 2 if its command line is wrong; after
        a signal it exits with 1, which is not a failure.
        """
        lines = [
            *([f"User={self.user}"] if self.user else []),
            f"WorkingDirectory={_specifiers(str(self.folder))}",
            *([f"Environment={_quoted(f'PATH={self.path}')}"] if self.path else []),
            f"ExecStart={' '.join(_argument(each) for each in self.command)}",
            "ExecReload=/bin/kill -HUP $MAINPID",
            "Restart=always",
            f"RestartSec={RESTART_SECONDS}",
            "RestartPreventExitStatus=0 2",
            f"RestartForceExitStatus={self.restart_exit_code}",
            f"SuccessExitStatus=1 {self.restart_exit_code}",
            "KillMode=mixed",
            "KillSignal=SIGTERM",
            f"TimeoutStopSec={STOP_SECONDS}",
            "OOMPolicy=continue",
            *(_SYSTEM if self.user else ()),
        ]
        wanted_by = "multi-user.target" if self.user else "default.target"
        return _UNIT.format(service="\n".join(lines), wanted_by=wanted_by)


def unit_file(name: str, *, of_machine: bool, environment: Mapping[str, str] = os.environ) -> Path:
    """The path at which systemd looks for a unit of the machine, or of this user.

    Raises ValueError if a unit cannot have this name.
    """
    if not re.fullmatch(r"[A-Za-z0-9:_.-]+", name):
        raise ValueError(f"expected a name such as flamenco-worker, not {name!r}")
    folder = Path("/etc/systemd/system")
    if not of_machine:
        settings = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        folder = Path(settings) / "systemd" / "user"
    return folder / f"{name}.service"


def what_next(name: str, user: str) -> str:
    """The commands for a person to run after the unit was written."""
    if user:
        return f"systemctl daemon-reload\nsystemctl enable --now {name}\njournalctl -fu {name}"
    return (
        "systemctl --user daemon-reload\n"
        f"systemctl --user enable --now {name}\n"
        "loginctl enable-linger      # so that it runs while you are not logged in\n"
        f"journalctl --user -fu {name}"
    )


def _specifiers(text: str) -> str:
    """A text whose percent signs are escaped, since they begin systemd's specifiers."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return _specifiers(f'"{escaped}"')


def _argument(text: str) -> str:
    """An argument for ExecStart, in which dollar signs would begin a variable."""
    is_plain = re.fullmatch(r"[A-Za-z0-9_./:=@,+-]+", text)
    return text if is_plain else _quoted(text).replace("$", "$$")
