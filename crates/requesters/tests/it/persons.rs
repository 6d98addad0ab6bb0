//! Who is one person: joined by decision, parted exactly, suggested and declined.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use kernel::Role;
use kernel::audit::entry;
use proptest::prelude::*;
use requesters::person::{Group, MOST, Refusal};
use requesters::same_person;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use testing::{Answer, principal};
use uuid::Uuid;

use crate::support::{Desk, agent, on_both};

const OPENID: &str = "oX9a-Zhang_000000000000007Q";

impl Desk {
    pub async fn merge(&self, id: Uuid, into: Uuid) -> Answer {
        let path = format!("/api/v1/requesters/{id}/merge");
        let body = json!({"into": into, "reason": "电话中核对了姓名和事项"});
        self.ask(&agent(), Method::POST, &path, Some(body)).await
    }

    pub async fn unmerge(&self, id: Uuid) -> Answer {
        let path = format!("/api/v1/requesters/{id}/unmerge");
        let body = json!({"reason": "合并错了"});
        self.ask(&agent(), Method::POST, &path, Some(body)).await
    }

    pub async fn person(&self, id: Uuid) -> BTreeSet<Uuid> {
        let ids = same_person(self.app.db.read(), id).await.unwrap();
        ids.into_iter().collect()
    }

    pub async fn suggested(&self, id: Uuid) -> Vec<(Uuid, Value)> {
        let list = self
            .get(&format!("/api/v1/requesters/{id}/suggestions"))
            .await;
        let items = list["items"].as_array().unwrap().iter();
        let of = |item: &Value| item["requester"]["id"].as_str().unwrap().parse().unwrap();
        items
            .map(|item| (of(item), item["reasons"].clone()))
            .collect()
    }

    async fn claims(&self, writer: Uuid, number: &'static str) {
        let app = (*self.app).clone();
        let note = self.app.db.write(async move |tx| {
            requesters::note_claimed_number(&app, &*tx, writer, number).await
        });
        note.await.unwrap();
    }

    async fn links(&self, id: Uuid) -> Vec<String> {
        let list = self.get(&format!("/api/v1/requesters/{id}/links")).await;
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| item["what"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn two_are_one_by_decision_and_are_parted_as_they_were() {
    on_both(async |desk| {
        let caller = desk.rings("13900000001").await.id;
        let wechat = desk
            .writes_as("wechat_oa", OPENID, Some("小张"))
            .await
            .requester
            .id;
        let web = desk.writes("web", "visitor-0000-0001").await.requester.id;

        assert_eq!(desk.merge(web, wechat).await.status, StatusCode::OK);
        let merged = desk.merge(wechat, caller).await;
        assert_eq!(merged.status, StatusCode::OK, "{}", merged.json);
        let all = BTreeSet::from([caller, wechat, web]);
        for id in [caller, wechat, web] {
            assert_eq!(desk.person(id).await, all);
        }
        let shown = desk.get(&format!("/api/v1/requesters/{web}")).await;
        assert_eq!(shown["id"], json!(web));
        assert_eq!(shown["person_id"], json!(caller));
        let members = shown["members"].as_array().unwrap();
        assert_eq!(members.len(), 3);
        assert_eq!(
            members[0]["requester"]["id"],
            json!(caller),
            "the root first"
        );
        let text = shown.to_string();
        assert!(text.contains("oX***7Q") && text.contains("小张"));
        assert!(!text.contains(OPENID), "the id of a platform stays here");
        assert_eq!(shown["identity"], "unverified", "a decision proves nothing");

        let again = desk.merge(caller, web).await;
        assert_eq!(
            (again.status, &again.json["code"]),
            (StatusCode::CONFLICT, &json!("requester_already_one"))
        );
        assert_eq!(
            desk.unmerge(caller).await.json["code"],
            "requester_not_merged"
        );

        let list = desk.get("/api/v1/requesters").await;
        assert_eq!(
            (&list["total"], &list["items"][0]["members"]),
            (&json!(1), &json!(3))
        );
        let list = desk.get("/api/v1/requesters?q=13900000001").await;
        assert_eq!(list["items"][0]["id"], json!(caller));

        // Who had been merged into WeChat leaves with it; that decision stands.
        assert_eq!(desk.unmerge(wechat).await.status, StatusCode::OK);
        assert_eq!(desk.person(caller).await, BTreeSet::from([caller]));
        assert_eq!(desk.person(web).await, BTreeSet::from([wechat, web]));
        assert_eq!(desk.unmerge(web).await.status, StatusCode::OK);
        assert_eq!(desk.person(web).await, BTreeSet::from([web]));
        assert_eq!(
            desk.links(wechat).await,
            ["unmerged", "unmerged", "merged", "merged"]
        );

        let trail = entry::Entity::find().all(desk.app.db.read()).await.unwrap();
        let told = |action: &str| trail.iter().filter(|row| row.action == action).count();
        assert_eq!(
            (told("requester.merged"), told("requester.unmerged")),
            (2, 2)
        );
        let events = desk
            .app
            .events
            .of_subject(desk.app.db.read(), &wechat.to_string())
            .await;
        let kinds: Vec<String> = events
            .unwrap()
            .into_iter()
            .map(|event| event.kind)
            .collect();
        assert_eq!(kinds, ["requester.merged", "requester.unmerged"]);
    })
    .await;
}

#[tokio::test]
async fn merges_at_once_in_both_directions_leave_one_person_without_a_circle() {
    on_both(async |desk| {
        let (a, b) = (
            desk.rings("13900000001").await.id,
            desk.rings("13900000002").await.id,
        );
        let c = desk.writes("web", "visitor-0000-0001").await.requester.id;
        let tries = [(a, b), (b, a), (b, c), (c, a), (a, c), (c, b)];
        let answers =
            futures::future::join_all(tries.iter().map(|(id, into)| desk.merge(*id, *into))).await;
        for answer in &answers {
            let fine = answer.status == StatusCode::OK
                || answer.json["code"] == "requester_already_one"
                || answer.json["code"] == "stale_version";
            assert!(fine, "{}", answer.json);
        }
        let made = answers
            .iter()
            .filter(|answer| answer.status == StatusCode::OK)
            .count();
        assert!(
            (1..=2).contains(&made),
            "three become one in two steps: {made}"
        );
        for id in [a, b, c] {
            let shown = desk.get(&format!("/api/v1/requesters/{id}")).await;
            let members = shown["members"].as_array().unwrap();
            let roots = members
                .iter()
                .filter(|member| member["merged_into"].is_null());
            assert_eq!(roots.count(), 1, "{shown}");
            assert_eq!(members.len(), desk.person(id).await.len());
        }
    })
    .await;
}

#[tokio::test]
async fn a_claimed_number_suggests_until_somebody_says_no() {
    on_both(async |desk| {
        let caller = desk.rings("13900000001").await.id;
        let writer = desk.writes("web", "visitor-0000-0001").await.requester.id;
        assert_eq!(desk.suggested(writer).await, []);
        desk.claims(writer, "139 0000 0001").await;
        let claimed = json!(["claimed_number"]);
        assert_eq!(desk.suggested(writer).await, [(caller, claimed.clone())]);
        assert_eq!(desk.suggested(caller).await, [(writer, claimed)]);
        assert_eq!(
            desk.person(writer).await.len(),
            1,
            "a suggestion joins nobody"
        );

        let other = desk.writes("qq_bot", "10001000").await.requester.id;
        desk.claims(other, "13900000001").await;
        let both = desk.suggested(other).await;
        assert_eq!(both.len(), 2);
        assert_eq!(both[1], (writer, json!(["same_claim"])));

        let path = format!("/api/v1/requesters/{writer}/suggestions/{caller}/decline");
        let no = Some(json!({"reason": "不是同一人"}));
        let declined = desk.ask(&agent(), Method::POST, &path, no.clone()).await;
        assert_eq!(declined.status, StatusCode::NO_CONTENT);
        assert!(
            desk.suggested(writer)
                .await
                .iter()
                .all(|(id, _)| *id != caller)
        );
        assert!(
            desk.suggested(caller)
                .await
                .iter()
                .all(|(id, _)| *id != writer)
        );

        // Parted again is a no as well.
        assert_eq!(desk.merge(other, caller).await.status, StatusCode::OK);
        assert!(
            desk.suggested(caller)
                .await
                .iter()
                .all(|(id, _)| *id != other)
        );
        let path = format!("/api/v1/requesters/{other}/suggestions/{caller}/decline");
        let late = desk.ask(&agent(), Method::POST, &path, no).await;
        assert_eq!(late.json["code"], "requester_already_one");
        assert_eq!(desk.unmerge(other).await.status, StatusCode::OK);
        assert!(
            desk.suggested(caller)
                .await
                .iter()
                .all(|(id, _)| *id != other)
        );
    })
    .await;
}

#[tokio::test]
async fn one_address_on_two_ways_suggests() {
    on_both(async |desk| {
        let mail = desk.writes("email", "zhang@example.org").await.requester.id;
        let web = desk.writes("web", "visitor-0000-0001").await.requester.id;
        let app = (*desk.app).clone();
        let note = desk.app.db.write(async move |tx| {
            requesters::note_claimed_mail(&app, &*tx, web, " Zhang@Example.ORG ").await
        });
        note.await.unwrap();
        assert_eq!(desk.suggested(web).await, [(mail, json!(["claimed_mail"]))]);
        assert_eq!(desk.suggested(mail).await, [(web, json!(["claimed_mail"]))]);
        let shown = desk.get(&format!("/api/v1/requesters/{web}")).await;
        let claim = &shown["members"][0]["claims"][0];
        assert_eq!(
            (&claim["kind"], &claim["value"]),
            (&json!("mail"), &json!("z****@example.org"))
        );
        let path = format!("/api/v1/requesters/{web}/reveal");
        let body = json!({"field": "claim", "claim_id": claim["id"], "reason": "回信"});
        let clear = desk
            .ask(&agent(), Method::POST, &path, Some(body.clone()))
            .await;
        assert_eq!(clear.json["value"], "zhang@example.org");
        let other = format!("/api/v1/requesters/{mail}/reveal");
        let not_his = desk.ask(&agent(), Method::POST, &other, Some(body)).await;
        assert_eq!(not_his.json["code"], "nothing_to_reveal");
    })
    .await;
}

#[tokio::test]
async fn a_merge_needs_the_right_and_a_reason() {
    on_both(async |desk| {
        let (a, b) = (
            desk.rings("13900000001").await.id,
            desk.rings("13900000002").await.id,
        );
        let path = format!("/api/v1/requesters/{a}/merge");
        let body = json!({"into": b, "reason": "同一人"});
        for role in [Role::Quality, Role::PurchaserBusiness, Role::SysAdmin] {
            let answer = desk
                .ask(&principal(&[role]), Method::POST, &path, Some(body.clone()))
                .await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
        }
        let bare = json!({"into": b, "reason": " "});
        let answer = desk.ask(&agent(), Method::POST, &path, Some(bare)).await;
        assert_eq!(answer.json["code"], "reason_needed");
        let nobody = json!({"into": Uuid::from_u128(7), "reason": "同一人"});
        let answer = desk.ask(&agent(), Method::POST, &path, Some(nobody)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    })
    .await;
}

fn group(root: u128, others: &[(u128, u128)], proven: &[&str]) -> Group {
    let id = Uuid::from_u128;
    let mut members = BTreeMap::from([(id(root), None)]);
    members.extend(others.iter().map(|(one, into)| (id(*one), Some(id(*into)))));
    Group {
        root: id(root),
        members,
        proven: proven.iter().map(|number| (*number).to_owned()).collect(),
    }
}

#[test]
fn persons_with_different_proven_numbers_are_not_joined() {
    let (plain, one, other) = (
        group(1, &[], &[]),
        group(2, &[], &["a"]),
        group(3, &[], &["b"]),
    );
    assert_eq!(plain.may_join(&one), Ok(()));
    assert_eq!(one.may_join(&plain), Ok(()));
    assert_eq!(one.may_join(&other), Err(Refusal::TwoProven));
    assert_eq!(
        one.may_join(&group(4, &[], &["a", "b"])),
        Ok(()),
        "they share one"
    );
    assert_eq!(one.may_join(&one), Err(Refusal::AlreadyOne));
    let many: Vec<(u128, u128)> = (10..10 + MOST as u128 - 1).map(|id| (id, 1)).collect();
    assert_eq!(group(1, &many, &[]).may_join(&other), Err(Refusal::TooMany));
}

proptest! {
    /// However persons were joined, taking the last join back gives what was before it.
    #[test]
    fn parting_undoes_joining(joins in prop::collection::vec((0u128..12, 0u128..12), 1..20)) {
        let mut persons: Vec<Group> = (0..12).map(|id| group(id, &[], &[])).collect();
        for (from, into) in joins {
            let holds = |id: u128| persons.iter().position(|one| one.members.contains_key(&Uuid::from_u128(id)));
            let (a, b) = (holds(from).unwrap(), holds(into).unwrap());
            if persons[a].may_join(&persons[b]).is_err() {
                continue;
            }
            let (joining, staying) = (persons[a].clone(), persons[b].clone());
            let mut joined = staying.clone();
            joined.members.extend(joining.members.clone());
            joined.members.insert(joining.root, Some(staying.root));
            let leaving = joined.leaving(joining.root).unwrap();
            prop_assert_eq!(&leaving, &joining.members.keys().copied().collect());
            persons[b] = joined;
            persons.remove(a);
        }
    }
}
