"""The pages of events in a club with a thousand of them; `./run bench --only events` has ten thousand."""

import pytest

from bench import large_events

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_list_and_page_ask_few_questions_of_a_thousand_events_and_ten_thousand_registrations():
    figures = large_events.measure(*large_events.fill(1_000, 10_000), times=1)
    print(figures)
    assert all(row["queries"] for row in figures)
    assert {row["page"]: row["queries"] for row in figures if row["queries"] > 15} == {}
