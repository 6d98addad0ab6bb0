//! What is somebody's, taken out of what agents and requesters wrote: numbers and addresses of e-mail by the patterns of
//! the knowledge base, then postal addresses, plates and account names, then names of people. It takes too much rather
//! than too little: a topic is published, and nobody in it may be known again.

use std::collections::{HashMap, HashSet};

use jieba_rs::Jieba;
use uuid::Uuid;

/// In the place of a name.
const NAME: &str = "[姓名]";
/// In the place of an address.
const ADDRESS: &str = "[地址]";
/// In the place of a plate or an account.
const ACCOUNT: &str = "[号码]";

/// The surnames that nineteen of twenty people have, and some more.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈\
姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温庞樊兰殷施洪翟\
安颜倪牛芦季俞章鲁葛伍申尤毕聂柴焦齐梅庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强麦区冼邝岑佘";
const DOUBLE: &[&str] = &[
    "欧阳", "司徒", "上官", "诸葛", "司马", "皇甫", "尉迟", "东方", "令狐",
];

/// What people are called by behind their name.
const TITLES: &[&str] = &[
    "先生", "女士", "小姐", "同志", "同学", "老师", "师傅", "阿姨", "叔叔", "大爷", "大妈", "大叔",
    "大姐", "大哥", "经理", "主任", "科长", "处长", "局长", "校长", "院长", "医生", "律师", "老板",
    "队长", "所长", "教授",
];

/// What stands before the name of somebody.
const CUES: &[&str] = &[
    "我叫",
    "名叫",
    "叫做",
    "姓名",
    "联系人",
    "来电人",
    "诉求人",
    "申请人",
    "当事人",
    "考生",
    "市民",
    "家长",
    "学员",
    "投诉人",
    "举报人",
    "网民",
    "用户",
    "客户",
    "经办人",
    "负责人",
    "法人",
    "法定代表人",
    "收件人",
    "缴费人",
    "本人",
    "群众",
    "男士",
    "代办人",
    "同事",
    "丈夫",
    "妻子",
    "儿子",
    "女儿",
    "父亲",
    "母亲",
    "朋友",
    "由",
    "座席",
    "客服",
    "员工",
    "职工",
    "工号",
    "来电",
    "其",
    "对方",
    "联系",
    "告知",
    "转告",
    "通知",
    "回电",
    "致电",
    "找",
    "给",
    "与",
    "和",
    "跟",
    "向",
    "叫",
    "是",
    "名为",
];

/// Words that begin with a surname and are nobody.
const ORDINARY: &[&str] = &[
    "高分",
    "高级",
    "方便",
    "高中",
    "高职",
    "金额",
    "安全",
    "安排",
    "时间",
    "方式",
    "方法",
    "成绩",
    "成功",
    "关于",
    "向下",
    "单位",
    "马上",
    "白天",
    "万元",
    "安装",
    "安卓",
    "方案",
    "成人",
    "管理",
    "管理员",
    "时效",
    "路径",
    "项目",
    "于是",
    "强制",
    "查询",
    "查看",
    "包括",
    "纪律",
    "曲线",
    "解释",
    "解决",
    "宁愿",
    "景区",
    "易错",
    "严重",
    "温馨",
    "毕业",
    "毕业证",
    "毕业生",
    "高校",
    "高考",
    "金融",
    "石油",
    "江门",
    "梅州",
    "汕尾",
    "云浮",
    "白云",
    "黄埔",
    "荔湾",
    "从化",
    "增城",
    "番禺",
    "花都",
    "越秀",
    "海珠",
    "天河",
    "南沙",
    "龙岗",
    "罗湖",
    "江苏",
    "江西",
    "陕西",
    "贵州",
    "宁夏",
    "安徽",
    "湖南",
    "辛苦",
    "谢谢",
    "麻烦",
    "任何",
    "任务",
    "计划",
    "何时",
    "成为",
    "成员",
    "余额",
    "钱款",
    "钱包",
    "龙卡",
    "万一",
    "向上",
    "连接",
    "关闭",
    "关联",
    "阳光",
    "路由",
    "温度",
    "施工",
    "盛大",
    "凌晨",
    "章程",
    "单个",
    "位置",
    "区分",
    "解绑",
    "解锁",
    "查不到",
    "查验",
    "章节",
    "时限",
    "游客",
    "席位",
    "任职",
    "任教",
    "高工",
    "季度",
];

/// A text without what is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The text, with words in brackets where something stood.
    pub text: String,
    /// How much was taken out.
    pub holes: usize,
}

/// Takes out what is somebody's.
pub struct Masker<'a> {
    dictionary: &'a Jieba,
    /// Words that look like names and are said by many: 白屏.
    ordinary: HashSet<String>,
}

impl<'a> Masker<'a> {
    /// With the dictionary alone.
    pub fn new(dictionary: &'a Jieba) -> Self {
        Self {
            dictionary,
            ordinary: HashSet::new(),
        }
    }

    /// Learns from texts, each with whose it is, which words are nobody's name though they begin with a surname and
    /// stand in no dictionary: those that at least `least` people say, and hardly ever where names stand.
    pub fn learned<'t>(
        dictionary: &'a Jieba,
        texts: impl Iterator<Item = (Uuid, &'t str)>,
        least: usize,
    ) -> Self {
        let mut seen: HashMap<String, (HashSet<Uuid>, usize, usize)> = HashMap::new();
        for (whose, text) in texts {
            let chars: Vec<char> = text.chars().collect();
            for tag in dictionary.tag(text, true) {
                let word = &chars[tag.start..tag.end];
                let looks = surname(word) > 0
                    && (2..=4).contains(&word.len())
                    && word.iter().all(|char| is_han(*char));
                if !looks || dictionary.has_word(tag.word) {
                    continue;
                }
                let (people, all, named) = seen.entry(tag.word.to_owned()).or_default();
                people.insert(whose);
                *all += 1;
                *named += usize::from(stands_as_name(&chars, tag.start, tag.end));
            }
        }
        let ordinary = seen
            .into_iter()
            .filter(|(_, (people, all, named))| people.len() >= least && named * 10 <= *all);
        Self {
            dictionary,
            ordinary: ordinary.map(|(word, _)| word).collect(),
        }
    }

    /// The text without what is somebody's. `known` are names that are known from elsewhere: of the requester, of
    /// colleagues.
    pub fn mask(&self, text: &str, known: &[String]) -> Masked {
        let mut text = knowledge::without_personal_data(text);
        for name in known.iter().filter(|name| name.chars().count() > 1) {
            text = text.replace(name.as_str(), NAME);
        }
        let text = without_addresses(&text);
        let text = without_accounts(&text);
        let text = self.without_names(&text);
        let holes = text.matches('[').count();
        Masked { text, holes }
    }

    fn is_ordinary(&self, word: &str) -> bool {
        ORDINARY.contains(&word) || self.ordinary.contains(word)
    }

    /// A word that is in every dictionary, and in none as the name of somebody or of a place: people are called 建国
    /// and 海燕, and the dictionary has a 高建国 as a place.
    fn is_plain(&self, word: &str) -> bool {
        if self.is_ordinary(word) {
            return true;
        }
        if !self.dictionary.has_word(word) {
            return false;
        }
        let tags = self.dictionary.tag(word, false);
        matches!(tags.as_slice(), [one] if !["nr", "ns", "nz", "nt", "r"].iter().any(|name| one.tag.starts_with(name)))
    }
}

fn is_han(char: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&char)
}

fn is_number(char: char) -> bool {
    char.is_ascii_alphanumeric()
        || char.is_numeric()
        || "零〇一二三四五六七八九十百甲乙丙丁".contains(char)
}

/// Streets, houses and rooms: from the first sign of a place back to where the words begin, to the last number of a
/// door. `[地址]` stands for all of it.
fn without_addresses(text: &str) -> String {
    const DOORS: &str = "号栋座幢楼层单室房户弄巷梯";
    const PLACES: &[&str] = &[
        "大道", "路", "街", "巷", "村", "花园", "小区", "苑", "新城", "公寓", "大厦", "广场", "镇",
        "乡", "社区", "家园", "里", "坊", "城",
    ];
    let chars: Vec<char> = text.chars().collect();
    let mut gone = vec![false; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let digits = chars[at..]
            .iter()
            .take_while(|char| is_number(**char))
            .count();
        let door = chars.get(at + digits).copied().unwrap_or(' ');
        // 12 号 alone is a day, 3 层 a floor of anything: it is an address behind a place, or beside another door.
        if digits == 0 || !DOORS.contains(door) {
            at += digits.max(1);
            continue;
        }
        let mut end = at + digits + 1;
        let mut doors = 1;
        loop {
            let more = chars[end..]
                .iter()
                .take_while(|char| is_number(**char))
                .count();
            let next = chars.get(end + more).copied().unwrap_or(' ');
            if more > 0 && DOORS.contains(next) {
                doors += 1;
                end += more + 1;
            } else if more > 1 && doors > 0 && !next.is_ascii_alphabetic() && next != '元' {
                end += more;
                doors += 1;
                break;
            } else if next == '元' && chars.get(end) == Some(&'元') && doors > 0 {
                // 3单元
                end += 1;
            } else {
                break;
            }
        }
        let before: String = chars[at.saturating_sub(14)..at].iter().collect();
        let place = PLACES.iter().any(|place| before.ends_with(place));
        if place || doors > 1 {
            let from = chars[..at].iter().rev().take(18);
            let words = from
                .take_while(|char| {
                    (is_han(**char) || is_number(**char)) && !"住在址于到往是寄".contains(**char)
                })
                .count();
            gone[at - words..end].fill(true);
        }
        at = end;
    }
    filled(&chars, &gone, ADDRESS)
}

/// Plates (粤A12345) and names of accounts: letters and digits mixed, six and more.
fn without_accounts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut gone = vec![false; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let sign = |char: &&char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
        let length = chars[at..].iter().take_while(sign).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let word = &chars[at..at + length];
        let digits = word.iter().filter(|char| char.is_ascii_digit()).count();
        let letters = word
            .iter()
            .filter(|char| char.is_ascii_alphabetic())
            .count();
        let plate = at > 0
            && "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼港澳"
                .contains(chars[at - 1]);
        let mixed = digits >= 3 && letters >= 1 && digits + letters >= 6;
        if mixed || word.contains(&'_') {
            let from = if plate { at - 1 } else { at };
            gone[from..at + length].fill(true);
        }
        at += length;
    }
    filled(&chars, &gone, ACCOUNT)
}

fn filled(chars: &[char], gone: &[bool], word: &str) -> String {
    let mut left = String::with_capacity(chars.len() * 3);
    for (at, char) in chars.iter().enumerate() {
        if !gone[at] {
            left.push(*char);
        } else if at == 0 || !gone[at - 1] {
            left.push_str(word);
        }
    }
    left
}

fn is_surname(char: char) -> bool {
    SURNAMES.contains(char)
}

/// How many characters of surname a word begins with.
fn surname(chars: &[char]) -> usize {
    let two: String = chars.iter().take(2).collect();
    if DOUBLE.contains(&two.as_str()) {
        2
    } else {
        usize::from(chars.first().is_some_and(|char| is_surname(*char)))
    }
}

fn ends_with(chars: &[char], end: usize, word: &str) -> bool {
    let length = word.chars().count();
    length <= end && chars[end - length..end].iter().copied().eq(word.chars())
}

/// Where a cue ends, signs between it and what follows left out.
fn after_cue(chars: &[char], at: usize) -> bool {
    let mut end = at;
    while end > 0
        && matches!(
            chars[end - 1],
            ':' | '：' | ' ' | '是' | '为' | '，' | ',' | '“' | '"' | '（' | '('
        )
    {
        end -= 1;
    }
    CUES.iter().any(|cue| ends_with(chars, end, cue))
}

/// 王某某, 李某.
fn some_one(chars: &[char], gone: &mut [bool]) {
    for at in 1..chars.len() {
        if chars[at] == '某' && (is_surname(chars[at - 1]) || gone[at - 1]) {
            gone[at - 1..=at].fill(true);
        }
    }
}

impl Masker<'_> {
    fn without_names(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut gone = vec![false; chars.len()];
        let tags = self.dictionary.tag(text, true);
        for (n, tag) in tags.iter().enumerate() {
            let word = &chars[tag.start..tag.end];
            let head = surname(word);
            let all_han = word.iter().all(|char| is_han(*char));
            if !all_han || self.is_ordinary(tag.word) {
                continue;
            }
            let is_name = tag.tag.starts_with("nr");
            let unknown = !self.dictionary.has_word(tag.word);
            let whole =
                head > 0 && word.len() > head && word.len() <= head + 2 && (is_name || unknown);
            // A name of few letters that the dictionary knows without a surname: 建国, 丽娟.
            let given = is_name && head == 0 && (2..=3).contains(&word.len());
            if whole || given {
                gone[tag.start..tag.end].fill(true);
            }
            // Cut in two: 欧阳 明, 王 芳, 陈 思雨.
            let split = head == word.len() && (is_name || after_cue(&chars, tag.start));
            if split {
                let room = 2;
                let mut end = tag.end;
                for next in &tags[n + 1..] {
                    let word = &chars[next.start..next.end];
                    let fits = next.end - tag.end <= room && word.iter().all(|char| is_han(*char));
                    let small =
                        "的了在于和与被是称说来问想要有不已电因至为请对将到".contains(word[0]);
                    if !fits || small || TITLES.contains(&next.word) {
                        break;
                    }
                    end = next.end;
                }
                if end > tag.end || after_cue(&chars, tag.start) {
                    gone[tag.start..end].fill(true);
                }
            }
        }
        self.before_titles(&chars, &mut gone);
        some_one(&chars, &mut gone);
        self.behind_cues(&chars, &mut gone);
        filled(&chars, &gone, NAME)
    }

    /// 王先生, 陈丽女士.
    fn before_titles(&self, chars: &[char], gone: &mut [bool]) {
        for at in 0..chars.len() {
            if !TITLES.iter().any(|title| {
                chars[at..]
                    .iter()
                    .copied()
                    .take(title.chars().count())
                    .eq(title.chars())
            }) {
                continue;
            }
            let mut from = None;
            for length in 1..=4.min(at) {
                let word = &chars[at - length..at];
                if !word.iter().all(|char| is_han(*char)) {
                    break;
                }
                let head = surname(word);
                let written: String = word.iter().collect();
                if head > 0 && length <= head + 2 && !(length > 1 && self.is_plain(&written)) {
                    from = Some(at - length);
                }
            }
            if let Some(from) = from {
                gone[from..at].fill(true);
            }
        }
    }

    /// What stands behind a cue and begins with a surname, where no known word begins there: 考生任嘉怡.
    fn behind_cues(&self, chars: &[char], gone: &mut [bool]) {
        for at in 0..chars.len() {
            let head = surname(&chars[at..]);
            if head == 0 || gone[at] || !after_cue(chars, at) {
                continue;
            }
            let rest = &chars[at..chars.len().min(at + head + 2)];
            let han = rest.iter().take_while(|char| is_han(**char)).count();
            let word = |length: usize| rest[..length].iter().collect::<String>();
            if han <= head || (2..=han).any(|length| self.is_plain(&word(length))) {
                continue;
            }
            // 王芳 表示: a word begins behind the second character, so the name ends there.
            let behind: String = chars[at + head + 1..].iter().take(4).collect();
            let next = self.dictionary.cut(&behind, false);
            let ends = next
                .first()
                .is_some_and(|next| next.word.chars().count() > 1 && self.is_plain(next.word));
            let length = if ends { head + 1 } else { han };
            gone[at..at + length].fill(true);
        }
    }
}

/// A word stands where names do: behind a cue or before a title.
fn stands_as_name(chars: &[char], from: usize, end: usize) -> bool {
    let titled = TITLES.iter().any(|title| {
        chars[end..]
            .iter()
            .copied()
            .take(title.chars().count())
            .eq(title.chars())
    });
    // 是白屏: what anything may follow is no cue here.
    let weak = from > 0 && "是和与给向跟其由找".contains(chars[from - 1]);
    titled || (!weak && after_cue(chars, from))
}
