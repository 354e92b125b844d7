"""All codes of problems: meaning, example, how to fix the problem, and whether it may be ignored.

Tests check that each example gets its code. This module must not know how a problem is found.
"""

from dataclasses import dataclass
from typing import Final, Literal

from batch_import.models import POSSIBLE_DUPLICATE_CODE, Severity

ExampleKind = Literal[
    "sourceUrl", "filename", "extension", "referenceId", "line", "JSON", "answer", "workbook", "job"
]
_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a problem.

    Attributes:
        example_kind: whether the example is a cell, a line, a response or a description.
        meaning: what is wrong, in one sentence.
        example: an example that gets this code.
        hint: how to fix the problem. A problem of a row may have a more precise hint.
        overrulable: whether the setting `allow` may turn off this code. False if that were unsafe.
    """

    severity: Severity
    example_kind: ExampleKind
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
        _ERROR, "sourceUrl", "The cell is not a URL, or the start of the URL is damaged.",
        "https://https://media.example.com/a.mp4", "The hint is the corrected URL.",
    ),
    "url-host": Code(
        _ERROR, "sourceUrl", "The host or the port of the URL is not valid.", "https:///a.mp4",
        "Write the URL like https://host/video.mp4.",
    ),
    "url-reference": Code(
        _ERROR, "sourceUrl", "The reference to cloud storage does not name a file.",
        "s3://bucket/folder/", "Write the reference like s3://bucket/folder/video.mp4.",
    ),
    "url-characters": Code(
        _ERROR, "sourceUrl", "The URL contains line breaks, tabs, or invisible characters.",
        "https://media.example.com/a\u200b.mp4", "The hint is the corrected URL.",
    ),
    "url-wrapped": Code(
        _ERROR, "sourceUrl", "The URL is inside brackets, quotes, a link, or other text.",
        "[Watch](https://media.example.com/a.mp4)", "The hint is the corrected URL.",
    ),
    "url-trailing": Code(
        _ERROR, "sourceUrl",
        "Punctuation or text follows the URL. A warning if the punctuation may belong to the URL.",
        "https://media.example.com/a.mp4,", "The hint is the corrected URL.", overrulable=True,
    ),
    "url-entity": Code(
        _ERROR, "sourceUrl", "Characters of the URL are written as in HTML.",
        "https://media.example.com/a.mp4?x=1&amp;y=2", "The hint is the corrected URL.",
        overrulable=True,
    ),
    "url-cut": Code(
        _ERROR, "sourceUrl", "The name of the file contains # or ?, where the path of a URL ends.",
        "https://media.example.com/Lesson #5.mp4", "The hint is the corrected URL.",
        overrulable=True,
    ),
    "url-backslash": Code(
        _ERROR, "sourceUrl", "The URL has backslashes instead of slashes.",
        r"https://media.example.com/a\b.mp4", "The hint is the corrected URL.",
    ),
    "url-several": Code(
        _ERROR, "sourceUrl", "The cell contains more than one URL.",
        "https://media.example.com/a.mp4; https://media.example.com/b.mp4",
        "Make a row for each video.",
    ),
    "url-length": Code(
        _ERROR, "sourceUrl", "The cell has more than 16,384 characters.",
        f"https://media.example.com/{'a' * 16_384}.mp4", "Put only one URL into the cell.",
    ),
    "url-masked": Code(
        _ERROR, "sourceUrl",
        "The URL has `***` instead of a secret: the row was copied from the results.",
        "https://media.example.com/a.mp4?X-Amz-Signature=***",
        "Copy the rows from failed.csv or from the manifest: the URLs there are complete.",
    ),
    "url-private": Code(
        _ERROR, "sourceUrl",
        "The platform cannot reach the host: it is localhost, a private IP address in any notation,"
        " or a host name of an internal network.",
        "http://192.168.1.20/a.mp4", "Give a URL that works from the internet.",
    ),
    "url-page": Code(
        _ERROR, "sourceUrl", "The URL is that of a web page with a video, not of the file.",
        "https://vimeo.com/12345678",
        "If the URL of the file follows from that of the page, the hint is the URL of the file.",
        overrulable=True,
    ),
    "url-page-likely": Code(
        _ERROR, "sourceUrl",
        "The URL is probably that of a web page: the other rows have URLs of files. This URL is"
        " equal to another cell of its row, or it is on another host and has no extension. A"
        " warning if the row has an extension.",
        "https://www.example.com/watch/4711",
        "Give the URL of the file. If this URL downloads the file, give the extension.",
        overrulable=True,
    ),
    "url-playlist": Code(
        _ERROR, "sourceUrl", "The URL is that of a streaming playlist.",
        "https://media.example.com/master.m3u8",
        "Give the URL of the file from which the stream was made.", overrulable=True,
    ),
    "url-expired": Code(
        _ERROR, "sourceUrl",
        "The signature of the URL has expired (S3, CloudFront, Google Cloud Storage, Azure,"
        " Akamai).",
        "https://media.example.com/a.mp4?Expires=1600000000&Signature=x&Key-Pair-Id=K",
        "Sign the URL again, or export the manifest again.", overrulable=True,
    ),
    "url-expires": Code(
        _WARNING, "sourceUrl",
        "The signature of the URL may expire before the row is imported. The rows that expire first"
        " are imported first.",
        "https://media.example.com/a.mp4?Expires=SOON&Signature=x&Key-Pair-Id=K",
        "Sign the URL for a longer time, import at a higher rate, or import the rows in parts.",
    ),
    "url-credentials": Code(
        _WARNING, "sourceUrl", "The URL contains a user name or password.",
        "https://user:secret@media.example.com/a.mp4",
        "Give a signed URL, or one that needs no login.",
    ),
    "duplicate-video": Code(
        _WARNING, "sourceUrl", "Another row has the same URL, apart from the signature.",
        "https://media.example.com/a.mp4",
        "Remove one of the two rows, unless you want the video twice.",
    ),
    "duplicate-row": Code(
        _ERROR, "sourceUrl",
        "An earlier row has the same URL and title, and neither row has a reference ID.",
        "https://media.example.com/a.mp4",
        "Remove one of the two rows, or give each a reference ID.",
    ),
    POSSIBLE_DUPLICATE_CODE: Code(
        _ERROR, "job",
        "The row may have the same video as a row that was sent and is no longer in the manifest.",
        "a row with the title of a row that was removed",
        "Run again with the setting same-videos: yes if the videos are the same, else no.",
    ),
    # The title.
    "filename-missing": Code(
        _ERROR, "filename", "The row has no title.", "", "Give the video a title."
    ),
    "filename-characters": Code(
        _ERROR, "filename", "The title has line breaks, tabs, or � in place of a lost character.",
        "Caf�", "Retype the missing characters.",
    ),
    "filename-damaged": Code(
        _ERROR, "filename", "The title is an error value of a spreadsheet.", "#N/A",
        "Correct the formula in the spreadsheet, or type the title.",
    ),
    "filename-entities": Code(
        _WARNING, "filename", "The title was copied from a web page with its HTML entities.",
        "Brakes &amp; cables",
        "Write the characters that the entities mean.",
    ),
    "filename-garbled": Code(
        _WARNING, "filename", "Another program has read the title in a wrong encoding.", "CafÃ©",
        "The hint is the most likely original title.",
    ),
    "filename-length": Code(
        _WARNING, "filename", "The title has more than 255 characters: it may be cut.", "a" * 256,
        "Shorten the title.",
    ),
    # The extension.
    "extension-missing": Code(
        _ERROR, "extension", "The row has no extension, and its URL ends in no known one.", "",
        "Give the extension of the file. Convert a file of a format that is not accepted.",
    ),
    "extension-unknown": Code(
        _ERROR, "extension", "The platform does not accept files with this extension.", "flv",
        "Convert the file, or correct the extension.", overrulable=True,
    ),
    "extension-contradiction": Code(
        _WARNING, "extension", "The URL ends in another extension.", "mov",
        "Correct the wrong one. The extension of this column is sent.",
    ),
    # The reference ID.
    "duplicate-reference": Code(
        _ERROR, "referenceId", "An earlier row has the same reference ID.", "A-1",
        "Give every row a reference ID of its own.",
    ),
    "reference-characters": Code(
        _ERROR, "referenceId",
        "The reference ID has line breaks, tabs, or � in place of a lost character.",
        "A\ufffd1", "Retype the missing characters.",
    ),
    "reference-damaged": Code(
        _ERROR, "referenceId",
        "A spreadsheet has replaced the reference ID by a rounded number or an error value. This is"
        " an error, because an ID cannot be corrected after the import.",
        "1.23E+15", "Format the column as text in the spreadsheet, then enter the IDs again.",
    ),
    "reference-spaces": Code(
        _WARNING, "referenceId",
        "The reference ID has spaces around it. It is sent without them.", " A-1 ",
        "Remove the spaces, so that the ID is the same everywhere.",
    ),
    "reference-invisible": Code(
        _ERROR, "referenceId", "The reference ID has invisible characters.", "A\u200b-1",
        "The hint has the ID without them.",
    ),
    "reference-placeholder": Code(
        _WARNING, "referenceId",
        "The cell has a placeholder for a missing value. The row is treated as one without ID.",
        "N/A",
        "Leave the cell blank, or give the row a reference ID of its own.",
    ),
    "reference-alike": Code(
        _WARNING, "referenceId",
        "The reference ID differs from that of another row only in case, accents, width or"
        " look-alike letters.",
        "a-1", "Compare both IDs with the original data.",
    ),
    "reference-changed": Code(
        _WARNING, "referenceId",
        "A spreadsheet may have changed the reference ID: it is a decimal number, a date, or a"
        " number of more than 15 digits.",
        "2024-03-01",
        "Compare the ID with the original data. Format the column as text in the spreadsheet.",
    ),
    "reference-blank": Code(
        _WARNING, "referenceId", "Most rows have an ID, and this row has none.", "",
        "Give the row its ID. Without one, an ID is made from its URL.",
    ),
    "reference-zeros": Code(
        _WARNING, "referenceId",
        "The reference ID has fewer digits than the others: a spreadsheet may have removed leading"
        " zeros.",
        "4711", "Format the column as text in the spreadsheet, then enter the IDs again.",
    ),
    # Rows with uncertain cells.
    "width": Code(
        _ERROR, "line", "The row has more cells than the header.",
        "https://media.example.com/a.mp4,One, two,mp4,A-1",
        "Put quotes around cells that contain the separator.",
    ),
    "quoting": Code(
        _ERROR, "line", "The quotes of the row are not valid, or are not closed in the row.",
        'https://media.example.com/a.mp4,"One" two,mp4,A-1',
        "Put quotes around the cell, and write each quote inside the cell twice.",
    ),
    "row-heading": Code(
        _ERROR, "line", "The row has no URL, and only one filled cell, or only numbers.",
        ",Part two,,", "If the row is a heading or a total, delete it.",
    ),
    "bytes": Code(
        _ERROR, "line", "The row has bytes that are not valid in the encoding of the file.",
        "https://media.example.com/a.mp4,Caf\udce9,mp4,A-1",
        "The hint is the most likely original text.",
    ),
    "repeated-key": Code(
        _ERROR, "JSON", "The object has two members with the same name.",
        '{"sourceUrl": "https://media.example.com/a.mp4", "filename": "A", "filename": "B"}',
        "Keep only one of them.",
    ),
    "no-object": Code(
        _ERROR, "JSON", "The other items of the list are objects. This item is only a URL.",
        '[{"sourceUrl": "https://media.example.com/a.mp4"}, "https://media.example.com/b.mp4"]',
        "Put the URL into an object.",
    ),
    "renditions": Code(
        _ERROR, "JSON",
        "The object has several files, and it is not clear which is the video, or none is usable.",
        '{"filename": "A", "sources": [{"src": "https://media.example.com/a.mp4"},'
        ' {"src": "https://media.example.com/b.mp4"}]}',
        "Keep only one usable file, or give each its own object with its own title and ID.",
    ),
    "syntax": Code(
        _ERROR, "JSON", "The line is not valid JSON.",
        '{"sourceUrl": "https://media.example.com/a.mp4"',
        "Correct the line, or export it again.",
    ),
    "records-missing": Code(
        _WARNING, "JSON",
        "The file is one page of a longer list: it says that there are more records or pages than"
        " it has.",
        '{"totalCount": 142, "videos": [{"sourceUrl": "https://media.example.com/a.mp4",'
        ' "filename": "A"}]}',
        "Add the records of the other pages to the file.", overrulable=True,
    ),
    # Problems of workbooks.
    "cell-formula": Code(
        _ERROR, "workbook", "The cell's formula was never calculated.",
        "a program wrote it, and Excel never opened it",
        "Open the workbook in Excel or LibreOffice, save it, and try again.",
    ),
    "cell-digits": Code(
        _ERROR, "workbook",
        "The cell has a number of more than 15 digits. A workbook keeps only 15 of them.",
        "1234567890123456 as a number", "Format the column as text, then enter the values again.",
        overrulable=True,
    ),
    "cell-format": Code(
        _WARNING, "workbook",
        "The cell has a date, a Boolean value, or a number that the sheet shows in another form.",
        "1 March 2024", "The hint is the text that was read.",
    ),
    "row-hidden": Code(
        _WARNING, "workbook", "The row is hidden. It is imported nevertheless.",
        "a row that a filter hides", "Show the row, or delete it.", overrulable=True,
    ),
    "row-struck": Code(
        _WARNING, "workbook", "The row is struck through. It is imported nevertheless.",
        "a row of a withdrawn video", "If it is not wanted, delete the row.", overrulable=True,
    ),
    "column-hidden": Code(
        _WARNING, "workbook", "A column that is used is hidden.", "the hidden column C",
        "Show the column, and check that it is the right one.", overrulable=True,
    ),
    "cells-merged": Code(
        _WARNING, "workbook", "Cells are merged. Each of their rows gets their value.", "D2:D4",
        "Unmerge the cells, and enter the value of each row.", overrulable=True,
    ),
    "sheet-filter": Code(
        _WARNING, "workbook", "A filter is active. The rows that it hides are imported as well.",
        "rows filtered by department", "Clear the filter, or delete the hidden rows.",
        overrulable=True,
    ),
    "sheet-unread": Code(
        _WARNING, "workbook", "Another sheet has videos as well. They are not imported.",
        "sheets HR and Sales",
        "To import another sheet, or all sheets, use the setting sheet.", overrulable=True,
    ),
    # Problems that preflight finds.
    "source-forbidden": Code(
        _ERROR, "answer", "The host does not let everybody download the file.", "HTTP 403",
        "Share the file so that anybody can download it, or use a signed URL.", overrulable=True,
    ),
    "source-missing": Code(
        _ERROR, "answer", "The host has no such file.", "HTTP 404",
        "Correct the URL, or upload the file.", overrulable=True,
    ),
    "source-refused": Code(
        _ERROR, "answer", "The host refuses the download for another reason.", "HTTP 400",
        "Open the URL in a private window of a browser.", overrulable=True,
    ),
    "source-page": Code(
        _ERROR, "answer", "The URL returns a web page or a login page instead of a video.",
        "<!doctype html>", "Share the file so that anybody can download it, or use a signed URL.",
        overrulable=True,
    ),
    "source-empty": Code(
        _ERROR, "answer", "The file is empty.", "0 bytes",
        "Upload the file again, and check its size.", overrulable=True,
    ),
    "source-not-video": Code(
        _ERROR, "answer", "The first bytes of the file are not those of a known video format.",
        "%PDF-1.7",
        "Use the URL of the video file.", overrulable=True,
    ),
    "source-host": Code(
        _ERROR, "answer", "The host of the URL does not exist.", "no address in DNS",
        "Correct the host of the URL.", overrulable=True,
    ),
    "source-certificate": Code(
        _ERROR, "answer", "The certificate of the host is not valid.", "an expired certificate",
        "Ask the operator of the host to renew it, or use another URL of the file.",
        overrulable=True,
    ),
    "source-redirect": Code(
        _ERROR, "answer", "The URL redirects to an invalid URL, or too often.",
        "a redirect to ftp://", "Use the URL at the end of the redirects.", overrulable=True,
    ),
    "source-private": Code(
        _ERROR, "answer", "The URL leads to a private IP address.",
        "a redirect to http://10.0.0.1",
        "Use a URL that works from the internet, without a VPN.",
    ),
    "source-format": Code(
        _WARNING, "answer", "The format of the video differs from the extension.",
        "a WebM file named .mp4", "Correct the extension.",
    ),
    "source-busy": Code(
        _WARNING, "answer", "The host is busy, so the file could not be checked.", "HTTP 503",
        "Try again later.",
    ),
    "source-cut": Code(
        _WARNING, "answer", "The host sends no data, or only a part of the file.",
        "100 of 5,000 bytes", "Try again later.",
    ),
    "source-unreachable": Code(
        _WARNING, "answer",
        "This machine cannot connect to the host. All rows of the host have this problem.",
        "a host that is switched off", "The platform may still be able to connect.",
    ),
}  # fmt: skip

#: Codes that the setting `allow` accepts.
OVERRULABLE: Final = frozenset(name for name, code in CODES.items() if code.overrulable)
