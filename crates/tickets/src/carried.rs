//! Open tickets of a predecessor: each goes on with its first owner and with the clock that began when it was
//! opened. Read and compared by `carry`; written here.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use documents::sheet::{Field, Kind, Line};
use kernel::audit::Who;
use kernel::problem::{Result, internal, invalid};
use kernel::rule::Dated;
use kernel::text::checked;
use kernel::{App, Role, Tx};
use requesters::Caller;
use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::matter::{self, Leaf};
use crate::ticket::act::{Begun, Edit, Hand, LONGEST_ADDRESS, headline};
use crate::ticket::draft;
use crate::ticket::life::{Action, Case, Moment};
use crate::ticket::limits::{self, TicketLimit};
use crate::ticket::store::row;
use crate::words::{Priority, RequestType};

const TYPES: Kind = Kind::Word(&[
    ("咨询", "consult"),
    ("求助", "help"),
    ("投诉", "complaint"),
    ("举报", "report"),
    ("建议", "suggestion"),
    ("表扬", "praise"),
    ("故障", "fault"),
]);
const PRIORITIES: Kind =
    Kind::Word(&[("一般", "normal"), ("紧急", "urgent"), ("特急", "critical")]);
/// Characters of a text, as a form of ours takes them.
const LONGEST: usize = 4_000;

/// The columns of a sheet of open tickets.
pub const FIELDS: &[Field] = &[
    Field::of("number", &["原工单编号", "工单编号", "编号"])
        .with(Kind::Line, 100)
        .needed(),
    Field::of("opened_at", &["受理时间", "创建时间"])
        .with(Kind::Moment, 40)
        .needed(),
    Field::of("request_type", &["诉求类型", "工单类型"])
        .with(TYPES, 20)
        .needed(),
    Field::of("matter", &["业务事项", "事项编码"]).with(Kind::Line, 60),
    Field::of("priority", &["紧急程度"]).with(PRIORITIES, 20),
    Field::of("title", &["标题", "工单标题"]),
    Field::of("summary", &["诉求内容", "内容"])
        .with(Kind::Text, LONGEST)
        .needed(),
    Field::of("incident_address", &["事发地址"]),
    Field::of("requester_name", &["诉求人", "姓名"])
        .with(Kind::Line, 60)
        .personal(),
    Field::of("requester_phone", &["联系电话", "电话"])
        .with(Kind::Line, 40)
        .personal(),
    Field::of("first_owner", &["首接人", "首接责任人"]).with(Kind::Line, 60),
    Field::of("confidential", &["是否保密", "保密"]).with(Kind::Flag, 4),
    Field::of("progress", &["办理经过", "处理进展"]).with(Kind::Text, LONGEST),
];

/// What rows are read by, asked once for a file.
pub struct Terms {
    matters: Vec<Leaf>,
    limits: Vec<Dated<TicketLimit>>,
    /// Nothing was agreed before: what is older is judged by the first rules there are.
    limits_from: DateTime<Utc>,
    /// Agents and shift leads by staff number and by name; a name that two have is nobody's.
    owners: HashMap<String, Option<Uuid>>,
    /// Who is asked to find an owner for what has none.
    lead: Option<Uuid>,
    now: DateTime<Utc>,
}

impl Terms {
    /// As they stand now.
    pub async fn load(app: &App, conn: &impl ConnectionTrait) -> Result<Self> {
        let now = app.clock.now();
        let limits = limits::in_force(conn, now).await?;
        let for_all = limits.iter().filter(|row| row.rule.is_for_all());
        let limits_from = for_all.map(|row| row.stamp.effective_from).min();
        let leads = organization::colleagues::holders(conn, Role::ShiftLead).await?;
        let lead = leads.first().map(|lead| lead.id);
        let mut owners: HashMap<String, Option<Uuid>> = HashMap::new();
        let agents = organization::colleagues::holders(conn, Role::Agent).await?;
        for person in agents.into_iter().chain(leads) {
            for name in [Some(person.name), person.staff_no].into_iter().flatten() {
                let known = owners.entry(name).or_insert(Some(person.id));
                if *known != Some(person.id) {
                    *known = None;
                }
            }
        }
        Ok(Self {
            matters: matter::leaves(conn).await?,
            limits,
            limits_from: limits_from.unwrap_or(now),
            owners,
            lead,
            now,
        })
    }

    /// The first owner that a row names, where he is one of ours.
    pub fn owner(&self, line: &Line) -> Option<Uuid> {
        *self.owners.get(line.text("first_owner"))?
    }

    /// Says no to a row that cannot be an open ticket of ours.
    pub fn check(&self, line: &Line) -> Result<()> {
        if line.moment("opened_at").is_none_or(|at| at > self.now) {
            return Err(invalid("opened_at", "time_in_future", "it is open already"));
        }
        checked("summary", line.text("summary"))?;
        if line.text("incident_address").chars().count() > LONGEST_ADDRESS {
            return Err(invalid(
                "incident_address",
                "text_too_long",
                "at most 200 characters",
            ));
        }
        self.leaf(line)?;
        if self.lead.is_none() && self.owner(line).is_none() {
            return Err(invalid(
                "first_owner",
                "no_shift_lead",
                "nobody is there to find an owner: give somebody the role shift_lead",
            ));
        }
        Ok(())
    }

    fn leaf(&self, line: &Line) -> Result<Option<&Leaf>> {
        let code = line.text("matter");
        if code.is_empty() {
            return Ok(None);
        }
        let leaf = self
            .matters
            .iter()
            .find(|leaf| leaf.code == code || leaf.name == code);
        let unknown = || invalid("matter", "matter_unknown", "no such matter");
        leaf.map(Some).ok_or_else(unknown)
    }
}

fn request_type(line: &Line) -> RequestType {
    RequestType::parse(line.text("request_type")).unwrap_or(RequestType::Consult)
}

fn priority(line: &Line) -> Priority {
    Priority::parse(line.text("priority")).unwrap_or(Priority::Normal)
}

fn title(line: &Line) -> String {
    line.some("title")
        .unwrap_or_else(|| headline(line.text("summary")))
}

/// Opens the tickets of these rows, in their order. One whose owner is ours is in his hands, signed; one without waits
/// at the shift lead for somebody to sign it.
pub async fn begin(
    app: &App,
    tx: &Tx,
    who: &Who,
    terms: &Terms,
    lines: &[Line],
) -> Result<Vec<Uuid>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let callers: Vec<Caller> = lines
        .iter()
        .map(|line| Caller {
            number: line.some("requester_phone"),
            name: line.some("requester_name"),
        })
        .collect();
    let requesters = requesters::find_or_create_many(app, &**tx, &callers).await?;
    let numbers = draft::next_numbers(&**tx, terms.now, lines.len()).await?;
    let hand = Hand::of(app, tx, who).await?;
    let (mut ids, mut begun) = (Vec::new(), Vec::new());
    for ((line, requester), number) in lines.iter().zip(requesters).zip(numbers) {
        let opened_at = line.moment("opened_at").unwrap_or(terms.now);
        let subject = limits::Subject {
            platform: "",
            request_type: request_type(line).as_str(),
            priority: priority(line).as_str(),
        };
        let rules = limits::choose(&terms.limits, subject, opened_at.max(terms.limits_from))?;
        let known = terms.owner(line);
        let owner = known.or(terms.lead);
        let owner = owner.ok_or_else(|| internal("a ticket has an owner"))?;
        let moment = Moment {
            by: owner,
            now: terms.now,
            service: &hand.service,
            rules: &rules,
            covers: false,
        };
        let started = Case::dispatched(owner, opened_at, &moment);
        let mut case = started.case;
        if known.is_some() {
            let signed = case.next(&Action::Sign, &moment);
            case = signed.map_err(|refusal| refusal.about("ticket"))?.case;
        }
        let leaf = terms.leaf(line)?;
        let ticket = row::Model {
            number: number.text,
            seq: number.seq,
            request_type: Some(request_type(line).as_str().to_owned()),
            matter_code: leaf.map(|leaf| leaf.code.clone()),
            section: leaf.and_then(|leaf| leaf.section.clone()),
            priority: priority(line).as_str().to_owned(),
            title: title(line),
            summary: line.text("summary").to_owned(),
            incident_address: line.some("incident_address"),
            confidential: line.text("confidential") == "true",
            updated_at: terms.now,
            ..draft::empty(app.ids.next(), requester, owner, opened_at, &rules)?
        };
        ids.push(ticket.id);
        begun.push(Begun {
            ticket,
            case,
            clock: started
                .clock
                .ok_or_else(|| internal("a carried ticket has no clock"))?,
            note: Some(note(line, known.is_some())),
        });
    }
    hand.begin_many(begun).await?;
    Ok(ids)
}

/// What the history says of where it comes from.
fn note(line: &Line, owned: bool) -> String {
    let (number, named) = (line.text("number"), line.text("first_owner"));
    let owner = match (owned, named.is_empty()) {
        (true, _) => String::new(),
        (false, true) => "；待指定首接人".to_owned(),
        (false, false) => format!("；待指定首接人（原首接人 {named} 不在本项目）"),
    };
    let progress = line.some("progress");
    let progress = progress.map_or_else(String::new, |told| format!("；办理经过：{told}"));
    format!("承接自前运营公司，原编号 {number}{owner}{progress}")
}

/// Writes what a row says now over the ticket it became; one that is over here stays as it ended. Its owner and its
/// beginning are ours now and do not change, and what the row says nothing of stays as we made it.
pub async fn change(
    app: &App,
    tx: &Tx,
    who: &Who,
    terms: &Terms,
    id: Uuid,
    line: &Line,
) -> Result<bool> {
    let before = row::Entity::find_by_id(id).one(&**tx).await?;
    let Some(before) = before.filter(|ticket| ticket.open) else {
        return Ok(false);
    };
    let hand = Hand::of(app, tx, who).await?;
    let edit = Edit {
        request_type: Some(request_type(line)),
        matter: terms.leaf(line)?.map(|leaf| leaf.code.clone()),
        priority: line.some("priority").map(|_| priority(line)),
        title: line.some("title").map(|_| title(line)),
        summary: line.some("summary"),
        incident_address: line.some("incident_address"),
        confidential: line.some("confidential").map(|told| told == "true"),
        ..Edit::default()
    };
    Box::pin(hand.edit(before, edit)).await?;
    Ok(true)
}
