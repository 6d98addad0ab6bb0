//! Desk phones and their secrets.

use organization::devices::ha1_for;
use serde_json::json;

use crate::house::{on_both, refusal};

/// MD5 of `agent1:shoujie:Shoujie-demo-1`, counted with md5sum.
const DEMO_HA1: &str = "6015738277e01ac6314fcb042061d32e";

#[tokio::test]
async fn the_registrar_finds_the_ha1_of_a_device() {
    on_both(async |house| {
        let conn = house.app.db.read();
        let secret = ha1_for(conn, "Agent1").await.unwrap().unwrap();
        assert_eq!(
            (secret.ha1.as_str(), secret.realm.as_str()),
            (DEMO_HA1, "shoujie")
        );
        assert_eq!(secret.user_id, house.id_of("agent1").await);
        assert_eq!(
            ha1_for(conn, "lead").await.unwrap(),
            None,
            "a lead has no desk phone"
        );
        assert_eq!(ha1_for(conn, "agent1\0").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_phone_of_a_disabled_agent_registers_no_more() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let path = format!("/api/v1/users/{}", house.id_of("agent2").await);
        sysadmin
            .patch(&path, json!({ "version": 1, "disabled": true }))
            .await;
        assert_eq!(ha1_for(house.app.db.read(), "agent2").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_agent_sees_his_own_phone_and_the_lead_all() {
    on_both(async |house| {
        let (agent, lead) = (house.person("agent1").await, house.person("lead").await);
        let own = agent.get("/api/v1/devices").await;
        assert_eq!(own.json.as_array().unwrap().len(), 1);
        assert_eq!(own.json[0]["username"], "agent1");
        assert!(!own.json.to_string().contains(DEMO_HA1));
        assert_eq!(
            lead.get("/api/v1/devices")
                .await
                .json
                .as_array()
                .unwrap()
                .len(),
            6
        );
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
        let devices = sysadmin.get("/api/v1/devices").await;
        let path = format!(
            "/api/v1/devices/{}/secret",
            devices.json[0]["id"].as_str().unwrap()
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
            .unwrap();
        assert_ne!(before.ha1, DEMO_HA1);
        let given = sysadmin
            .put(&path, json!({ "secret": "desk-phone-of-agent-1" }))
            .await;
        assert_eq!(given.status, 200);
        let after = ha1_for(house.app.db.read(), "agent1")
            .await
            .unwrap()
            .unwrap();
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
async fn a_second_phone_has_a_user_name_of_its_own() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let agent = house.id_of("agent1").await;
        let taken = sysadmin
            .post("/api/v1/devices", json!({ "user_id": agent }))
            .await;
        assert_eq!(refusal(&taken), (422, "username_taken"));
        let added = sysadmin
            .post(
                "/api/v1/devices",
                json!({ "user_id": agent, "username": "agent1-home" }),
            )
            .await;
        assert_eq!(added.status, 201, "{}", added.json);
        let secret = ha1_for(house.app.db.read(), "agent1-home")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(secret.user_id, agent);
        let nobody = "00000000-0000-7000-8000-000000000000";
        let unknown = sysadmin
            .post("/api/v1/devices", json!({ "user_id": nobody }))
            .await;
        assert_eq!(refusal(&unknown), (422, "no_such_user"));
    })
    .await;
}
