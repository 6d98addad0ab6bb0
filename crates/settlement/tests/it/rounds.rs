//! Review in rounds: checks before a submission, objections that name a line, what is set aside and what is
//! confirmed, and the evidence of each number as it was.

use serde_json::{Value, json};
use settlement::{Concern, SubmissionCheck};

use crate::story::{confirmed, contract, on, sheet, signed, submitted};
use crate::world::on_both_at;

const FULL: i64 = 833_333;

fn lines(statement: &Value) -> Vec<Value> {
    statement["lines"].as_array().unwrap().clone()
}

fn line(statement: &Value, month: i64, seat: i64) -> Value {
    let lines = lines(statement).into_iter();
    let mut found = lines.filter(|line| line["month"] == month && line["seat"] == seat);
    found.next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_objected_to_are_set_aside_and_the_others_are_payable() {
    on_both_at("2027-01-04T02:00:00Z", async |world| {
        let (contract, [first, second]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-12-31", |_, _| false)).await;
        submitted(&world, &first).await;
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;

        // An objection names a line of the statement, or the whole, once, with an amount a line can have.
        let review = |action: &str, objections: Value| json!({"action": action, "objections": objections});
        for (objections, code) in [
            (json!([{"month": 7, "seat": 1, "said": "无此月"}]), "objection_line_unknown"),
            (json!([{"month": 6, "said": "缺座席"}]), "objection_line_unknown"),
            (json!([{"month": 6, "seat": 3, "said": "一"}, {"month": 6, "seat": 3, "said": "二"}]), "objection_twice"),
            (json!([{"month": 6, "seat": 3, "said": "过高", "amount_fen": FULL + 1}]), "objection_amount"),
            (json!([{"month": 6, "seat": 3, "said": " "}]), "text_missing"),
        ] {
            assert_eq!(world.no("reviewer", &first, "review", review("reject", objections)).await, code);
        }
        let whole = json!([{"said": "整表不符"}]);
        assert_eq!(world.no("reviewer", &first, "review", review("confirm", whole)).await, "objection_needs_line");
        let every: Vec<Value> = (1..=6).flat_map(|month| (1..=6).map(move |seat| json!({"month": month, "seat": seat, "said": "逐条"}))).collect();
        assert_eq!(world.no("reviewer", &first, "review", review("confirm", json!(every))).await, "statement_all_objected");

        // Two lines are set aside; 34 are confirmed and payable.
        let two = json!([{"month": 6, "seat": 3, "said": "空岗未扣", "amount_fen": 0}, {"month": 5, "seat": 1, "said": "请附说明"}]);
        let frozen = world.step("reviewer", &first, "review", review("confirm", two)).await;
        assert_eq!((&frozen["state"], &frozen["total_fen"], &frozen["objected_fen"]), (&json!("confirmed"), &json!(34 * FULL), &json!(2 * FULL)));
        assert_eq!((&line(&frozen, 6, 3)["objected"], &line(&frozen, 6, 2)["objected"]), (&json!(true), &json!(false)));
        assert_eq!(line(&frozen, 6, 3)["amount_fen"], FULL, "what was submitted stays to be read");
        assert_eq!((&frozen["objections"][0]["amount_fen"], &frozen["objections"].as_array().unwrap().len()), (&json!(0), &2));
        let confirmed_sum: i64 = lines(&frozen).iter().filter(|line| line["objected"] == false).map(|line| line["amount_fen"].as_i64().unwrap()).sum();
        assert_eq!(frozen["total_fen"], confirmed_sum);
        let budget = world.read("reviewer", &contract).await["budget"].clone();
        assert_eq!((&budget["settled_fen"], &budget["forecast_fen"]), (&json!(34 * FULL), &json!((36 + 2) * FULL)), "what is set aside may still be owed");

        // They go into the next statement by actual: one as it was, one after a correction.
        let gone = sheet("2026-06-01", "2026-06-30", |seat, day| seat != 3 || day >= on("2026-06-15"));
        signed(&world, json!({"days": gone["days"], "note": "更正"})).await;
        let away: Vec<Value> = sheet("2026-06-15", "2026-06-30", |seat, _| seat != 3)["days"].as_array().unwrap().iter().map(|day| {
            let mut day = day.clone();
            (day["presence"], day["minutes"]) = (json!("absent"), json!(0));
            day
        }).collect();
        signed(&world, json!({"days": away})).await;
        let counted = world.step("manager", &first, "recount", json!({"reason": "异议两行据实"})).await;
        let mut due: Vec<(i64, i64, i64)> = counted["adjustments"].as_array().unwrap().iter().map(|one| {
            let of = |field: &str| one[field].as_i64().unwrap();
            (of("month"), of("before_fen"), of("delta_fen"))
        }).collect();
        due.sort_unstable();
        // June has 21 working days, 9 of them before the 15th but for the festival: 1 to 12 June are ten.
        assert_eq!(due, [(5, 0, FULL), (6, 0, (FULL * 10 * 2 + 21) / (21 * 2))]);
        for one in counted["adjustments"].as_array().unwrap() {
            let at = format!("/api/v1/settlement-adjustments/{}/decide", one["id"].as_str().unwrap());
            world.post("reviewer", &at, json!({"version": 1, "agree": true})).await;
        }
        let drawn = world.step("manager", &second, "prepare", json!({"action": "draw"})).await;
        assert_eq!(drawn["total_fen"], 36 * FULL + due[0].2 + due[1].2);
        let now = world.read("reviewer", &first).await;
        assert_eq!((&now["lines"], &now["total_fen"], &now["sha256"]), (&frozen["lines"], &frozen["total_fen"], &frozen["sha256"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_round_and_the_days_of_each_line_stay_as_they_were() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, [first, _]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        let out = submitted(&world, &first).await;
        let days = |statement: &Value| format!("{first}/lines/{}/days", line(statement, 6, 3)["id"].as_str().unwrap());
        let kept = world.read("reviewer", &days(&out)).await;
        assert_eq!(kept["items"].as_array().unwrap().len(), 21, "June has 21 working days");
        let day = &kept["items"][0];
        assert_eq!((&day["day"], &day["presence"], &day["halves"], &day["source"]), (&json!("2026-06-01"), &json!("present"), &json!(2), &json!("sheet")));
        assert_eq!((&day["written_by"], &day["countersigned_by"]), (&json!("梁国栋"), &json!("罗建平")), "both sides signed it");
        let evidence = line(&out, 6, 3)["evidence"].as_array().unwrap().clone();
        assert!(evidence.contains(&day["id"]));
        let source = format!("/api/v1/attendance-sheets/{}", day["source_id"].as_str().unwrap());
        assert_eq!(world.read("reviewer", &source).await["state"], "signed");

        // A correction afterwards changes nothing of what was drawn.
        let sick = json!({"days": [{"day": "2026-06-01", "seat": 3, "person": "A3", "presence": "sick_leave", "minutes": 0}]});
        signed(&world, sick).await;
        let mut now = world.read("reviewer", &days(&out)).await;
        assert_eq!((&day["superseded"], &now["items"][0]["superseded"]), (&json!(false), &json!(true)), "another row holds since");
        now["items"][0]["superseded"] = json!(false);
        assert_eq!(now, kept);
        world.step("reviewer", &first, "review", json!({"action": "begin"})).await;
        let item = json!([{"month": 6, "seat": 3, "said": "6 月 1 日病假"}]);
        world.step("reviewer", &first, "review", json!({"action": "reject", "objections": item})).await;
        let again = submitted(&world, &first).await;
        let rounds = world.read("reviewer", &format!("{first}/rounds")).await;
        let of = |round: usize| {
            let lines = rounds["items"][round]["lines"].as_array().unwrap().iter();
            let mut found = lines.filter(|line| line["month"] == 6 && line["seat"] == 3);
            found.next().unwrap()["halves"].clone()
        };
        assert_eq!((of(0), of(1)), (json!(42), json!(40)));
        assert_eq!((&rounds["items"][0]["sha256"], &rounds["items"][1]["sha256"]), (&out["sha256"], &again["sha256"]));
        let basis = &again["basis"];
        assert_eq!(basis["records"], basis["workdays"].as_array().unwrap().len() * 6);
        assert_ne!(basis["attendance_sha256"], out["basis"]["attendance_sha256"]);
        assert_eq!(basis["calendar_sha256"], out["basis"]["calendar_sha256"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_in_order_warns_or_blocks_as_the_purchaser_says() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, [first, _]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        let concern = |check, page: &str| Concern {
            check,
            found: 2,
            detail: "2026-06".to_owned(),
            page: page.to_owned(),
        };
        *world.facts.0.lock().unwrap() = vec![concern(SubmissionCheck::Insurance, "/wages?month=2026-06"), concern(SubmissionCheck::Employer, "/staffing")];
        world.step("manager", &first, "prepare", json!({"action": "draw"})).await;
        world.step("hr", &first, "check", json!({"passed": true})).await;
        let checks = world.read("manager", &format!("{first}/checks")).await;
        let seen: Vec<(&str, &str, bool)> = checks["items"].as_array().unwrap().iter()
            .map(|one| (one["check"].as_str().unwrap(), one["clause"].as_str().unwrap(), one["blocks"].as_bool().unwrap()))
            .collect();
        assert_eq!(seen, [("insurance", "A-58", true), ("employer", "A-60", false), ("open_questions", "A-64", false)]);
        let sick = json!({"days": [{"day": "2026-06-01", "seat": 3, "person": "A3", "presence": "absent", "minutes": 0}]});
        signed(&world, sick).await;
        let moved = world.read("manager", &format!("{first}/checks")).await;
        assert!(moved["items"].as_array().unwrap().iter().any(|one| one["check"] == "attendance" && one["blocks"] == true), "{moved}");
        assert_eq!((&checks["blocked"], &checks["items"][0]["page"]), (&json!(true), &json!("/wages?month=2026-06")));
        assert_eq!(world.no("manager", &first, "prepare", json!({"action": "submit"})).await, "statement_checks_block");
        assert_eq!(world.read("manager", &first).await["state"], "internal_checked");

        let rules = "/api/v1/rules/submission-checks";
        let warn = json!({"rule": {"check": "insurance", "blocks": false}, "source": "采购人复函"});
        assert_eq!(world.refused("manager", rules, warn.clone()).await, "forbidden");
        world.app.clock.advance(std::time::Duration::from_secs(1));
        world.post("purchaser", rules, warn).await;
        assert_eq!(world.no("manager", &first, "prepare", json!({"action": "submit"})).await, "statement_checks_block", "the attendance moved on");
        world.step("hr", &first, "check", json!({"passed": false})).await;
        let out = submitted(&world, &first).await;
        assert_eq!((&out["state"], out["checks"].as_array().unwrap().len()), (&json!("submitted"), 3), "what was known goes with it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_a_sheet_reads_its_days() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        signed(&world, sheet("2026-06-01", "2026-06-30", |_, _| false)).await;
        let changes = json!({"days": [
            {"day": "2026-06-02", "seat": 3, "person": "A3", "presence": "half_day", "minutes": 240},
            {"day": "2026-05-29", "seat": 3, "person": "A3", "presence": "present", "minutes": 480},
        ]});
        let made = world.post("manager", "/api/v1/attendance-sheets", changes).await;
        let at = format!("/api/v1/attendance-sheets/{}", made["id"].as_str().unwrap());
        let days = world.read("counterpart", &format!("{at}/days?sort=day")).await;
        assert_eq!((&days["total"], &days["items"][0]["day"], &days["items"][0]["replaces"]), (&json!(2), &json!("2026-05-29"), &json!(false)));
        assert_eq!((&days["items"][1]["presence"], &days["items"][1]["replaces"]), (&json!("half_day"), &json!(true)));
        let page = world.read("counterpart", &format!("{at}/days?sort=day&per_page=1")).await;
        let next = format!("{at}/days?sort=day&per_page=1&cursor={}", page["next"].as_str().unwrap());
        assert_eq!(world.read("counterpart", &next).await["items"][0]["day"], "2026-06-02");
        assert_eq!(world.read("counterpart", &format!("{at}/days?presence=half_day")).await["total"], 1);
        assert_eq!(world.read("counterpart", "/api/v1/attendance-sheets?state=submitted").await["total"], 1);
        let seven = json!({"days": [{"day": "2026-06-02", "seat": 7, "person": "A7", "presence": "present", "minutes": 480}]});
        assert_eq!(world.refused("manager", "/api/v1/attendance-sheets", seven).await, "attendance_out_of_range");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_order_of_events_changes_a_frozen_number() {
    // Payment, correction, recount, agreement, price and answers, in several orders.
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        on_both_at("2026-07-01T02:00:00Z", async |world| {
            let (contract, [first, _]) = contract(&world).await;
            signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
            let frozen = confirmed(&world, &first, json!([{"month": 2, "seat": 2, "said": "核对"}])).await;
            for event in order {
                world.app.clock.advance(std::time::Duration::from_secs(1));
                match event {
                    0 => {
                        let sick = json!({"days": [{"day": "2026-06-01", "seat": 3, "person": "A3", "presence": "absent", "minutes": 0}]});
                        signed(&world, sick).await;
                        world.step("reviewer", &first, "recount", json!({"reason": "更正"})).await;
                    }
                    1 => {
                        let say = json!({"rule": {"question": "pro_rata", "answer": "month_end"}, "source": "复函"});
                        world.post("purchaser", "/api/v1/rules/settlement-answers", say).await;
                        world.step("purchaser", &contract, "counting", json!({"from_day": "2026-07-01"})).await;
                        assert_eq!(world.no("purchaser", &contract, "counting", json!({"from_day": "2026-06-01"})).await, "statement_confirmed");
                    }
                    2 => {
                        let invoice = json!({"number": "1", "tax_bp": 600, "amount_fen": 35 * FULL, "issued_on": "2026-07-01"});
                        world.step("manager", &first, "invoice", invoice).await;
                    }
                    _ => {
                        let price = json!({"from_day": "2026-07-01", "price_fen": 800_000, "source": "补充协议"});
                        let made = world.post("manager", &format!("{contract}/price-proposals"), price).await;
                        let at = format!("/api/v1/price-proposals/{}/decide", made["id"].as_str().unwrap());
                        world.post("purchaser", &at, json!({"version": 1, "sign": true})).await;
                    }
                }
                let now = world.read("reviewer", &first).await;
                for field in ["lines", "rules", "basis", "lines_fen", "total_fen", "objected_fen", "sha256"] {
                    assert_eq!(now[field], frozen[field], "{field} after {event} of {order:?}");
                }
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn differences_do_not_build_on_each_other() {
    on_both_at("2026-07-01T02:00:00Z", async |world| {
        let (_, [first, _]) = contract(&world).await;
        signed(&world, sheet("2026-01-01", "2026-06-30", |_, _| false)).await;
        confirmed(&world, &first, json!([])).await;
        let day = |on: &str, presence: &str, minutes: i64| json!({"days": [{"day": on, "seat": 3, "person": "A3", "presence": presence, "minutes": minutes}]});
        signed(&world, day("2026-06-01", "absent", 0)).await;
        world.step("reviewer", &first, "recount", json!({"reason": "一日缺勤"})).await;
        assert_eq!(world.no("manager", &first, "recount", json!({"reason": "再算"})).await, "nothing_changed");
        // He was there for half a day after all: what was proposed gives way to the new count.
        world.app.clock.advance(std::time::Duration::from_secs(1));
        signed(&world, day("2026-06-01", "half_day", 240)).await;
        let counted = world.step("reviewer", &first, "recount", json!({"reason": "半日在岗"})).await;
        let seen: Vec<(&str, i64, i64)> = counted["adjustments"].as_array().unwrap().iter()
            .map(|one| (one["state"].as_str().unwrap(), one["before_fen"].as_i64().unwrap(), one["after_fen"].as_i64().unwrap()))
            .collect();
        // 8,333.33 × 20/21 and × 41/42
        assert_eq!(seen, [("superseded", FULL, 793_650), ("proposed", FULL, 813_492)]);
        let at = |n: usize| format!("/api/v1/settlement-adjustments/{}/decide", counted["adjustments"][n]["id"].as_str().unwrap());
        assert_eq!(world.refused("manager", &at(0), json!({"version": 2, "agree": true})).await, "adjustment_step_not_next");
        world.post("manager", &at(1), json!({"version": 1, "agree": true})).await;
        let history = world.read("reviewer", &first).await["history"].clone();
        assert!(history.to_string().contains("adjustments_decided"), "{history}");
        // And he was there all day: a difference to what was agreed.
        world.app.clock.advance(std::time::Duration::from_secs(1));
        signed(&world, day("2026-06-01", "present", 480)).await;
        let last = world.step("manager", &first, "recount", json!({"reason": "全日在岗"})).await;
        let proposed = last["adjustments"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&proposed["before_fen"], &proposed["after_fen"]), (&json!(813_492), &json!(FULL)));
        // Corrected back before anybody decided: nothing is left to decide.
        world.app.clock.advance(std::time::Duration::from_secs(1));
        signed(&world, day("2026-06-01", "half_day", 240)).await;
        let back = world.step("manager", &first, "recount", json!({"reason": "仍为半日"})).await;
        assert_eq!(back["adjustments"].as_array().unwrap().last().unwrap()["state"], "superseded");
        let actions: Vec<&str> = back["history"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
        assert_eq!(actions[actions.len() - 2..], ["recounted", "adjustments_decided"]);
    })
    .await;
}
