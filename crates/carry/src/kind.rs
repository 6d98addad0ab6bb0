//! What a predecessor hands over, kind by kind. Who writes something by hand may bring it by file.

use documents::sheet::{Field, Line};
use kernel::audit::Who;
use kernel::problem::{Result, forbidden};
use kernel::{App, Permission as _, Principal, Tx, words};
use knowledge::carried::Lookup;
use knowledge::rights::{MaintainLookups, ManageSynonyms, WriteArticles};
use personnel::rights::ManageStaff;
use personnel::transition::HandoverKind;
use sea_orm::ConnectionTrait;
use tickets::DispatchTickets;
use uuid::Uuid;

use crate::history;

words! {
    /// What is handed over.
    CarryKind {
        /// 人员
        People = "people",
        /// 知识条目
        Articles = "articles",
        /// 考试计划
        ExamPlans = "exam_plans",
        /// 职称批次
        TitleBatches = "title_batches",
        /// 同义词
        Synonyms = "synonyms",
        /// 未办结工单
        Tickets = "tickets",
        /// 历史记录
        History = "history",
    }
}

/// What the rows of one file are checked by, asked once.
pub(crate) struct Terms(Option<tickets::carried::Terms>);

impl Terms {
    /// The row is a ticket that nobody of ours answers for.
    pub(crate) fn lacks_owner(&self, line: &Line) -> bool {
        let terms = self.0.as_ref();
        terms.is_some_and(|terms| terms.owner(line).is_none())
    }
}

impl CarryKind {
    /// The columns of its sheet.
    pub fn fields(self) -> Vec<Field> {
        match self {
            Self::People => personnel::staff::carried::FIELDS.to_vec(),
            Self::Articles => knowledge::carried::ARTICLE_FIELDS.to_vec(),
            Self::ExamPlans => Lookup::ExamPlan.fields(),
            Self::TitleBatches => Lookup::TitleBatch.fields(),
            Self::Synonyms => knowledge::carried::SYNONYM_FIELDS.to_vec(),
            Self::Tickets => tickets::carried::FIELDS.to_vec(),
            Self::History => history::FIELDS.to_vec(),
        }
    }

    /// The field that names a row for good.
    pub fn key(self) -> &'static str {
        match self {
            Self::ExamPlans | Self::TitleBatches => "code",
            _ => "number",
        }
    }

    /// The name of its sheet, and on the board.
    pub fn name(self) -> &'static str {
        match self {
            Self::People => "人员",
            Self::Articles => "知识条目",
            Self::ExamPlans => "考试计划",
            Self::TitleBatches => "职称批次",
            Self::Synonyms => "同义词",
            Self::Tickets => "未办结工单",
            Self::History => "历史记录",
        }
    }

    /// What the board of a transition calls it; people stand on its posts.
    pub(crate) fn on_board(self) -> HandoverKind {
        match self {
            Self::Articles | Self::ExamPlans | Self::TitleBatches | Self::Synonyms => {
                HandoverKind::Knowledge
            }
            Self::People | Self::Tickets | Self::History => HandoverKind::Data,
        }
    }

    /// He may write the same by hand.
    pub fn may_bring(self, principal: &Principal) -> bool {
        match self {
            Self::People => principal.may::<ManageStaff>(),
            Self::Articles => principal.may::<WriteArticles>(),
            Self::ExamPlans | Self::TitleBatches => principal.may::<MaintainLookups>(),
            Self::Synonyms => principal.may::<ManageSynonyms>(),
            Self::Tickets | Self::History => principal.may::<DispatchTickets>(),
        }
    }

    pub(crate) fn must_be_his(self, principal: &Principal) -> Result<()> {
        if self.may_bring(principal) {
            return Ok(());
        }
        Err(forbidden(match self {
            Self::People => ManageStaff::CODE,
            Self::Articles => WriteArticles::CODE,
            Self::ExamPlans | Self::TitleBatches => MaintainLookups::CODE,
            Self::Synonyms => ManageSynonyms::CODE,
            Self::Tickets | Self::History => DispatchTickets::CODE,
        }))
    }

    pub(crate) async fn terms(self, app: &App, conn: &impl ConnectionTrait) -> Result<Terms> {
        Ok(Terms(match self {
            Self::Tickets => Some(tickets::carried::Terms::load(app, conn).await?),
            _ => None,
        }))
    }

    /// Says no to a row that cannot be written; `known` is what was made of it before.
    pub(crate) async fn check(
        self,
        app: &App,
        conn: &impl ConnectionTrait,
        terms: &Terms,
        line: &Line,
        known: Option<Uuid>,
    ) -> Result<()> {
        match self {
            Self::People => personnel::staff::carried::check(app, conn, line, known).await,
            Self::Articles => knowledge::carried::check_article(app, conn, line, known).await,
            Self::ExamPlans => Lookup::ExamPlan.check(conn, line, known).await,
            Self::TitleBatches => Lookup::TitleBatch.check(conn, line, known).await,
            Self::Synonyms => knowledge::carried::check_synonyms(line),
            Self::Tickets => terms.0.as_ref().map_or(Ok(()), |terms| terms.check(line)),
            Self::History => history::check(app, line),
        }
    }

    /// Writes new rows, in their order; what each became.
    pub(crate) async fn begin(
        self,
        app: &App,
        tx: &Tx,
        who: &Who,
        terms: &Terms,
        into: Onto,
        lines: &[Line],
    ) -> Result<Vec<Uuid>> {
        match (self, &terms.0) {
            (Self::Tickets, Some(terms)) => {
                return tickets::carried::begin(app, tx, who, terms, lines).await;
            }
            (Self::History, _) => return history::write(app, tx, into.import_id, lines).await,
            _ => {}
        }
        let mut ids = Vec::new();
        for line in lines {
            ids.push(match self {
                Self::People => {
                    let onto = (into.transition_id, None);
                    personnel::staff::carried::put(app, tx, who, onto, line).await?
                }
                Self::Articles => knowledge::carried::begin_article(app, tx, who, line).await?,
                Self::ExamPlans => Lookup::ExamPlan.put(app, tx, who, line).await?,
                Self::TitleBatches => Lookup::TitleBatch.put(app, tx, who, line).await?,
                Self::Synonyms => {
                    knowledge::carried::put_synonyms(app, tx, who, None, line).await?
                }
                Self::Tickets | Self::History => continue,
            });
        }
        Ok(ids)
    }

    /// Writes a row over what it became before.
    pub(crate) async fn change(
        self,
        app: &App,
        tx: &Tx,
        who: &Who,
        terms: &Terms,
        into: Onto,
        (id, line): (Uuid, &Line),
    ) -> Result<()> {
        match self {
            Self::People => {
                let onto = (into.transition_id, Some(id));
                personnel::staff::carried::put(app, tx, who, onto, line).await?;
            }
            Self::Articles => {
                knowledge::carried::change_article(app, tx, who, id, line).await?;
            }
            Self::ExamPlans => {
                Lookup::ExamPlan.put(app, tx, who, line).await?;
            }
            Self::TitleBatches => {
                Lookup::TitleBatch.put(app, tx, who, line).await?;
            }
            Self::Synonyms => {
                knowledge::carried::put_synonyms(app, tx, who, Some(id), line).await?;
            }
            Self::Tickets => {
                if let Some(terms) = &terms.0 {
                    tickets::carried::change(app, tx, who, terms, id, line).await?;
                }
            }
            Self::History => history::overwrite(app, tx, into.import_id, id, line).await?,
        }
        Ok(())
    }
}

/// Of which import a row is, and onto which board it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Onto {
    pub import_id: Uuid,
    pub transition_id: Option<Uuid>,
}
