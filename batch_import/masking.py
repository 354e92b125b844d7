"""What must not be shown: signatures, tokens and passwords inside URLs.

Anything that leaves the program for a person or a log goes through `mask`; the state and
`failed.csv` keep the working URL. This file must not know where text comes from or goes to.
"""

import re
from typing import Final

#: Query parameters that sign a URL (AWS, CloudFront, Google, Azure SAS, Akamai) or carry a token.
#: Lower case; a re-exported manifest differs in nothing but these.
SIGNATURE_PARAMETERS: Final = frozenset(
    """
    x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-security-token x-amz-signature
    x-amz-signedheaders awsaccesskeyid x-goog-algorithm x-goog-credential x-goog-date x-goog-expires
    x-goog-signature x-goog-signedheaders googleaccessid signature expires key-pair-id policy
    sv ss srt st se sp sr spr sip sig skoid sktid skt ske sks skv
    token access_token auth_token authtoken apikey api_key hdnts hdnea hdntl
    """.split()
)

_PARAMETER = re.compile(
    r"([?&;](?:" + "|".join(sorted(map(re.escape, SIGNATURE_PARAMETERS))) + r")=)[^&\s\"'<>]+",
    re.IGNORECASE,
)
_USER = re.compile(r"(://)[^/\s@\"'<>]+@")


def mask(text: str) -> str:
    """Replace what is secret in the URLs of a text by `***`."""
    return _USER.sub(r"\1***@", _PARAMETER.sub(r"\1***", text))
