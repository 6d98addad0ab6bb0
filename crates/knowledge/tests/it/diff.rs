//! What the purchaser sees of a change before he consents.

use knowledge::article::diff::{DiffLine, DiffOp, lines};
use proptest::prelude::*;

fn kept(lines: &[DiffLine], leave: DiffOp) -> String {
    let kept = lines.iter().filter(|line| line.op != leave);
    let texts = kept.map(|line| {
        let texts = line.segments.iter().map(|segment| segment.text.as_str());
        texts.collect::<String>()
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn in_a_rewritten_line_the_characters_that_changed_are_marked() {
    let found = lines("第一步：登录\n开放 3 天\n完", "第一步：登录\n开放 5 天\n完");
    let ops: Vec<DiffOp> = found.iter().map(|line| line.op).collect();
    assert_eq!(
        ops,
        [DiffOp::Equal, DiffOp::Delete, DiffOp::Insert, DiffOp::Equal]
    );
    let marked: Vec<&str> = found[2]
        .segments
        .iter()
        .filter(|segment| segment.op == DiffOp::Insert)
        .map(|segment| segment.text.as_str())
        .collect();
    assert_eq!(marked, ["5"]);
}

proptest! {
    #[test]
    fn both_versions_can_be_read_out_of_a_diff(before in "[甲乙丙\\n a]{0,40}", after in "[甲乙丙\\n a]{0,40}") {
        let found = lines(&before, &after);
        let whole = |text: &str| text.lines().collect::<Vec<_>>().join("\n");
        prop_assert_eq!(kept(&found, DiffOp::Insert), whole(&before));
        prop_assert_eq!(kept(&found, DiffOp::Delete), whole(&after));
    }
}
