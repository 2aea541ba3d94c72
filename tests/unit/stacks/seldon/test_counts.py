"""What the pods of a trial tell, added up."""

from stacks.flavors.seldon.counts import parse, total

PAGE = """\
# TYPE switchyard_requests_total counter
switchyard_requests_total{version="2",protocol="v2",code="200"} 9
switchyard_requests_total{version="1",protocol="v2",code="200"} 3
switchyard_trial_requests{version="2",mode="canary"} 12
switchyard_trial_errors{version="2",mode="canary"} 3
switchyard_trial_compared_rows{version="2",mode="canary"} 40
switchyard_trial_agreed_rows{version="2",mode="canary"} 39
switchyard_trial_skipped_rows{version="2",mode="canary"} 5
switchyard_trial_largest_difference{version="2",mode="canary"} 0.25
"""


def test_requests_that_the_other_version_answered_are_failures_of_the_one_on_trial() -> None:
    counts = parse(PAGE)
    assert (counts.requests, counts.errors) == (12, 3)
    assert (counts.compared, counts.agreed, counts.skipped) == (40, 39, 5)


def test_pods_are_added_up_and_what_they_had_counted_before_is_not() -> None:
    page = parse(PAGE)
    both = total({"a": page, "b": page}, {"a": page})
    assert (both.requests, both.errors, both.compared, both.agreed) == (12, 3, 40, 39)
    assert both.largest == 0.25
