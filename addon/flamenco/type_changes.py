# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a job type that an artist knows from before."""

from dataclasses import replace

from .job_types import JobType, Setting

_KINDS = {"string": "text", "int32": "a whole number", "float": "a number", "bool": "yes or no"}


def changes(old: JobType, new: JobType) -> list[str]:
    """A phrase for each setting that is new, gone or different; texts about it do not count."""
    before = {setting.key: setting for setting in old.settings}
    now = {setting.key: setting for setting in new.settings}
    added = [f'"{one.title}" is new' for key, one in now.items() if key not in before]
    gone = [f'"{one.title}" is gone' for key, one in before.items() if key not in now]
    both = [_difference(before[key], one) for key, one in now.items() if key in before]
    return [*added, *gone, *filter(None, both)]


def still_fits(value: object, old: Setting, new: Setting) -> bool:
    """True if a value of a setting, as it was before, is one that it can have now."""
    if old.type != new.type:
        return False
    if new.choices:
        return value in new.choices
    limits = {"min": float("-inf"), "max": float("inf"), **new.propargs}
    is_number = new.type in {"int32", "float"}
    return not is_number or float(limits["min"]) <= float(str(value)) <= float(limits["max"])


def asks(old: JobType, new: JobType) -> list[str]:
    """Names of the settings that only the artist can give a value, and could not before."""
    return [one.title for one in new.settings if _asked(one) and not _asked(old.setting(one.key))]


def _asked(setting: Setting | None) -> bool:
    known = setting is None or setting.eval or setting.default is not None
    return not known and setting.required and setting.shown


def _difference(old: Setting, new: Setting) -> str:
    if old.type != new.type:
        return f'"{new.title}" takes {_KINDS[new.type]} instead of {_KINDS[old.type]}'
    lost = [f'"{choice}"' for choice in old.choices if choice not in new.choices]
    if new.choices and lost:
        return f'"{new.title}" no longer offers {", ".join(lost)}'
    same = replace(
        old,
        label=new.label,
        description=new.description,
        eval_description=new.eval_description,
    )
    return "" if same == new else f'"{new.title}" has other values or another default'
