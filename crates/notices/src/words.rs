//! The words of e-mail and SMS: those of the console, so that a kind has one sentence.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

const SOURCE: &str = include_str!("../../../web/src/i18n/zh-CN/notices.json");

#[derive(Deserialize, Default)]
struct File {
    notice_kinds: HashMap<String, String>,
    notice_mail: Mail,
}

#[derive(Deserialize, Default)]
struct Mail {
    subject: String,
    body: String,
}

static WORDS: LazyLock<File> = LazyLock::new(|| serde_json::from_str(SOURCE).unwrap_or_default());

/// What a notice says outside the console: its kind and the number of its subject, nothing else.
pub(crate) fn sentence(kind: &str, number: Option<&str>) -> String {
    let words = WORDS.notice_kinds.get(kind).map_or(kind, String::as_str);
    fill(words, "number", number.unwrap_or_default())
        .trim()
        .to_owned()
}

/// Subject and text of an e-mail.
pub(crate) fn mail(sentence: &str) -> (String, String) {
    let mail = &WORDS.notice_mail;
    (
        fill(&mail.subject, "notice", sentence),
        fill(&mail.body, "notice", sentence),
    )
}

fn fill(words: &str, hole: &str, value: &str) -> String {
    words.replace(&format!("{{{hole}}}"), value)
}

/// The number that may leave the house.
pub(crate) fn number(parameters: &Value) -> Option<&str> {
    parameters["number"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RULES;

    #[test]
    fn every_kind_has_a_sentence_that_holds_no_more_than_the_number() {
        for rule in RULES {
            let words = WORDS
                .notice_kinds
                .get(rule.kind)
                .unwrap_or_else(|| panic!("no words for {}", rule.kind));
            let said = sentence(rule.kind, Some("SJ20261123-0001"));
            assert!(!said.contains('{'), "{words}");
        }
        assert_eq!(
            sentence("trunk_down", Some("电信")),
            "中继线路 电信 不通，请检查"
        );
        assert_eq!(sentence("trunk_up", Some("电信")), "中继线路 电信 已恢复");
        let (subject, body) = mail("工单");
        assert!(subject.contains("工单") && body.contains("工单"));
    }
}
