//! K-10 to K-14, K-28, K-29, K-31, K-32 by hand.

use analytics::kpi::{Cut, Kpi, KpiVariant, Period};
use kernel::audit::Who;
use kernel::rule::{New, set};

use crate::raw::{id, literal, sql};
use crate::world::{World, on_both, period};

#[tokio::test]
async fn missed_calls_give_k_10_each_or_by_number_once_their_term_is_over() {
    on_both(async |world| {
        let callback = |n: u32, (state, due, in_time): (&str, &str, &str), missed: u32| {
            let id = literal(&world, &self::id(n));
            let open = state == "open";
            let mut lines = vec![format!(
                "insert into callbacks (id, number, state, open, missed, first_missed_at, last_missed_at, warn_at, \
                 due_at, warned, breached, attempts, in_time, updated_at, version) values ({id}, '', '{state}', {open}, \
                 {missed}, '2026-11-24T01:00:00+00:00', '2026-11-24T01:00:00+00:00', '2026-11-24T01:00:00+00:00', \
                 '{due}', false, false, 0, {in_time}, '2026-11-24T01:00:00+00:00', 1)"
            )];
            for call in 0..missed {
                let work = literal(&world, &self::id(1_000 + n * 10 + call));
                lines.push(format!(
                    "insert into callback_calls (work_id, callback_id, missed_at) values ({work}, {id}, \
                     '2026-11-24T01:0{call}:00+00:00')"
                ));
            }
            lines
        };
        let over = "2026-11-25T01:00:00+00:00";
        let lines = [
            // He called three times before he was called.
            callback(1, ("reached", over, "true"), 3),
            callback(2, ("unreached", over, "false"), 1),
            // Its term is over, and nobody called; that of the next still runs.
            callback(3, ("open", over, "null"), 1),
            callback(4, ("open", "2026-11-28T01:00:00+00:00", "null"), 1),
            // Nobody can be called, and who called in himself was answered.
            callback(5, ("no_number", over, "null"), 1),
            callback(6, ("called_in", over, "null"), 1),
        ]
        .concat();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        sql(&world, &lines).await;
        let november = period("2026-11-01", "2026-11-30");
        assert_eq!(world.says(Kpi::K10, november).await, (3, 5, Some(6_000)));
        let next_day = period("2026-11-25", "2026-11-25");
        assert_eq!(world.says(Kpi::K10, next_day).await, (0, 0, None));
        let app = (*world.app).clone();
        let set = world.app.db.write(move |tx| async move {
            let new = New {
                rule: KpiVariant {
                    kpi: Kpi::K10,
                    variant: "numbers".to_owned(),
                },
                effective_from: None,
                source: "agreed".to_owned(),
            };
            set(&app, &tx, &Who::system("test"), new).await
        });
        set.await.unwrap();
        assert_eq!(world.says(Kpi::K10, november).await, (1, 3, Some(3_333)));
    })
    .await;
}

#[tokio::test]
async fn states_give_k_11_cut_at_the_edges_of_the_day() {
    on_both(async |world| {
        let agent = literal(&world, &world.id("agent1").to_string());
        let change = |n: u32, at: &str, to: &str| {
            let id = literal(&world, &self::id(n));
            format!(
                "insert into agent_state_changes (id, agent_id, at, from_state, to_state, by_kind) \
                 values ({id}, {agent}, '{at}', 'ready', '{to}', 'agent')"
            )
        };
        // Ready from 23:50 of Monday on; the day begins at 16:00 UTC. 10 min ready, 20 talking, 5 held, 5 wrap-up,
        // then break.
        let lines = [
            change(1, "2026-11-23T15:50:00+00:00", "ready"),
            change(2, "2026-11-23T16:10:00+00:00", "talking"),
            change(3, "2026-11-23T16:30:00+00:00", "held"),
            change(4, "2026-11-23T16:35:00+00:00", "wrap_up"),
            change(5, "2026-11-23T16:40:00+00:00", "break"),
        ];
        sql(&world, &lines.each_ref().map(String::as_str)).await;
        let tuesday = period("2026-11-24", "2026-11-24");
        let minute = 60_000;
        assert_eq!(
            world.says(Kpi::K11, tuesday).await,
            (30 * minute, 40 * minute, Some(7_500))
        );
        let other = world
            .figure(Kpi::K11, tuesday, &Cut::of_person(world.id("agent2")))
            .await;
        assert_eq!(other.value, None);
    })
    .await;
}

#[tokio::test]
async fn people_give_k_29_and_k_31_counts_what_is_grave() {
    on_both(async |world| {
        let person = |n: u32, left: &str| {
            let id = literal(&world, &self::id(n));
            format!(
                "insert into staff (id, name, state, passed, hired_on, left_on, created_at, updated_at, version) \
                 values ({id}, '', 'on_post', true, '2026-01-01', {left}, '2026-01-01T00:00:00+00:00', \
                 '2026-01-01T00:00:00+00:00', 1)"
            )
        };
        let lines = [
            person(1, "null"),
            person(2, "null"),
            person(3, "'2026-11-15'"),
            person(4, "'2026-10-15'"),
        ];
        sql(&world, &lines.each_ref().map(String::as_str)).await;
        // One of three left, two are there at the end: 1 × 730 / (5 × 30).
        let november = period("2026-11-01", "2026-11-30");
        let figure = world.figure(Kpi::K29, november, &Cut::all()).await;
        assert_eq!((figure.numerator, figure.denominator), (730, 150));
        assert_eq!(figure.beside[0].value, Some(1));
        // No leak, two samples with a fatal error, one complaint upheld.
        let figure = world.figure(Kpi::K31, november, &Cut::all()).await;
        assert_eq!(figure.value, Some(3));
        let beside = figure.beside.iter().map(|one| (one.code.as_str(), one.numerator));
        let kinds = [("leaks", 0), ("grave_errors", 2), ("upheld_complaints", 1)];
        assert!(beside.eq(kinds), "{:?}", figure.beside);
        // Of one person what is grave in his work; how many left says nothing of him.
        let cut = Cut::of_person(world.id("agent1"));
        assert_eq!(world.figure(Kpi::K31, november, &cut).await.value, Some(3));
        assert_eq!(world.figure(Kpi::K29, november, &cut).await.value, None);
        assert_eq!(world.says(Kpi::K32, november).await, (0, 0, None));
    })
    .await;
}

/// A change of agent1's state.
pub(super) fn change(world: &World, n: u32, at: &str, to: &str) -> String {
    let (id, agent) = (
        literal(world, &id(n)),
        literal(world, &world.id("agent1").to_string()),
    );
    format!(
        "insert into agent_state_changes (id, agent_id, at, from_state, to_state, by_kind) \
         values ({id}, {agent}, '{at}', 'ready', '{to}', 'agent')"
    )
}

/// Tuesday at the seat from 8:30 to 18:00, 24 minutes of a break, and overnight from 23:30 to 0:30.
fn a_tuesday(world: &World) -> Vec<String> {
    vec![
        change(world, 1, "2026-11-24T00:30:00+00:00", "ready"),
        change(world, 2, "2026-11-24T02:00:00+00:00", "break"),
        change(world, 3, "2026-11-24T02:24:00+00:00", "talking"),
        change(world, 4, "2026-11-24T10:00:00+00:00", "signed_out"),
        change(world, 5, "2026-11-24T15:30:00+00:00", "ready"),
        change(world, 6, "2026-11-24T16:30:00+00:00", "signed_out"),
    ]
}

pub(super) const MINUTE: i64 = 60_000;

#[tokio::test]
async fn published_rosters_give_k_13_and_the_days_add_up() {
    on_both(async |world| {
        let (roster, agent) = (
            literal(&world, &id(90)),
            literal(&world, &world.id("agent1").to_string()),
        );
        let mut lines = a_tuesday(&world);
        for day in ["2026-11-24", "2026-11-25"] {
            lines.push(format!(
                "insert into roster_cells (on_day, user_id, shift_id) values ('{day}', {agent}, 'whole_day')"
            ));
        }
        lines.push(format!(
            "insert into rosters (id, month, state, revision, updated_at, version) values \
             ({roster}, '2026-11', 'draft', 1, '2026-11-01T00:00:00+00:00', 1)"
        ));
        sql(&world, &lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let week = period("2026-11-23", "2026-11-29");
        // What nobody has published binds nobody.
        assert_eq!(world.says(Kpi::K13, week).await, (0, 0, None));
        sql(&world, &["update rosters set state = 'published'"]).await;
        // 480 minutes but for the break; nothing of Wednesday, whose night was no part of his hours.
        let tuesday = Period::day("2026-11-24".parse().unwrap());
        let told = world.says(Kpi::K13, tuesday).await;
        assert_eq!(told, (456 * MINUTE, 480 * MINUTE, Some(9_500)));
        let told = world.says(Kpi::K13, week).await;
        assert_eq!(told, (456 * MINUTE, 960 * MINUTE, Some(4_750)));
        let other = Cut::of_person(world.id("agent2"));
        assert_eq!(world.figure(Kpi::K13, week, &other).await.value, None);
        // A holiday has no shifts.
        let holiday = period("2026-10-01", "2026-10-07");
        assert_eq!(world.says(Kpi::K13, holiday).await, (0, 0, None));
    })
    .await;
}

/// A day of an agent as both sides signed it.
pub(super) fn record(
    world: &World,
    n: u32,
    (who, day): (&str, &str),
    (kind, minutes): (&str, i64),
) -> String {
    let (id, user) = (
        literal(world, &id(n)),
        literal(world, &world.id(who).to_string()),
    );
    format!(
        "insert into attendance_records (id, on_day, seat, user_id, kind, minutes, whole_minutes, late_minutes, \
         early_minutes, findings, state, seq, before_hash, hash, written_at) values ({id}, '{day}', 'Z{n}', {user}, \
         '{kind}', {minutes}, 480, 0, 0, '', 'frozen', {n}, '', '', '{day}T12:00:00+00:00')"
    )
}

#[tokio::test]
async fn signed_days_give_k_12_and_k_14() {
    on_both(async |world| {
        let mut lines = a_tuesday(&world);
        lines.push(record(
            &world,
            1,
            ("agent1", "2026-11-24"),
            ("present", 480),
        ));
        lines.push(record(&world, 2, ("agent2", "2026-11-24"), ("absent", 0)));
        lines.push(record(&world, 3, ("agent3", "2026-11-24"), ("leave", 0)));
        sql(
            &world,
            &lines.iter().map(String::as_str).collect::<Vec<_>>(),
        )
        .await;
        let tuesday = period("2026-11-24", "2026-11-24");
        // Signed in from 8:30 to 18:00 but for 24 minutes, and half an hour before midnight; absence is not paid, leave is.
        let told = world.says(Kpi::K12, tuesday).await;
        assert_eq!((told.0, told.1), ((546 + 30) * MINUTE, 960 * MINUTE));
        // The half hour after midnight is of a day that nobody signed.
        let both = period("2026-11-24", "2026-11-25");
        assert_eq!(world.says(Kpi::K12, both).await, told);
        // Leave is not scheduled; absence is.
        let told = world.says(Kpi::K14, tuesday).await;
        assert_eq!(told, (480 * MINUTE, 960 * MINUTE, Some(5_000)));
        let empty = period("2026-11-23", "2026-11-23");
        for kpi in [Kpi::K12, Kpi::K14] {
            assert_eq!(world.says(kpi, empty).await, (0, 0, None));
        }
    })
    .await;
}

#[tokio::test]
async fn posts_give_k_28_by_the_working_days_that_have_begun() {
    on_both(async |world| {
        let (staff, holding) = (literal(&world, &id(1)), literal(&world, &id(2)));
        let lines = [
            "update posts set opens_on = '2026-11-21' where id = 'Z1'".to_owned(),
            format!(
                "insert into staff (id, name, state, passed, hired_on, created_at, updated_at, version) values \
                 ({staff}, '', 'on_post', true, '2026-01-01', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', 1)"
            ),
            format!(
                "insert into post_holdings (id, post_id, staff_id, from_day) values ({holding}, 'Z1', {staff}, '2026-11-24')"
            ),
        ];
        sql(&world, &lines.each_ref().map(String::as_str)).await;
        // Monday was vacant; neither the weekend nor next week counts.
        let told = world.says(Kpi::K28, period("2026-11-21", "2026-12-04")).await;
        assert_eq!(told, (4, 5, Some(8_000)));
        let weekend = period("2026-11-21", "2026-11-22");
        assert_eq!(world.says(Kpi::K28, weekend).await, (0, 0, None));
    })
    .await;
}

/// Articles with a first version, and what is written of them since: article, number, from when it holds, state, effect.
pub(super) async fn articles(world: &World, many: u32, since: &[(u32, u32, &str, (&str, &str))]) {
    let at = "2026-09-01T00:00:00+00:00";
    let author = literal(world, &world.id("agent1").to_string());
    let mut lines: Vec<String> = (1..=many)
        .map(|n| {
            let id = literal(world, &id(n));
            format!(
                "insert into articles (id, number, kind, matter_code, tags, title, state, latest_n, emergency, \
                 due_for_review, author_id, created_at, updated_at, version) values ({id}, 'A{n}', 'article', '101', \
                 '', '', 'effective', 2, false, false, {author}, '{at}', '{at}', 1)"
            )
        })
        .collect();
    let first = (1..=many).map(|n| (n, 1, "null", ("superseded", "'2026-09-01T00:00:00+00:00'")));
    for (article, n, from, (state, effective)) in first.chain(since.iter().copied()) {
        let change = literal(world, &id(1_000 + article * 10 + n));
        let subject = literal(world, &id(article));
        lines.push(format!(
            "insert into approvals (id, number, kind, subject_id, subject_number, n, title, author_id, state, \
             waiting, in_force, emergency, reminders, effective_at, due_for_review, created_at, updated_at, version) \
             values ({change}, 'B{article}-{n}', 'article', {subject}, '', {n}, '', {author}, '{state}', false, \
             false, false, 0, {effective}, false, '{at}', '{at}', 1)"
        ));
        lines.push(format!(
            "insert into article_versions (article_id, n, approval_id, title, question, answer, keywords, source_no, \
             source_title, valid_from, author_id, created_at, updated_at) values ({subject}, {n}, {change}, '', '', \
             '', '', '', '', {from}, {author}, '{at}', '{at}')"
        ));
    }
    sql(world, &lines).await;
}

#[tokio::test]
async fn new_versions_give_k_32_by_the_day_from_which_the_policy_holds() {
    on_both(async |world| {
        let monday = "'2026-11-23T00:00:00+00:00'";
        let since = [
            // On the day itself, two days late, not written to its end, given up; and one whose term runs until Monday.
            (1, 2, monday, ("effective", monday)),
            (2, 2, monday, ("effective", "'2026-11-25T03:00:00+00:00'")),
            (3, 2, monday, ("draft", "null")),
            (4, 2, monday, ("withdrawn", "null")),
            (5, 2, "'2026-11-27T01:00:00+00:00'", ("submitted", "null")),
            // What keeps the day of the version before is no other policy.
            (1, 3, monday, ("effective", "'2026-11-26T03:00:00+00:00'")),
        ];
        articles(&world, 5, &since).await;
        let november = period("2026-11-01", "2026-11-30");
        assert_eq!(world.says(Kpi::K32, november).await, (1, 3, Some(3_333)));
        let october = period("2026-10-01", "2026-10-31");
        assert_eq!(world.says(Kpi::K32, october).await, (0, 0, None));
    })
    .await;
}

#[tokio::test]
async fn a_policy_of_a_holiday_is_due_after_the_first_working_day() {
    on_both(async |world| {
        // It holds from 3 October, a day off; received on the 8th, due on the 9th at 18:00: to the second, a second late.
        let holiday = "'2026-10-03T01:00:00+00:00'";
        let since = [
            (1, 2, holiday, ("effective", "'2026-10-09T10:00:00+00:00'")),
            (2, 2, holiday, ("effective", "'2026-10-09T10:00:01+00:00'")),
        ];
        articles(&world, 2, &since).await;
        let october = period("2026-10-01", "2026-10-31");
        assert_eq!(world.says(Kpi::K32, october).await, (1, 2, Some(5_000)));
        // Two working days were agreed before it: then both are in time.
        let agreed = "insert into rules (kind, subject, effective_from, recorded_at, recorded_by, source, body) values \
                      ('knowledge_term', 'policy.update', '2026-09-01T00:00:00+00:00', '2026-09-01T00:00:00+00:00', null, \
                      'agreed', '{\"code\":\"policy.update\",\"working_days\":2}')";
        sql(&world, &[agreed]).await;
        assert_eq!(world.says(Kpi::K32, october).await, (2, 2, Some(10_000)));
    })
    .await;
}

async fn agreed(world: &World, indicator: &str) -> Option<&'static str> {
    let (app, indicator) = ((*world.app).clone(), indicator.to_owned());
    let set = world.app.db.write(move |tx| async move {
        let rule = serde_json::json!({ "rows": [{
            "indicator": indicator, "weight": 100, "target": 9_500, "floor": 9_000, "method": "linear", "steps": [],
        }] });
        let new = New {
            rule: serde_json::from_value::<analytics::performance::ScoreTable>(rule).unwrap(),
            effective_from: None,
            source: "agreed".to_owned(),
        };
        set(&app, &tx, &Who::system("test"), new).await
    });
    set.await.err().map(|problem| problem.code)
}

#[tokio::test]
async fn a_score_table_asks_only_for_what_is_told_of_each_person() {
    on_both(async |world| {
        let unknown = agreed(&world, "k99").await;
        assert_eq!(unknown, Some("score_indicator_unknown"));
        let november = period("2026-11-01", "2026-11-30");
        let his = Cut::of_person(world.id("agent1"));
        for kpi in Kpi::ALL {
            if kpi.is_of_people() {
                continue;
            }
            let refused = agreed(&world, kpi.as_str()).await;
            assert_eq!(refused, Some("score_indicator_not_of_people"), "{kpi:?}");
            assert_eq!(
                world.figure(*kpi, november, &his).await.value,
                None,
                "{kpi:?}"
            );
        }
        world.app.clock.advance(std::time::Duration::from_mins(1));
        assert_eq!(agreed(&world, "k31").await, None);
    })
    .await;
}
