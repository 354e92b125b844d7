"""Parsed arguments → what the rooms below are told."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any

from batch_import import settings as setting
from batch_import.errors import UsageError
from batch_import.job import OUTPUT, Job
from batch_import.manifest.options import Options
from batch_import.settings import ResultOptions, Settings


def pairs(texts: Sequence[str], flag: str) -> dict[str, str]:
    """Read what a flag was given again and again, each time as `NAME=VALUE`."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{flag} {text!r} is not of the form NAME=VALUE.")
        found[name] = value
    return found


def settings_of(arguments: argparse.Namespace) -> Settings:
    """What a run is told."""
    base = setting.api_base(arguments.api_base)
    names = {field.name for field in fields(Settings)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    given["api_base"] = base
    if "embed_base" in given:
        given["embed_base"] = setting.embed_base(given["embed_base"], base)
    given["only"] = tuple(chain.from_iterable(given.get("only", ())))
    return Settings(**given)


def result_options_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of `ResultOptions` that were told."""
    names = {field.name for field in fields(ResultOptions)}
    given = vars(arguments).items()
    return {name: value for name, value in given if name in names and value is not None}


def options_of(arguments: argparse.Namespace) -> Options:
    """How the manifest is to be read."""
    names = arguments.names
    return Options(
        overrides=pairs(arguments.map, "--map"),
        defaults=pairs(arguments.default, "--default"),
        sheet=arguments.sheet,
        records=arguments.records,
        columns=tuple(name.strip() for name in names.split(",")) if names else (),
    )


def job_of(arguments: argparse.Namespace) -> Job:
    """The job of a manifest: told, or found by its name."""
    return Job(arguments.job or OUTPUT / _stem(arguments.manifest))


def _stem(manifest: Path) -> str:
    """What a manifest is called, without the ends that tell its format."""
    if manifest == Path("-"):
        return "standard-input"
    return Path(manifest.stem).stem if manifest.suffix.lower() == ".gz" else manifest.stem
