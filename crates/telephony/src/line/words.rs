//! What the shipped prompts say; `prompts/make.sh` speaks the same words.

/// The words of a shipped prompt; what is no speech is named in brackets.
pub(super) fn shipped(name: &str) -> &'static str {
    match name {
        "greeting" => "您好，欢迎拨打服务热线。为了保证服务质量，本次通话将被录音。",
        "queue" => "座席正忙，请您稍候，我们将尽快为您接听。",
        "busy" => "现在来电较多，座席全忙，请稍后再拨。",
        "after_hours" => "您好，现在是非工作时间，请在工作时间再来电。",
        "goodbye" => "感谢您的来电，再见。",
        "staff_number" => "工号",
        "at_your_service" => "号话务员，为您服务。",
        "menu" => "请按键选择您要咨询的业务，或者稍候，由座席为您接听。",
        "place_before" => "您前面还有",
        "place_after" => "位来电者正在等候。",
        "wait_about" => "预计还需等待",
        "minutes" => "分钟。",
        "call_back" => "如需保留排队顺序由我们给您回拨，请按一键。",
        "called_back" => "已为您保留排队顺序，轮到您时座席将给您回拨，再见。",
        "closing" => "您好，工作时间已到，未能为您接通座席，敬请谅解。",
        "closing_call_back" => "我们将尽快按您的来电号码给您回电，请保持电话畅通。",
        "leave_message" => "请在提示音后留言，留言结束请按井号键，或者直接挂机。",
        "survey" => {
            "请您对本次服务作出评价：非常满意请按五，满意请按四，一般请按三，不满意请按二，非常不满意请按一。"
        }
        "thanks" => "感谢您，再见。",
        "incident" => "您好，目前系统出现故障，我们正在处理，给您带来不便，敬请谅解。",
        "holiday" => "您好，今天是节假日，请在工作日的工作时间再来电。",
        "ring_back" => "[450 Hz]",
        "tone" => "[1000 Hz]",
        "music" => "[♪]",
        "digit_0" => "零",
        "digit_1" => "幺",
        "digit_2" => "二",
        "digit_3" => "三",
        "digit_4" => "四",
        "digit_5" => "五",
        "digit_6" => "六",
        "digit_7" => "七",
        "digit_8" => "八",
        "digit_9" => "九",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::media::prompts::Prompts;

    #[test]
    fn what_is_shipped_can_be_read() {
        for name in Prompts::names() {
            assert!(!super::shipped(name).is_empty(), "{name}");
        }
        let script = include_str!("../../prompts/make.sh");
        for name in ["greeting", "survey", "holiday", "closing", "leave_message"] {
            assert!(script.contains(super::shipped(name)), "{name}");
        }
    }
}
