"""A table of the API responses that the source `saved:` can read, of many video platforms. No I/O.

A user saves the JSON of a platform's API in a file. It has *records*: the JSON objects that
describe one video each. Each entry of the table describes one kind of record: how to recognize it,
and which members have the title, the files and other facts. The entries follow the API references
of the platforms.

A *path* is a text such as `parent_folder/name`: names of members, from an object to a nested value.
If a member is an array, the path continues in each of its items, and leads to several values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

#: A JSON object of an API response.
JsonObject = Mapping[str, Any]

#: Units of time, in seconds.
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_MILLISECOND: Final = 0.001
#: Advice for videos whose files the platform does not give to other programs.
_COPY: Final = "Copy the video to a bucket or a web server, and list it there."
_YOUTUBE: Final = (
    "YouTube gives its files to no other platform. Download your videos with Google Takeout."
    f" {_COPY}"
)


@dataclass(frozen=True, slots=True)
class FileMapping:
    """Where a record has the files of its video, and in which form.

    Attributes:
        path: path from the record to the objects that describe one file each; empty if the record
            itself describes the file.
        url: name of the member with the URL of the file, or with the end of the URL.
        base: a function that returns the start of the URLs, from the record and from the page of
            the response that has the record; an empty text if no URL can be built. None if the
            member `url` has complete URLs.
        names: name of a fact in `best_file.VideoFile` → path to the fact in the file's object.
        original: name and value of the member that marks the original file; an empty name if all
            files are originals, and None if no file is marked.
        required: member → values; the member of a file must have one of these values.
        forbidden: member → value that the member of a file must not have.
        lifetime: number of seconds for which the URLs work after the response was sent; None if
            the platform documents no limit, or each URL has its own expiry time.
    """

    path: str
    url: str
    base: Callable[[JsonObject, JsonObject], str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    original: tuple[str, str] | None = None
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forbidden: Mapping[str, str] = field(default_factory=dict)
    lifetime: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition for the videos that are listed.

    A record without a value at the path meets every condition.

    Attributes:
        path: path from the record to the value to compare.
        reason: why a record that does not meet the condition is not listed, and what to do.
        allowed: only records with one of these values are listed. Ignored if `refused` is set. If
            both are empty, no record with a value is listed.
        refused: records with one of these values are not listed.
    """

    path: str
    reason: str
    allowed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record: how it is recognized, and where it has the facts about its video.

    If a fact has several paths, the first one that leads to a value is used.

    Attributes:
        vendor: name of the platform.
        members: names of members that each record of this kind has.
        without_file: why a record without a file is not listed, and what to do.
        starts: member → text with which its value starts in each record of this kind.
        reference_id, title, description, tags, folder, date: paths to these facts.
        duration: path to the duration.
        duration_unit: unit of the duration, in seconds.
        file_name: path to the name of the file, if the platform stores files that need not be
            videos; otherwise empty.
        files: where the record has the files of the video.
        conditions: conditions that the record must meet to be listed.
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
    files: tuple[FileMapping, ...] = ()
    conditions: tuple[Condition, ...] = ()


def _mux_base(record: JsonObject, page: JsonObject) -> str:
    """Returns the URL below which the files of a Mux asset are; empty without a public ID."""
    del page
    playback_ids = record.get("playback_ids")
    if not isinstance(playback_ids, list):
        return ""
    for playback_id in playback_ids:
        if isinstance(playback_id, Mapping) and playback_id.get("policy") == "public":
            return f"https://stream.mux.com/{playback_id.get('id')}/"
    return ""


def _s3_base(record: JsonObject, page: JsonObject) -> str:
    """Returns the reference of the bucket that a page names; empty if the page names none."""
    del record
    return f"s3://{page['Name']}/" if page.get("Name") else ""


_KALTURA: Final = RecordKind(
    "Kaltura",
    ("id", "objectType"),
    "Kaltura gave no downloadUrl. Request media.list with a session that may download.",
    starts={"objectType": "KalturaMediaEntry"},
    title=("name",),
    folder=("categories", "categoriesFullName"),
    date=("createdAt",),
    files=(FileMapping("", "downloadUrl"),),
    conditions=(
        # KalturaMediaType: 1 is VIDEO, 2 IMAGE, 5 AUDIO.
        Condition("mediaType", "It is not of the media type video.", ("1",)),
        # KalturaEntryStatus: -2 is ERROR_IMPORTING, -1 ERROR_CONVERTING, 3 DELETED.
        Condition(
            "status",
            "Kaltura has deleted it, or could not process it.",
            refused=("-2", "-1", "3", "deleted", "error"),
        ),
    ),
)
_GRAPH: Final = RecordKind(
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
        FileMapping(
            "",
            "@microsoft.graph.downloadUrl",
            names={"type": "file/mimeType", "size": "size"},
            lifetime=_HOUR,
        ),
    ),
    conditions=(Condition("folder", "It is a folder. Save the answer for its children, too."),),
)
#: All kinds of records. If a record fits several kinds, the first one is used.
RECORD_KINDS: Final = (
    RecordKind(
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
            FileMapping("files", "link"),
            FileMapping("download", "link", lifetime=_DAY),
        ),
    ),
    # Entries with the answer of flavorAsset.list, which the user has added. The downloadUrl is not
    # used, because it is the URL of the original even if the original is deleted.
    replace(
        _KALTURA,
        members=("id", "name", "flavorAssets"),
        starts={},
        without_file="None of its flavorAssets has a URL and the status ready.",
        files=(
            FileMapping(
                "flavorAssets",
                "url",
                names={"extension": "fileExt", "size": "sizeInBytes"},
                original=("isOriginal", "True"),
                # KalturaFlavorAssetStatus: 2 is READY.
                required={"status": ("", "2", "ready")},
            ),
        ),
    ),
    _KALTURA,
    RecordKind(
        "Brightcove",
        ("account_id", "id", "name"),
        "Brightcove lists videos without their files. Save the answer of the Playback API for each"
        " video, or add the answer of /videos/ID/sources to each as its member sources.",
        title=("name",),
        folder=("folder_id",),
        date=("published_at", "created_at"),
        duration_unit=_MILLISECOND,
        files=(
            FileMapping(
                "sources", "src", names={"extension": "container", "bitrate": "avg_bitrate"}
            ),
        ),
    ),
    RecordKind(
        "Wistia",
        ("hashed_id", "type", "name"),
        "Wistia gave no assets. Request /v1/medias.json, or /v1/medias/ID.json for each video.",
        reference_id="hashed_id",
        title=("name",),
        tags="tags/name",
        folder=("project/name",),
        date=("created",),
        files=(
            FileMapping(
                "assets",
                "url",
                names={"type": "contentType", "size": "fileSize"},
                original=("type", "OriginalFile"),
            ),
        ),
        conditions=(Condition("type", "It is not of the type Video.", ("Video",)),),
    ),
    RecordKind(
        "Mux",
        ("id", "status", "master_access"),
        "Mux has no file of this asset. Set its master_access to temporary, and save the answer"
        " again when its master is ready.",
        title=("meta/title", "passthrough", "id"),
        files=(
            FileMapping("master", "url", original=("", ""), lifetime=_DAY),
            FileMapping(
                "static_renditions/files",
                "name",
                base=_mux_base,
                names={"extension": "ext", "size": "filesize"},
            ),
        ),
    ),
    RecordKind(
        "JW Player",
        ("mediaid", "sources"),
        "JW Player gave no file. Save the answer of https://cdn.jwplayer.com/v2/media/ID.",
        reference_id="mediaid",
        date=("pubdate",),
        files=(FileMapping("sources", "file", names={"size": "filesize"}),),
    ),
    RecordKind(
        "JW Player",
        ("id", "metadata", "relationships"),
        "JW Player lists media without their files. Save the answer of"
        " https://cdn.jwplayer.com/v2/media/ID for each.",
        title=("metadata/title",),
        description=("metadata/description",),
        tags="metadata/tags",
        date=("created",),
        files=(FileMapping("", "source_url", names={"type": "mime_type"}),),
    ),
    RecordKind(
        "Cloudinary",
        ("public_id", "resource_type"),
        "Cloudinary gave no secure_url. Request resources/video of the Admin API.",
        reference_id="public_id",
        title=("display_name", "context/custom/caption"),
        folder=("asset_folder", "folder"),
        files=(FileMapping("", "secure_url", names={"extension": "format", "size": "bytes"}),),
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
    RecordKind(
        "Amazon S3",
        ("Key", "LastModified"),
        "The answer does not name the bucket. List it with s3://bucket/prefix.",
        reference_id="",
        title=(),
        date=("LastModified",),
        file_name="Key",
        files=(FileMapping("", "Key", base=_s3_base, names={"size": "Size"}),),
    ),
    RecordKind(
        "Dropbox",
        ("metadata", "link"),
        "Dropbox gave no link.",
        reference_id="metadata/id",
        title=("metadata/name",),
        date=("metadata/server_modified",),
        file_name="metadata/path_display",
        files=(FileMapping("", "link", names={"size": "metadata/size"}, lifetime=4 * _HOUR),),
    ),
    RecordKind(
        "Dropbox",
        (".tag", "name", "path_lower"),
        "Dropbox lists files without URLs. Save the answer of get_temporary_link for each file.",
        title=("name",),
    ),
    RecordKind(
        "yt-dlp",
        ("id", "extractor_key", "webpage_url"),
        f"The site has no file with both picture and sound. Download it with yt-dlp. {_COPY}",
        date=("timestamp", "upload_date"),
        files=(
            FileMapping(
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
    RecordKind(
        "YouTube",
        ("kind", "snippet"),
        _YOUTUBE,
        starts={"kind": "youtube#"},
        title=("snippet/title",),
    ),
    RecordKind(
        "Google Drive",
        ("kind", "id", "name"),
        f"Drive gives its files only to people who are signed in. {_COPY}",
        starts={"kind": "drive#file"},
        title=("name",),
    ),
    RecordKind(
        "Panopto",
        ("Id", "Name", "Urls"),
        f"Panopto gives its files only to people who are signed in. {_COPY}",
        reference_id="Id",
        title=("Name",),
    ),
)
#: Names of the members that contain the records of a page. They are tried in this order.
RECORD_LIST_NAMES: Final = (
    "data", "objects", "videos", "medias", "media", "playlist", "resources", "value",
    "Contents", "entries", "items", "files", "results", "Results",
)  # fmt: skip
#: Paths that lead to a value, neither empty nor false, if another page of the response follows.
NEXT_PAGE_PATHS: Final = (
    "paging/next",
    "next_cursor",
    "@odata.nextLink",
    "IsTruncated",
    "has_more",
    "nextPageToken",
)
