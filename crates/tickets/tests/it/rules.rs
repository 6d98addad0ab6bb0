//! Rules as rows: set from a moment on, never over the past.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use kernel::{Migration, Role};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::principal;
use uuid::Uuid;

use crate::cases::{everybody, manager, official, opened, post, purchaser, refused};
use crate::desk::{Desk, agent, lead, on_both};

const LIMITS: &str = "/api/v1/rules/ticket-limits";
const TERMS: &str = "/api/v1/rules/case-terms";
const LEVELS: &str = "/api/v1/rules/escalation-levels";
const WAYS: &str = "/api/v1/rules/emergency-ways";
const CATEGORIES: &str = "/api/v1/rules/emergency-categories";

fn days(n: u32) -> Value {
    json!({"unit": "working_days", "n": n})
}

/// The shipped limit of everything, with what is changed.
fn limit(changed: &Value) -> Value {
    let mut rule = json!({
        "platform": null, "request_type": null, "priority": null, "handle": days(10), "sign": days(1),
        "returns": 1, "extensions": 1, "reopenings": 1, "attempts": 3, "transfer_minutes": 10,
        "sign_off": false, "revisit": false, "active": true,
    });
    for (field, value) in changed.as_object().unwrap() {
        rule[field] = value.clone();
    }
    rule
}

fn row(rule: &Value, from: Option<&Value>) -> Value {
    json!({"rule": rule, "effective_from": from, "source": "穗人考〔2026〕12号"})
}

async fn due(desk: &Desk, ticket: Uuid) -> Value {
    desk.ticket(&lead(), ticket).await["due_at"].clone()
}

/// The details of the last row of this kind in the audit trail.
async fn audited(desk: &Desk, action: &str) -> Value {
    let conn = desk.app.db.read();
    let sql = "select details from audit_entries where action = $1 order by id desc limit 1";
    let values = [action.into()];
    let asked = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let row = conn.query_one_raw(asked).await.unwrap().unwrap();
    row.try_get("", "details").unwrap()
}

#[tokio::test]
async fn a_limit_holds_from_its_date_on_and_what_came_in_before_keeps_its_own() {
    on_both(async |desk| {
        let before = opened(&desk, &agent(1), "help", "106").await;
        assert_eq!(due(&desk, before).await, "2026-12-07T10:00:00Z");
        let tomorrow = json!(desk.app.clock.now() + TimeDelta::days(1));
        let rule = limit(&json!({"request_type": "help", "handle": days(3)}));
        let rows = post(&desk, &purchaser(), LIMITS, row(&rule, Some(&tomorrow))).await;
        assert_eq!(rows["items"][0]["standing"], "coming");
        let same_day = opened(&desk, &agent(1), "help", "106").await;
        assert_eq!(due(&desk, same_day).await, "2026-12-07T10:00:00Z");

        desk.app.clock.advance(TimeDelta::days(1).to_std().unwrap());
        let after = opened(&desk, &agent(1), "help", "106").await;
        assert_eq!(due(&desk, after).await, "2026-11-27T10:00:00Z");
        assert_eq!(due(&desk, before).await, "2026-12-07T10:00:00Z");
        let all = desk.get(&agent(1), LIMITS).await;
        let ours: Vec<&Value> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["rule"] == rule)
            .collect();
        assert_eq!(ours.len(), 1);
        assert_eq!(ours[0]["standing"], "in_force");
        assert_eq!(ours[0]["source"], "穗人考〔2026〕12号");
        assert_eq!(
            audited(&desk, "ticket_limit.set").await["before"],
            Value::Null
        );
    })
    .await;
}

#[tokio::test]
async fn of_two_rows_from_one_moment_on_the_one_recorded_last_holds_and_both_stay() {
    on_both(async |desk| {
        let from = json!(desk.app.clock.now() + TimeDelta::hours(1));
        let (wrong, right) = (
            limit(&json!({"handle": days(100)})),
            limit(&json!({"handle": days(9)})),
        );
        post(&desk, &purchaser(), LIMITS, row(&wrong, Some(&from))).await;
        let rows = post(&desk, &purchaser(), LIMITS, row(&right, Some(&from))).await;
        let standings: Vec<&Value> = rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["standing"])
            .collect();
        assert_eq!(standings, ["in_force", "superseded", "coming"]);
        assert_eq!(audited(&desk, "ticket_limit.set").await["before"], wrong);
        desk.app.clock.advance(std::time::Duration::from_hours(1));
        let ticket = opened(&desk, &agent(1), "help", "106").await;
        assert_eq!(due(&desk, ticket).await, "2026-12-04T10:00:00Z");
    })
    .await;
}

#[tokio::test]
async fn a_limit_that_is_over_gives_way_to_the_less_particular_one() {
    on_both(async |desk| {
        let over = limit(&json!({"request_type": "consult", "active": false}));
        post(&desk, &purchaser(), LIMITS, row(&over, None)).await;
        let ticket = opened(&desk, &agent(1), "consult", "106").await;
        assert_eq!(due(&desk, ticket).await, "2026-12-07T10:00:00Z");
        let own = limit(&json!({"platform": "12345", "handle": days(5)}));
        post(&desk, &purchaser(), LIMITS, row(&own, None)).await;
        let everything = limit(&json!({"active": false}));
        assert_eq!(
            refused(&desk, &purchaser(), LIMITS, row(&everything, None)).await,
            "limit_for_all_is_needed"
        );
    })
    .await;
}

#[tokio::test]
async fn the_past_and_what_cannot_be_are_refused_with_the_field() {
    on_both(async |desk| {
        let past = json!(desk.app.clock.now() - TimeDelta::seconds(1));
        let far = json!(desk.app.clock.now() + TimeDelta::days(5_000));
        let term = |code: &str, unit: &str, n: u32| json!({"code": code, "span": {"unit": unit, "n": n}});
        let level = |level: u8, role: &str| json!({"level": level, "role": role, "service_minutes": 30, "active": true});
        let category = |code: &str, name: &str| json!({"code": code, "name": name, "position": 9, "active": true});
        let (who, ops) = (purchaser(), manager());
        for (who, path, body, field, code) in [
            (&who, LIMITS, row(&limit(&json!({})), Some(&past)), "effective_from", "date_in_past"),
            (&who, LIMITS, row(&limit(&json!({})), Some(&far)), "effective_from", "date_too_far"),
            (&who, LIMITS, json!({"rule": limit(&json!({})), "source": " "}), "source", "text_missing"),
            (&who, LIMITS, row(&limit(&json!({"platform": "nobody"})), None), "rule.platform", "platform_unknown"),
            (&who, LIMITS, row(&limit(&json!({"handle": days(0)})), None), "rule.handle", "time_out_of_range"),
            (&who, LIMITS, row(&limit(&json!({"sign": {"unit": "count", "n": 1}})), None), "rule.sign", "time_out_of_range"),
            (&who, LIMITS, row(&limit(&json!({"attempts": 0})), None), "rule.attempts", "number_out_of_range"),
            (&who, TERMS, row(&term("coffee.break", "clock_minutes", 5), None), "rule.code", "term_unknown"),
            (&who, TERMS, row(&term("instruction.reply", "count", 5), None), "rule.span", "unit_of_another_kind"),
            (&who, TERMS, row(&term("incident.suggest_tickets", "count", 0), None), "rule.span", "number_out_of_range"),
            (&who, LEVELS, row(&level(0, "shift_lead"), None), "rule.level", "number_out_of_range"),
            (&who, LEVELS, row(&level(2, "trainer"), None), "rule.role", "role_cannot_answer"),
            (&ops, WAYS, row(&json!({"role": "sys_admin", "way": "sms", "active": true}), None), "rule.role", "role_sees_no_emergencies"),
            (&ops, CATEGORIES, row(&category("Flut", "洪水"), None), "rule.code", "code_invalid"),
            (&ops, CATEGORIES, row(&category("flood", "系统中断"), None), "rule.name", "name_taken"),
            (&ops, CATEGORIES, row(&category("flood", ""), None), "rule.name", "name_invalid"),
        ] {
            let answer = desk.ask(who, Method::POST, path, Some(body)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.json);
            assert_eq!((&answer.json["field"], &answer.json["code"]), (&json!(field), &json!(code)));
        }
        let odd = json!({"rule": limit(&json!({"colour": 1})), "source": "x"});
        let answer = desk.ask(&who, Method::POST, LIMITS, Some(odd)).await;
        assert!(answer.status.is_client_error(), "{}", answer.json);
    })
    .await;
}

#[tokio::test]
async fn what_binds_both_sides_is_set_by_the_purchaser_and_the_rest_by_the_supplier() {
    on_both(async |desk| {
        let dispatch = "/api/v1/rules/dispatch";
        for (path, right) in [
            (LIMITS, "rules:set_agreed"),
            (TERMS, "rules:set_agreed"),
            (LEVELS, "rules:set_agreed"),
            (WAYS, "rules:set_own"),
            (CATEGORIES, "rules:set_own"),
            (dispatch, "rules:set_own"),
        ] {
            let other = if right == "rules:set_own" {
                purchaser()
            } else {
                manager()
            };
            for who in [other, agent(1), lead(), official(1)] {
                desk.get(&who, path).await;
                let answer = desk.ask(&who, Method::POST, path, Some(json!({}))).await;
                assert_eq!(
                    (answer.status, &answer.json["permission"]),
                    (StatusCode::FORBIDDEN, &json!(right)),
                    "{path}"
                );
            }
            let stranger = principal(&[Role::SysAdmin]);
            assert_eq!(
                desk.ask(&stranger, Method::GET, path, None).await.status,
                StatusCode::FORBIDDEN
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_level_a_term_and_a_way_hold_for_what_comes_next() {
    on_both(async |desk| {
        everybody(&desk).await;
        let gone = json!({"level": 1, "role": "shift_lead", "service_minutes": 30, "active": false});
        post(&desk, &purchaser(), LEVELS, row(&gone, None)).await;
        let levels = desk.get(&agent(1), "/api/v1/escalation-levels").await;
        assert_eq!(levels["items"][0]["level"], 2);
        let raised = json!({"title": "无法答复", "reason": "没有依据"});
        let raised = post(&desk, &agent(1), "/api/v1/escalations", raised).await;
        assert_eq!(raised["level"], 2);

        let rule = json!({"code": "emergency.first_report", "span": {"unit": "clock_minutes", "n": 1}});
        post(&desk, &purchaser(), TERMS, row(&rule, None)).await;
        let silent = json!({"role": "ops_manager", "way": "sms", "active": false});
        post(&desk, &manager(), WAYS, row(&silent, None)).await;
        let storm = json!({"code": "typhoon", "name": "台风", "position": 1, "active": true});
        post(&desk, &manager(), CATEGORIES, row(&storm, None)).await;
        let discovered = desk.app.clock.now() - TimeDelta::minutes(2);
        let report = json!({"category": "typhoon", "what": "停课", "where": "考点", "discovered_at": discovered});
        let emergency = post(&desk, &agent(1), "/api/v1/emergencies", report).await;
        assert_eq!(emergency["first_report_late"], true);
        assert_eq!(emergency["category_name"], "台风");
        let deliveries = emergency["deliveries"].as_array().unwrap().iter();
        let sms = deliveries.filter(|one| one["way"] == "sms");
        let to: Vec<&Value> = sms.map(|one| &one["user_id"]).collect();
        assert!(!to.contains(&&json!(manager().user_id)) && to.contains(&&json!(lead().user_id)), "{to:?}");

        let over = json!({"code": "typhoon", "name": "台风", "position": 1, "active": false});
        desk.app.clock.advance(std::time::Duration::from_secs(1));
        post(&desk, &manager(), CATEGORIES, row(&over, None)).await;
        let again = json!({"category": "typhoon", "what": "停课"});
        assert_eq!(refused(&desk, &agent(1), "/api/v1/emergencies", again).await, "category_unknown");
        let listed = desk.get(&lead(), "/api/v1/emergencies").await;
        assert_eq!(listed["items"][0]["category_name"], "台风", "what was raised keeps its name");
    })
    .await;
}

#[tokio::test]
async fn on_each_side_somebody_keeps_hearing_of_emergencies() {
    on_both(async |desk| {
        for role in ["shift_lead", "counterpart"] {
            let silent = json!({"role": role, "way": "console", "active": false});
            post(&desk, &manager(), WAYS, row(&silent, None)).await;
        }
        for role in ["ops_manager", "purchaser_admin"] {
            let silent = json!({"role": role, "way": "console", "active": false});
            assert_eq!(
                refused(&desk, &manager(), WAYS, row(&silent, None)).await,
                "way_is_needed"
            );
        }
        let levels = [
            (1, "shift_lead"),
            (2, "ops_manager"),
            (3, "purchaser_business"),
        ];
        for (level, role) in levels {
            let gone =
                json!({"level": level, "role": role, "service_minutes": 30, "active": false});
            post(&desk, &purchaser(), LEVELS, row(&gone, None)).await;
        }
        let last =
            json!({"level": 4, "role": "purchaser_admin", "service_minutes": 30, "active": false});
        assert_eq!(
            refused(&desk, &purchaser(), LEVELS, row(&last, None)).await,
            "level_is_needed"
        );
    })
    .await;
}

#[tokio::test]
async fn rows_of_the_older_tables_hold_on() {
    let older: Vec<Migration> = crate::desk::migrations()
        .into_iter()
        .filter(|migration| migration.id < "2026112602_rules")
        .collect();
    testing::on_both(&older, async |app| {
        let stamps = "'2026-11-01T00:00:00+00:00', '2026-11-01T00:00:00+00:00', null, '约定'";
        let recorded = format!(
            "insert into dispatch_rules (platform, section, matter, name, way, agents, active, effective_from,
               recorded_at, recorded_by, source)
             values ('12345', '', '106', '缴费“轮”派', 'round_robin',
               '[\"01900000-0000-7000-8000-000000000001\"]', true, {stamps});
             insert into ticket_limits (platform, request_type, priority, handle_unit, handle_n, sign_unit, sign_n,
               returns, extensions, reopenings, attempts, transfer_minutes, sign_off, revisit, active,
               effective_from, recorded_at, recorded_by, source)
             values ('', 'help', '', 'working_days', 7, 'service_minutes', 30, 0, 1, 2, 3, 10, true, false, true, {stamps})"
        );
        app.db
            .write(async move |tx| {
                tx.execute_unprepared(&recorded).await?;
                Ok(())
            })
            .await
            .unwrap();
        let all = testing::with_kernel(&crate::desk::migrations());
        kernel::migrate::migrate(&app.db, &app.clock, all).await.unwrap();
        let desk = Desk::new(app);
        let rows = async |path: &str| desk.get(&manager(), path).await["items"].clone();
        let dispatch = rows("/api/v1/rules/dispatch").await;
        assert_eq!(
            dispatch[0]["rule"],
            json!({"name": "缴费“轮”派", "platform": "12345", "section": null, "matter": "106", "way": "round_robin",
                "agents": ["01900000-0000-7000-8000-000000000001"], "active": true})
        );
        let limits = rows(LIMITS).await;
        let help = limits.as_array().unwrap().iter().find(|row| row["rule"]["request_type"] == "help");
        let minutes = json!({"unit": "service_minutes", "n": 30});
        let expected = json!({"request_type": "help", "handle": days(7), "sign": minutes, "returns": 0,
            "reopenings": 2, "sign_off": true});
        assert_eq!(help.unwrap()["rule"], limit(&expected));
        for (path, shipped) in [(TERMS, 13), (LEVELS, 4), (WAYS, 8), (CATEGORIES, 8)] {
            assert_eq!(rows(path).await.as_array().unwrap().len(), shipped, "{path}");
        }
    })
    .await;
}
