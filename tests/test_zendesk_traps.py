"""Which test keeps us out of which trap that other Zendesk connectors fell into.

The numbers are those of the written-down traps. What a number of a KPI makes of it is the KPIs' tests.
"""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent

TRAPS: dict[str, tuple[str, ...]] = {
    "1 updated_at as a cursor": (
        "zendesk_mapping::test_the_version_is_generated_timestamp_and_not_updated_at",
        "zendesk_sandbox::test_a_change_of_the_systems_own_overwrites_the_row_without_moving_updated_at",
    ),
    "2 a null cursor on an idle poll": (
        "zendesk_walks::test_an_idle_poll_with_a_null_cursor_keeps_the_stored_one",
        "zendesk_walks::test_users_are_polled_in_the_same_way",
    ),
    "3 rows repeated at page borders": (
        "zendesk_walks::test_the_next_page_begins_in_the_last_second_and_repeats_nothing_for_the_store",
    ),
    "4 a bookmark from our clock": (
        "zendesk_walks::test_the_bookmark_is_the_servers_end_time_and_never_our_clock",
        "zendesk_walks::test_ratings_go_on_from_the_newest_one_and_not_from_our_clock",
    ),
    "5 a strict bookmark": (
        "zendesk_walks::test_1500_changes_in_one_second_arrive_where_pages_hold_whole_seconds",
        "zendesk_walks::test_an_idle_export_by_time_keeps_its_place",
    ),
    "6 a flood in one second": (
        "zendesk_walks::test_a_second_that_fills_a_page_is_passed_with_a_warning",
        "zendesk_sandbox::test_a_flood_in_one_second_is_read_whole_by_cursor_and_told_of_by_time",
    ),
    "7 the Talk export never ends": (
        "zendesk_walks::test_the_talk_export_ends_at_a_short_page_though_its_next_page_is_never_null",
        "zendesk_walks::test_an_idle_talk_export_is_one_request_that_serves_its_last_row",
    ),
    "8 next_page is never null": (
        "zendesk_walks::test_next_page_is_set_for_ever_and_only_the_flag_ends_the_walk",
    ),
    "9 calls change after they were read": (
        "zendesk_walks::test_calls_of_the_last_four_hours_are_read_again_because_they_change",
    ),
    "10 parameters written twice": (
        "zendesk_walks::test_every_parameter_is_repeated_with_the_cursor",
        "zendesk_walks::test_every_page_of_a_window_repeats_the_window",
    ),
    "11 state from rows out of order": (
        "zendesk_sandbox::test_a_walk_killed_after_any_page_repeats_at_most_that_page",
        "zendesk_sandbox::test_what_changes_between_any_two_requests_is_not_lost",
    ),
    "12, 13, 16, 31 lists and children that must not be asked": (
        "zendesk_sandbox::test_nothing_is_asked_a_ticket_at_a_time",
    ),
    "14 since filters changes, not creation": (
        "zendesk_sandbox::test_a_ticket_made_before_since_that_changed_after_it_is_kept",
    ),
    "15 tickets of AI agents are hidden": (
        "zendesk_walks::test_the_first_export_begins_at_since_and_asks_for_everything",
        "zendesk_mapping::test_tickets_of_ai_agents_are_marked",
    ),
    "17, 18 offset paging": (
        "zendesk_walks::test_lists_are_asked_for_by_cursor",
        "zendesk_walks::test_a_list_that_knows_no_cursor_is_walked_by_its_page_numbers",
    ),
    "19 a 429 of another shape": ("zendesk_sandbox::test_a_429_of_any_shape_is_waited_out",),
    "20 budgets of endpoints": (
        "zendesk_walks::test_an_endpoints_budget_is_named_in_the_header",
        "zendesk_walks::test_a_proxys_own_budget_is_not_zendesks",
        "zendesk_sandbox::test_a_burst_of_exports_waits_for_the_next_minute_and_is_never_refused",
    ),
    "21 Retry-After is missing": (
        "zendesk_sandbox::test_a_429_without_a_time_is_waited_out_by_the_buckets_reset",
    ),
    "22 a page too big for the vendor": (
        "zendesk_sandbox::test_a_page_that_is_too_big_for_the_vendor_is_halved",
        "zendesk_walks::test_a_halved_page_is_not_taken_for_the_last",
    ),
    "23 a start within the last minute": (
        "zendesk_walks::test_a_start_within_the_withheld_minute_is_never_asked_for",
        "zendesk_sandbox::test_what_changed_in_the_last_minute_comes_with_the_next_sync",
    ),
    "24 what the plan lacks": (
        "zendesk_sandbox::test_what_the_plan_lacks_is_skipped_by_name_and_the_rest_goes_on",
        "zendesk_walks::test_what_the_plan_lacks_is_unsupported_and_named",
    ),
    "25 tokens that end": (
        "zendesk_walks::test_oauth_comes_first_where_both_are_given",
        "zendesk_sandbox::test_a_token_revoked_in_the_middle_is_renewed_once_and_nothing_is_lost",
    ),
    "26 wrong credentials look fine": (
        "zendesk_walks::test_bad_credentials_are_an_anonymous_user_with_200",
        "zendesk_walks::test_an_unknown_subdomain_is_a_404_without_a_word",
    ),
    "27 links on the last page": (
        "zendesk_walks::test_a_next_link_on_the_last_page_is_not_followed",
        "zendesk_walks::test_an_empty_list_may_have_no_cursor_at_all",
    ),
    "29 memberships without instants": ("zendesk_mapping::test_a_membership_may_have_no_instants",),
    "30 statuses that pass": ("zendesk_sandbox::test_what_passes_by_itself_is_asked_again",),
    "32, 33 figures that Zendesk gives itself": (
        "zendesk_mapping::test_minutes_become_seconds_and_say_that_they_were_minutes",
        "zendesk_mapping::test_not_reached_is_null_and_never_on_hold_is_zero",
    ),
    "34 merged tickets": ("zendesk_mapping::test_a_merged_ticket_is_known_by_its_tag",),
    "35 closed but never solved": (
        "zendesk_mapping::test_closed_without_a_solve_has_a_close_and_no_solve",
        "zendesk_mapping::test_a_reopened_ticket_does_not_keep_the_instant_of_its_former_solve",
    ),
    "36 messaging": ("zendesk_mapping::test_messaging_replies_are_taken_in_seconds",),
    "37, 38 targets of SLA": (
        "zendesk_mapping::test_a_target_is_the_one_of_its_own_event",
        "zendesk_mapping::test_elapsed_minutes_and_deleted_steps_are_told",
    ),
    "39, 45 schedules and their zones": (
        "zendesk_mapping::test_a_schedule_counts_from_sunday_in_its_own_zone",
        "zendesk_mapping::test_an_interval_across_midnight_and_the_end_of_the_week_is_cut",
        "zendesk_mapping::test_every_zone_of_rails_is_one_that_python_knows",
        "zendesk_walks::test_the_oldest_schedule_is_the_default_and_each_brings_its_holidays",
    ),
    "40 a downgraded agent": (
        "zendesk_sandbox::test_an_agent_who_was_downgraded_stays_known_as_one_of_the_staff_of_then",
    ),
    "41 two events in one second": (
        "zendesk_mapping::test_events_of_one_second_keep_their_order_and_their_own_ids",
    ),
    "42 ratings given anew": ("zendesk_sandbox::test_a_rating_given_anew_is_a_row_of_its_own",),
    "43 two systems of surveys": (
        "zendesk_sandbox::test_whichever_survey_the_account_uses_is_read",
        "zendesk_sandbox::test_a_survey_answered_after_it_was_read_is_read_again",
        "zendesk_walks::test_surveys_are_asked_for_fifty_at_a_time_from_since_in_milliseconds",
    ),
    "44 handle time stands in the legs": ("zendesk_mapping::test_a_transfer_stands_in_the_legs",),
    "46 zeros that mean nobody": (
        "zendesk_mapping::test_nobody_is_null_and_no_seconds_are_null",
        "zendesk_mapping::test_a_generated_timestamp_of_zero_means_none",
    ),
    "47 custom fields": ("zendesk_mapping::test_a_ticket_keeps_what_kpis_rest_on",),
    "48 scrubbed tickets": (
        "zendesk_mapping::test_a_scrubbed_subject_is_no_subject",
        "zendesk_sandbox::test_a_scrubbed_deletion_takes_nothing_from_what_is_known",
    ),
    "half an emoji": ("zendesk_sandbox::test_half_an_emoji_costs_no_page",),
    "a repeated cursor": (
        "zendesk_walks::test_a_repeated_cursor_ends_the_walk_with_an_error_and_keeps_the_pages",
        "zendesk_walks::test_a_list_that_repeats_its_cursor_is_no_endless_loop",
        "zendesk_walks::test_a_vendor_that_leads_back_in_time_is_not_followed",
    ),
    "a cursor that has ended": (
        "zendesk_walks::test_a_cursor_that_zendesk_no_longer_knows_is_replaced_by_the_time_it_stood_for",
        "zendesk_walks::test_a_cut_list_goes_on_and_begins_anew_where_its_cursor_has_ended",
    ),
    "pages larger than asked": ("zendesk_walks::test_a_page_larger_than_asked_is_taken_whole",),
    "pages of unknown size": ("zendesk_walks::test_an_export_that_tells_no_end_stops_at_a_short_page",),
    "API tokens end on 2027-04-30": (
        "zendesk_walks::test_an_api_token_comes_with_a_warning_that_names_its_end",
    ),
}
NOT_OURS = {28}
"""Chat's own export is not read: the accounts of today have their conversations as tickets."""


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_has_a_test(trap: str) -> None:
    for named in TRAPS[trap]:
        module, _, name = named.partition("::")
        text = (HERE / f"test_{module}.py").read_text()
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{named} is gone"


def test_no_trap_is_left_out() -> None:
    numbers = {
        int(number) for trap in TRAPS for number in re.findall(r"\b\d{1,2}\b", trap.partition(" on 2")[0])
    }

    assert numbers | NOT_OURS >= set(range(1, 49))
