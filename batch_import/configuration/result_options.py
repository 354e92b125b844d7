"""Settings of the results: their columns, their embed codes, their file formats.

Flags, YAML keys and the help are generated from the fields, as in `settings.py`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from batch_import.configuration import value_types
from batch_import.configuration.declaration import Group, check_fields, setting

#: File formats of the results for a content management system.
CMS_FORMATS: Final = ("csv", "json", "jsonl")


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """Settings of the results. The job database stores them for later reports.

    Raises:
        UsageError: a value is not valid.

    Attributes:
        player_key: key of the account's player that embed codes use; empty means its default
            player.
        embed: `responsive` is the markup of the Viostream API guide, `fixed` only its `<iframe>`.
        embed_titles: whether the markup has the video's title (`title=`), for screen readers.
        results_columns: columns of the results, and their headings: `NAME[=HEADING],…`; empty means
            all columns.
        group_by: column by which the rows are grouped; empty means no groups.
        cms_format: file formats of the results for a CMS: `csv`, `json`, `jsonl`.
        aspect_from_detail: whether to request the aspect ratio of each video, with one API request
            per row. If false, every embed code is 16:9.
    """

    player_key: str = setting(
        "",
        value_types.TextType("KEY"),
        "key of the account's player that the embed codes use",
        Group.RESULTS,
        default_text="the account's default player",
    )
    embed: Literal["responsive", "fixed"] = setting(
        "responsive",
        value_types.ChoiceType(("responsive", "fixed")),
        "responsive embed code, or an iframe that is 640 px wide; neither contains a script",
        Group.RESULTS,
    )
    embed_titles: bool = setting(
        default=False,
        value_type=value_types.SwitchType(),
        help="write the title of each video into its embed code, for screen readers",
        group=Group.RESULTS,
    )
    results_columns: str = setting(
        "",
        value_types.NameListType("NAME[=HEADING],…"),
        "columns of the results, in this order, each with an optional heading",
        Group.RESULTS,
        default_text="all",
    )
    group_by: str = setting(
        "",
        value_types.TextType("COLUMN"),
        "column whose values group the rows: each group is a sheet of results.xlsx and a filter of"
        " results.html",
        Group.RESULTS,
        default_text="none",
    )
    cms_format: tuple[str, ...] = setting(
        ("csv",),
        value_types.NameListType("NAME,…", CMS_FORMATS, is_sequence=True),
        "file formats of the results for a CMS (format cms)",
        Group.RESULTS,
    )
    aspect_from_detail: bool = setting(
        default=False,
        value_type=value_types.SwitchType(),
        help="after the import, request each video's aspect ratio, with one request per row;"
        " otherwise every embed code is 16:9",
        group=Group.RESULTS,
    )

    def __post_init__(self) -> None:
        check_fields(self)
