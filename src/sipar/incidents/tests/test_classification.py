"""The vocabularies of a case are complete, and their order decides who may read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipar.formats.problems import FormatProblem
from sipar.frameworks import taxonomies
from sipar.incidents.classification import Audience, Pap, Tlp, codes_for, mappings, rsit, rsit_tag
from sipar.law.facts import shipped_facts

labels = st.sampled_from(list(Tlp))


def test_rsit_1003_has_eleven_classes_with_39_types() -> None:
    assert len(rsit().classes) == 11
    assert len(rsit().types) == 39


def test_our_types_are_exactly_those_of_the_published_taxonomy() -> None:
    published = {term.tag for term in taxonomies.rsit().terms}
    assert {rsit_tag(path) for path in rsit().types} == published


def test_every_type_says_what_it_is_in_english_and_urdu() -> None:
    for found in rsit().types.values():
        assert {"en", "ur"} <= found.title.keys() & found.sentence.keys()


def test_a_type_is_found_by_its_path_and_by_its_machine_tag() -> None:
    assert rsit().path_of("fraud/phishing") == rsit().path_of('rsit:fraud="phishing"') == "fraud/phishing"


@pytest.mark.parametrize("name", ["phishing", "fraud/", 'rsit:fraud="spam"', "", "rsit:fraud"])
def test_a_type_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(FormatProblem) as caught:
        rsit().path_of(name)
    assert caught.value.code == "rsit.type"


def test_all_twenty_types_of_cert_in_are_mapped_under_the_codes_of_the_law() -> None:
    options = {option.value for option in shipped_facts()["certin_type"].options} - {"none"}
    assert mappings().certin.keys() == options
    assert len(options) == 20


def test_the_classes_of_a_fact_are_classes_of_rsit() -> None:
    options = {option.value for option in shipped_facts()["incident_class"].options}
    assert options == {group.code for group in rsit().classes} - {"test"}


def test_the_six_incident_classes_of_dora_are_mapped() -> None:
    assert mappings().dora.keys() == {
        "cybersecurity-related",
        "process_failure",
        "system_failure",
        "external_event",
        "payment-related",
        "other",
    }


def test_a_type_leads_back_to_the_lists_proposals_first() -> None:
    codes = codes_for(mappings().certin, "fraud/masquerade")
    assert codes == ("fake_app", "identity_theft_phishing")
    assert codes_for(mappings().certin, "abusive-content/spam") == ()


@pytest.mark.parametrize(
    ("label", "widest"),
    [
        (Tlp.RED, Audience.NAMED),
        (Tlp.AMBER_STRICT, Audience.ORGANISATION),
        (Tlp.AMBER, Audience.CLIENTS),
        (Tlp.GREEN, Audience.COMMUNITY),
        (Tlp.CLEAR, Audience.PUBLIC),
    ],
)
def test_each_label_reaches_its_audience_and_no_wider_one(label: Tlp, widest: Audience) -> None:
    order = list(Audience)
    reached = [audience for audience in order if label.may_reach(audience)]
    assert reached == order[: order.index(widest) + 1]


@given(labels, labels)
def test_what_is_at_most_the_cap_reaches_everybody_whom_the_cap_reaches(label: Tlp, cap: Tlp) -> None:
    reaches_all = all(label.may_reach(audience) for audience in Audience if cap.may_reach(audience))
    assert label.at_most(cap) == reaches_all


@given(st.lists(labels, min_size=1))
def test_the_strictest_label_is_one_of_them_and_caps_them_all(found: list[Tlp]) -> None:
    strictest = Tlp.strictest(found)
    assert strictest in found
    assert all(label.at_most(strictest) for label in found)


def test_nothing_marked_is_treated_as_red() -> None:
    assert Tlp.strictest([]) is Tlp.RED
    assert Pap.strictest([]) is Pap.RED


@given(labels)
def test_a_label_reads_back_what_it_writes(label: Tlp) -> None:
    assert Tlp.parse(label.label) is Tlp.parse(label.value) is label


def test_the_white_of_older_documents_is_clear() -> None:
    assert Tlp.parse("TLP:WHITE") is Tlp.CLEAR
    assert Pap.parse("PAP:WHITE") is Pap.CLEAR
    assert Pap.parse("amber").label == "PAP:AMBER"


@pytest.mark.parametrize("text", ["", "ultraviolet", "TLP:AMBER+STRICTER", "TLP:TLP:RED"])
def test_an_unknown_label_is_refused(text: str) -> None:
    with pytest.raises(FormatProblem):
        Tlp.parse(text)


def test_need_to_know_goes_with_amber() -> None:
    assert [label for label in Tlp if label.need_to_know] == [Tlp.AMBER, Tlp.AMBER_STRICT]
