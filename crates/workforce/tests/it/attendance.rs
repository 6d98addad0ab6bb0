//! A day from the punches to the row that never changes, on both databases.

use serde_json::{Value, json};
use workforce::attendance::chain;
use workforce::attendance::period::{frozen, in_force};
use workforce::attendance::store::record;
use workforce::{Spell, attendance::AttendanceKind};

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use crate::world::{World, on_both};

async fn punches(world: &World, who: &str, kind: &str, device: &str) {
    let body = json!({"kind": kind, "device": device, "device_at": world.app.clock.now()});
    world.post(who, "/api/v1/punches", body).await;
}

fn signs_in(world: &World, who: &str) {
    let spell = Spell {
        user_id: world.id(who),
        from: world.app.clock.now(),
        until: None,
    };
    world.room.spells.lock().unwrap().push(spell);
}

fn line<'a>(sheet: &'a Value, seat: &str) -> &'a Value {
    sheet["lines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["seat"] == seat)
        .unwrap()
}

/// Monday the 23rd: four come, one does not, one post is vacant.
async fn monday(world: &World) {
    // The world begins at ten; the day told is the next one.
    world.at("2026-11-24T00:25:00Z");
    for agent in ["agent1", "agent2", "agent3"] {
        signs_in(world, agent);
    }
    punches(world, "agent1", "in", "seat-0001").await;
    punches(world, "agent2", "in", "seat-0002").await;
    // Somebody punches at the seat of another, whose softphone is not there.
    punches(world, "agent4", "in", "seat-0002").await;
    world.at("2026-11-24T01:00:00Z");
    punches(world, "agent3", "in", "seat-0003").await;
    world.at("2026-11-24T10:01:00Z");
    for (agent, device) in [
        ("agent1", "seat-0001"),
        ("agent2", "seat-0002"),
        ("agent3", "seat-0003"),
    ] {
        punches(world, agent, "out", device).await;
    }
}

const DAY: &str = "/api/v1/attendance-days/2026-11-24";

#[tokio::test]
async fn a_day_is_closed_by_the_lead_confirmed_by_the_purchaser_and_frozen() {
    on_both(async |world| {
        monday(&world).await;
        let sheet = world.read("reviewer", DAY).await;
        assert_eq!((&sheet["state"], &sheet["version"]), (&json!("open"), &json!(0)));
        assert_eq!((&line(&sheet, "Z1")["kind"], &line(&sheet, "Z1")["minutes"]), (&json!("present"), &json!(480)));
        assert_eq!(line(&sheet, "Z1")["findings"], json!([]));
        assert_eq!(line(&sheet, "Z2")["findings"], json!(["shared_device"]));
        assert_eq!(line(&sheet, "Z3")["late_minutes"], 30);
        assert_eq!(line(&sheet, "Z4")["findings"], json!(["no_punch_out", "not_on_floor", "shared_device"]));
        assert_eq!((&line(&sheet, "Z5")["kind"], &line(&sheet, "Z6")["kind"]), (&json!("absent"), &json!("vacant")));

        // The lead says of one seat what the evidence does not tell; nobody else closes, and nobody confirms his own.
        let none = json!({"version": 0});
        let refused = world.refused("reviewer", &format!("{DAY}/close"), none.clone()).await;
        assert_eq!(refused, "forbidden");
        let bad = json!({"version": 0, "overruled": [{"seat": "Z6", "kind": "present", "reason": "没有人"}]});
        assert_eq!(world.refused("lead", &format!("{DAY}/close"), bad).await, "overruled_invalid");
        let said = json!({"version": 0, "overruled": [{"seat": "Z5", "kind": "leave", "reason": "病假，有证明"}]});
        let sheet = world.post("lead", &format!("{DAY}/close"), said).await;
        assert_eq!((&sheet["state"], &sheet["exceptions"]), (&json!("closed"), &json!(5)), "{sheet}");
        assert_eq!(world.refused("lead", &format!("{DAY}/close"), json!({"version": 1})).await, "attendance_closed");

        // The purchaser sends it back, the lead closes it anew: a stand-in is judged by his own evidence.
        let back = json!({"version": 1, "reason": "Z4 未签入"});
        world.post("reviewer", &format!("{DAY}/send-back"), back).await;
        let absent = json!({"version": 2, "overruled": [
            {"seat": "Z4", "kind": "absent", "reason": "代打卡"}, {"seat": "Z5", "kind": "leave", "reason": "病假"}]});
        let sheet = world.post("lead", &format!("{DAY}/close"), absent).await;
        assert_eq!((&line(&sheet, "Z4")["kind"], &line(&sheet, "Z4")["minutes"]), (&json!("absent"), &json!(0)));
        assert_eq!(sheet["lines"].as_array().unwrap().len(), 6, "what was not signed is written anew");
        let stale = json!({"days": [{"day": "2026-11-24", "version": 2}]});
        assert_eq!(world.refused("reviewer", "/api/v1/attendance-days/confirm", stale).await, "stale_version");
        let seen = json!({"days": [{"day": "2026-11-24", "version": 3}]});
        let done = world.post("reviewer", "/api/v1/attendance-days/confirm", seen.clone()).await;
        assert_eq!((&done["days"], &done["records"], &done["seq"]), (&json!(1), &json!(6), &json!(6)));

        // Frozen: nothing more is done to it.
        let again = json!({"days": [{"day": "2026-11-24", "version": 4}]});
        for (who, path, body) in [
            ("reviewer", "/api/v1/attendance-days/confirm".to_owned(), again),
            ("reviewer", format!("{DAY}/send-back"), json!({"version": 4, "reason": "再看"})),
            ("lead", format!("{DAY}/close"), json!({"version": 4})),
        ] {
            assert_eq!(world.refused(who, &path, body).await, "attendance_frozen");
        }
        let month = world.read("reviewer", "/api/v1/attendance-days?from=2026-11-01&to=2026-11-30").await;
        assert_eq!((month["items"].as_array().unwrap().len(), &month["waiting"]), (21, &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn a_correction_is_a_new_row_that_the_other_side_decides_and_the_chain_shows_any_change() {
    on_both(async |world| {
        monday(&world).await;
        world
            .post("lead", &format!("{DAY}/close"), json!({"version": 0}))
            .await;
        let seen = json!({"days": [{"day": "2026-11-24", "version": 1}]});
        world
            .post("purchaser", "/api/v1/attendance-days/confirm", seen)
            .await;
        let sheet = world.read("lead", DAY).await;
        let wrong = line(&sheet, "Z5");
        let door = "/api/v1/attendance-corrections";
        let said = |minutes: i64| {
            json!({"corrects_id": wrong["id"], "kind": "present", "minutes": minutes,
            "reason": "当日停电，手工签到表为证"})
        };
        assert_eq!(
            world.refused("lead", door, said(481)).await,
            "attendance_minutes"
        );
        let made = world.post("lead", door, said(480)).await;
        assert_eq!(
            world.refused("manager", door, said(480)).await,
            "attendance_corrected"
        );
        let decide = format!("{door}/{}/decide", made["id"].as_str().unwrap());
        let yes = json!({"accept": true});
        assert_eq!(
            world.refused("manager", &decide, yes.clone()).await,
            "attendance_correction_own"
        );
        let held = world.post("reviewer", &decide, yes.clone()).await;
        assert_eq!(
            (&held["state"], &held["seq"]),
            (&json!("frozen"), &json!(7))
        );
        assert_eq!(
            world.refused("reviewer", &decide, yes).await,
            "attendance_correction_decided"
        );

        // Settlement is given both, and knows which holds.
        let on = "2026-11-24".parse().unwrap();
        let rows = frozen(world.app.db.read(), on, on).await.unwrap();
        let holding = in_force(&rows);
        assert_eq!((rows.len(), holding.len()), (7, 6));
        let z5 = holding.iter().find(|row| row.seat == "Z5").unwrap();
        assert_eq!((z5.kind, z5.minutes), (AttendanceKind::Present, 480));

        // What was signed reads as it was signed, and whoever changes one field of one row is found.
        let all = record::Entity::find()
            .order_by_asc(record::Column::Seq)
            .all(world.app.db.read())
            .await
            .unwrap();
        assert_eq!(
            chain::first_broken((0, chain::BEGIN.to_owned()), &all),
            None
        );
        for n in 0..all.len() {
            let mut forged = all.clone();
            forged[n].minutes += 1;
            assert_eq!(
                chain::first_broken((0, chain::BEGIN.to_owned()), &forged),
                forged[n].seq
            );
            let mut short = all.clone();
            short.remove(n);
            assert_eq!(
                chain::first_broken((0, chain::BEGIN.to_owned()), &short).is_some(),
                n + 1 < all.len()
            );
        }

        // The whole chain is read on asking; who signed in the name of another is found in the rows themselves.
        let chain = world.read("reviewer", "/api/v1/attendance-chain").await;
        assert_eq!(
            (&chain["checked"], &chain["seq"], &chain["broken_seq"]),
            (&json!(7), &json!(7), &json!(null))
        );
        let other = world.id("agent1");
        world
            .app
            .db
            .write(async move |tx| {
                record::Entity::update_many()
                    .col_expr(record::Column::DecidedBy, other.into())
                    .filter(record::Column::Seq.eq(3))
                    .exec(&*tx)
                    .await?;
                Ok(())
            })
            .await
            .unwrap();
        let chain = world.read("lead", "/api/v1/attendance-chain").await;
        assert_eq!(
            (&chain["checked"], &chain["broken_seq"]),
            (&json!(2), &json!(3))
        );
    })
    .await;
}

#[tokio::test]
async fn a_device_whose_clock_shows_the_end_of_all_time_is_told_so() {
    on_both(async |world| {
        let punch =
            json!({"kind": "in", "device": "seat-0001", "device_at": "+262142-12-31T23:59:59Z"});
        let code = world.refused("agent1", "/api/v1/punches", punch).await;
        assert_eq!(code, "moment_implausible");
    })
    .await;
}

#[tokio::test]
async fn a_day_is_not_closed_before_its_hours_are_over_nor_on_a_day_off() {
    on_both(async |world| {
        let today = "/api/v1/attendance-days/2026-11-23/close";
        assert_eq!(
            world.refused("lead", today, json!({"version": 0})).await,
            "attendance_not_over"
        );
        let sunday = "/api/v1/attendance-days/2026-11-22/close";
        assert_eq!(
            world.refused("lead", sunday, json!({"version": 0})).await,
            "attendance_day_off"
        );
        // A Sunday that is worked instead of a holiday has its seats.
        let makeup = world
            .read("lead", "/api/v1/attendance-days/2026-09-20")
            .await;
        assert_eq!(
            (
                &makeup["workday"],
                makeup["lines"].as_array().unwrap().len()
            ),
            (&json!(true), 6)
        );
        let holiday = world
            .read("lead", "/api/v1/attendance-days/2026-09-25")
            .await;
        assert_eq!(
            (&holiday["workday"], &holiday["lines"]),
            (&json!(false), &json!([]))
        );
    })
    .await;
}
