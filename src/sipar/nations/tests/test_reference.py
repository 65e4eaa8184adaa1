from __future__ import annotations

from collections import Counter

from sipar.nations.reference import first_services, indicators, sim3
from sipar.nations.tests.test_profile import texts


def test_sim3_has_its_44_parameters_in_four_categories_without_o_6() -> None:
    model = sim3()
    assert Counter(parameter.category for parameter in model.parameters) == {"O": 10, "H": 7, "T": 10, "P": 17}
    assert "O-6" not in {parameter.identifier for parameter in model.parameters}
    assert [level.level for level in model.levels] == [0, 1, 2, 3, 4]
    assert {category.code for category in model.categories} == {"O", "H", "T", "P"}


def test_the_first_catalogue_has_five_areas_and_21_services_under_their_section_numbers() -> None:
    areas = first_services().areas
    assert [(area.code, len(area.services)) for area in areas] == [
        ("ISEM", 2),
        ("ISIM", 6),
        ("VM", 6),
        ("SA", 3),
        ("KT", 4),
    ]
    assert all(service.identifier.split(".")[0] == area.identifier for area in areas for service in area.services)


def test_gci_has_five_pillars_and_ncaf_four_clusters() -> None:
    assert [(scheme.code, len(scheme.pillars)) for scheme in indicators().schemes] == [("gci", 5), ("ncaf", 4)]


def test_each_indicator_is_computed_by_its_own_query() -> None:
    queries = [indicator.query for indicator in indicators().indicators]
    assert len(queries) == len(set(queries))


def test_every_reference_text_is_there_in_english_and_urdu() -> None:
    found = [text for model in (sim3(), first_services(), indicators()) for text in texts(model.model_dump())]
    assert len(found) > 150
    assert [text for text in found if set(text) != {"en", "ur"}] == []
    assert [text for text in found if not any("\u0600" <= letter <= "\u06ff" for letter in text["ur"])] == []
