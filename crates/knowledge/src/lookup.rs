//! Look-up tables that the purchaser maintains: when one registers, prints, sees the score. Pure: what a row
//! says, what of it the public may see, and how its windows stand to the present.

pub mod http;
pub mod public;
pub mod sheet;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal, invalid};
use kernel::text::{checked, must_be_name};
use kernel::words;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One field of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its heading in a sheet.
    pub heading: &'static str,
    /// A date with a time; else words.
    pub moment: bool,
    /// Never for the public.
    pub internal: bool,
}

/// From when to when something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// `registration`
    pub name: &'static str,
    /// The field of its beginning.
    pub from: &'static str,
    /// The field of its end; none for what stays open.
    pub to: Option<&'static str>,
}

/// What a row of a table says besides its code, year and name.
pub trait Facts:
    Serialize + DeserializeOwned + ToSchema + Clone + Default + PartialEq + Send + Sync + 'static
{
    /// What the tables and the audit trail call it: `exam_plan`.
    const KIND: &'static str;
    /// The name of its sheet.
    const SHEET: &'static str;
    /// Its fields, in the order of the form.
    const FIELDS: &'static [Field];
    /// Its windows, in their order.
    const WINDOWS: &'static [Window];
}

/// A table: its moments, its words, and those that are never for the public.
macro_rules! table_of {
    (
        $(#[$about:meta])* $name:ident = $kind:literal, $sheet:literal {
            $($(#[$of_moment:meta])* $moment:ident = $moment_heading:literal;)*
        } {
            $($(#[$of_text:meta])* $text:ident = $text_heading:literal;)*
        } internal {
            $($(#[$of_internal:meta])* $internal:ident = $internal_heading:literal;)*
        } windows {
            $($window:ident = $from:ident .. $($to:ident)?;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$of_moment])* pub $moment: Option<DateTime<Utc>>,)*
            $($(#[$of_text])* pub $text: String,)*
            $($(#[$of_internal])* pub $internal: String,)*
        }

        impl Facts for $name {
            const KIND: &'static str = $kind;
            const SHEET: &'static str = $sheet;
            const FIELDS: &'static [Field] = &[
                $(Field { name: stringify!($moment), heading: $moment_heading, moment: true, internal: false },)*
                $(Field { name: stringify!($text), heading: $text_heading, moment: false, internal: false },)*
                $(Field { name: stringify!($internal), heading: $internal_heading, moment: false, internal: true },)*
            ];
            const WINDOWS: &'static [Window] = &[
                $(Window {
                    name: stringify!($window),
                    from: stringify!($from),
                    to: table_of!(@to $($to)?),
                },)*
            ];
        }
    };
    (@to $to:ident) => { Some(stringify!($to)) };
    (@to) => { None };
}

table_of! {
    /// 考试计划: one examination of one year.
    ExamPlan = "exam_plan", "考试计划" {
        /// 报名开始
        registration_from = "报名开始";
        /// 报名截止
        registration_to = "报名截止";
        /// 缴费截止
        payment_to = "缴费截止";
        /// 准考证打印开始
        print_from = "准考证打印开始";
        /// 准考证打印截止
        print_to = "准考证打印截止";
        /// 考试开始
        exam_from = "考试开始";
        /// 考试结束
        exam_to = "考试结束";
        /// 成绩公布
        score_at = "成绩公布";
        /// 成绩复核开始
        review_from = "成绩复核开始";
        /// 成绩复核截止
        review_to = "成绩复核截止";
        /// 证书领取开始
        certificate_from = "证书领取开始";
    } {
        /// 报名入口
        entrance = "报名入口";
        /// 收费
        fee = "收费";
        /// 说明
        note = "说明";
    } internal {
        /// 内部备注
        internal_note = "内部备注";
    } windows {
        registration = registration_from .. registration_to;
        print = print_from .. print_to;
        exam = exam_from .. exam_to;
        score = score_at .. ;
        review = review_from .. review_to;
        certificate = certificate_from .. ;
    }
}

table_of! {
    /// 职称批次: one round of evaluations of one year.
    TitleBatch = "title_batch", "职称批次" {
        /// 申报开始
        apply_from = "申报开始";
        /// 申报截止
        apply_to = "申报截止";
        /// 受理开始
        accept_from = "受理开始";
        /// 受理截止
        accept_to = "受理截止";
        /// 补正截止
        supplement_to = "补正截止";
        /// 评审开始
        evaluation_from = "评审开始";
        /// 评审结束
        evaluation_to = "评审结束";
        /// 公示开始
        publicity_from = "公示开始";
        /// 公示截止
        publicity_to = "公示截止";
        /// 证书领取开始
        certificate_from = "证书领取开始";
    } {
        /// 系列
        series = "系列";
        /// 层级
        level = "层级";
        /// 评委会
        board = "评委会";
        /// 受理点
        accept_point = "受理点";
        /// 进度
        progress = "进度";
        /// 说明
        note = "说明";
    } internal {
        /// 内部备注
        internal_note = "内部备注";
    } windows {
        apply = apply_from .. apply_to;
        accept = accept_from .. accept_to;
        evaluation = evaluation_from .. evaluation_to;
        publicity = publicity_from .. publicity_to;
        certificate = certificate_from .. ;
    }
}

words! {
    /// How a window stands to the present.
    LookupStanding {
        /// 未开始
        Coming = "coming",
        /// 进行中
        Open = "open",
        /// 已结束
        Over = "over",
    }
}

/// A window as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LookupWindow {
    /// `registration`, `print`, `exam`, `score`, `review`, `certificate`, `apply`, `accept`, `evaluation`, `publicity`
    pub name: &'static str,
    /// Its beginning.
    pub from: Option<DateTime<Utc>>,
    /// Its end.
    pub to: Option<DateTime<Utc>>,
    /// How it stands to the present.
    pub standing: LookupStanding,
}

/// A row of a table as somebody writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<F> {
    /// Names it for good: `2026-1j-jzs`.
    pub code: String,
    /// The year it is valid for.
    pub year: i32,
    /// What it is called.
    pub name: String,
    /// It is shown.
    pub active: bool,
    /// What it says.
    pub facts: F,
    /// The names of the fields that the public may see.
    pub public: Vec<String>,
}

impl<F: Facts> Entry<F> {
    /// The same entry, trimmed; says no to what cannot be.
    pub fn checked(mut self) -> Result<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=40).contains(&self.code.len()) || !self.code.bytes().all(plain) {
            let detail = "1 to 40 letters, digits, `-` or `_`";
            return Err(invalid("code", "code_invalid", detail));
        }
        if !(2000..=2100).contains(&self.year) {
            return Err(invalid("year", "year_invalid", "2000 to 2100"));
        }
        must_be_name("name", &self.name)?;
        let mut facts = object(&self.facts)?;
        for field in F::FIELDS.iter().filter(|field| !field.moment) {
            if let Some(Value::String(text)) = facts.get_mut(field.name) {
                *text = checked(field.name, text)?;
            }
        }
        for window in F::WINDOWS {
            let Some(to) = window.to else { continue };
            if let (Some(from), Some(end)) = (moment(&facts, window.from), moment(&facts, to))
                && from > end
            {
                let detail = "it would end before it begins";
                return Err(invalid(to, "window_reversed", detail));
            }
        }
        self.facts = serde_json::from_value(Value::Object(facts)).map_err(internal)?;
        for name in &self.public {
            match F::FIELDS.iter().find(|field| field.name == name) {
                None => {
                    let detail = format!("there is no field `{name}`");
                    return Err(invalid("public", "field_unknown", detail));
                }
                Some(field) if field.internal => {
                    let detail = format!("`{name}` is never for the public");
                    return Err(invalid("public", "field_internal", detail));
                }
                Some(_) => {}
            }
        }
        // In the order of the form, each once.
        let named = F::FIELDS
            .iter()
            .filter(|field| self.public.iter().any(|name| name == field.name));
        self.public = named.map(|field| field.name.to_owned()).collect();
        Ok(self)
    }

    /// What it says to whom sees only these fields.
    pub fn shown(&self, only: Option<&[String]>) -> Result<Map<String, Value>> {
        let mut facts = object(&self.facts)?;
        if let Some(only) = only {
            facts.retain(|name, _| {
                let field = F::FIELDS.iter().find(|field| field.name == name);
                field.is_some_and(|field| !field.internal) && only.contains(name)
            });
        }
        Ok(facts)
    }

    /// Its windows that have a beginning or an end, for whom sees only these fields.
    pub fn windows(
        &self,
        now: DateTime<Utc>,
        only: Option<&[String]>,
    ) -> Result<Vec<LookupWindow>> {
        let facts = self.shown(only)?;
        let views = F::WINDOWS.iter().filter_map(|window| {
            let from = moment(&facts, window.from);
            let to = window.to.and_then(|to| moment(&facts, to));
            if from.is_none() && to.is_none() {
                return None;
            }
            let standing = if from.is_some_and(|from| from > now) {
                LookupStanding::Coming
            } else if to.is_some_and(|to| to < now) {
                LookupStanding::Over
            } else {
                LookupStanding::Open
            };
            Some(LookupWindow {
                name: window.name,
                from,
                to,
                standing,
            })
        });
        Ok(views.collect())
    }
}

/// Facts as fields by their names.
pub(crate) fn object<F: Facts>(facts: &F) -> Result<Map<String, Value>> {
    match serde_json::to_value(facts).map_err(internal)? {
        Value::Object(map) => Ok(map),
        _ => Err(internal("facts are no object")),
    }
}

fn moment(facts: &Map<String, Value>, name: &str) -> Option<DateTime<Utc>> {
    facts.get(name)?.as_str()?.parse().ok()
}
