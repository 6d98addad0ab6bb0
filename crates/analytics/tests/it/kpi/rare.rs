//! K-10, K-11, K-28 to K-31 by hand.

use analytics::kpi::{Cut, Kpi};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::world::{World, on_both, period};

async fn sql(world: &World, statements: &[&str]) {
    let lines: Vec<String> = statements.iter().map(|line| (*line).to_owned()).collect();
    let done = world.app.db.write(move |tx| async move {
        for line in lines {
            let said = Statement::from_string(tx.get_database_backend(), line);
            tx.execute_raw(said).await?;
        }
        Ok(())
    });
    done.await.unwrap();
}

/// An id as both databases read it from text.
fn id(n: u32) -> String {
    format!("00000000-0000-7000-8000-{n:012}")
}

#[tokio::test]
async fn call_backs_give_k_10_once_their_term_is_over() {
    on_both(async |world| {
        let callback = |n: u32, due: &str, in_time: &str| {
            let id = literal(&world, &id(n));
            format!(
                "insert into callbacks (id, number, state, open, missed, first_missed_at, last_missed_at, warn_at, \
                 due_at, warned, breached, attempts, in_time, updated_at, version) values ({id}, '', 'closed', false, \
                 1, '2026-11-24T01:00:00+00:00', '2026-11-24T01:00:00+00:00', '2026-11-24T01:00:00+00:00', \
                 '{due}', false, false, 0, {in_time}, '2026-11-24T01:00:00+00:00', 1)"
            )
        };
        let lines = [
            callback(1, "2026-11-25T01:00:00+00:00", "true"),
            callback(2, "2026-11-25T01:00:00+00:00", "false"),
            // Its term is over, and nobody called; that of the last one still runs.
            callback(3, "2026-11-25T01:00:00+00:00", "null"),
            callback(4, "2026-11-28T01:00:00+00:00", "null"),
        ];
        sql(&world, &lines.each_ref().map(String::as_str)).await;
        let november = period("2026-11-01", "2026-11-30");
        assert_eq!(world.says(Kpi::K10, november).await, (1, 3, Some(3_333)));
        assert_eq!(world.says(Kpi::K10, period("2026-11-25", "2026-11-25")).await, (0, 0, None));
    })
    .await;
}

/// SQLite keeps an id as 16 bytes.
fn literal(world: &World, id: &str) -> String {
    match world.app.kind() {
        testing::Kind::Sqlite => format!("x'{}'", id.replace('-', "")),
        testing::Kind::Postgres => format!("'{id}'"),
    }
}

#[tokio::test]
async fn states_give_k_11_cut_at_the_edges_of_the_day() {
    on_both(async |world| {
        let agent = literal(&world, &world.id("agent1").to_string());
        let change = |n: u32, at: &str, to: &str| {
            let id = literal(&world, &id(n));
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
            let id = literal(&world, &id(n));
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
        // No leak, and two samples with a fatal error.
        let figure = world.figure(Kpi::K31, november, &Cut::all()).await;
        assert_eq!(figure.value, Some(2));
        // What its rows do not know is no data.
        let cut = Cut::of_person(world.id("agent1"));
        assert_eq!(world.figure(Kpi::K31, november, &cut).await.value, None);
        assert_eq!(world.says(Kpi::K32, november).await, (0, 0, None));
    })
    .await;
}
