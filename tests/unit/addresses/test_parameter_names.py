"""Each name of a signature parameter is masked and is no part of the video's identity."""

import pytest

from batch_import.addresses import schemes
from batch_import.addresses.masking import mask
from batch_import.addresses.signatures import strip_signature

VIDEO = "https://v.example.com/a.mp4"
#: A value that is too short to be recognized as a signature, and a value that is long enough.
SHORT, OPAQUE = "a1", "aB3dE5gH7jK9mN1pQ3sT5vX7"
EXPIRY = "1900000000"

#: Names that each are a signature parameter, whatever else the URL has.
ALONE = """
signature expires awsaccesskeyid googleaccessid key-pair-id hash-algorithm accesskeyid
x-obs-security-token edge-cache-token hdnts hdnea hdntl __token__ __gda__ hdnts_token
__cld_token__ x-oss-date x-oss-expires x-oss-signature x-oss-signature-version x-oss-credential
x-oss-additional-headers x-oss-security-token security-token ossaccesskeyid auth_key
q-sign-algorithm q-ak q-sign-time q-key-time q-header-list q-url-param-list q-signature
x-cos-security-token txsecret txtime hwsecret hwtime wssecret wstime wsabstime auth_info
authorization ks tempauth fastly_token bcov_auth bcdn_token wmsauthsign temp_url_sig
temp_url_expires temp_url_prefix temp_url_ip_range access_token zak _upt .aspxauth jsessionid
phpsessid sessionid session_id token auth apikey api_key api-key x-api-key accesskey access_key
secret password passwd subscription-key ocp-apim-subscription-key jwt hmac sig
""".split()
#: Names that are signature parameters only beside others → these others.
BESIDE = {
    "policy urlprefix keyname": "signature=x",
    "sv ss srt se sp sr st sip spr skoid sktid skt ske sks skv sdd saoid suoid scid ses rscc2": (
        "sig=x"
    ),
    "t": "sign=x",
    "sign": "t=1",
    "exp": "sig=x",
    "token_path token_countries token_countries_blocked token_ver": "token=x&expires=1",
    "md5": "expires=1",
    "s": "oauth2_token_id=1",
    "ex": "is=x&hm=x",
    "is": "ex=x&hm=x",
    "hm": "ex=x&is=x",
    "oh": "oe=x",
    "oe": "oh=x",
    "stime encoded hash": "etime=1",
}
#: Names that are signature parameters only at a vendor's host → a URL at this host.
AT_HOST = {
    "pwd": "https://us02web.zoom.us/rec/download/a",
    "s": "https://player.vimeo.com/external/1.hd.mp4",
    "nonce hash": "https://lh3.googleusercontent.com/a",
    "expire sig lsig lsparams sparams ei ip cpn": "https://r1.googlevideo.com/videoplayback",
}
#: Names that are signature parameters beside an expiry time.
BESIDE_EXPIRY = (
    "md5 h hash hmac mac digest hs s st sign sign2 k key auth verify checksum secure".split()
)
EXPIRY_NAMES = """
exp expires expire expiry expiration expires_at expireat expire_at validto valid_to valid_until
validuntil deadline until endtime end_time etime e x-expires ttl
""".split()
TIME_NAMES = """
t ts time timestamp st start starttime start_time starts nbf iat stime validfrom valid_from
nonce rand random salt
""".split()
#: Names whose values select the video.
CONTENT = """
file filename path name title v video media asset src source url uri u href link object entry
item slug version ver rev revision generation format quality profile type lang language
response-content-disposition response-content-type response-content-language
response-cache-control response-content-encoding response-expires x-oss-process
""".split()
PREFIXED = ["x-amz-date", "x-goog-date", "x-tos-date", "oauth_version", "wowzatokenhash"]
SUFFIXED = "a_token x-signature a_password a_secret a_apikey a_api_key a_authkey".split()


def name_cases(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, other) for names, other in table.items() for name in names.split()]


def masked_value(url: str, name: str) -> str:
    """Return the value of a parameter after masking, for any order of parameters."""
    parameters = mask(url).partition("?")[2].split("&")
    return dict(each.split("=") for each in parameters)[name]


@pytest.mark.parametrize("name", [*ALONE, *PREFIXED, *SUFFIXED])
def test_a_name_that_is_always_a_signature_parameter(name: str) -> None:
    url = f"{VIDEO}?w=1&{name}={SHORT}"
    assert mask(url) == f"{VIDEO}?w=1&{name}=***"
    assert strip_signature(url) == f"{VIDEO}?w=1"


@pytest.mark.parametrize(("name", "others"), name_cases(BESIDE))
def test_a_name_that_is_a_signature_parameter_beside_others(name: str, others: str) -> None:
    alone, signed = f"{VIDEO}?{name}={SHORT}", f"{VIDEO}?{others}&{name}={SHORT}"
    assert mask(alone) == alone
    assert masked_value(signed, name) == "***"
    assert f"{name}=" not in strip_signature(signed)


@pytest.mark.parametrize(("name", "address"), name_cases(AT_HOST))
def test_a_name_that_is_a_signature_parameter_at_a_host(name: str, address: str) -> None:
    assert mask(f"{address}?{name}={SHORT}") == f"{address}?{name}=***"
    assert strip_signature(f"{address}?{name}={SHORT}") == strip_signature(address)


@pytest.mark.parametrize("name", BESIDE_EXPIRY)
def test_a_name_that_is_a_signature_parameter_beside_an_expiry_time(name: str) -> None:
    assert masked_value(f"{VIDEO}?until={EXPIRY}&{name}={SHORT}", name) == "***"
    assert strip_signature(f"{VIDEO}?until={EXPIRY}&{name}={SHORT}") == VIDEO


@pytest.mark.parametrize("name", EXPIRY_NAMES)
def test_an_expiry_time_beside_a_random_text_is_a_signature(name: str) -> None:
    url = f"{VIDEO}?{name}={EXPIRY}&q={OPAQUE[:12]}"
    assert mask(url) == f"{VIDEO}?{name}=***&q=***"
    assert strip_signature(url) == VIDEO


@pytest.mark.parametrize("name", TIME_NAMES)
def test_a_time_or_random_number_beside_a_signature_is_part_of_it(name: str) -> None:
    alone = f"{VIDEO}?{name}=1700000000"
    assert mask(alone) == alone
    assert mask(f"{alone}&token=x") == f"{VIDEO}?{name}=***&token=***"
    assert strip_signature(f"{alone}&token=x") == VIDEO


@pytest.mark.parametrize("name", [*CONTENT, "fileid"])
def test_a_value_that_selects_the_video_is_never_a_signature(name: str) -> None:
    url = f"{VIDEO}?{name}={OPAQUE}"
    assert mask(url) == url
    assert strip_signature(url) == url
    assert mask(f"{VIDEO}?q={OPAQUE}") == f"{VIDEO}?q=***"


def test_every_name_has_a_test() -> None:
    listed = {*ALONE, *(name for name, _ in [*name_cases(BESIDE), *name_cases(AT_HOST)])}
    others = {each.partition("=")[0] for text in BESIDE.values() for each in text.split("&")}
    names = set().union(*(scheme.parameters for scheme in schemes.SCHEMES))
    assert names - listed <= others, "the name of a scheme without a case"
    assert listed <= names
    assert set(BESIDE_EXPIRY) == schemes.SIGNATURE_NAMES_WITH_EXPIRY
    assert set(EXPIRY_NAMES) == schemes.EXPIRY_NAMES
    assert set(TIME_NAMES) == schemes.PART_OF_SIGNATURE_NAMES
    assert set(CONTENT) == schemes.CONTENT_NAMES
    assert {name for name in PREFIXED if name.startswith(schemes.SIGNATURE_PREFIXES)} == {*PREFIXED}
    assert len(PREFIXED) == len(schemes.SIGNATURE_PREFIXES)
    assert len(SUFFIXED) == len(schemes.SIGNATURE_SUFFIXES)
