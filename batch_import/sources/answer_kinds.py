"""The table of API responses of video platforms that `saved:` reads. No I/O.

The shapes are those of the vendors' API references. A path leads from an object to values: names
with slashes between them. An array on the way stands for each of its items.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

#: An object of an API response.
Record = Mapping[str, Any]

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_MILLISECOND: Final = 0.001
_COPY: Final = "Copy the video to a bucket or a web server, and list it there."
_YOUTUBE: Final = (
    "YouTube gives its files to no other platform. Download your videos with Google Takeout."
    f" {_COPY}"
)


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where an API response has the files of a video.

    Attributes:
        path: path to the objects of files; empty for the record itself.
        url: name of the member with the URL of the file, or with the end of it.
        base: returns the start of the URLs for a record and the page that has it; an empty
            text if they cannot be built. None if the URLs are complete.
        names: fact about a file, as in `best_file.VideoFile` → path to it in the object.
        original: member and value that mark the original; an empty member if all are originals.
        required: member → values; the member of a file must have one of these values.
        forbidden: member → value that the file must not have.
        lifetime: seconds for which the URLs work after the response was sent; None if the vendor
            documents no end, or the URLs say it themselves.
    """

    path: str
    url: str
    base: Callable[[Record, Record], str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    original: tuple[str, str] | None = None
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forbidden: Mapping[str, str] = field(default_factory=dict)
    lifetime: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Which records are videos that can be fetched. It applies to records that have the member.

    Attributes:
        path: path to a value.
        reason: why other records are not listed, and what to do.
        allowed: the values of records that are listed; empty for none.
        refused: the values of records that are not listed; empty to use `allowed`.
    """

    path: str
    reason: str
    allowed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerKind:
    """One kind of record. For facts with several paths, the first that leads to a value counts.

    Attributes:
        vendor: name of the platform.
        members: names that each record of this kind has.
        starts: member → how its value starts in each record of this kind.
        reference_id, title, description, tags, folder, date: paths to the facts about the video.
        duration: path to the duration.
        duration_unit: unit of the duration, in seconds.
        file_name: path to the name of the file, if the platform keeps files of any kind.
        files: where the files are.
        without_file: why a record without a file is not listed, and what to do.
    """

    vendor: str
    members: tuple[str, ...]
    without_file: str
    starts: Mapping[str, str] = field(default_factory=dict)
    reference_id: str = "id"
    title: tuple[str, ...] = ("title",)
    description: tuple[str, ...] = ("description",)
    tags: str = "tags"
    folder: tuple[str, ...] = ()
    date: tuple[str, ...] = ("created_at",)
    duration: str = "duration"
    duration_unit: float = 1.0
    file_name: str = ""
    files: tuple[FilePlace, ...] = ()
    conditions: tuple[Condition, ...] = ()


def _mux_base(record: Record, page: Record) -> str:
    """Returns the URL of the static renditions of an asset that has a public playback ID."""
    del page
    playback_ids = record.get("playback_ids")
    for each in playback_ids if isinstance(playback_ids, list) else []:
        if isinstance(each, Mapping) and each.get("policy") == "public":
            return f"https://stream.mux.com/{each.get('id')}/"
    return ""


def _s3_base(record: Record, page: Record) -> str:
    """Returns the reference to the bucket that a page of a list names."""
    del record
    return f"s3://{page['Name']}/" if page.get("Name") else ""


_GRAPH: Final = AnswerKind(
    "Microsoft Graph",
    ("id", "name", "parentReference"),
    "Graph gave no @microsoft.graph.downloadUrl. Request the item without $select, with a"
    " token that may read the file.",
    title=("name",),
    folder=("parentReference/path",),
    date=("lastModifiedDateTime",),
    duration="video/duration",
    duration_unit=_MILLISECOND,
    file_name="name",
    files=(
        FilePlace(
            "",
            "@microsoft.graph.downloadUrl",
            names={"type": "file/mimeType", "size": "size"},
            lifetime=_HOUR,
        ),
    ),
    conditions=(Condition("folder", "It is a folder. Save the answer for its children, too."),),
)
#: Kinds of records. A record is of the first kind that it fits.
KINDS: Final = (
    AnswerKind(
        "Vimeo",
        ("uri", "name"),
        "Vimeo gave no link of the file. Request it with a token of the scopes private and"
        " video_files; the account needs a plan with links of files.",
        starts={"uri": "/videos/"},
        reference_id="uri",
        title=("name",),
        tags="tags/name",
        folder=("parent_folder/name",),
        date=("created_time",),
        files=(
            FilePlace("files", "link"),
            FilePlace("download", "link", lifetime=_DAY),
        ),
    ),
    AnswerKind(
        "Kaltura",
        ("id", "objectType"),
        "Kaltura gave no downloadUrl. Request media.list with a session that may download.",
        starts={"objectType": "KalturaMediaEntry"},
        title=("name",),
        folder=("categories",),
        date=("createdAt",),
        files=(FilePlace("", "downloadUrl"),),
        conditions=(
            # KalturaMediaType: 1 is VIDEO, 2 IMAGE, 5 AUDIO.
            Condition("mediaType", "It is not of the media type video.", ("1",)),
        ),
    ),
    AnswerKind(
        "Brightcove",
        ("account_id", "id", "name"),
        "Brightcove lists videos without their files. Save the answer of the Playback API for each"
        " video, or add the answer of /videos/ID/sources to each as its member sources.",
        title=("name",),
        folder=("folder_id",),
        date=("published_at", "created_at"),
        duration_unit=_MILLISECOND,
        files=(
            FilePlace("sources", "src", names={"extension": "container", "bitrate": "avg_bitrate"}),
        ),
    ),
    AnswerKind(
        "Wistia",
        ("hashed_id", "type", "name"),
        "Wistia gave no assets. Request /v1/medias.json, or /v1/medias/ID.json for each video.",
        reference_id="hashed_id",
        title=("name",),
        tags="tags/name",
        folder=("project/name",),
        date=("created",),
        files=(
            FilePlace(
                "assets",
                "url",
                names={"type": "contentType", "size": "fileSize"},
                original=("type", "OriginalFile"),
            ),
        ),
        conditions=(Condition("type", "It is not of the type Video.", ("Video",)),),
    ),
    AnswerKind(
        "Mux",
        ("id", "status", "master_access"),
        "Mux has no file of it. Set its master_access to temporary, and save the answer again when"
        " its master is ready.",
        title=("meta/title", "passthrough", "id"),
        files=(
            FilePlace("master", "url", original=("", ""), lifetime=_DAY),
            FilePlace(
                "static_renditions/files",
                "name",
                base=_mux_base,
                names={"extension": "ext", "size": "filesize"},
            ),
        ),
    ),
    AnswerKind(
        "JW Player",
        ("mediaid", "sources"),
        "JW Player gave no file. Save the answer of https://cdn.jwplayer.com/v2/media/ID.",
        reference_id="mediaid",
        date=("pubdate",),
        files=(FilePlace("sources", "file", names={"size": "filesize"}),),
    ),
    AnswerKind(
        "JW Player",
        ("id", "metadata", "relationships"),
        "JW Player lists media without their files. Save the answer of"
        " https://cdn.jwplayer.com/v2/media/ID for each.",
        title=("metadata/title",),
        description=("metadata/description",),
        tags="metadata/tags",
        date=("created",),
        files=(FilePlace("", "source_url", names={"type": "mime_type"}),),
    ),
    AnswerKind(
        "Cloudinary",
        ("public_id", "resource_type"),
        "Cloudinary gave no secure_url. Request resources/video of the Admin API.",
        reference_id="public_id",
        title=("display_name", "context/custom/caption"),
        folder=("asset_folder", "folder"),
        files=(FilePlace("", "secure_url", names={"extension": "format", "size": "bytes"}),),
        conditions=(
            Condition("resource_type", "It is not of the resource type video.", ("video",)),
            Condition(
                "type",
                f"It is private, so its URL needs a signature. {_COPY}",
                ("upload",),
            ),
        ),
    ),
    _GRAPH,
    # With `$select`, an item may lack the other members.
    replace(_GRAPH, members=("name", "@microsoft.graph.downloadUrl")),
    AnswerKind(
        "Amazon S3",
        ("Key", "LastModified"),
        "The answer does not name the bucket. List it with s3://bucket/prefix.",
        reference_id="",
        title=(),
        date=("LastModified",),
        file_name="Key",
        files=(FilePlace("", "Key", base=_s3_base, names={"size": "Size"}),),
    ),
    AnswerKind(
        "Dropbox",
        ("metadata", "link"),
        "Dropbox gave no link.",
        reference_id="metadata/id",
        title=("metadata/name",),
        date=("metadata/server_modified",),
        file_name="metadata/path_display",
        files=(FilePlace("", "link", names={"size": "metadata/size"}, lifetime=4 * _HOUR),),
    ),
    AnswerKind(
        "Dropbox",
        (".tag", "name", "path_lower"),
        "Dropbox lists files without URLs. Save the answer of get_temporary_link for each file.",
        title=("name",),
    ),
    AnswerKind(
        "yt-dlp",
        ("id", "extractor_key", "webpage_url"),
        f"The site has no file with both picture and sound. Download it with yt-dlp. {_COPY}",
        date=("timestamp", "upload_date"),
        files=(
            FilePlace(
                "formats",
                "url",
                names={"extension": "ext", "size": "filesize"},
                required={"protocol": ("http", "https")},
                forbidden={"vcodec": "none", "acodec": "none"},
            ),
        ),
        conditions=(
            Condition("extractor_key", _YOUTUBE, refused=("Youtube", "YoutubeTab")),
            Condition("is_live", "It is live. List it when it is recorded.", ("False",)),
        ),
    ),
    AnswerKind(
        "YouTube",
        ("kind", "snippet"),
        _YOUTUBE,
        starts={"kind": "youtube#"},
        title=("snippet/title",),
    ),
    AnswerKind(
        "Google Drive",
        ("kind", "id", "name"),
        f"Drive gives its files only to people who are signed in. {_COPY}",
        starts={"kind": "drive#file"},
        title=("name",),
    ),
    AnswerKind(
        "Panopto",
        ("Id", "Name", "Urls"),
        f"Panopto gives its files only to people who are signed in. {_COPY}",
        reference_id="Id",
        title=("Name",),
    ),
)
#: Names of the members with the records of a page, in the order in which they are looked at.
LISTS: Final = (
    *("data", "objects", "videos", "medias", "media", "playlist", "resources", "value"),
    *("Contents", "entries", "items", "files", "results", "Results"),
)
#: Paths to a value that is present, and neither empty nor false, if another page follows.
NEXT_PAGES: Final = (
    *("paging/next", "next_cursor", "@odata.nextLink", "IsTruncated", "has_more"),
    "nextPageToken",
)
