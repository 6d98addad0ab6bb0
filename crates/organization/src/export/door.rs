//! The door itself. A handler that lets rows out takes [`Leaving`], asks it for a [`Pass`] before it writes the file,
//! marks the file with [`Pass::line`] and hands it to [`Pass::taken`] before it answers.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use calendar::SHANGHAI;
use chrono::{DateTime, Utc};
use kernel::problem::{Problem, Result, bad_request, internal, invalid, not_found, refused};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Principal, SignedIn, Tx, audit, numbers};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

use super::masking::masked;
use super::store::{self, export};
use super::{Action, ExportKind, limits, told};

/// The parameter of a request that an export passes with.
const PASSED_WITH: &str = "export_request";
/// The longest address that is kept.
const LONGEST: usize = 2_000;

/// What an export of more rows than may leave unasked passes with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "tells the parameter; `Leaving` reads it")]
pub struct ExportPass {
    /// The approved request.
    export_request: Option<Uuid>,
}

/// What an export takes out: its path and its filter, in one order, so that what was approved can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub kind: ExportKind,
    pub address: String,
}

impl Target {
    /// Reads the address of an export; `None` for what is no export. Paging and the request itself are no filter.
    pub(super) fn of(uri: &Uri) -> Result<Option<(Self, Option<Uuid>)>> {
        let Some(kind) = ExportKind::of_path(uri.path()) else {
            return Ok(None);
        };
        let read = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let pairs = read
            .map_err(|why| bad_request("bad_query", why.body_text()))?
            .0;
        let mut filter: BTreeMap<String, String> = BTreeMap::new();
        let mut request = None;
        for (name, value) in pairs {
            match name.as_str() {
                PASSED_WITH => {
                    let id = Uuid::parse_str(&value);
                    request = Some(id.map_err(|why| {
                        bad_request("bad_query", why.to_string()).with_field(PASSED_WITH)
                    })?);
                }
                // How it is shown and why it is taken narrow nothing.
                "cursor" | "per_page" | "sort" | "reason" => {}
                _ if value.is_empty() => {}
                _ => {
                    filter.insert(name, value);
                }
            }
        }
        let mut address = uri.path().to_owned();
        for (at, (name, value)) in filter.iter().enumerate() {
            address.push(if at == 0 { '?' } else { '&' });
            address.extend(name.chars().flat_map(plain));
            address.push('=');
            address.extend(value.chars().flat_map(plain));
        }
        if address.len() > LONGEST {
            let detail = "the address of an export has at most 2,000 bytes";
            return Err(invalid("target", "text_too_long", detail));
        }
        Ok(Some((Self { kind, address }, request)))
    }

    /// What somebody asks to take out, as the console's link says it.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let unknown = || {
            invalid(
                "target",
                "export_target_unknown",
                "no export has this address",
            )
        };
        let escape = |char: char| {
            if char.is_ascii_graphic() {
                vec![char]
            } else {
                percent(char)
            }
        };
        let escaped: String = text.trim().chars().flat_map(escape).collect();
        let uri: Uri = escaped.parse().map_err(|_why| unknown())?;
        let found = Self::of(&uri)?.ok_or_else(unknown)?;
        Ok(found.0)
    }
}

/// A character of a filter as people read it, but for what would make two filters one address.
fn plain(char: char) -> Vec<char> {
    match char {
        '%' | '&' | '=' | '+' | '#' => percent(char),
        _ if char.is_whitespace() || char.is_control() => percent(char),
        _ => vec![char],
    }
}

fn percent(char: char) -> Vec<char> {
    let mut bytes = [0; 4];
    let bytes = char.encode_utf8(&mut bytes).bytes();
    bytes
        .flat_map(|byte| format!("%{byte:02X}").chars().collect::<Vec<_>>())
        .collect()
}

/// What a request takes out, and who.
#[derive(Debug, Clone)]
pub struct Leaving {
    principal: Principal,
    target: Target,
    request: Option<Uuid>,
}

impl<S: Sync> FromRequestParts<S> for Leaving {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let SignedIn(principal) = SignedIn::from_request_parts(parts, state).await?;
        // Without its line in `ExportKind::of_path` an export has no door, and a test says so.
        let (target, request) = Target::of(&parts.uri)?
            .ok_or_else(|| internal(format!("{} is no export", parts.uri.path())))?;
        Ok(Self {
            principal,
            target,
            request,
        })
    }
}

/// May leave: its number and its mark stand.
#[derive(Debug)]
pub struct Pass {
    leaving: Leaving,
    number: String,
    at: DateTime<Utc>,
    rows: u64,
}

/// What the audit trail says of an export beside the log.
#[derive(Debug)]
pub struct Trace {
    /// `work_orders.exported`
    pub action: &'static str,
    /// The kind of what it was taken from.
    pub subject_kind: &'static str,
    /// Its id.
    pub subject: String,
    /// More about it.
    pub details: Value,
}

impl Leaving {
    /// So many rows are to leave: at once within the limit of a file and of the day, else with the approved request.
    ///
    /// 409 `export_needs_approval` where nobody approved them.
    pub async fn pass(self, app: &App, rows: u64) -> Result<Pass> {
        let now = app.clock.now();
        let (leaving, services) = (self.clone(), app.clone());
        let number = app
            .db
            .write(move |tx| async move {
                match leaving.request {
                    Some(id) => {
                        let request = leaving.request_of(&*tx, id).await?;
                        leaving.may_use(&services, &request, rows, now)?;
                    }
                    None => leaving.within_limits(&tx, rows, now).await?,
                }
                numbers::next_of_day(&*tx, "DC-", now).await
            })
            .await?;
        Ok(Pass {
            leaving: self,
            number,
            at: now,
            rows,
        })
    }

    /// Counts the rows of the day before they leave: two files at once do not pass where one would not.
    async fn within_limits(&self, tx: &Tx, rows: u64, now: DateTime<Utc>) -> Result<()> {
        let limit = limits::of(&**tx, self.target.kind, self.principal.user_id, now).await?;
        let day = now.with_timezone(&SHANGHAI).format("%Y%m%d");
        let kind = self.target.kind.as_str();
        let key = format!("exported:{kind}:{}:{day}", self.principal.user_id);
        let many = i64::try_from(rows).map_err(internal)?;
        let today = numbers::next_many(&**tx, key, many).await?;
        let today = u64::try_from(today).map_err(internal)?;
        if rows <= limit.rows && today <= limit.rows_a_day {
            return Ok(());
        }
        let detail = format!(
            "{rows} rows, {today} of this kind today: {} in a file and {} a day leave without approval",
            limit.rows, limit.rows_a_day
        );
        Err(refused("export_needs_approval", detail)
            .with_way_out("POST /api/v1/export-requests, and once it is approved: export_request")
            .with("rows", rows)
            .with("rows_today", today)
            .with("limit", limit.rows)
            .with("limit_a_day", limit.rows_a_day)
            .with("target", self.target.address.as_str()))
    }

    async fn request_of(
        &self,
        conn: &impl sea_orm::ConnectionTrait,
        id: Uuid,
    ) -> Result<store::row::Model> {
        let found = store::row::Entity::find_by_id(id).one(conn).await?;
        found.ok_or_else(|| not_found("export request"))
    }

    fn may_use(
        &self,
        app: &App,
        request: &store::row::Model,
        rows: u64,
        now: DateTime<Utc>,
    ) -> Result<super::Case> {
        let action = Action::Use {
            own: request.asked_by == self.principal.user_id,
            same: request.address(app)? == self.target.address,
            rows,
        };
        let after = request.case()?.next(&action, now);
        after.map_err(|why| {
            why.about(&request.what())
                .with("rows", rows)
                .with("state", request.state.as_str())
        })
    }
}

impl Pass {
    /// Its number: `DC-20261126-001`.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The line that stands on every page of the file: number, who, when.
    pub fn line(&self) -> String {
        let who = &self.leaving.principal;
        let at = self.at.with_timezone(&SHANGHAI).format("%Y-%m-%d %H:%M:%S");
        let (number, name, username) = (&self.number, &who.name, &who.username);
        format!("{number}　{name}（{username}）　{at}　内部资料，禁止外传")
    }

    /// Writes down what leaves: the log with the file's digest, the audit trail, and of an approved request its use.
    /// The file is handed over only after it.
    pub async fn taken(self, app: &App, bytes: &[u8], trace: Trace) -> Result<()> {
        let sha256 = hex::encode(Sha256::digest(bytes));
        let size = i64::try_from(bytes.len()).map_err(internal)?;
        let services = app.clone();
        app.db
            .write(move |tx| async move {
                let app = services;
                let who = audit::Who::user(&self.leaving.principal);
                if let Some(id) = self.leaving.request {
                    let before = self.leaving.request_of(&*tx, id).await?;
                    let case = self
                        .leaving
                        .may_use(&app, &before, self.rows, app.clock.now())?;
                    let mut after = before.clone().with_case(&case);
                    after.used_at = Some(app.clock.now());
                    // Good for once: the version lets only the first of two through.
                    let after = versioned::save(&app, &*tx, &before, after).await?;
                    told::tell(&app, &tx, &who, &after, "used").await?;
                }
                let row = export::ActiveModel {
                    id: Set(app.ids.next()),
                    number: Set(self.number.clone()),
                    kind: Set(self.leaving.target.kind.as_str().to_owned()),
                    target: Set(masked(&self.leaving.target.address)),
                    row_count: Set(i64::try_from(self.rows).map_err(internal)?),
                    bytes: Set(size),
                    sha256: Set(sha256.clone()),
                    mark: Set(self.line()),
                    request_id: Set(self.leaving.request),
                    taken_by: Set(self.leaving.principal.user_id),
                    taken_at: Set(self.at),
                };
                export::Entity::insert(row)
                    .exec_without_returning(&*tx)
                    .await?;
                let mut details = trace.details;
                details["export"] = json!(self.number);
                details["rows"] = json!(self.rows);
                details["sha256"] = json!(sha256);
                details["request"] = json!(self.leaving.request);
                let (action, kind) = (trace.action, trace.subject_kind);
                audit::record(&app, &*tx, &who, action, kind, trace.subject, details).await
            })
            .await
    }
}
