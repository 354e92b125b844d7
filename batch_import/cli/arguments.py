"""Parsed arguments → what the rooms below are told."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from itertools import chain
from typing import Any

from batch_import import job
from batch_import import settings as setting
from batch_import.cli.config import FLAG
from batch_import.cli.options import parts
from batch_import.job import Job
from batch_import.manifest.options import Options
from batch_import.settings import Credentials, ResultOptions, Settings


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Names and values of what was given again and again, each time as `NAME=VALUE`."""
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


def credentials_of(arguments: argparse.Namespace) -> Credentials:
    """The credentials in force: the file of a flag, the environment, another file, the keyring.

    Raises:
        UsageError: there are none, or they cannot be used.
    """
    from batch_import.credentials import credentials

    return credentials(arguments.credentials, insisted=arguments.told["credentials"].origin == FLAG)


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
        overrides=pairs(arguments.map),
        defaults=pairs(arguments.default),
        sheet=arguments.sheet,
        records=arguments.records,
        columns=tuple(parts(names)) if names else (),
    )


def job_of(arguments: argparse.Namespace) -> Job:
    """The job of a manifest: told, or found by its name."""
    return Job(arguments.job) if arguments.job else job.job_of(arguments.manifest)
