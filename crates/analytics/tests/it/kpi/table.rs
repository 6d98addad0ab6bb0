//! Which hand-computed case holds which indicator to which situation. Where a situation cannot touch one, the reason.

use std::path::Path;

use Held::{By, Cannot};
use analytics::kpi::Kpi;

/// How an indicator is held in a situation.
#[derive(Debug, Clone, Copy)]
enum Held {
    /// By this test.
    By(&'static str),
    /// It cannot matter.
    Cannot(&'static str),
}

/// A plain case; an empty period; a short abandon; passed on; night work; across midnight; a holiday.
type Row = [Held; 7];

const EMPTY: Held = By("an_empty_period_says_nothing_of_any_indicator");
const MONDAY: Held = By("a_monday_of_calls_gives_k_01_to_k_09");
const PASSED_ON: Held = By("a_call_that_was_passed_on_counts_once_in_k_01_to_k_09");
const MIDNIGHT: Held = By("a_call_across_midnight_counts_whole_on_the_day_it_came_in");
const ANY_HOUR: Held = By("a_call_at_night_or_on_a_holiday_counts_as_any_other");
const ONLINE: Held = By("conversations_messages_and_ratings_count_on_the_day_they_began");
const FIRST: Held = By("what_is_passed_on_is_rated_and_resolved_for_who_answered_first");
const TICKETS: Held = By("work_orders_give_k_20_k_21_and_k_22");
const CIVIL: Held = By("tickets_count_on_the_civil_days_on_which_they_came_were_due_and_closed");
const STATES: Held = By("states_give_k_11_cut_at_the_edges_of_the_day");
const SIGNED: Held = By("signed_days_give_k_12_and_k_14");
const ROSTERS: Held = By("published_rosters_give_k_13_and_the_days_add_up");
const SAMPLES: Held = By("samples_give_k_23_k_24_and_k_25");
const TRAINING: Held = By("sessions_and_exams_give_k_30");
const OFF: Held = By("a_holiday_is_no_working_day_of_k_28_but_a_day_of_k_29");
const RARE: Held = By("people_give_k_29_and_k_31_counts_what_is_grave");
const HOT: Held = By("the_hot_index_is_the_count_by_the_mean_of_the_weeks_before");
const HARD: Held = By("the_hard_index_is_the_mean_of_the_five_z_scores");
const POLICIES: Held = By("new_versions_give_k_32_by_the_day_from_which_the_policy_holds");
const WORKED: Held = By("a_holiday_that_somebody_worked_counts_in_k_11_k_12_and_k_14");
const NIGHT: Held = By("a_policy_of_the_night_is_due_after_the_working_day_that_follows");
const WEEKS: Held =
    By("what_is_asked_at_night_or_about_midnight_counts_in_the_week_that_has_begun");

const NO_CALLS: Held = Cannot("it reads no calls");
const NO_HOURS: Held = Cannot("it knows days, no hours");
const AS_OTHERS: Held = Cannot("it asks for no calendar: a day is a day");
const BY_SOURCE: Held = Cannot("whose checks of which time: asked of who keeps them");

/// Of answered calls a short abandon says nothing, which the same case shows.
const OF_CALLS: Row = [
    MONDAY, EMPTY, MONDAY, PASSED_ON, ANY_HOUR, MIDNIGHT, ANY_HOUR,
];
const OF_TICKETS: Row = [
    TICKETS,
    EMPTY,
    NO_CALLS,
    Cannot("it counts for its first owner"),
    CIVIL,
    CIVIL,
    CIVIL,
];
const OF_CHECKS: Row = [
    SAMPLES, EMPTY, NO_CALLS, BY_SOURCE, BY_SOURCE, BY_SOURCE, BY_SOURCE,
];

fn row(kpi: Kpi) -> Row {
    match kpi {
        Kpi::K01
        | Kpi::K02
        | Kpi::K03
        | Kpi::K04
        | Kpi::K05
        | Kpi::K06
        | Kpi::K07
        | Kpi::K08
        | Kpi::K09 => OF_CALLS,
        Kpi::K10 => [
            By("missed_calls_give_k_10_each_or_by_number_once_their_term_is_over"),
            EMPTY,
            Cannot("whether it is owed a call is said by telephony"),
            Cannot("nobody answered it"),
            By("a_call_missed_at_night_counts_on_the_day_that_has_begun"),
            By("a_missed_call_counts_on_its_own_day_and_its_call_back_on_none"),
            Cannot("its term, which skips days off, stands in its row"),
        ],
        Kpi::K11 => [
            STATES,
            EMPTY,
            NO_CALLS,
            Cannot("each has his own states"),
            STATES,
            STATES,
            WORKED,
        ],
        Kpi::K12 => [SIGNED, EMPTY, NO_CALLS, NO_CALLS, SIGNED, SIGNED, WORKED],
        Kpi::K13 => [
            ROSTERS, EMPTY, NO_CALLS, NO_CALLS, ROSTERS, ROSTERS, ROSTERS,
        ],
        Kpi::K14 => [
            SIGNED, EMPTY, NO_CALLS, NO_CALLS, NO_HOURS, NO_HOURS, WORKED,
        ],
        Kpi::K15 | Kpi::K16 => [
            By("conversations_give_k_15_and_k_16"),
            EMPTY,
            Cannot("a conversation has no threshold for giving up"),
            Cannot("who was first is kept when it is handed on"),
            ONLINE,
            ONLINE,
            ONLINE,
        ],
        Kpi::K17 => [
            By("messages_left_give_k_17_by_whatever_replied_first"),
            EMPTY,
            Cannot("who leaves a message does not wait"),
            Cannot("nobody has it before it is replied to"),
            By("messages_left_give_k_17_by_whatever_replied_first"),
            ONLINE,
            Cannot("its hours run on days off too"),
        ],
        Kpi::K18 => [
            By("a_repeat_of_the_same_matter_within_seven_days_says_the_first_resolved_nothing"),
            EMPTY,
            Cannot("who was not answered is not written up"),
            FIRST,
            FIRST,
            FIRST,
            Cannot("its seven days are days of the calendar"),
        ],
        Kpi::K19 => [
            By("ratings_by_telephone_chat_and_revisit_give_k_19_with_the_response_rate_beside"),
            EMPTY,
            Cannot("who was not answered is not asked"),
            FIRST,
            ONLINE,
            ONLINE,
            ONLINE,
        ],
        Kpi::K20 | Kpi::K21 | Kpi::K22 => OF_TICKETS,
        Kpi::K23 | Kpi::K24 | Kpi::K25 => OF_CHECKS,
        Kpi::K26 => [
            HOT,
            EMPTY,
            Cannot("it counts what was written up"),
            Cannot("a contact is one, whoever has it"),
            WEEKS,
            WEEKS,
            By("a_week_of_holidays_is_not_compared"),
        ],
        Kpi::K27 => [
            HARD,
            By("matters_with_few_contacts_have_no_hard_index_and_do_not_move_the_others"),
            Cannot("it counts what was written up"),
            HARD,
            WEEKS,
            WEEKS,
            AS_OTHERS,
        ],
        Kpi::K28 => [
            By("posts_give_k_28_by_the_working_days_that_have_begun"),
            EMPTY,
            NO_CALLS,
            NO_CALLS,
            NO_HOURS,
            NO_HOURS,
            OFF,
        ],
        Kpi::K29 => [RARE, EMPTY, NO_CALLS, NO_CALLS, NO_HOURS, NO_HOURS, OFF],
        Kpi::K30 => [
            TRAINING, EMPTY, NO_CALLS, NO_CALLS, TRAINING, TRAINING, TRAINING,
        ],
        Kpi::K31 => [
            RARE,
            EMPTY,
            NO_CALLS,
            Cannot("it counts for whose work was checked"),
            By("a_leak_found_at_night_counts_on_the_day_that_has_begun"),
            By("a_leak_counts_on_the_civil_day_it_was_discovered"),
            By("a_leak_counts_on_the_civil_day_it_was_discovered"),
        ],
        Kpi::K32 => [
            POLICIES,
            EMPTY,
            NO_CALLS,
            NO_CALLS,
            NIGHT,
            NIGHT,
            By("a_policy_of_a_holiday_is_due_after_the_first_working_day"),
        ],
    }
}

/// The sources of these tests.
fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else {
            all.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn each_indicator_is_held_in_each_situation_that_can_touch_it() {
    let mut all = String::new();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    sources(&here, &mut all);
    for kpi in Kpi::ALL {
        for held in row(*kpi) {
            match held {
                By(test) => assert!(all.contains(&format!("fn {test}()")), "{kpi:?}: {test}"),
                Cannot(why) => assert!(!why.is_empty(), "{kpi:?}"),
            }
        }
    }
}
