//! Desk phones and their secrets.

use axum::http::Method;
use kernel::Role;
use organization::colleagues::{holder, holders};
use organization::devices::{ha1_for, owner_of};
use serde_json::json;

use crate::house::{on_both, refusal};

/// MD5 of `agent1:shoujie:Shoujie-demo-1`, counted with md5sum.
const DEMO_HA1: &str = "6015738277e01ac6314fcb042061d32e";

#[tokio::test]
async fn the_registrar_finds_the_ha1_of_a_device() {
    on_both(async |house| {
        let conn = house.app.db.read();
        let secrets = ha1_for(conn, "Agent1").await.unwrap();
        assert_eq!(secrets.len(), 1);
        assert_eq!(
            (secrets[0].ha1.as_str(), secrets[0].realm.as_str()),
            (DEMO_HA1, "shoujie")
        );
        assert_eq!(secrets[0].user_id, house.id_of("agent1").await);
        let lead = owner_of(conn, "lead").await.unwrap().unwrap();
        assert_eq!(
            (lead.staff_no.as_deref(), lead.secrets),
            (Some("800"), vec![])
        );
        assert_eq!(owner_of(conn, "nobody").await.unwrap(), None);
        assert_eq!(ha1_for(conn, "agent1\0").await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn the_phone_of_a_disabled_agent_registers_no_more() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let id = house.id_of("agent2").await;
        assert!(
            holder(house.app.db.read(), Role::Agent, id)
                .await
                .unwrap()
                .is_some()
        );
        let path = format!("/api/v1/users/{id}");
        sysadmin
            .patch(&path, json!({ "version": 1, "disabled": true }))
            .await;
        assert_eq!(owner_of(house.app.db.read(), "agent2").await.unwrap(), None);
        assert_eq!(
            holder(house.app.db.read(), Role::Agent, id).await.unwrap(),
            None,
            "nor takes calls"
        );
    })
    .await;
}

#[tokio::test]
async fn agents_are_those_who_take_calls() {
    on_both(async |house| {
        let agents = holders(house.app.db.read(), Role::Agent).await.unwrap();
        let numbers: Vec<_> = agents
            .iter()
            .map(|agent| agent.staff_no.as_deref().unwrap())
            .collect();
        assert_eq!(numbers, ["801", "802", "803", "804", "805", "806"]);
        let lead = house.id_of("lead").await;
        assert_eq!(
            holder(house.app.db.read(), Role::Agent, lead)
                .await
                .unwrap(),
            None
        );
    })
    .await;
}

#[tokio::test]
async fn an_agent_sees_his_own_phone_and_the_lead_all() {
    on_both(async |house| {
        let (agent, lead) = (house.person("agent1").await, house.person("lead").await);
        let own = agent.get("/api/v1/devices").await;
        assert_eq!(own.json["total"], 1);
        assert_eq!(own.json["items"][0]["username"], "agent1");
        assert!(!own.json.to_string().contains(DEMO_HA1));
        let all = lead.get("/api/v1/devices?sort=username&per_page=4").await;
        assert_eq!(
            (
                &all.json["total"],
                all.json["items"].as_array().unwrap().len()
            ),
            (&json!(6), 4)
        );
        let searched = lead.get("/api/v1/devices?q=AGENT3").await;
        assert_eq!(searched.json["items"][0]["username"], "agent3");
        assert_eq!(
            refusal(&house.person("quality").await.get("/api/v1/devices").await),
            (403, "forbidden")
        );
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_made_up_or_given_and_shown_once() {
    on_both(async |house| {
        let (sysadmin, lead) = (house.person("sysadmin").await, house.person("lead").await);
        let devices = sysadmin.get("/api/v1/devices?q=agent1").await;
        let path = format!(
            "/api/v1/devices/{}/secret",
            devices.json["items"][0]["id"].as_str().unwrap()
        );
        assert_eq!(
            refusal(&lead.put(&path, json!({})).await),
            (403, "forbidden")
        );
        let made_up = sysadmin.put(&path, json!({})).await;
        assert_eq!(made_up.json["secret"].as_str().unwrap().len(), 24);
        let before = ha1_for(house.app.db.read(), "agent1")
            .await
            .unwrap()
            .remove(0);
        assert_ne!(before.ha1, DEMO_HA1);
        let given = sysadmin
            .put(&path, json!({ "secret": "desk-phone-of-agent-1" }))
            .await;
        assert_eq!(given.status, 200);
        let after = ha1_for(house.app.db.read(), "agent1")
            .await
            .unwrap()
            .remove(0);
        assert_ne!(after.ha1, before.ha1);
        for bad in ["short", "with a space in it", "Shoujie-demo-1"] {
            let answer = sysadmin.put(&path, json!({ "secret": bad })).await;
            assert_eq!(refusal(&answer), (422, "bad_secret"));
        }
        assert_eq!(house.audited("device.secret_changed").await.len(), 2);
        assert_eq!(
            house.events("device.secret_changed").await[0]["username"],
            "agent1"
        );
    })
    .await;
}

#[tokio::test]
async fn a_second_phone_of_a_user_has_a_secret_of_its_own() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let agent = house.id_of("agent1").await;
        let added = sysadmin
            .post(
                "/api/v1/devices",
                json!({ "user_id": agent, "label": "备用话机" }),
            )
            .await;
        assert_eq!(added.status, 201, "{}", added.json);
        assert_eq!(
            (&added.json["username"], &added.json["label"]),
            (&json!("agent1"), &json!("备用话机"))
        );
        let secrets = ha1_for(house.app.db.read(), "agent1").await.unwrap();
        assert_eq!(secrets.len(), 2);
        assert_ne!(secrets[0].ha1, secrets[1].ha1);
        let nobody = "00000000-0000-7000-8000-000000000000";
        let unknown = sysadmin
            .post("/api/v1/devices", json!({ "user_id": nobody }))
            .await;
        assert_eq!(refusal(&unknown), (422, "no_such_user"));
    })
    .await;
}

#[tokio::test]
async fn a_phone_taken_out_of_use_registers_no_more() {
    on_both(async |house| {
        let (sysadmin, lead) = (house.person("sysadmin").await, house.person("lead").await);
        let devices = sysadmin.get("/api/v1/devices?q=agent1").await;
        let id = devices.json["items"][0]["id"].as_str().unwrap();
        let path = format!("/api/v1/devices/{id}");
        let refused = lead.ask(Method::DELETE, &path, None).await;
        assert_eq!(refusal(&refused), (403, "forbidden"));
        let removed = sysadmin.ask(Method::DELETE, &path, None).await;
        assert_eq!(removed.status, 204, "{}", removed.json);
        let again = sysadmin.ask(Method::DELETE, &path, None).await;
        assert_eq!(refusal(&again), (404, "not_found"));
        assert_eq!(ha1_for(house.app.db.read(), "agent1").await.unwrap(), []);
        let told = house.events("device.removed").await;
        let agent = house.id_of("agent1").await;
        assert_eq!(told, [json!({ "username": "agent1", "user_id": agent })]);
        let audited = house.audited("device.removed").await;
        assert_eq!(
            (audited.len(), audited[0].who_name.as_str()),
            (1, "sysadmin")
        );
    })
    .await;
}
