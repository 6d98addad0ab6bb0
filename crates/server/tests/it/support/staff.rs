//! People of the supplier, their files and what is asked of them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::cases::path;
use super::{Person, TestServer};

/// The demo's supplier, who must be the employer.
pub const SUPPLIER: &str = "首接客户服务有限公司（演示）";
/// The version of the NDA that ships.
pub const NDA: &str = "2026-1";

/// The people of a story about people.
pub struct Office {
    pub hr: Person,
    pub manager: Person,
    pub purchaser: Person,
}

impl Office {
    pub async fn of(server: &TestServer) -> Self {
        Self {
            hr: server.sign_in("hr").await,
            manager: server.sign_in("manager").await,
            purchaser: server.sign_in("purchaser").await,
        }
    }

    /// A new candidate.
    pub async fn candidate(&self, name: &str, born_on: &str) -> Value {
        let new = json!({"name": name, "born_on": born_on});
        self.hr.post("/api/v1/staff", new).await
    }

    /// The staff file as it stands now.
    pub async fn file(&self, staff: &Value) -> Value {
        self.hr.get(&path("staff", staff)).await
    }

    /// The staff file of somebody who signs in.
    pub async fn file_of(&self, person: &Person) -> Value {
        let own = person.get("/api/v1/staff").await;
        self.file(&own["items"][0]).await
    }

    /// HR adds a piece of evidence, operations checks it.
    pub async fn proves(&self, staff: &Value, new: Value) -> Value {
        let at = format!("{}/evidence", path("staff", staff));
        let file = self.hr.post(&at, new.clone()).await;
        let all = file["evidence"].as_array().unwrap().iter();
        let piece = all
            .clone()
            .find(|one| one["item"] == new["item"] && one["state"] == "pending");
        let piece = piece.unwrap();
        let check = json!({"version": piece["version"], "verified": true, "note": "原件已核"});
        self.manager
            .post(
                &format!("{at}/{}/check", piece["id"].as_str().unwrap()),
                check,
            )
            .await
    }

    /// All that is asked of a candidate but the purchaser's certificate; `months` on hotlines before 2026-09-01.
    pub async fn proves_all(&self, staff: &Value, experience: (&str, &str)) {
        let marks = |assessor: &str| {
            json!({"assessor": assessor, "understanding": 4, "thinking": 4,
            "communication": 4, "expression": 4, "affinity": 4})
        };
        let (from, until) = experience;
        for new in [
            json!({"item": "clean_record", "on": "2026-01-05"}),
            json!({"item": "experience", "on": from, "until": until, "issuer": "别的热线"}),
            json!({"item": "education", "on": "2015-07-01", "level": "bachelor"}),
            json!({"item": "age", "on": "2020-01-01"}),
            json!({"item": "health", "on": "2026-01-10"}),
            json!({"item": "typing", "on": "2026-01-10", "number": 180, "seconds": 180}),
            json!({"item": "mandarin", "on": "2015-01-01", "level": "second_a"}),
            json!({"item": "interview", "on": "2026-01-08", "scorecard": [marks("甲"), marks("乙")]}),
            json!({"item": "employer", "on": "2026-01-12", "issuer": SUPPLIER}),
            json!({"item": "nda", "on": "2026-01-12", "level": NDA}),
            json!({"item": "confidentiality", "on": "2026-01-13"}),
        ] {
            self.proves(staff, new).await;
        }
    }

    /// Does a verb at a door of the staff file, with the version that stands now.
    pub async fn does(&self, who: &Person, staff: &Value, door: &str, body: Value) -> Value {
        let (status, answer) = self.tries(who, staff, door, body).await;
        assert!(status.is_success(), "{door}: {status} {answer}");
        answer
    }

    pub async fn tries(
        &self,
        who: &Person,
        staff: &Value,
        door: &str,
        mut body: Value,
    ) -> (StatusCode, Value) {
        body["version"] = self.file(staff).await["version"].clone();
        who.ask(
            Method::POST,
            &format!("{}/{door}", path("staff", staff)),
            Some(body),
        )
        .await
    }

    /// Trains a candidate and has the purchaser certify the pass.
    pub async fn passes(&self, staff: &Value, on: &str) -> Value {
        if self.file(staff).await["state"] == "candidate" {
            self.does(
                &self.hr,
                staff,
                "steps",
                json!({"action": "begin_training"}),
            )
            .await;
        }
        let pass = json!({"certificate_no": "岗培-101", "on": on, "score": 92});
        self.does(&self.purchaser, staff, "pass", pass).await
    }
}

/// Does a verb at a door of a case, with the version that stands now.
pub async fn does(who: &Person, at: &str, door: &str, body: Value) -> Value {
    let (status, answer) = tries(who, at, door, body).await;
    assert!(status.is_success(), "{at}/{door}: {status} {answer}");
    answer
}

pub async fn tries(who: &Person, at: &str, door: &str, mut body: Value) -> (StatusCode, Value) {
    body["version"] = who.get(at).await["version"].clone();
    who.ask(Method::POST, &format!("{at}/{door}"), Some(body))
        .await
}

/// The items of a refusal's list of what is missing.
pub fn missing(problem: &Value) -> Vec<&str> {
    let all = problem["missing"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    all.iter()
        .map(|one| one["item"].as_str().unwrap())
        .collect()
}
