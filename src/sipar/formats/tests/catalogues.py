"""Hypothesis strategies for catalogues, shared by the tests of the catalogue readers and writers."""

from __future__ import annotations

from hypothesis import strategies as st

from sipar.formats.catalogue import (
    Catalogue,
    Criterion,
    Group,
    Mapping,
    MappingSet,
    Profile,
    Requirement,
    ScaleLevel,
    Scoring,
    Source,
    Text,
)

IDENTIFIERS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._()-]{0,8}\Z")
SENTENCES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n"), min_size=1, max_size=30
)
LINKS = st.none() | st.from_regex(r"\Ahttps://[a-z]{1,10}/[a-z]{0,10}\Z")


@st.composite
def texts(draw: st.DrawFn) -> Text:
    text = {"en": draw(SENTENCES)}
    if draw(st.booleans()):
        text["ur"] = draw(SENTENCES)
    return text


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """A small catalogue with every field in use somewhere."""
    top = draw(st.integers(1, 4))
    levels = st.integers(0, top)
    group_ids = draw(st.lists(IDENTIFIERS, min_size=1, max_size=3, unique=True))
    requirement_ids = draw(st.lists(IDENTIFIERS, max_size=3, unique=True))
    profile_ids = draw(st.lists(IDENTIFIERS, max_size=2, unique=True))
    targets = st.none() | levels
    return Catalogue(
        identifier=draw(IDENTIFIERS),
        version=draw(st.sampled_from(["1", "2.0", "true", "2026-01-31"])),
        title=draw(texts()),
        publisher=draw(st.sampled_from(["", "A publisher"])),
        description=draw(st.none() | texts()),
        source=Source(url=draw(LINKS), published=draw(st.sampled_from([None, "2026", "2026-01-31"])), note="1e3"),
        status=draw(st.sampled_from(["complete", "incomplete"])),
        scale=[ScaleLevel(level=level, title=draw(texts()), criterion=draw(texts())) for level in range(top + 1)],
        scoring=Scoring(method=draw(st.sampled_from(["gated", "mean"])), gate=draw(st.sampled_from([1.0, 0.5, 0.1]))),
        groups=[
            Group(id=identifier, title=draw(texts()), parent=group_ids[0] if place else None)
            for place, identifier in enumerate(group_ids)
        ],
        requirements=[
            Requirement(
                id=identifier,
                group=draw(st.sampled_from(group_ids)),
                title=draw(texts()),
                statement=draw(texts()),
                guidance=draw(st.none() | texts()),
                evidence=draw(st.lists(texts(), max_size=2)),
                weight=draw(st.floats(0.01, 100.0)),
                applies_to=draw(st.sampled_from([["it", "ot", "cloud"], ["ot"], ["cloud", "it"]])),
                levels=[Criterion(level=level, criterion=draw(texts())) for level in sorted(draw(st.sets(levels)))],
                link=draw(LINKS),
            )
            for identifier in requirement_ids
        ],
        profiles=[
            Profile(
                id=identifier,
                title=draw(texts()),
                default=draw(targets),
                groups={group: draw(targets) for group in draw(st.sets(st.sampled_from(group_ids)))},
                requirements={requirement: draw(targets) for requirement in requirement_ids[:1]},
            )
            for identifier in profile_ids
        ],
        mappings=[
            MappingSet(
                source_framework="one",
                target_framework="two",
                mappings=[Mapping(source="a", target="b", relation=draw(st.sampled_from(["equal", "subset"])))],
            )
        ]
        if draw(st.booleans())
        else [],
    )
