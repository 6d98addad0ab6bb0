//! Staff files: posts are exclusive, evidence is checked by another, what runs out is told in time.

use axum::http::Method;
use kernel::Role;
use personnel::warning::step;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};

use crate::world::{World, on_both, path};

async fn step_of(world: &World, who: &str, staff: &Value, action: &str) -> Value {
    let now = world.read("hr", &path(staff)).await;
    let body = json!({"version": now["version"], "action": action, "reason": "试"});
    world
        .post(who, &format!("{}/steps", path(staff)), body)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_has_one_holder_and_a_person_one_post() {
    on_both(true, async |world| {
        let file = world.file("agent1").await;
        assert_eq!(
            (&file["state"], &file["post_id"], &file["missing"]),
            (&json!("on_post"), &json!("Z1"), &json!([]))
        );
        let staffing = world.read("purchaser", "/api/v1/staffing").await;
        assert_eq!(
            (
                &staffing["planned"],
                &staffing["held"],
                &staffing["counted"]
            ),
            (&json!(6), &json!(6), &json!(6))
        );

        let twice = json!({"version": file["version"], "post_id": "Z2"});
        let (_, no) = world
            .refused("manager", &format!("{}/post", path(&file)), twice)
            .await;
        assert_eq!(no["code"], "staff_on_post");
        // Agent 2 leaves his post and cannot take the first one's; both things are seen by day.
        let other = world.file("agent2").await;
        let off = json!({"version": other["version"], "reason": "调整"});
        let other = world
            .post("manager", &format!("{}/leave-post", path(&other)), off)
            .await;
        // He is there to the end of the day, and it is seen that it is his last.
        let staffing = world.read("purchaser", "/api/v1/staffing").await;
        assert_eq!(
            (
                &staffing["posts"][1]["holder"]["until"],
                &staffing["posts"][0]["holder"]["until"]
            ),
            (&json!("2026-11-23"), &Value::Null)
        );
        let held = json!({"version": other["version"], "post_id": "Z1"});
        let (_, no) = world
            .refused("manager", &format!("{}/post", path(&other)), held)
            .await;
        assert_eq!(no["code"], "post_held");
        world.pass(2);
        let staffing = world.read("purchaser", "/api/v1/staffing").await;
        assert_eq!(
            (
                &staffing["held"],
                &staffing["posts"][1]["vacancy"]["calendar_days"]
            ),
            (&json!(5), &json!(2))
        );
        assert_eq!(staffing["posts"][1]["vacancy"]["since"], "2026-11-24");
        let days = world
            .read(
                "reviewer",
                "/api/v1/headcount?from=2026-11-23&to=2026-11-25",
            )
            .await;
        let held: Vec<_> = days["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["held"].clone())
            .collect();
        assert_eq!(
            held,
            [json!(6), json!(5), json!(5)],
            "on his last day he was there"
        );
        assert_eq!(days["short_working_days"], 2);

        // Another project keeps him off.
        let now = world.read("hr", &path(&other)).await;
        let elsewhere = json!({"version": now["version"], "other_project": "另一条热线"});
        let changed = world
            .ask(
                &world.who("hr"),
                Method::PATCH,
                &path(&other),
                Some(elsewhere),
            )
            .await
            .json;
        let take = json!({"version": changed["version"], "post_id": "Z2"});
        let (_, no) = world
            .refused("manager", &format!("{}/post", path(&other)), take)
            .await;
        assert_eq!(no["code"], "staff_not_exclusive");
        let free = json!({"version": changed["version"], "other_project": ""});
        let changed = world
            .ask(&world.who("hr"), Method::PATCH, &path(&other), Some(free))
            .await
            .json;
        let take = json!({"version": changed["version"], "post_id": "Z2"});
        world
            .post("manager", &format!("{}/post", path(&other)), take)
            .await;
        assert_eq!(world.read("purchaser", "/api/v1/staffing").await["held"], 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_suspended_or_leaves_gives_his_post_back_and_who_returns_begins_anew() {
    on_both(true, async |world| {
        let file = world.file("agent3").await;
        let user = world.id("agent3");
        assert!(personnel::may_take_work(&world.app, user).await.is_ok());
        let body = json!({"version": file["version"], "action": "leave", "reason": "辞职"});
        let (_, no) = world
            .refused("hr", &format!("{}/steps", path(&file)), body)
            .await;
        assert_eq!(no["code"], "staff_on_post");
        let suspended = step_of(&world, "hr", &file, "suspend").await;
        assert_eq!(
            (&suspended["state"], &suspended["post_id"]),
            (&json!("suspended"), &Value::Null)
        );
        let held = personnel::may_take_work(&world.app, user)
            .await
            .unwrap_err();
        assert_eq!(
            (held.code, &held.extra["state"]),
            ("not_on_post", &json!("suspended"))
        );
        step_of(&world, "hr", &file, "leave").await;
        assert_eq!(world.file("agent3").await["left_on"], "2026-11-23");
        let back = step_of(&world, "hr", &file, "return").await;
        assert_eq!(
            (&back["state"], &back["passed"], &back["hired_on"]),
            (&json!("candidate"), &json!(false), &Value::Null)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_counts_once_another_one_checked_it_and_personal_values_stay_masked() {
    on_both(true, async |world| {
        let new = json!({"name": "测试人", "born_on": "1995-05-05", "id_number": "TEST19950505001X", "phone": "13900000123"});
        let made = world.post("hr", "/api/v1/staff", new.clone()).await;
        assert_eq!((&made["id_number"], &made["phone"]), (&json!("TES*********001X"), &json!("139****0123")));
        assert_eq!(world.refused("hr", "/api/v1/staff", new).await.1["code"], "staff_file_exists");
        let brought = json!({"item": "education", "on": "2016-07-01", "level": "associate"});
        let at = format!("{}/evidence", path(&made));
        let file = world.post("hr", &at, brought).await;
        let piece = file["evidence"][0].clone();
        let finding = |file: &Value| file["findings"].as_array().unwrap().iter()
            .find(|one| one["item"] == "education").unwrap()["standing"].clone();
        assert_eq!(finding(&file), "missing", "not checked yet");
        let check = format!("{at}/{}/check", piece["id"].as_str().unwrap());
        let own = json!({"version": piece["version"], "verified": true});
        assert_eq!(world.refused("hr", &check, own.clone()).await.1["code"], "evidence_own");
        assert_eq!(finding(&world.post("manager", &check, own.clone()).await), "ok");
        assert_eq!(world.refused("manager", &check, own).await.0, 409, "once");
        // The certificate is the purchaser's alone.
        let pass = json!({"item": "pre_job", "on": "2026-11-20"});
        assert_eq!(world.refused("hr", &at, pass).await.1["code"], "pass_by_purchaser");
        let young = json!({"item": "typing", "on": "2030-01-01", "number": 200, "seconds": 180});
        assert_eq!(world.refused("hr", &at, young).await.1["code"], "day_ahead");
        let alone = json!({"item": "interview", "on": "2026-11-20", "scorecard": [
            {"assessor": "甲", "understanding": 4, "thinking": 4, "communication": 4, "expression": 4, "affinity": 4},
            {"assessor": "甲", "understanding": 4, "thinking": 4, "communication": 4, "expression": 4, "affinity": 4}]});
        assert_eq!(world.refused("hr", &at, alone).await.1["code"], "two_assessors");

        let reveal = format!("{}/reveal", path(&made));
        let why = json!({"field": "id_number", "reason": "办理社保"});
        assert_eq!(world.refused("lead", &reveal, why.clone()).await.0, 403);
        assert_eq!(world.post("hr", &reveal, why).await["value"], "TEST19950505001X");
        let backend = world.app.db.backend();
        let sql = "select details from audit_entries where action = 'staff.revealed'";
        let rows = world.app.db.read().query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        assert_eq!(rows.len(), 1, "who read it is written down");
        let sealed = "select id_number_sealed from staff where name = '测试人'";
        let row = world.app.db.read().query_one_raw(Statement::from_string(backend, sealed)).await.unwrap().unwrap();
        assert!(!row.try_get_by_index::<String>(0).unwrap().contains("TEST"));
        // An agent sees his own file and nobody else's.
        let own = world.read("agent1", "/api/v1/staff").await;
        assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["post_id"]), (1, &json!("Z1")));
        let stranger = testing::principal(&[Role::Agent]);
        assert_eq!(world.ask(&stranger, Method::GET, &path(&made), None).await.status, 404);
    })
    .await;
}

/// The daily job may be at it as well, when the clock was moved over its hour: who comes second tries again.
async fn warned(world: &World) {
    for _ in 0..20 {
        match personnel::warning::warn(&world.app).await {
            Ok(()) => return,
            Err(problem) => assert_eq!(problem.code, "stale_version"),
        }
    }
    panic!("not told");
}

#[test]
fn it_is_told_at_sixty_thirty_and_seven_days_and_when_it_is_over() {
    let at = |left: i64| {
        let today: chrono::NaiveDate = "2026-11-23".parse().unwrap();
        step(today, today + chrono::TimeDelta::days(left))
    };
    assert_eq!(
        [at(61), at(60), at(31), at(30), at(8), at(7), at(0), at(-1)],
        [
            None,
            Some(60),
            Some(60),
            Some(30),
            Some(30),
            Some(7),
            Some(7),
            Some(0)
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_out_is_told_once_at_each_step_and_then_holds_him_up() {
    on_both(true, async |world| {
        // The demo's health certificates are 70 days old: 365 days less 70 are left.
        let told = async |world: &World| -> i64 {
            let sql = "select count(*) from events where kind = 'staff.evidence_expiring'";
            let backend = world.app.db.backend();
            let row = world
                .app
                .db
                .read()
                .query_one_raw(Statement::from_string(backend, sql))
                .await
                .unwrap()
                .unwrap();
            row.try_get_by_index::<i64>(0).unwrap()
        };
        warned(&world).await;
        assert_eq!(told(&world).await, 0);
        let file = world.file("agent1").await;
        let last: chrono::NaiveDate = file["stands_until"].as_str().unwrap().parse().unwrap();
        let today: chrono::NaiveDate = "2026-11-23".parse().unwrap();
        world.pass(u64::try_from((last - today).num_days() - 60).unwrap());
        warned(&world).await;
        let sixty = told(&world).await;
        assert_eq!(sixty, 12, "health and confidentiality of six people");
        warned(&world).await;
        assert_eq!(told(&world).await, sixty, "once");
        let soon = world.read("purchaser", "/api/v1/staffing").await;
        assert_eq!(soon["running_out"].as_array().unwrap().len(), 12);
        world.pass(61);
        warned(&world).await;
        assert_eq!(told(&world).await, 2 * sixty, "over");
        let held = personnel::may_take_work(&world.app, world.id("agent1"))
            .await
            .unwrap_err();
        assert_eq!(held.code, "qualification_lapsed");
        let items: Vec<_> = held.extra["missing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["item"].clone())
            .collect();
        assert_eq!(items, [json!("health"), json!("confidentiality")]);
        assert_eq!(
            world.read("purchaser", "/api/v1/staffing").await["counted"],
            0
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_file_may_work_until_a_file_is_asked_for() {
    on_both(false, async |world| {
        let user = world.id("agent1");
        assert!(
            personnel::may_take_work(&world.app, user).await.is_ok(),
            "a new installation is not blocked"
        );
        let asked = json!({"rule": {"file_required": true}, "source": "建档完成"});
        world
            .post("purchaser", "/api/v1/rules/work-gate", asked)
            .await;
        let held = personnel::may_take_work(&world.app, user)
            .await
            .unwrap_err();
        assert_eq!(held.code, "staff_file_missing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_finds_who_may_not_be_on_post_and_of_whom_something_runs_out() {
    on_both(true, async |world| {
        let names = async |query: &str| -> Vec<String> {
            let page = world.read("hr", &format!("/api/v1/staff?{query}")).await;
            let mut names: Vec<String> = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["name"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        let lacking = names("gaps=true").await;
        assert_eq!(lacking, ["候选人甲（演示）", "项目经理（演示）"]);
        assert_eq!(names("gaps=false").await.len(), 6);
        assert_eq!(names("expiring=true").await, Vec::<String>::new());
        assert_eq!(names("gaps=false&state=on_post").await.len(), 6);
        assert_eq!(names("gaps=true&state=on_post").await, Vec::<String>::new());
        // The health certificates are good for a year; two months before its end they are looked for.
        world.pass(250);
        assert_eq!(names("expiring=true").await.len(), 6);
        // Who sees only his own file finds no other by it.
        let own = world.read("agent1", "/api/v1/staff?expiring=true").await;
        assert_eq!(own["total"], 1);
        world.pass(70);
        assert_eq!(names("gaps=true").await.len(), 8, "run out by now");
        assert_eq!(names("expiring=true").await, Vec::<String>::new());
    })
    .await;
}
