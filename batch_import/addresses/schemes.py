"""A table of the query parameters with which vendors of storage and content delivery sign URLs.

`signatures.py` uses it. All names are in lower case. They come from the vendors' documentation of
signed, pre-signed, tokenized or temporary URLs.
"""

import re
from typing import Final, NamedTuple


class Scheme(NamedTuple):
    """One way to sign a URL by query parameters.

    Attributes:
        vendor: vendors that use this scheme.
        parameters: names of the parameters that belong to the signature.
        required: names of parameters that a URL must all have; otherwise the scheme is not applied.
            It prevents that a short, common name is taken for a signature. Empty if each of the
            parameters is enough by itself.
        host: domain to whose hosts the scheme applies; empty for all hosts.
    """

    vendor: str
    parameters: frozenset[str]
    required: frozenset[str] = frozenset()
    host: str = ""


def _scheme(vendor: str, parameters: str, required: str = "", host: str = "") -> Scheme:
    return Scheme(vendor, frozenset(parameters.split()), frozenset(required.split()), host)


#: All known schemes. Several schemes may apply to the same URL.
SCHEMES: Final = (
    _scheme("S3 V2, CloudFront, Google V2", "signature expires awsaccesskeyid googleaccessid"),
    _scheme("CloudFront", "key-pair-id hash-algorithm"),
    _scheme("CloudFront, with a policy", "policy", "signature"),
    _scheme("Huawei OBS", "accesskeyid x-obs-security-token"),
    _scheme("Google Media CDN", "edge-cache-token"),
    _scheme("Google Cloud CDN", "urlprefix keyname", "signature"),
    _scheme("Azure SAS", "sig sv ss srt se sp sr st sip spr skoid sktid skt ske sks skv sdd saoid"
            " suoid scid ses rscc2", "sig"),
    _scheme("Akamai", "hdnts hdnea hdntl __token__ __gda__ hdnts_token __cld_token__"),
    _scheme("Alibaba OSS", "x-oss-date x-oss-expires x-oss-signature x-oss-signature-version"
            " x-oss-credential x-oss-additional-headers x-oss-security-token security-token"
            " ossaccesskeyid"),
    _scheme("Alibaba CDN", "auth_key"),
    _scheme("Tencent COS", "q-sign-algorithm q-ak q-sign-time q-key-time q-header-list"
            " q-url-param-list q-signature x-cos-security-token"),
    _scheme("Tencent CDN", "txsecret txtime"),
    _scheme("Tencent CDN, type D", "sign t", "sign t"),
    _scheme("Huawei, Wangsu CDN", "hwsecret hwtime wssecret wstime wsabstime auth_info"),
    _scheme("Backblaze, Baidu", "authorization"),
    _scheme("JW", "exp sig", "exp sig"),
    _scheme("Kaltura", "ks"),
    _scheme("SharePoint, OneDrive", "tempauth"),
    _scheme("Fastly, Brightcove", "fastly_token bcov_auth"),
    _scheme("Bunny", "bcdn_token"),
    _scheme("Bunny", "token expires token_path token_countries token_countries_blocked"
            " token_ver", "token expires"),
    _scheme("nginx secure_link", "md5 expires", "md5 expires"),
    _scheme("Wowza, Nimble", "wmsauthsign"),
    _scheme("OpenStack Swift, OVH", "temp_url_sig temp_url_expires temp_url_prefix"
            " temp_url_ip_range"),
    _scheme("Zoom", "access_token zak"),
    _scheme("Zoom", "pwd", host="zoom.us"),
    _scheme("Vimeo", "s", host="vimeo.com"),
    _scheme("Vimeo", "s", "s oauth2_token_id"),
    _scheme("Google Drive, Photos", "nonce hash", host="googleusercontent.com"),
    _scheme("YouTube's storage", "expire sig lsig lsparams sparams ei ip cpn",
            host="googlevideo.com"),
    _scheme("Discord", "ex is hm", "ex is hm"),
    _scheme("Facebook, Instagram", "oh oe", "oh oe"),
    _scheme("Level3", "stime etime encoded hash", "etime"),
    _scheme("Upyun", "_upt"),
    _scheme("Panopto, ASP.NET", ".aspxauth"),
    _scheme("sessions", "jsessionid phpsessid sessionid session_id"),
    _scheme("generic", "token auth apikey api_key api-key x-api-key accesskey access_key secret"
            " password passwd subscription-key ocp-apim-subscription-key jwt hmac sig"),
)  # fmt: skip

#: Prefixes of signature parameters: AWS S3 V4, Google V4, Volcengine TOS, TikTok, OAuth 1, Wowza.
SIGNATURE_PREFIXES: Final = ("x-amz-", "x-goog-", "x-tos-", "oauth_", "wowzatoken")
#: Suffixes of signature parameters, with any prefix (`auth_token`, `x-signature`).
SIGNATURE_SUFFIXES: Final = (
    "token",
    "signature",
    "password",
    "secret",
    "apikey",
    "api_key",
    "authkey",
)
#: Names of parameters that choose the video or its format. Their values are never taken for a
#: signature. The same holds for names that end in `id`.
CONTENT_NAMES: Final = frozenset(
    """
    file filename path name title v video media asset src source url uri u href link object entry
    item slug version ver rev revision generation format quality profile type lang language
    response-content-disposition response-content-type response-content-language
    response-cache-control response-content-encoding response-expires x-oss-process
    """.split()
)
#: Names of parameters that are the expiry time of the URL, if their value is a time.
EXPIRY_NAMES: Final = frozenset(
    """
    exp expires expire expiry expiration expires_at expireat expire_at validto valid_to valid_until
    validuntil deadline until endtime end_time etime e x-expires ttl
    """.split()
)
#: Names of parameters that are a signature if the URL has an expiry time, even with a short value.
SIGNATURE_NAMES_WITH_EXPIRY: Final = frozenset(
    "md5 h hash hmac mac digest hs s st sign sign2 k key auth verify checksum secure".split()
)
#: Names of parameters that belong to the signature of a signed URL, if their value is a time or a
#: number.
PART_OF_SIGNATURE_NAMES: Final = frozenset(
    """
    t ts time timestamp st start starttime start_time starts nbf iat stime validfrom valid_from
    nonce rand random salt
    """.split()
)
#: Values that are a signature whatever the name of the parameter is: a JSON web token; a list of
#: parameters with a hash (Akamai, Google Media CDN); epoch seconds and a hash in either order
#: (Cloudflare, Alibaba, Fastly, CDN77); a Kaltura session of version 2.
SIGNATURE_VALUE: Final = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w.-]*"
    r"|(?:.{0,1024}[~&|])?(?:hmac|signature)=.+"
    r"|[12]\d{9}[-_,:](?=.*[A-Za-z])[\w+/=~-]{3,}"
    r"|[\w+/=-]{16,},[12]\d{9}"
    r"|djJ8[\w+/=-]{16,}",
    re.IGNORECASE | re.DOTALL,
)
#: Values that are a time: epoch seconds or milliseconds from 2001 on, or a date with a time of day.
TIME_VALUE: Final = re.compile(
    r"[12]\d{9}(?:\d{3})?"
    r"|\d{4}-?\d\d-?\d\d[Tt _]?\d\d:?\d\d:?(?:\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?"
)
