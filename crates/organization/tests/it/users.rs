//! Users and their roles, as the three administrators share the work.

use serde_json::{Value, json};

use crate::house::{House, Person, on_both, refusal};

async fn set_roles(house: &House, by: &Person, username: &str, roles: Value) -> testing::Answer {
    let path = format!("/api/v1/users/{}", house.id_of(username).await);
    let version = by.get(&path).await.json["version"].clone();
    by.patch(&path, json!({ "version": version, "roles": roles }))
        .await
}

#[tokio::test]
async fn one_administrator_makes_the_account_and_another_gives_it_power() {
    on_both(async |house| {
        let (sysadmin, secadmin) = (
            house.person("sysadmin").await,
            house.person("secadmin").await,
        );
        let new = json!({
            "username": "Agent7", "name": "赵一", "staff_no": "807",
            "department": "热线座席组", "side": "supplier",
        });
        assert_eq!(
            refusal(&secadmin.post("/api/v1/users", new.clone()).await),
            (403, "forbidden")
        );
        let made = sysadmin.post("/api/v1/users", new).await;
        assert_eq!(made.status, 201, "{}", made.json);
        assert_eq!(
            (&made.json["username"], &made.json["roles"]),
            (&json!("agent7"), &json!([]))
        );
        let by_sysadmin = set_roles(&house, &sysadmin, "agent7", json!(["agent"])).await;
        assert_eq!(refusal(&by_sysadmin), (403, "forbidden"));
        assert_eq!(by_sysadmin.json["permission"], "users:authorize");
        let by_secadmin = set_roles(&house, &secadmin, "agent7", json!(["agent", "quality"])).await;
        assert_eq!(by_secadmin.status, 200, "{}", by_secadmin.json);
        assert_eq!(by_secadmin.json["roles"], json!(["agent", "quality"]));
        let audited = house.audited("user.roles_changed").await;
        assert_eq!(
            audited[0].details,
            json!({ "before": [], "after": ["agent", "quality"] })
        );
    })
    .await;
}

#[tokio::test]
async fn the_security_administrator_does_not_change_persons() {
    on_both(async |house| {
        let secadmin = house.person("secadmin").await;
        let path = format!("/api/v1/users/{}", house.id_of("agent1").await);
        let answer = secadmin
            .patch(&path, json!({ "version": 1, "disabled": true }))
            .await;
        assert_eq!(refusal(&answer), (403, "forbidden"));
        assert_eq!(answer.json["permission"], "users:manage");
    })
    .await;
}

#[tokio::test]
async fn an_administrator_holds_no_other_role() {
    on_both(async |house| {
        let secadmin = house.person("secadmin").await;
        let business = set_roles(
            &house,
            &secadmin,
            "lead",
            json!(["shift_lead", "sys_admin"]),
        )
        .await;
        assert_eq!(
            refusal(&business),
            (409, "administrator_with_business_role")
        );
        assert_eq!(business.json["field"], "roles");
        let two = set_roles(
            &house,
            &secadmin,
            "auditor",
            json!(["audit_admin", "sys_admin"]),
        )
        .await;
        assert_eq!(refusal(&two), (409, "two_administrators"));
        let foreign = set_roles(&house, &secadmin, "agent1", json!(["purchaser_reviewer"])).await;
        assert_eq!(refusal(&foreign), (409, "role_of_other_side"));
        assert!(house.audited("user.roles_changed").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn nobody_raises_or_removes_himself_nor_the_last_administrator() {
    on_both(async |house| {
        let (sysadmin, secadmin) = (
            house.person("sysadmin").await,
            house.person("secadmin").await,
        );
        let own = set_roles(&house, &secadmin, "secadmin", json!([])).await;
        assert_eq!(refusal(&own), (409, "own_roles"));
        let last = set_roles(&house, &secadmin, "auditor", json!([])).await;
        assert_eq!(refusal(&last), (409, "last_administrator"));
        let disable = async |username: &str| {
            let path = format!("/api/v1/users/{}", house.id_of(username).await);
            let version = sysadmin.get(&path).await.json["version"].clone();
            sysadmin
                .patch(&path, json!({ "version": version, "disabled": true }))
                .await
        };
        assert_eq!(refusal(&disable("sysadmin").await), (409, "own_account"));
        assert_eq!(
            refusal(&disable("secadmin").await),
            (409, "last_administrator")
        );
        let second = set_roles(&house, &secadmin, "section", json!(["audit_admin"])).await;
        assert_eq!(second.status, 200, "{}", second.json);
        assert_eq!(
            disable("auditor").await.status,
            200,
            "there is another one now"
        );
    })
    .await;
}

#[tokio::test]
async fn losing_a_role_ends_the_sessions_and_gaining_one_does_not() {
    on_both(async |house| {
        let secadmin = house.person("secadmin").await;
        let agent = house.person("agent1").await;
        set_roles(&house, &secadmin, "agent1", json!(["agent", "quality"])).await;
        let session = agent.get("/api/v1/session").await;
        assert_eq!(session.json["user"]["roles"], json!(["agent", "quality"]));
        set_roles(&house, &secadmin, "agent1", json!(["agent"])).await;
        assert_eq!(
            agent.get("/api/v1/session").await.json["reason"],
            "role_taken"
        );
    })
    .await;
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    on_both(async |house| {
        let (sysadmin, agent) = (house.person("sysadmin").await, house.person("agent1").await);
        let path = format!("/api/v1/users/{}", house.id_of("agent1").await);
        let answer = sysadmin
            .patch(&path, json!({ "version": 1, "disabled": true }))
            .await;
        assert_eq!(answer.json["disabled"], true);
        assert_eq!(
            agent.get("/api/v1/session").await.json["reason"],
            "disabled"
        );
        assert_eq!(house.events("session.ended").await[0]["reason"], "disabled");
    })
    .await;
}

#[tokio::test]
async fn a_change_names_the_version_it_saw() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let path = format!("/api/v1/users/{}", house.id_of("agent1").await);
        let first = sysadmin
            .patch(&path, json!({ "version": 1, "name": "陈晓文" }))
            .await;
        assert_eq!(
            (&first.json["name"], &first.json["version"]),
            (&json!("陈晓文"), &json!(2))
        );
        let late = sysadmin
            .patch(&path, json!({ "version": 1, "department": "质检组" }))
            .await;
        assert_eq!(refusal(&late), (409, "stale_version"));
    })
    .await;
}

#[tokio::test]
async fn names_and_numbers_are_checked_and_unique() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let make = async |username: &str, name: &str, staff_no: &str| {
            let new = json!({
                "username": username, "name": name, "staff_no": staff_no, "side": "supplier",
            });
            sysadmin.post("/api/v1/users", new).await
        };
        assert_eq!(
            refusal(&make("agent1", "重名", "").await),
            (422, "username_taken")
        );
        assert_eq!(
            refusal(&make("AGENT1", "重名", "").await),
            (422, "username_taken")
        );
        assert_eq!(
            refusal(&make("a b", "空格", "").await),
            (422, "bad_username")
        );
        assert_eq!(refusal(&make("a", "短", "").await), (422, "bad_username"));
        assert_eq!(refusal(&make("someone", " ", "").await), (422, "bad_text"));
        assert_eq!(
            refusal(&make("someone", "零\u{1}", "").await),
            (422, "bad_text")
        );
        assert_eq!(
            refusal(&make("someone", "某人", "80A").await),
            (422, "bad_staff_no")
        );
        assert_eq!(
            refusal(&make("someone", "某人", "801").await),
            (422, "staff_no_taken")
        );
        assert_eq!(make("someone", "某人", "").await.status, 201);
        assert_eq!(
            make("somebody", "某人", "").await.status,
            201,
            "no number is no clash"
        );
        let either = json!({ "username": "nobody", "name": "无", "side": "either" });
        assert_eq!(
            refusal(&sysadmin.post("/api/v1/users", either).await),
            (422, "bad_side")
        );
    })
    .await;
}

#[tokio::test]
async fn the_list_is_searched_filtered_and_paged() {
    on_both(async |house| {
        let lead = house.person("lead").await;
        let names = |answer: &testing::Answer| -> Vec<String> {
            let items = answer.json["items"].as_array().unwrap();
            items
                .iter()
                .map(|item| item["username"].as_str().unwrap().to_owned())
                .collect()
        };
        let all = lead.get("/api/v1/users?sort=username").await;
        assert_eq!((names(&all).len(), &all.json["total"]), (21, &json!(21)));
        let by_name = lead.get("/api/v1/users?q=%E9%99%88").await;
        assert_eq!(names(&by_name), ["agent1"]);
        let in_capitals = lead.get("/api/v1/users?q=AGENT3").await;
        assert_eq!(names(&in_capitals), ["agent3"]);
        let wildcards = lead.get("/api/v1/users?q=%25").await;
        assert_eq!(names(&wildcards), [""; 0], "% stands for itself");
        let by_number = lead.get("/api/v1/users?q=803").await;
        assert_eq!(names(&by_number), ["agent3"]);
        let agents = lead
            .get("/api/v1/users?role=agent&sort=username&per_page=4")
            .await;
        assert_eq!(names(&agents), ["agent1", "agent2", "agent3", "agent4"]);
        let next = agents.json["next"].as_str().unwrap();
        let rest = lead
            .get(&format!(
                "/api/v1/users?role=agent&sort=username&per_page=4&cursor={next}"
            ))
            .await;
        assert_eq!(
            (names(&rest), &rest.json["next"]),
            (vec!["agent5".into(), "agent6".into()], &Value::Null)
        );
        let signed_in: Vec<_> = all.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["signed_in"] == true)
            .map(|item| item["username"].clone())
            .collect();
        assert_eq!(signed_in, ["lead"]);
        assert!(!all.json.to_string().contains("argon2"));
        let agent = house.person("agent1").await;
        assert_eq!(
            refusal(&agent.get("/api/v1/users").await),
            (403, "forbidden")
        );
        assert_eq!(
            refusal(&lead.get("/api/v1/users?per_page=201").await),
            (400, "per_page_out_of_range")
        );
    })
    .await;
}

#[tokio::test]
async fn every_role_says_what_it_may_do() {
    on_both(async |house| {
        let auditor = house.person("auditor").await;
        let roles = auditor.get("/api/v1/roles").await;
        let roles = roles.json.as_array().unwrap();
        assert_eq!(roles.len(), 15);
        let secadmin = roles
            .iter()
            .find(|role| role["role"] == "sec_admin")
            .unwrap();
        assert_eq!(
            (&secadmin["name"], &secadmin["administrator"]),
            (&json!("安全管理员"), &json!(true))
        );
        assert_eq!(secadmin["permissions"]["users:authorize"], "all");
        assert!(secadmin["permissions"].get("users:manage").is_none());
    })
    .await;
}

#[tokio::test]
async fn the_parties_are_named_by_the_system_administrator() {
    on_both(async |house| {
        let (sysadmin, lead) = (house.person("sysadmin").await, house.person("lead").await);
        let name = json!({ "name": "市人事服务中心" });
        let by_lead = lead.put("/api/v1/parties/purchaser", name.clone()).await;
        assert_eq!(refusal(&by_lead), (403, "forbidden"));
        assert_eq!(
            sysadmin
                .put("/api/v1/parties/purchaser", name.clone())
                .await
                .status,
            200
        );
        assert_eq!(
            refusal(&sysadmin.put("/api/v1/parties/third", name).await),
            (422, "bad_side")
        );
        let parties = lead.get("/api/v1/parties").await;
        let named: Vec<_> = parties
            .json
            .as_array()
            .unwrap()
            .iter()
            .map(|party| {
                (
                    party["side"].as_str().unwrap(),
                    party["name"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            named,
            [
                ("purchaser", "市人事服务中心"),
                ("supplier", "首接客户服务有限公司（演示）")
            ]
        );
    })
    .await;
}
