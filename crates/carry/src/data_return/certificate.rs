//! The certificate (数据返还与删除证明) as it is printed: what was handed back, what was deleted when by which job, what
//! became of other media, what the law keeps until when, and who of each side signed when.

use std::collections::HashMap;

use calendar::SHANGHAI;
use chrono::{DateTime, Utc};
use documents::paper::{Align, Block, Column, Document, Manner, Signature, Table};
use kernel::audit;
use kernel::problem::{Result, internal};
use kernel::{App, Side};
use organization::{Colleague, colleagues};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::ReturnMedium;
use super::store::{self, ReturnLineKind, line, row};

fn moment(at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&SHANGHAI);
    local.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn medium(code: &str) -> &str {
    match ReturnMedium::parse(code) {
        Some(ReturnMedium::Server) => "系统服务器和数据库",
        Some(ReturnMedium::Backups) => "备份介质",
        Some(ReturnMedium::Workstations) => "办公终端",
        Some(ReturnMedium::Paper) => "纸质材料",
        Some(ReturnMedium::Messengers) => "即时通讯群和网盘",
        None => code,
    }
}

fn heading(text: &str) -> Block {
    Block::Heading(1, text.to_owned())
}

fn table(columns: &[(&str, u16, Align)], rows: Vec<Vec<String>>) -> Block {
    let columns = columns.iter();
    Block::Table(Table {
        columns: columns
            .map(|(name, share, align)| Column::new(*name, *share, *align))
            .collect(),
        rows,
        ..Table::default()
    })
}

fn number(many: Option<i64>) -> String {
    many.map_or_else(|| "—".to_owned(), |many| many.to_string())
}

struct Writer<'a> {
    people: &'a HashMap<Uuid, Colleague>,
    lines: &'a [line::Model],
}

impl Writer<'_> {
    fn person(&self, id: Option<Uuid>) -> String {
        let known = id.and_then(|id| self.people.get(&id));
        known.map_or_else(|| "—".to_owned(), |person| person.name.clone())
    }

    fn of(&self, kind: ReturnLineKind) -> impl Iterator<Item = &line::Model> {
        let lines = self.lines.iter();
        lines.filter(move |line| line.kind == kind.as_str())
    }

    fn handed(&self, back: &row::Model) -> Result<Vec<Block>> {
        let handed = back.handed()?;
        let rows: u64 = handed.records.iter().map(|one| one.rows).sum();
        let said = format!(
            "共 {rows} 条记录、{} 件录音和附件，合计 {} 字节；清单 manifest.json 的 SHA-256 为 {}，由采购人 {} 于 {} 核对一致并接收。",
            handed.attachments,
            handed.bytes,
            back.manifest_sha256,
            self.person(back.received_by),
            back.received_at.map(moment).unwrap_or_default(),
        );
        let records = handed.records.into_iter();
        let records = records.map(|one| vec![one.title, one.name, one.rows.to_string()]);
        let files = handed.files.into_iter();
        let files = files.map(|one| vec![one.path, one.bytes.to_string(), one.sha256]);
        Ok(vec![
            heading("一、返还的数据"),
            Block::text(said),
            table(
                &[
                    ("记录", 4, Align::Left),
                    ("表", 4, Align::Left),
                    ("条数", 2, Align::Right),
                ],
                records.collect(),
            ),
            table(
                &[
                    ("文件", 4, Align::Left),
                    ("字节", 2, Align::Right),
                    ("SHA-256", 6, Align::Left),
                ],
                files.collect(),
            ),
        ])
    }

    fn deleted(&self) -> Vec<Block> {
        let line = |line: &line::Model| {
            vec![
                line.what.clone(),
                number(line.rows),
                number(line.files),
                line.how.clone(),
                moment(line.at),
            ]
        };
        let rows = self.of(ReturnLineKind::Deleted).map(line).collect();
        let columns = [
            ("内容", 4, Align::Left),
            ("条数", 2, Align::Right),
            ("文件", 2, Align::Right),
            ("作业", 3, Align::Left),
            ("时间", 3, Align::Left),
        ];
        vec![heading("二、已删除的数据"), table(&columns, rows)]
    }

    fn media(&self) -> Vec<Block> {
        let line = |line: &line::Model| {
            vec![
                medium(&line.code).to_owned(),
                line.how.clone(),
                line.done_on.clone(),
                self.person(line.by_id),
            ]
        };
        let rows = self.of(ReturnLineKind::Medium).map(line).collect();
        let columns = [
            ("介质", 2, Align::Left),
            ("处理方式", 5, Align::Left),
            ("日期", 2, Align::Left),
            ("经办人", 2, Align::Left),
        ];
        vec![heading("三、服务器和其他介质"), table(&columns, rows)]
    }

    fn kept(&self) -> Vec<Block> {
        let line = |line: &line::Model| {
            let until = line.until_day.clone();
            vec![
                line.what.clone(),
                line.how.clone(),
                until.unwrap_or_else(|| "保全解除".to_owned()),
            ]
        };
        let kept = self.of(ReturnLineKind::Kept);
        let rows = kept.chain(self.of(ReturnLineKind::Held)).map(line);
        let columns = [
            ("内容", 4, Align::Left),
            ("依据和原因", 6, Align::Left),
            ("保留至", 2, Align::Left),
        ];
        let rule =
            "下列内容依法保留，除保存和必要的安全措施外不作他用，到期由供应商销毁并补充证明。";
        vec![
            heading("四、依法保留的数据"),
            Block::text(rule),
            table(&columns, rows.collect()),
        ]
    }
}

async fn party(conn: &impl ConnectionTrait, side: Side) -> Result<String> {
    let name = organization::party_name(conn, side).await?;
    name.ok_or_else(|| internal("a side has a party"))
}

/// The document, as both sides sign it.
pub(super) async fn document(
    app: &App,
    conn: &impl ConnectionTrait,
    back: &row::Model,
) -> Result<Document> {
    let lines = store::lines(conn, back.id).await?;
    let mut ids: Vec<Uuid> = lines.iter().filter_map(|line| line.by_id).collect();
    ids.extend(
        [back.received_by, back.signed_by, back.accepted_by]
            .into_iter()
            .flatten(),
    );
    let people = colleagues(conn, ids).await?;
    let writer = Writer {
        people: &people,
        lines: &lines,
    };
    let supplier = party(conn, Side::Supplier).await?;
    let purchaser = party(conn, Side::Purchaser).await?;
    let said = format!(
        "{purchaser}与{supplier}的服务合同于 {} 终止。供应商已向采购人返还合同项下的全部数据，并按第二、第三部分删除所持有的数据；除第四部分依法保留的以外，不再留存任何副本。",
        back.contract_ended_on
    );
    let mut blocks = vec![Block::text(said)];
    blocks.extend(writer.handed(back)?);
    blocks.extend(writer.deleted());
    blocks.extend(writer.media());
    blocks.extend(writer.kept());
    let signature = |party: String, who: Option<Uuid>, at: Option<DateTime<Utc>>| Signature {
        party,
        seal: true,
        lines: vec![
            format!("签认人：{}", writer.person(who)),
            format!("时间：{}", at.map(moment).unwrap_or_default()),
        ],
    };
    let head = audit::head(conn).await?;
    let chain = head.map_or_else(String::new, |head| {
        format!("审计链 {} {}", head.seq, head.hash)
    });
    Ok(Document {
        manner: Manner::Report,
        number: back.number.clone(),
        title: "数据返还与删除证明".to_owned(),
        blocks,
        signatures: vec![
            signature(
                format!("供应商：{supplier}"),
                back.signed_by,
                back.signed_at,
            ),
            signature(
                format!("采购人：{purchaser}"),
                back.accepted_by,
                back.accepted_at,
            ),
        ],
        footer: format!("{chain}\n生成于 {}", moment(app.clock.now())),
        ..Document::default()
    })
}
