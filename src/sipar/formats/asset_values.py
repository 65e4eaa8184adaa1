"""What an organisation may answer for, in one spelling each: prefixes, AS numbers, domains, products, technologies.

Pure functions: a text in, its canonical spelling out, or a FormatProblem that says what is wrong. The list of public
suffixes is the snapshot inside `tldextract`; nothing is fetched.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import cache
from typing import Final
from urllib.parse import unquote

import idna

from sipar.formats.problems import FormatProblem

MAX_VALUE: Final = 400
WIDEST_PREFIX: Final = {4: 8, 6: 19}
TECHNOLOGIES: Final = (
    "ai", "blockchain", "cloud", "containers", "erp", "identity_federation", "iot", "mainframe", "mobile", "ot",
    "payments", "remote_access", "satellite", "scada", "virtualisation", "voip",
)  # fmt: skip

# Ranges that no organisation answers for before the world (RFC 1918, 6598, 3927, 4193, 4291, 5771). The documentation
# ranges are allowed: a demonstration nation lives on them.
_NOBODYS: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3", "::/8", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
# AS_TRANS (RFC 6793), the last of each width (RFC 7300), and those for private use (RFC 6996).
_RESERVED_ASN: Final = ((0, 0), (23456, 23456), (64512, 65535), (4_200_000_000, 4_294_967_295))
_LARGEST_ASN: Final = 4_294_967_295

_ASN = re.compile(r"^(?:AS)?\s*(\d{1,10})$", re.IGNORECASE)
_ASDOT = re.compile(r"^(?:AS)?(\d{1,5})\.(\d{1,5})$", re.IGNORECASE)
# One component of a formatted string, NIST IR 7695 section 6.2: ANY, NA, or letters with quoted punctuation.
_CPE_PART = r"(?:\*|-|\??\*?(?:[a-z0-9._-]|\\[!-/:-@\[-`{-~])+\*?\??)"
_CPE = re.compile(rf"^cpe:2\.3:[aho*-](?::{_CPE_PART}){{10}}$")
_PURL = re.compile(
    r"^pkg:/{0,2}(?P<type>[A-Za-z][A-Za-z0-9.+-]*)/(?P<path>[^?#@]+(?:@[^?#/@]+(?=/))*)"
    r"(?:@(?P<version>[^?#]+))?(?:\?(?P<qualifiers>[^#]+))?(?:#(?P<subpath>.+))?$"
)
_PURL_CASELESS: Final = frozenset({"bitbucket", "composer", "deb", "github", "pypi", "rpm"})
_ALGORITHM = re.compile(r"^[A-Za-z][A-Za-z0-9 ._/+-]{1,79}$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")

# Names with one spelling; what is not here is kept as written.
_ALGORITHMS: Final = (
    "RSA-1024", "RSA-2048", "RSA-3072", "RSA-4096", "DSA-2048", "DH-2048", "DH-3072", "ECDSA P-256", "ECDSA P-384",
    "ECDSA P-521", "ECDH P-256", "ECDH P-384", "Ed25519", "Ed448", "X25519", "X448", "ML-KEM-512", "ML-KEM-768",
    "ML-KEM-1024", "X25519MLKEM768", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "SLH-DSA", "LMS", "XMSS", "HQC",
    "AES-128", "AES-192", "AES-256", "ChaCha20-Poly1305", "3DES", "RC4", "MD5", "SHA-1", "SHA-256", "SHA-384",
    "SHA-512", "SHA3-256", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3",
)  # fmt: skip
_SAFE_FROM_SHOR = re.compile(
    r"^(ML-?KEM|ML-?DSA|SLH-?DSA|LMS|XMSS|HQC|FALCON|FN-?DSA|AES|CHACHA|SHA|X25519MLKEM|SECP\w*MLKEM)"
)
_BROKEN_BY_SHOR = re.compile(r"^(RSA|DSA|DH|ECDSA|ECDH|ECC|ED25519|ED448|X25519|X448|EDDSA|SM2|ELGAMAL|DIFFIE)")


def normalise_asset(kind: str, value: str) -> str:
    """The canonical spelling of `value` as an asset of `kind` (`prefix`, `asn`, `domain`, `product`, `technology`,
    `cryptography`). Raises FormatProblem `asset.*`, or KeyError for a kind that does not exist."""
    text = value.strip()
    reader = READERS[kind]
    if not text:
        raise FormatProblem("asset.empty", "the value is empty")
    if len(text) > MAX_VALUE:
        raise FormatProblem("asset.length", f"the value is longer than {MAX_VALUE} characters", text[:40])
    if _CONTROL.search(text):
        raise FormatProblem("asset.control", "an invisible control character stands in the value", repr(text[:40]))
    return reader(text)


def normalise_prefix(text: str) -> str:
    """An IPv4 or IPv6 prefix as RFC 4632 and RFC 5952 write it; a single address becomes /32 or /128."""
    try:
        network = ipaddress.ip_network(text, strict=False)
        address = ipaddress.ip_interface(text).ip
    except ValueError as problem:
        raise FormatProblem("asset.prefix", "this is no IPv4 or IPv6 prefix, such as 203.0.113.0/24", text) from problem
    if "%" in text:
        raise FormatProblem("asset.prefix", "a prefix has no zone", text)
    if address != network.network_address:
        raise FormatProblem("asset.prefix", f"the address stands inside the prefix; did you mean {network}?", text)
    if network.prefixlen < WIDEST_PREFIX[network.version]:
        widest = WIDEST_PREFIX[network.version]
        raise FormatProblem("asset.prefix", f"a prefix wider than /{widest} belongs to no organisation", text)
    if any(network.version == nobody.version and network.subnet_of(nobody) for nobody in _NOBODYS):  # type: ignore[arg-type]
        raise FormatProblem("asset.prefix", "this range is private or special; nobody answers for it publicly", text)
    return str(network)


def normalise_asn(text: str) -> str:
    """An AS number as `AS64496` (RFC 5396 asplain); asdot is read too."""
    dotted = _ASDOT.match(text)
    if dotted and int(dotted[1]) <= 65_535 and int(dotted[2]) <= 65_535:
        number = int(dotted[1]) * 65_536 + int(dotted[2])
    else:
        plain = _ASN.match(text)
        if not plain:
            raise FormatProblem("asset.asn", "this is no AS number, such as AS64496", text)
        number = int(plain[1])
    if number > _LARGEST_ASN:
        raise FormatProblem("asset.asn", f"an AS number is at most {_LARGEST_ASN}", text)
    if any(first <= number <= last for first, last in _RESERVED_ASN):
        raise FormatProblem("asset.asn", "this AS number is reserved or for private use", text)
    return f"AS{number}"


def normalise_domain(text: str) -> str:
    """A domain name in lower-case ASCII (IDNA 2008, UTS 46 mapping) that is not a public suffix by itself."""
    ascii_name = normalise_domain_name(text)
    if "." not in ascii_name:
        raise FormatProblem("asset.domain", "a domain has at least two parts, such as bank.example", text)
    if is_public_suffix(ascii_name):
        sentence = f"many organisations register under the public suffix {ascii_name}; name your own domain below it"
        raise FormatProblem("asset.suffix", sentence, text)
    return ascii_name


def normalise_domain_name(text: str) -> str:
    """Any domain name in lower-case ASCII (IDNA 2008, UTS 46 mapping), a public suffix or a single label too."""
    name = text.strip().removesuffix(".")
    try:
        ascii_name = idna.encode(name, uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as problem:
        raise FormatProblem("asset.domain", "this is no domain name, such as bank.example", text) from problem
    if ascii_name.rpartition(".")[2].isdigit():
        raise FormatProblem("asset.domain", "this looks like an IP address; add it as a prefix", text)
    return ascii_name


def normalise_product(text: str) -> str:
    """A CPE 2.3 formatted string (NIST IR 7695) in lower case, or a package URL in its canonical form."""
    lower = text.lower()
    if lower.startswith("cpe:"):
        if not _CPE.match(lower):
            sentence = "a CPE 2.3 name is cpe:2.3: and 11 parts, such as cpe:2.3:a:vendor:product:1.0:*:*:*:*:*:*:*"
            raise FormatProblem("asset.product", sentence, text[:80])
        return lower
    if lower.startswith("pkg:"):
        return _canonical_purl(text)
    raise FormatProblem("asset.product", "a product begins with cpe:2.3: or pkg:", text[:80])


def normalise_technology(text: str) -> str:
    """One of `TECHNOLOGIES`."""
    key = re.sub(r"[\s-]+", "_", text.lower())
    if key not in TECHNOLOGIES:
        raise FormatProblem("asset.technology", f"the technologies are {', '.join(TECHNOLOGIES)}", text[:80])
    return key


def normalise_cryptography(text: str) -> str:
    """The usual spelling of an algorithm, key size or protocol version; unknown ones are kept as written."""
    if not _ALGORITHM.match(text):
        sentence = "name an algorithm with its size, such as RSA-2048, ECDSA P-256 or ML-KEM-768"
        raise FormatProblem("asset.cryptography", sentence, text[:80])
    known = _algorithm_spellings().get(_squeezed(text))
    return known or " ".join(text.split())


def is_quantum_vulnerable(algorithm: str) -> bool | None:
    """Whether Shor's algorithm would break it (NIST IR 8547, tables 2 to 5); None where the name does not tell.

    A hybrid with ML-KEM counts as not vulnerable.
    """
    name = algorithm.upper()
    if _SAFE_FROM_SHOR.match(name):
        return False
    return True if _BROKEN_BY_SHOR.match(name) else None


def is_public_suffix(name: str) -> bool:
    """Whether a name in lower-case ASCII is a public suffix (publicsuffix.org), of the private part of the list too:
    a claim on `github.io` would take in every tenant."""
    if name in public_suffixes():
        return True
    return name.partition(".")[2] in wildcard_suffixes() and f"!{name}" not in _suffix_rules()


@cache
def public_suffixes() -> frozenset[str]:
    """Every public suffix of the snapshot that stands on the list by itself, in ASCII."""
    return frozenset(rule for rule in _suffix_rules() if not rule.startswith(("*.", "!")))


@cache
def wildcard_suffixes() -> frozenset[str]:
    """The names below which every label makes a public suffix, in ASCII."""
    return frozenset(rule.removeprefix("*.") for rule in _suffix_rules() if rule.startswith("*."))


@cache
def _suffix_rules() -> frozenset[str]:
    # Brings an HTTP client along, which few processes need.
    import tldextract

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
    return frozenset(_ascii_rule(rule) for rule in extract.tlds)


def _ascii_rule(rule: str) -> str:
    name = rule.removeprefix("*.").removeprefix("!")
    return rule if rule.isascii() else rule.removesuffix(name) + idna.encode(name).decode()


def _canonical_purl(text: str) -> str:
    parts = _PURL.match(text)
    if not parts or any(not unquote(piece).strip() for piece in parts["path"].strip("/").split("/")):
        raise FormatProblem("asset.product", "a package URL is pkg:type/namespace/name@version", text[:80])
    kind = parts["type"].lower()
    path = parts["path"].strip("/")
    canonical = f"pkg:{kind}/{path.lower() if kind in _PURL_CASELESS else path}"
    if parts["version"]:
        canonical += f"@{parts['version']}"
    if parts["qualifiers"]:
        pairs = [pair.partition("=") for pair in parts["qualifiers"].split("&")]
        if any(not key or not value for key, _, value in pairs):
            raise FormatProblem("asset.product", "a qualifier of a package URL is key=value", text[:80])
        canonical += "?" + "&".join(sorted(f"{key.lower()}={value}" for key, _, value in pairs))
    if parts["subpath"]:
        canonical += f"#{parts['subpath'].strip('/')}"
    return canonical


def _squeezed(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


@cache
def _algorithm_spellings() -> dict[str, str]:
    return {_squeezed(name): name for name in _ALGORITHMS}


READERS: Final[dict[str, Callable[[str], str]]] = {
    "prefix": normalise_prefix,
    "asn": normalise_asn,
    "domain": normalise_domain,
    "product": normalise_product,
    "technology": normalise_technology,
    "cryptography": normalise_cryptography,
}
