"""What a product is called when it is compared: `vendor:product` as CPE spells it, or `pkg:type/namespace/name`."""

from __future__ import annotations

from dataclasses import dataclass

from packageurl import PackageURL

from sipar.formats.cpe import ANY, NOT_APPLICABLE, read_cpe, slug
from sipar.routing.products.versions import GENERIC

# The version order of each purl type (https://github.com/package-url/purl-spec); the others have the generic one.
ORDERS = {
    "npm": "semver", "cargo": "semver", "pypi": "pypi", "deb": "deb", "rpm": "rpm", "maven": "maven", "gem": "gem",
    "nuget": "nuget", "golang": "golang", "composer": "composer", "apk": "alpine", "alpm": "arch", "ebuild": "gentoo",
    "conan": "conan", "hex": "semver", "pub": "semver", "swift": "semver",
}  # fmt: skip
# `versionType` of a CVE record, and the order it names. Commits have no order.
VERSION_TYPES = {
    "semver": "semver", "npm": "semver", "python": "pypi", "pypi": "pypi", "maven": "maven", "rpm": "rpm", "deb": "deb",
    "dpkg": "deb", "rubygems": "gem", "gem": "gem", "nuget": "nuget", "composer": "composer",
}  # fmt: skip
COMMITS = "git"
# Words in the address of a package collection, and the purl type of what it holds.
_COLLECTIONS = {
    "npmjs": "npm", "pypi": "pypi", "maven": "maven", "rubygems": "gem", "nuget": "nuget", "packagist": "composer",
    "crates": "cargo", "hex.pm": "hex", "pub.dev": "pub", "golang": "golang",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """`part` is a, o, h or empty for any; `order` of its versions; `version` as given, empty for none.

    `narrowed` is what the name asks for besides (a platform, an edition), for people to look at.
    """

    key: str
    part: str
    order: str
    version: str = ""
    narrowed: str = ""


def of_cpe(text: str) -> Name | None:
    """The name in a CPE; None where it is none, or where vendor or product is a wildcard and so names nothing."""
    cpe = read_cpe(text)
    if cpe is None or ANY in (cpe.vendor, cpe.product) or NOT_APPLICABLE in (cpe.vendor, cpe.product):
        return None
    if "*" in cpe.key or "?" in cpe.key:
        return None
    part = "" if cpe.part == ANY else cpe.part
    return Name(cpe.key, part, GENERIC, "" if cpe.version == ANY else cpe.version, cpe.narrowed)


def of_purl(text: str) -> Name | None:
    """The name in a purl, without qualifiers and subpath; None where it is none."""
    if len(text) > 400:
        return None
    try:
        found = PackageURL.from_string(text.strip())
    except ValueError:
        return None
    return Name(
        key=package_key(found.type, found.namespace or "", found.name),
        part="",
        order=ORDERS.get(found.type, GENERIC),
        version=found.version or "",
    )


def of_words(vendor: str, product: str, version: str = "") -> Name | None:
    """The name that a vendor's and a product's written names give; None where one of them is missing."""
    maker, thing = slug(vendor), slug(product)
    if not maker or not thing:
        return None
    return Name(f"{maker}:{thing}", "", GENERIC, version.strip())


def of_package(collection: str, package: str) -> Name | None:
    """The name of a package in a collection, as CVE records give them; None for a collection that has no purl type."""
    kind = next((kind for word, kind in _COLLECTIONS.items() if word in collection.casefold()), "")
    if not kind or not package.strip():
        return None
    divider = ":" if kind == "maven" else "/"
    namespace, _, name = package.strip().rpartition(divider)
    return Name(package_key(kind, namespace, name), "", ORDERS.get(kind, GENERIC))


def package_key(kind: str, namespace: str, name: str) -> str:
    """`pkg:type/namespace/name` in lower case; Python's names with one dash for any run of dividers."""
    plain = name.replace("_", "-").replace(".", "-") if kind == "pypi" else name
    middle = f"{namespace}/" if namespace else ""
    return f"pkg:{kind}/{middle}{plain}".casefold()
