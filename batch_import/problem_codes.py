"""All codes of problems: meaning, example, how to fix it, and whether the user may turn it off.

The reference in the documentation, the setting `allow`, and the tests use this table. The tests
check that each example really gets its code. This module must not know how a problem is found.
"""

from dataclasses import dataclass
from typing import Final, Literal

from batch_import.models import POSSIBLE_DUPLICATE_CODE, Severity

#: The kind of an example: a cell of a field, a line of the file, an answer of the source host, or a
#: description of a workbook or a job.
Where = Literal[
    "sourceUrl",
    "filename",
    "extension",
    "referenceId",
    "line",
    "JSON",
    "answer",
    "workbook",
    "job",
]
_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Code:
    """One code.

    Attributes:
        meaning: one sentence.
        example: an example that gets this code. `where` says of which kind it is.
        hint: how to fix it. A problem may have a more precise hint.
        overrulable: whether the setting `allow` may turn it off. It must not, if that would send a
            second video, a private host, a masked URL, or a row with uncertain columns.
    """

    severity: Severity
    where: Where
    meaning: str
    example: str
    hint: str
    overrulable: bool = False


CODES: Final[dict[str, Code]] = {
    # The source URL.
    "url-missing": Code(
        _ERROR, "sourceUrl", "There is no source URL.", "", "Give the URL of the video file."
    ),
    "url-scheme": Code(
        _ERROR, "sourceUrl", "It is no web address, or its start is damaged.",
        "https://https://media.example.com/a.mp4", "The hint is the corrected address.",
    ),
    "url-host": Code(
        _ERROR, "sourceUrl", "Its host or port cannot be one.", "https:///a.mp4",
        "Write it like https://host/video.mp4.",
    ),
    "url-reference": Code(
        _ERROR, "sourceUrl", "It is a reference to cloud storage that names no file.",
        "s3://bucket/folder/", "Write it like s3://bucket/folder/video.mp4.",
    ),
    "url-characters": Code(
        _ERROR, "sourceUrl", "It has line breaks, tabs, or invisible characters inside.",
        "https://media.example.com/a\u200b.mp4", "The hint is the corrected address.",
    ),
    "url-wrapped": Code(
        _ERROR, "sourceUrl", "It is inside of brackets, quotes, a link, or other text.",
        "[Watch](https://media.example.com/a.mp4)", "The hint is the corrected address.",
    ),
    "url-trailing": Code(
        _ERROR, "sourceUrl",
        "Punctuation or text is behind it; a warning where it may belong to the address.",
        "https://media.example.com/a.mp4,", "The hint is the corrected address.", overrulable=True,
    ),
    "url-entity": Code(
        _ERROR, "sourceUrl", "Characters are written as in HTML.",
        "https://media.example.com/a.mp4?x=1&amp;y=2", "The hint is the corrected address.",
        overrulable=True,
    ),
    "url-cut": Code(
        _ERROR, "sourceUrl", "A # or ? in the file's name cuts the address off there.",
        "https://media.example.com/Lesson #5.mp4", "The hint is the corrected address.",
        overrulable=True,
    ),
    "url-backslash": Code(
        _ERROR, "sourceUrl", "It has backslashes for slashes.",
        r"https://media.example.com/a\b.mp4", "The hint is the corrected address.",
    ),
    "url-several": Code(
        _ERROR, "sourceUrl", "There is more than one address in the cell.",
        "https://media.example.com/a.mp4; https://media.example.com/b.mp4",
        "Make a row for each video.",
    ),
    "url-length": Code(
        _ERROR, "sourceUrl", "It is longer than 16,384 characters.",
        f"https://media.example.com/{'a' * 16_384}.mp4", "Put nothing but one URL in the cell.",
    ),
    "url-masked": Code(
        _ERROR, "sourceUrl",
        "It has `***` for a secret: the row was copied from the results.",
        "https://media.example.com/a.mp4?X-Amz-Signature=***",
        "Take the rows from failed.csv, which holds the working addresses, or from the manifest.",
    ),
    "url-private": Code(
        _ERROR, "sourceUrl",
        "The platform cannot reach it: localhost, a private address however it is written, or a"
        " name of an inner network.",
        "http://192.168.1.20/a.mp4", "Give an address that works from the internet.",
    ),
    "url-page": Code(
        _ERROR, "sourceUrl", "It is a page about a video, not the file.",
        "https://vimeo.com/12345678",
        "The hint names the file's own address where that follows from the page's.",
        overrulable=True,
    ),
    "url-page-likely": Code(
        _ERROR, "sourceUrl",
        "It is probably a web page: the other rows have URLs of files, and this one is equal to"
        " another cell of its row, or on another host and without an extension. A warning if the"
        " row has an extension.",
        "https://www.example.com/watch/4711",
        "Give the URL of the file, or the extension if the URL downloads it.",
        overrulable=True,
    ),
    "url-playlist": Code(
        _ERROR, "sourceUrl", "It is a streaming playlist.",
        "https://media.example.com/master.m3u8",
        "Give the address of the file that the stream was made from.", overrulable=True,
    ),
    "url-expired": Code(
        _ERROR, "sourceUrl",
        "Its signature has ended (S3, CloudFront, Google Cloud Storage, Azure, Akamai).",
        "https://media.example.com/a.mp4?Expires=1600000000&Signature=x&Key-Pair-Id=K",
        "Sign it again, or export the manifest again.", overrulable=True,
    ),
    "url-expires": Code(
        _WARNING, "sourceUrl",
        "It ends before its turn can have come; what ends first is imported first.",
        "https://media.example.com/a.mp4?Expires=SOON&Signature=x&Key-Pair-Id=K",
        "Sign it for longer, import at a higher rate, or import the rows in parts.",
    ),
    "url-credentials": Code(
        _WARNING, "sourceUrl", "It holds a user name or password.",
        "https://user:secret@media.example.com/a.mp4",
        "Give a signed URL, or one that needs no login.",
    ),
    "duplicate-video": Code(
        _WARNING, "sourceUrl", "An earlier row has the same address; signatures do not count.",
        "https://media.example.com/a.mp4",
        "Remove one of the two, unless the video is wanted twice.",
    ),
    "duplicate-row": Code(
        _ERROR, "sourceUrl",
        "An earlier row has the same address and title, and neither has a reference ID.",
        "https://media.example.com/a.mp4",
        "Remove one of the two rows, or give each a reference ID.",
    ),
    POSSIBLE_DUPLICATE_CODE: Code(
        _ERROR, "job",
        "It may be the video of a row that was sent before and is no longer in the manifest.",
        "a row with the title of a row that was removed",
        "Run the import again and say whether it is the same video: same-videos yes or no.",
    ),
    # The title.
    "filename-missing": Code(
        _ERROR, "filename", "There is no title.", "", "Give the video a title."
    ),
    "filename-characters": Code(
        _ERROR, "filename", "It has line breaks, tabs, or � for a character that was lost.",
        "Caf�", "Retype the missing characters.",
    ),
    "filename-damaged": Code(
        _ERROR, "filename", "It is an error of a spreadsheet.", "#N/A",
        "Correct the formula in the spreadsheet, or type the title.",
    ),
    "filename-garbled": Code(
        _WARNING, "filename", "It was read in a wrong encoding before it came here.", "CafÃ©",
        "The hint is what it most likely was.",
    ),
    "filename-length": Code(
        _WARNING, "filename", "It has more than 255 characters, and may be truncated.", "a" * 256,
        "Shorten it.",
    ),
    # The extension.
    "extension-missing": Code(
        _ERROR, "extension", "There is none, and the address does not end in one.", "",
        "Give the row its file's extension; the hint says what a file of another kind needs.",
    ),
    "extension-unknown": Code(
        _ERROR, "extension", "It is not one of a known video format.", "flv",
        "Convert the file, or correct the extension.", overrulable=True,
    ),
    "extension-contradiction": Code(
        _WARNING, "extension", "The address ends in another one.", "mov",
        "Correct whichever is wrong; the extension is what is sent.",
    ),
    # The reference ID.
    "duplicate-reference": Code(
        _ERROR, "referenceId", "An earlier row has the same one.", "A-1",
        "Give every row a reference ID of its own.",
    ),
    "reference-characters": Code(
        _ERROR, "referenceId", "It has line breaks, tabs, or � for a character that was lost.",
        "A\ufffd1", "Retype the missing characters.",
    ),
    "reference-damaged": Code(
        _ERROR, "referenceId",
        "A spreadsheet has lost it. No warning, because an id cannot be corrected once its video is"
        " there.",
        "1.23E+15", "Format the column as text there, then enter the ids again.",
    ),
    "reference-spaces": Code(
        _WARNING, "referenceId", "Spaces around it; it is sent without them.", " A-1 ",
        "Take them out, so that it is the same everywhere.",
    ),
    "reference-invisible": Code(
        _ERROR, "referenceId", "It has characters that cannot be seen.", "A\u200b-1",
        "The hint has the ID without them.",
    ),
    "reference-placeholder": Code(
        _WARNING, "referenceId",
        "It stands for no value; the row is imported as one without a reference ID.", "N/A",
        "Leave the cell blank, or give the row a reference ID of its own.",
    ),
    "reference-alike": Code(
        _WARNING, "referenceId",
        "It differs from that of another row only in case, accents, width or look-alike letters.",
        "a-1", "Compare both with where they come from.",
    ),
    "reference-changed": Code(
        _WARNING, "referenceId",
        "It looks like what spreadsheets make of IDs: a decimal, a date, or more than 15 digits.",
        "2024-03-01", "Compare it with where it comes from; format the column as text.",
    ),
    "reference-zeros": Code(
        _WARNING, "referenceId",
        "It has fewer digits than the others, as where a spreadsheet removed zeros in front.",
        "4711", "Format the column as text there, then enter the IDs again.",
    ),
    # Rows with uncertain cells.
    "width": Code(
        _ERROR, "line", "The row has more cells than the header.",
        "https://media.example.com/a.mp4,One, two,mp4,A-1",
        "Put cells that hold the separator in quotes.",
    ),
    "quoting": Code(
        _ERROR, "line", "The row's quotes are broken, or swallow the rows below it.",
        'https://media.example.com/a.mp4,"One" two,mp4,A-1',
        "Put the cell in quotes, and write every quote inside of it twice.",
    ),
    "row-heading": Code(
        _ERROR, "line", "Only one cell of the row is filled, and it is no URL.", ",Part two,,",
        "If the row is a heading, delete it.",
    ),
    "bytes": Code(
        _ERROR, "line", "The row has bytes that are not of the file's encoding.",
        "https://media.example.com/a.mp4,Caf\udce9,mp4,A-1",
        "The hint is what they most likely were.",
    ),
    "repeated-key": Code(
        _ERROR, "JSON", "The object has two members of one name.",
        '{"sourceUrl": "https://media.example.com/a.mp4", "filename": "A", "filename": "B"}',
        "Leave one of them.",
    ),
    "no-object": Code(
        _ERROR, "JSON", "A URL is an item beside objects, and not in an object itself.",
        '[{"sourceUrl": "https://media.example.com/a.mp4"}, "https://media.example.com/b.mp4"]',
        "Make an object of it.",
    ),
    "renditions": Code(
        _ERROR, "JSON", "One object holds several files, and nothing tells which is the video.",
        '{"filename": "A", "sources": [{"src": "https://media.example.com/a.mp4"},'
        ' {"src": "https://media.example.com/b.mp4"}]}',
        "Leave one of them, or give each a title and an ID of its own.",
    ),
    "syntax": Code(
        _ERROR, "JSON", "The line is no JSON.", '{"sourceUrl": "https://media.example.com/a.mp4"',
        "Correct the line, or export it again.",
    ),
    # Problems of workbooks.
    "cell-formula": Code(
        _ERROR, "workbook", "The cell's formula was never calculated.",
        "a program wrote it, and Excel never opened it",
        "Open the workbook in Excel or LibreOffice, save it, and try again.",
    ),
    "cell-digits": Code(
        _ERROR, "workbook", "A number of more than 15 digits: the others are lost.",
        "1234567890123456 as a number", "Format the column as text, then enter them again.",
        overrulable=True,
    ),
    "cell-format": Code(
        _WARNING, "workbook", "A date, a truth value, or a number that the sheet shows otherwise.",
        "1 March 2024", "The hint is what was read.",
    ),
    "row-hidden": Code(
        _WARNING, "workbook", "The row is hidden; it is imported all the same.",
        "a row that a filter hides", "Show it, or delete it.", overrulable=True,
    ),
    "column-hidden": Code(
        _WARNING, "workbook", "A column that is used is hidden.", "the hidden column C",
        "Show it, and look whether it is the right one.", overrulable=True,
    ),
    "cells-merged": Code(
        _WARNING, "workbook", "Cells are merged; each row gets their value.", "D2:D4",
        "Unmerge them, and fill in what each row is to have.", overrulable=True,
    ),
    "sheet-filter": Code(
        _WARNING, "workbook", "A filter is active; the rows that it hides are imported, too.",
        "rows filtered by department", "Clear the filter, or delete the hidden rows.",
        overrulable=True,
    ),
    "sheet-unread": Code(
        _WARNING, "workbook", "Another sheet has videos, too.", "sheets HR and Sales",
        "Choose another sheet by its name, or all, with the setting sheet.", overrulable=True,
    ),
    # Problems that preflight finds.
    "source-forbidden": Code(
        _ERROR, "answer", "The host does not let everybody download it.", "HTTP 403",
        "Share the file so that anybody can download it, or use a signed URL.", overrulable=True,
    ),
    "source-missing": Code(
        _ERROR, "answer", "The host has no such file.", "HTTP 404",
        "Correct the URL, or upload the file.", overrulable=True,
    ),
    "source-refused": Code(
        _ERROR, "answer", "The host refuses in another way.", "HTTP 400",
        "Open the URL in a private window of a browser.", overrulable=True,
    ),
    "source-page": Code(
        _ERROR, "answer", "A web page or a login page comes instead of a video.",
        "<!doctype html>", "Share the file so that anybody can download it, or use a signed URL.",
        overrulable=True,
    ),
    "source-empty": Code(
        _ERROR, "answer", "The file is empty.", "0 bytes",
        "Upload the file again, and check its size.", overrulable=True,
    ),
    "source-not-video": Code(
        _ERROR, "answer", "It is no known video, by its first bytes.", "%PDF-1.7",
        "Use the URL of the video file.", overrulable=True,
    ),
    "source-host": Code(
        _ERROR, "answer", "There is no such host.", "no address in DNS",
        "Correct the host of the URL.", overrulable=True,
    ),
    "source-certificate": Code(
        _ERROR, "answer", "The host's certificate is not valid.", "a certificate of last year",
        "Have it renewed, or use another URL of the file.", overrulable=True,
    ),
    "source-redirect": Code(
        _ERROR, "answer", "It redirects to an invalid URL, or too often.",
        "a redirect to ftp://", "Use the URL that it ends at.", overrulable=True,
    ),
    "source-private": Code(
        _ERROR, "answer", "It leads to a private IP address.", "a redirect to http://10.0.0.1",
        "Use a URL that works from the internet, without a VPN.",
    ),
    "source-format": Code(
        _WARNING, "answer", "It is a video of another format than the extension says.",
        "a WebM file named .mp4", "Correct the extension.",
    ),
    "source-busy": Code(
        _WARNING, "answer", "The host cannot say at present whether it has the file.", "HTTP 503",
        "Try again later.",
    ),
    "source-cut": Code(
        _WARNING, "answer", "The host sends nothing, or only a part of the file.",
        "100 of 5,000 bytes", "Try again later.",
    ),
    "source-unreachable": Code(
        _WARNING, "answer", "No connection from here; one try counts for all rows of the host.",
        "a host that is switched off", "The platform may still reach it.",
    ),
}  # fmt: skip

#: Codes that the setting `allow` accepts.
OVERRULABLE: Final = frozenset(name for name, code in CODES.items() if code.overrulable)
