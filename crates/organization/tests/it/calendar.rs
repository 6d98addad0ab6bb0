//! The service calendar over HTTP: 2026 ships, others are imported and edited.

use serde_json::{Value, json};

use crate::house::{House, on_both, refusal};

fn shipped() -> Value {
    serde_json::from_str(calendar::SHIPPED[0]).unwrap()
}

/// A made-up notice for 2027.
fn notice_2027() -> Value {
    json!({
        "year": 2027, "source": "测试",
        "off_days": { "2027-01-01": "元旦", "2027-01-02": "元旦", "2027-01-03": "元旦" },
        "makeup_workdays": ["2027-01-09"],
        "statutory_holidays_300pct": ["2027-01-01"],
    })
}

fn day<'a>(calendar: &'a Value, date: &str) -> &'a Value {
    calendar["days"]
        .as_array()
        .unwrap()
        .iter()
        .find(|day| day["date"] == date)
        .unwrap()
}

#[tokio::test]
async fn the_calendar_of_2026_ships() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let calendar = agent.get("/api/v1/calendars/2026").await.json;
        assert_eq!(
            (&calendar["published"], &calendar["workdays"]),
            (&json!(true), &json!(248))
        );
        assert_eq!(
            calendar["workdays_by_month"],
            json!([21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23])
        );
        assert_eq!(calendar["days"].as_array().unwrap().len(), 365);
        for (date, kind, name) in [
            ("2026-10-01", "statutory", "国庆节"),
            ("2026-10-05", "rest", "国庆节"),
            ("2026-10-10", "makeup", ""),
            ("2026-10-12", "workday", ""),
        ] {
            assert_eq!(
                day(&calendar, date),
                &json!({ "date": date, "kind": kind, "name": name })
            );
        }
        assert_eq!(calendar["next_year_missing"], true, "it is 23 November");
    })
    .await;
}

#[tokio::test]
async fn a_year_that_is_not_published_says_so() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let calendar = agent.get("/api/v1/calendars/2027").await.json;
        assert_eq!(
            (&calendar["published"], &calendar["version"]),
            (&json!(false), &json!(0))
        );
        assert_eq!(day(&calendar, "2027-01-01")["kind"], "workday");
        assert_eq!(
            refusal(&agent.get("/api/v1/calendars/9999").await),
            (422, "year_out_of_range")
        );
    })
    .await;
}

async fn import(house: &House, dry_run: bool, notice: Value) -> testing::Answer {
    let manager = house.person("manager").await;
    manager
        .post(
            &format!("/api/v1/calendars/import?dry_run={dry_run}"),
            notice,
        )
        .await
}

#[tokio::test]
async fn an_import_is_tried_dry_and_then_done() {
    on_both(async |house| {
        let dry = import(&house, true, notice_2027()).await.json;
        assert_eq!(
            (&dry["dry_run"], &dry["errors"]),
            (&json!(true), &json!([]))
        );
        assert_eq!(dry["changed_days"], 2, "Friday off and Saturday worked");
        assert!(
            !house
                .organization
                .service_clock()
                .calendar
                .is_published(2027)
        );
        let done = import(&house, false, notice_2027()).await;
        assert_eq!(done.status, 200, "{}", done.json);
        assert!(
            house
                .organization
                .service_clock()
                .calendar
                .is_published(2027)
        );
        let agent = house.person("agent1").await;
        let calendar = agent.get("/api/v1/calendars/2027").await.json;
        assert_eq!(day(&calendar, "2027-01-01")["kind"], "statutory");
        assert_eq!(calendar["next_year_missing"], false);
        let audited = house.audited("calendar.changed").await;
        assert_eq!(
            (audited.len(), audited[1].who_name.as_str()),
            (2, "manager")
        );
    })
    .await;
}

#[tokio::test]
async fn importing_the_shipped_notice_again_changes_no_day() {
    on_both(async |house| {
        let report = import(&house, false, shipped()).await.json;
        assert_eq!(
            (&report["changed_days"], &report["workdays"]),
            (&json!(0), &json!(248))
        );
        assert_eq!(
            (&report["off_days"], &report["makeup_workdays"]),
            (&json!(33), &json!(6))
        );
    })
    .await;
}

#[tokio::test]
async fn every_wrong_row_of_an_import_is_named_and_nothing_is_written() {
    on_both(async |house| {
        let mut notice = notice_2027();
        notice["off_days"]["2027-13-01"] = json!("无");
        notice["off_days"]["2027-1-4"] = json!("无");
        notice["makeup_workdays"] = json!(["2027-01-06", "2027-01-02"]);
        notice["statutory_holidays_300pct"] = json!(["2027-12-25"]);
        let dry = import(&house, true, notice.clone()).await;
        assert_eq!(dry.status, 200);
        let wrong: Vec<_> = dry.json["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                [&error["part"], &error["row"], &error["code"]]
                    .map(|text| text.as_str().unwrap().to_owned())
            })
            .collect();
        assert_eq!(
            wrong,
            [
                ["off_days", "2027-1-4", "bad_date"],
                ["off_days", "2027-13-01", "bad_date"],
                ["makeup_workdays", "2027-01-02", "off_and_makeup"],
                ["makeup_workdays", "2027-01-06", "makeup_is_no_weekend"],
                [
                    "statutory_holidays_300pct",
                    "2027-12-25",
                    "statutory_but_not_off"
                ],
            ]
            .map(|row| row.map(str::to_owned))
        );
        let real = import(&house, false, notice).await;
        assert_eq!(refusal(&real), (422, "calendar_rows_wrong"));
        assert_eq!(real.json["errors"], dry.json["errors"]);
        assert!(
            !house
                .organization
                .service_clock()
                .calendar
                .is_published(2027)
        );
    })
    .await;
}

#[tokio::test]
async fn a_year_is_edited_by_its_version() {
    on_both(async |house| {
        let (manager, agent) = (house.person("manager").await, house.person("agent1").await);
        let mut calendar = manager.get("/api/v1/calendars/2026").await.json;
        let christmas = json!({ "date": "2026-12-25", "kind": "rest", "name": "停电" });
        calendar["days"]
            .as_array_mut()
            .unwrap()
            .retain(|day| day["date"] != "2026-12-25");
        calendar["days"]
            .as_array_mut()
            .unwrap()
            .push(christmas.clone());
        let by_agent = agent.put("/api/v1/calendars/2026", calendar.clone()).await;
        assert_eq!(refusal(&by_agent), (403, "forbidden"));
        let changed = manager
            .put("/api/v1/calendars/2026", calendar.clone())
            .await;
        assert_eq!(changed.status, 200, "{}", changed.json);
        assert_eq!(day(&changed.json, "2026-12-25"), &christmas);
        assert_eq!(
            (&changed.json["workdays"], &changed.json["version"]),
            (&json!(247), &json!(2))
        );
        let late = manager.put("/api/v1/calendars/2026", calendar).await;
        assert_eq!(refusal(&late), (409, "stale_version"));
    })
    .await;
}

#[tokio::test]
async fn an_edit_with_wrong_rows_is_refused_row_by_row() {
    on_both(async |house| {
        let manager = house.person("manager").await;
        let body = json!({
            "version": 1, "published": true, "source": "",
            "days": [
                { "date": "2026-11-21", "kind": "workday", "name": "" },
                { "date": "2026-11-24", "kind": "makeup", "name": "" },
                { "date": "2026-11-25", "kind": "rest", "name": "" },
                { "date": "2026-11-25", "kind": "rest", "name": "两次" },
            ],
        });
        let answer = manager.put("/api/v1/calendars/2026", body).await;
        assert_eq!(refusal(&answer), (422, "calendar_rows_wrong"));
        let codes: Vec<_> = answer.json["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["code"].as_str().unwrap())
            .collect();
        assert_eq!(
            codes,
            [
                "given_twice",
                "worked_weekend_is_makeup",
                "makeup_is_no_weekend"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn the_service_hours_are_eight_by_default_and_can_be_set() {
    on_both(async |house| {
        let (manager, agent) = (house.person("manager").await, house.person("agent1").await);
        let hours = agent.get("/api/v1/service-hours").await.json;
        assert_eq!(
            hours["periods"],
            json!([{ "from": "08:30", "to": "12:00" }, { "from": "13:30", "to": "18:00" }])
        );
        assert_eq!(
            (&hours["open"], &hours["version"]),
            (&json!(true), &json!(0)),
            "Monday, 10:00"
        );
        assert_eq!(hours["closes_at"], "2026-11-23T04:00:00Z");
        let longer = json!({
            "version": 0, "late_receipt_is_next_day": false,
            "periods": [{ "from": "08:00", "to": "20:00" }],
        });
        assert_eq!(
            refusal(&agent.put("/api/v1/service-hours", longer.clone()).await),
            (403, "forbidden")
        );
        let set = manager.put("/api/v1/service-hours", longer.clone()).await;
        assert_eq!(set.status, 200, "{}", set.json);
        assert_eq!(
            (&set.json["closes_at"], &set.json["version"]),
            (&json!("2026-11-23T12:00:00Z"), &json!(1))
        );
        assert_eq!(
            house.organization.service_clock().hours.minutes_a_day(),
            720
        );
        assert_eq!(
            refusal(&manager.put("/api/v1/service-hours", longer).await),
            (409, "stale_version")
        );
        let backward = json!({
            "version": 1, "late_receipt_is_next_day": true,
            "periods": [{ "from": "18:00", "to": "08:00" }],
        });
        assert_eq!(
            refusal(&manager.put("/api/v1/service-hours", backward).await),
            (422, "bad_periods")
        );
    })
    .await;
}

#[tokio::test]
async fn a_deadline_is_counted_from_a_day_or_from_an_instant() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let due = async |start: &str, days: u32| {
            agent
                .get(&format!(
                    "/api/v1/deadlines?start={start}&working_days={days}"
                ))
                .await
                .json
        };
        let from_day = due("2026-09-18", 10).await;
        assert_eq!(
            (&from_day["due_on"], &from_day["published"]),
            (&json!("2026-10-09"), &json!(true))
        );
        assert_eq!(from_day["business_due_at"], "2026-10-09T10:00:00Z");
        assert_eq!(from_day["rule_id"], "working_days");
        let in_time = due("2026-11-23T17:59:00%2B08:00", 2).await;
        assert_eq!(in_time["due_on"], "2026-11-25");
        let late = due("2026-11-23T18:00:00%2B08:00", 2).await;
        assert_eq!(
            (&late["received_on"], &late["due_on"]),
            (&json!("2026-11-24"), &json!("2026-11-26"))
        );
        assert_eq!(due("2026-12-30", 5).await["published"], false);
        let wrong = agent
            .get("/api/v1/deadlines?start=tomorrow&working_days=2")
            .await;
        assert_eq!(refusal(&wrong), (422, "bad_start"));
        let many = agent
            .get("/api/v1/deadlines?start=2026-11-23&working_days=1001")
            .await;
        assert_eq!(refusal(&many), (422, "too_many_days"));
    })
    .await;
}

#[tokio::test]
async fn of_changes_that_run_at_once_one_is_done_and_the_others_are_told_to_look_again() {
    on_both(async |house| {
        let manager = house.person("manager").await;
        let year = |version: i64| json!({ "version": version, "published": true, "source": "", "days": [] });
        let hours = |version: i64| {
            json!({
                "version": version, "late_receipt_is_next_day": true,
                "periods": [{ "from": "09:00", "to": "17:00" }],
            })
        };
        // The first version is an insert, the others are updates; more rounds, since the pool opens its
        // connections one by one.
        for version in 0..4 {
            for (path, body) in [
                ("/api/v1/calendars/2031", year(version)),
                ("/api/v1/service-hours", hours(version)),
            ] {
                let at_once = (0..6).map(|_| manager.put(path, body.clone()));
                let answers = futures::future::join_all(at_once).await;
                let mut refusals: Vec<_> = answers.iter().map(refusal).collect();
                refusals.sort_unstable();
                assert_eq!(refusals[0], (200, ""), "{path}");
                assert_eq!(refusals[1..], [(409, "stale_version"); 5], "{path}");
            }
        }
    })
    .await;
}
