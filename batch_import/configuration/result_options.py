"""The settings that say how results look.

Flags, YAML keys and help are generated from the fields, as for the settings of `settings.py`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from batch_import.configuration import kinds
from batch_import.configuration.declaration import Group, check_fields, setting

#: File formats of the results for a content management system.
CMS_FORMATS: Final = ("csv", "json", "jsonl")


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """How the results of a job look. The job remembers these settings for later reports.

    Raises:
        UsageError: a value is not valid.

    Attributes:
        player_key: key of the player in embed codes; empty means the account's default player.
        embed: `responsive` is the markup of the Viostream API guide, `fixed` only its `<iframe>`.
        embed_titles: add the video's title to the markup (`title=`), for screen readers.
        results_columns: columns of the results, and their headings: `NAME[=HEADING],…`; empty means
            all columns.
        group_by: column by which the rows are grouped; empty means no groups.
        cms_format: file formats of the results for a CMS: `csv`, `json`, `jsonl`.
        aspect_from_detail: request the aspect ratio of each video. It costs one call per row.
    """

    player_key: str = setting(
        "",
        kinds.TextType("KEY"),
        "which of the account's players embeds show",
        Group.RESULTS,
        default_text="the account's",
    )
    embed: Literal["responsive", "fixed"] = setting(
        "responsive",
        kinds.ChoiceType(("responsive", "fixed")),
        "responsive embed, or fixed 640 px iframe; neither holds a script",
        Group.RESULTS,
    )
    embed_titles: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="name each video in the embed code, for screen readers",
        group=Group.RESULTS,
    )
    results_columns: str = setting(
        "",
        kinds.Names("NAME[=HEADING],…"),
        "which columns the results have, in which order, under which headings",
        Group.RESULTS,
        default_text="all",
    )
    group_by: str = setting(
        "",
        kinds.TextType("COLUMN"),
        "column by which results.xlsx has a sheet per group, and results.html is narrowed down",
        Group.RESULTS,
        default_text="none",
    )
    cms_format: tuple[str, ...] = setting(
        ("csv",),
        kinds.Names("NAME,…", CMS_FORMATS, as_sequence=True),
        "which files the format cms is written as",
        Group.RESULTS,
    )
    aspect_from_detail: bool = setting(
        default=False,
        kind=kinds.Switch(),
        help="after the import, ask for each picture's aspect ratio, one call per row;"
        " otherwise every embed is 16:9",
        group=Group.RESULTS,
    )

    def __post_init__(self) -> None:
        check_fields(self)
