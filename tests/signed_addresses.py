"""Makes signed URLs for tests: one per signing scheme, in the format that its vendor uses.

A scheme is the way in which a vendor signs a URL, such as version 4 of Amazon S3. The same video
can be signed several times, each time with a new signature. All signatures are random numbers and
letters from a seed; none of these URLs ever worked.
"""

import base64
import json
import math
import random
import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from batch_import.manifest.rules import source_url
from batch_import.models import Severity

_URL_SAFE = string.ascii_letters + string.digits + "-_"


class Signed(NamedTuple):
    """A URL with a signature.

    Attributes:
        secrets: the parts of the URL that must never be shown.
        end: epoch seconds at which the URL expires; infinity if the URL does not state this time.
    """

    url: str
    secrets: tuple[str, ...]
    end: float = math.inf


class Seed:
    """Draws the random parts of a signed URL.

    The functions below call it `s`, to keep the URLs readable.

    Args:
        number: seed of the random numbers; another number results in another signature.
        video: name of the video; it is not a part of any signature.

    Attributes:
        end: epoch seconds at which the URL expires.
        secrets: the parts of the URL that must never be shown, in the order of their creation.
    """

    def __init__(self, number: int, video: str = "lesson-1") -> None:
        self._random = random.Random(number)
        self.video = video
        self.end = 1_800_000_000 + self._random.randrange(100_000_000)
        self.secrets: list[str] = []

    def _secret(self, text: str) -> str:
        self.secrets.append(text)
        return text

    def hex(self, digits: int) -> str:
        """Return hexadecimal digits.

        The 13th of 32 digits is 0: a UUID has its version there, and these digits are not a UUID.
        """
        text = "".join(self._random.choices("0123456789abcdef", k=digits))
        return self._secret(f"{text[:12]}0{text[13:]}" if digits == 32 else text)

    def safe(self, length: int) -> str:
        """Return URL-safe base64 text.

        Every fifth character is a digit: a random text of some hundred may have very few.
        """
        text = "".join(
            self._random.choice(string.digits if position % 5 == 3 else string.ascii_letters)
            for position in range(length)
        )
        return self._secret(text[: length // 2] + "_" + text[length // 2 + 1 :])

    def base64(self, length: int) -> str:
        """Return the base64 text of random bytes, percent-encoded for a URL."""
        return self._secret(
            quote(base64.b64encode(self._random.randbytes(length)).decode(), safe="")
        )

    def digits(self, length: int) -> str:
        return "".join(self._random.choices(string.digits, k=length))

    def jwt(self, **claims: object) -> str:
        """Return a JSON Web Token with these claims."""

        def part(value: object) -> str:
            encoded = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
            return encoded.rstrip("=")

        head = part({"alg": "HS256", "typ": "JWT"})
        body = part({"rnd": self.digits(6), **claims})
        return f"{head}.{self._secret(body)}.{self.safe(43)}"

    def moment(self, form: str, before: int = 0) -> str:
        """Return the time `before` seconds before the end, in a format of `strftime`."""
        return format(datetime.fromtimestamp(self.end - before, UTC), form)

    def path_policy(self) -> str:
        """Return a policy of CloudFront: JSON in base64, with CloudFront's own characters."""
        condition = {"DateLessThan": {"AWS:EpochTime": self.end}}
        statement = {"Statement": [{"Resource": "*", "Condition": condition, "n": self.digits(4)}]}
        text = base64.b64encode(json.dumps(statement).encode()).decode()
        return self._secret(text.translate(str.maketrans("+=/", "-_~")))


def _s3_v4(s: Seed) -> str:
    return (
        f"https://bucket.s3.eu-west-1.amazonaws.com/films/{s.video}.mp4"
        "?response-content-disposition=inline&X-Amz-Algorithm=AWS4-HMAC-SHA256&x-id=GetObject"
        f"&X-Amz-Credential=ASIA{s.hex(16)}%2F{s.moment('%Y%m%d')}%2Feu-west-1%2Fs3%2Faws4_request"
        f"&X-Amz-Date={s.moment('%Y%m%dT%H%M%SZ', 3600)}&X-Amz-Expires=3600"
        f"&X-Amz-SignedHeaders=host&X-Amz-Security-Token={s.base64(90)}&X-Amz-Signature={s.hex(64)}"
    )


def _s3_v2(s: Seed) -> str:
    return (
        f"https://bucket.s3.amazonaws.com/{s.video}.mp4"
        f"?AWSAccessKeyId=AKIA{s.hex(16)}&Signature={s.base64(20)}&Expires={s.end}&versionId=3HL4k"
    )


def _cloudfront(s: Seed) -> str:
    return (
        f"https://d111111abcdef8.cloudfront.net/{s.video}.mp4"
        f"?Expires={s.end}&Signature={s.safe(80)}~__&Key-Pair-Id=K2{s.safe(12)}"
    )


def _cloudfront_policy(s: Seed) -> str:
    return (
        f"https://d111111abcdef8.cloudfront.net/{s.video}.mp4?Policy={s.path_policy()}"
        f"&Signature={s.safe(80)}&Key-Pair-Id=K2{s.safe(12)}&Hash-Algorithm=SHA256"
    )


def _google_v4(s: Seed) -> str:
    return (
        f"https://storage.googleapis.com/bucket/{s.video}.mp4?X-Goog-Algorithm=GOOG4-RSA-SHA256"
        f"&X-Goog-Credential=job%40p.iam.gserviceaccount.com%2F{s.moment('%Y%m%d')}%2Fauto"
        f"&X-Goog-Date={s.moment('%Y%m%dT%H%M%SZ', 900)}&X-Goog-Expires=900"
        f"&X-Goog-SignedHeaders=host&X-Goog-Signature={s.hex(512)}"
    )


def _google_v2(s: Seed) -> str:
    return (
        f"https://storage.googleapis.com/bucket/{s.video}.mp4?GoogleAccessId=a%40b.example"
        f"&Expires={s.end}&Signature={s.base64(256)}"
    )


def _google_cdn(s: Seed) -> str:
    return (
        f"https://media.example.com/{s.video}.mp4?URLPrefix=aHR0cHM6Ly9tZWRpYQ&Expires={s.end}"
        f"&KeyName=key-1&Signature={s.safe(28)}="
    )


def _google_media_cdn(s: Seed) -> str:
    return (
        f"https://media.example.com/{s.video}.mp4?edge-cache-token=URLPrefix=aHR0cHM6Ly9tZWRpYQ"
        f"~Expires={s.end}~KeyName=k1~Signature={s.safe(86)}"
    )


def _google_drive(s: Seed) -> str:
    return (
        f"https://doc-{s.digits(2)}-docs.googleusercontent.com/docs/securesc/{s.hex(32)}"
        f"/{s.hex(33)}/{s.end}000/{s.video}.mp4"
        f"?e=download&nonce={s.hex(14)}&hash={s.hex(33)}&user=1"
    )


def _azure(s: Seed) -> str:
    return (
        f"https://account.blob.core.windows.net/videos/{s.video}.mp4?sv=2023-11-03"
        f"&st={quote(s.moment('%Y-%m-%dT%H:%M:%SZ', 3600), safe='')}"
        f"&se={quote(s.moment('%Y-%m-%dT%H:%M:%SZ'), safe='')}&sr=b&sp=r&spr=https"
        f"&skoid={s.hex(36)}&sig={s.base64(32)}"
    )


def _azure_html(s: Seed) -> str:
    return _azure(s).replace("&", "&amp;")


def _azure_semicolons(s: Seed) -> str:
    return _azure(s).replace("&", ";")


def _akamai_query(s: Seed) -> str:
    return (
        f"https://v.akamaized.net/{s.video}.mp4"
        f"?hdnts=st={s.end - 9}~exp={s.end}~acl=/*~hmac={s.hex(64)}"
    )


def _akamai_token(s: Seed) -> str:
    return f"https://v.example.com/{s.video}.mp4?__token__=exp={s.end}~acl=%2f*~hmac={s.hex(64)}"


def _akamai_path(s: Seed) -> str:
    return f"https://v.akamaized.net/exp={s.end}~acl=/v/*~hmac={s.hex(64)}/v/{s.video}.mp4"


def _akamai_named_path(s: Seed) -> str:
    return f"https://v.akamaized.net/hdntl=exp={s.end}~acl=%2f*~data=hdntl~hmac={s.hex(64)}/{s.video}.mp4"


def _backblaze(s: Seed) -> str:
    return (
        f"https://f002.backblazeb2.com/file/bucket/{s.video}.mp4"
        f"?Authorization=3_{s.digits(14)}_{s.safe(24)}_{s.safe(27)}=_dnld"
    )


def _jw(s: Seed) -> str:
    return f"https://cdn.jwplayer.com/videos/{s.video}-AbCd1234.mp4?exp={s.end}&sig={s.hex(32)}"


def _alibaba_v1(s: Seed) -> str:
    return (
        f"https://b.oss-cn-hangzhou.aliyuncs.com/{s.video}.mp4?x-oss-process=video%2Fsnapshot"
        f"&Expires={s.end}&OSSAccessKeyId=LTAI{s.safe(16)}&Signature={s.base64(20)}"
    )


def _alibaba_v4(s: Seed) -> str:
    return (
        f"https://b.oss-cn-hangzhou.aliyuncs.com/{s.video}.mp4?x-oss-process=video%2Fsnapshot"
        f"&x-oss-date={s.moment('%Y%m%dT%H%M%SZ', 60)}&x-oss-expires=60"
        "&x-oss-signature-version=OSS4-HMAC-SHA256"
        f"&x-oss-credential={s.safe(24)}%2F20260101%2Fcn-hangzhou%2Foss%2Faliyun_v4_request"
        f"&x-oss-signature={s.hex(64)}"
    )


def _alibaba_cdn(s: Seed) -> str:
    return f"https://cdn.example.cn/{s.video}.mp4?auth_key={s.end}-0-0-{s.hex(32)}"


def _alibaba_cdn_path(s: Seed) -> str:
    return f"https://cdn.example.cn/{s.moment('%Y%m%d%H%M')}/{s.hex(32)}/{s.video}.mp4"


def _tencent_cos(s: Seed) -> str:
    times = f"{s.end - 60};{s.end}"
    return (
        f"https://b.cos.ap-sydney.myqcloud.com/{s.video}.mp4?q-sign-algorithm=sha1"
        f"&q-ak=AKID{s.safe(32)}&q-sign-time={times}&q-key-time={times}&q-header-list=host"
        f"&q-url-param-list=&q-signature={s.hex(40)}"
    )


def _tencent_cdn(s: Seed) -> str:
    return f"https://v.example.cn/{s.video}.mp4?sign={s.hex(32)}&t={s.end}"


def _tencent_live(s: Seed) -> str:
    return f"https://v.example.cn/{s.video}.mp4?txSecret={s.hex(32)}&txTime={s.end:X}"


def _kaltura_query(s: Seed) -> str:
    return f"https://cdnapisec.kaltura.com/p/1/raw/entry_id/{s.video}/a.mp4?ks=djJ8{s.safe(120)}=="


def _kaltura_v1(s: Seed) -> str:
    plain = f"{s.hex(40)}|99;99;{s.end};2;{s.digits(6)};user;*"
    session = base64.b64encode(plain.encode()).decode()
    s.secrets.append(session)
    return f"https://cdnapisec.kaltura.com/p/99/raw/entry_id/{s.video}/a.mp4?ks={session}"


def _kaltura_path(s: Seed) -> str:
    return (
        f"https://cdnapisec.kaltura.com/p/1/sp/100/playManifest/entryId/{s.video}/format/download"
        f"/ks/djJ8{s.safe(120)}/a.mp4"
    )


def _sharepoint(s: Seed) -> str:
    return (
        f"https://c.sharepoint.com/_layouts/15/download.aspx?UniqueId={s.video}&Translate=false"
        f"&tempauth=v1.{s.jwt(exp=str(s.end))}&ApiVersion=2.0"
    )


def _onedrive(s: Seed) -> str:
    return f"https://public.bn.files.1drv.com/y4m{s.safe(80)}/{s.video}.mp4?download"


def _fastly(s: Seed) -> str:
    return f"https://v.example.com/{s.video}.mp4?token={s.end}_{s.hex(40)}"


def _brightcove(s: Seed) -> str:
    return f"https://bcbolt.example.com/{s.video}.mp4?fastly_token={s.end:x}_{s.hex(64)}"


def _bunny(s: Seed) -> str:
    return f"https://v.b-cdn.net/{s.video}.mp4?token={s.safe(43)}&token_path=%2F&expires={s.end}"


def _bunny_path(s: Seed) -> str:
    return (
        f"https://v.b-cdn.net/bcdn_token=HS256-{s.safe(43)}&expires={s.end}&token_path=%2Fv%2F"
        f"/v/{s.video}.mp4"
    )


def _nginx(s: Seed) -> str:
    return f"https://v.example.com/{s.video}.mp4?md5={s.safe(22)}&expires={s.end}"


def _nginx_short(s: Seed) -> str:
    return f"https://v.example.com/{s.video}.mp4?st={s.safe(22)}&e={s.end}"


def _nginx_path(s: Seed) -> str:
    return f"https://v.example.com/s/{s.safe(22)}/{s.end}/{s.video}.mp4"


def _wowza(s: Seed) -> str:
    return (
        f"https://wms.example.com/vod/{s.video}.mp4?wowzatokenstarttime=0"
        f"&wowzatokenendtime={s.end}&wowzatokenhash={s.safe(43)}="
    )


def _wms(s: Seed) -> str:
    begin = datetime.fromtimestamp(s.end - 1200, UTC)
    plain = (
        f"server_time={begin.month}/{begin.day}/{begin:%Y %I:%M:%S %p}"
        f"&hash_value={s.base64(16)}&validminutes=20"
    )
    sign = base64.b64encode(plain.encode()).decode()
    s.secrets.append(sign.rstrip("="))
    return f"https://wms.example.com/vod/{s.video}.mp4?wmsAuthSign={sign}"


def _swift(s: Seed) -> str:
    return (
        f"https://storage.gra.cloud.ovh.net/v1/AUTH_1/videos/{s.video}.mp4?filename=a.mp4&inline"
        f"&temp_url_sig={s.hex(40)}&temp_url_expires={s.end}"
    )


def _swift_date(s: Seed) -> str:
    return (
        f"https://storage.gra.cloud.ovh.net/v1/AUTH_1/videos/{s.video}.mp4"
        f"?temp_url_sig={s.hex(64)}&temp_url_expires={s.moment('%Y-%m-%dT%H:%M:%SZ')}"
    )


def _zoom(s: Seed) -> str:
    return f"https://us02web.zoom.us/rec/download/{s.video}?access_token={s.jwt(exp=s.end)}"


def _zoom_zak(s: Seed) -> str:
    return f"https://zoom.us/rec/webhook_download/{s.video}?zak={s.safe(60)}&pwd={s.safe(20)}"


def _jwt_query(s: Seed) -> str:
    return f"https://stream.example.com/{s.video}/high.mp4?view={s.jwt(exp=s.end)}"


def _jwt_path(s: Seed) -> str:
    return f"https://stream.example.com/{s.jwt(exp=s.end)}/{s.video}/high.mp4"


def _vimeo_external(s: Seed) -> str:
    return (
        f"https://player.vimeo.com/external/{s.video}.hd.mp4"
        f"?s={s.hex(40)}&profile_id=175&oauth2_token_id=57447761"
    )


def _vimeo_progressive(s: Seed) -> str:
    return (
        f"https://player.vimeo.com/progressive_redirect/download/{s.video}/rendition/1080p/x.mp4"
        f"?loc=external&signature={s.hex(64)}"
    )


def _airtable(s: Seed) -> str:
    return (
        f"https://v5.airtableusercontent.com/v3/u/39/39/{s.end}000/{s.safe(22)}/{s.safe(80)}"
        f"/{s.video}.mp4"
    )


def _dropbox(s: Seed) -> str:
    return f"https://uc{s.hex(30)}.dl.dropboxusercontent.com/cd/0/get/{s.safe(160)}/{s.video}.mp4"


def _box(s: Seed) -> str:
    return f"https://dl.boxcloud.com/d/1/b1!{s.safe(80)}/{s.video}.mp4"


def _panopto(s: Seed) -> str:
    return (
        f"https://d.hosted.panopto.com/Panopto/Podcast/Download/{s.video}.mp4"
        f"?mediaTargetType=videoPodcast&.ASPXAUTH={s.hex(128)}"
    )


def _huawei(s: Seed) -> str:
    return (
        f"https://b.obs.ap-southeast-1.myhuaweicloud.com/{s.video}.mp4"
        f"?AccessKeyId={s.safe(20)}&Expires={s.end}&Signature={s.base64(20)}"
    )


def _limelight(s: Seed) -> str:
    return f"https://x.llnwd.net/{s.video}.mp4?p=33&e={s.end}&h={s.hex(32)}"


def _cloudflare(s: Seed) -> str:
    return f"https://v.example.com/{s.video}.mp4?verify={s.end}-{s.base64(32)}"


def _cloudinary(s: Seed) -> str:
    return f"https://res.cloudinary.com/demo/video/upload/s--{s.safe(8)}--/v1/{s.video}.mp4"


def _oracle(s: Seed) -> str:
    return f"https://objectstorage.us-ashburn-1.oraclecloud.com/p/{s.safe(64)}/n/ns/b/b/o/{s.video}.mp4"


def _discord(s: Seed) -> str:
    return (
        f"https://cdn.discordapp.com/attachments/1/{s.video}.mp4?ex={s.end:x}&is=1&hm={s.hex(64)}&"
    )


def _qiniu(s: Seed) -> str:
    return f"https://v.example.cn/{s.video}.mp4?e={s.end}&token={s.safe(40)}:{s.safe(28)}="


def _level3(s: Seed) -> str:
    return (
        f"https://v.example.com/{s.video}.mp4?stime={s.moment('%Y%m%d%H%M%S', 60)}"
        f"&etime={s.moment('%Y%m%d%H%M%S')}&hash=0{s.hex(20)}"
    )


def _unknown(s: Seed) -> str:
    return f"https://v.example.com/get?video={s.video}&zz={s.safe(43)}"


def _unknown_expiring(s: Seed) -> str:
    return f"https://v.example.com/get?video={s.video}&zz={s.hex(32)[:14]}aB1&validTo={s.end}"


def _edgecast(s: Seed) -> str:
    return f"https://v.example.com/{s.video}.mp4?{s.hex(96)}"


def _nested(s: Seed) -> str:
    inner = f"https://b.s3.amazonaws.com/{s.video}.mp4?versionId=7&token={s.safe(43)}"
    return f"https://proxy.example.com/fetch?u={quote(inner, safe='')}&w=640"


def _nested_plain(s: Seed) -> str:
    return f"https://proxy.example.com/fetch?u=https://b.example.com/{s.video}?token={s.safe(43)}&w=640"


#: Schemes whose URLs do not state when they expire in a form that the program can recognize.
_SCHEMES_WITHOUT_END = frozenset(
    """
    google_drive backblaze alibaba_cdn alibaba_cdn_path tencent_cdn kaltura_query kaltura_path
    onedrive nginx_path zoom_zak vimeo_external vimeo_progressive dropbox box panopto cloudflare
    cloudinary oracle unknown unknown_expiring edgecast nested nested_plain
    """.split()
)

#: Scheme → the function of this module that makes its URL.
_MAKERS: dict[str, Callable[[Seed], str]] = {
    name.removeprefix("_"): maker
    for name, maker in list(globals().items())
    if name.startswith("_") and getattr(maker, "__annotations__", {}).get("s") is Seed
}
SCHEMES = tuple(_MAKERS)


def sign(scheme: str, number: int, video: str = "lesson-1") -> Signed:
    """Return the URL of a video, signed in a scheme; another number gives another signature."""
    seed = Seed(number, video)
    url = _MAKERS[scheme](seed)
    return Signed(
        url, tuple(seed.secrets), math.inf if scheme in _SCHEMES_WITHOUT_END else seed.end
    )


#: Schemes whose URLs pass the rules for source URLs. The rules reject the others, because of their
#: host: they take these URLs for web pages.
FILES = tuple(
    scheme
    for scheme in SCHEMES
    if not any(
        violation.severity is Severity.ERROR
        for _, violation in source_url.violations([sign(scheme, 1).url])
    )
)
