//! 20,000 made-up summaries of five weeks with 15 topics planted in the last one: always the same ones.

use analytics::topics::find::Said;
use uuid::Uuid;

/// Summaries of a week.
const A_WEEK: usize = 4_000;

/// What was planted.
pub struct Planted {
    /// What a phrase of it holds, any of these.
    pub says: &'static [&'static str],
    /// Ways to say it.
    ways: &'static [&'static str],
    matter: &'static str,
    /// How many of them in each week, the latest first.
    weeks: [usize; 5],
    /// On this day alone.
    day: Option<usize>,
}

const fn burst(
    says: &'static [&'static str],
    ways: &'static [&'static str],
    matter: &'static str,
    weeks: [usize; 5],
) -> Planted {
    Planted {
        says,
        ways,
        matter,
        weeks,
        day: None,
    }
}

/// The fifteen.
pub const PLANTED: [Planted; 15] = [
    burst(
        &["人脸识别"],
        &[
            "登录时人脸识别通不过",
            "人脸识别反复失败，进不去系统",
            "手机端人脸识别没反应",
            "提交前人脸识别一直转圈",
        ],
        "exam_signup",
        [45, 4, 5, 3, 4],
    ),
    burst(
        &["照片审核", "证件照"],
        &[
            "照片审核不通过，不清楚原因",
            "上传的证件照被退回，照片审核未过",
            "照片审核要等几天",
            "证件照底色不符，照片审核不过",
        ],
        "exam_signup",
        [60, 15, 14, 16, 13],
    ),
    Planted {
        says: &["白屏", "空白页"],
        ways: &[
            "报名网站打开是白屏",
            "点进去页面白屏，刷新没用",
            "系统白屏看不到报名入口",
            "首页一片空白页，换浏览器也白屏",
        ],
        matter: "system_fault",
        weeks: [55, 1, 0, 1, 0],
        day: Some(2),
    },
    burst(
        &["学时"],
        &[
            "继续教育学时没有同步过来",
            "学时不同步，评审系统看不到",
            "公需课学时未同步",
            "已学完但学时同步失败",
        ],
        "continuing_education",
        [48, 38, 27, 19, 12],
    ),
    burst(
        &["粤省事", "闪退"],
        &[
            "粤省事小程序闪退",
            "打开粤省事就闪退",
            "粤省事查证书时闪退",
            "安卓手机粤省事崩溃，闪退多次",
        ],
        "e_certificate",
        [40, 3, 2, 3, 2],
    ),
    burst(
        &["退费"],
        &[
            "重复缴费要求退费",
            "缴了两次款，退费多久到账",
            "退费申请在哪里提交",
            "缴费后放弃考试能不能退费",
        ],
        "exam_fee",
        [70, 22, 20, 24, 21],
    ),
    burst(
        &["以考代评"],
        &[
            "以考代评具体怎么走",
            "今年以考代评的合格线",
            "以考代评后还要不要评审",
            "听说以考代评取消了",
        ],
        "title_review",
        [38, 2, 3, 2, 3],
    ),
    burst(
        &["人才引进补贴", "引进补贴"],
        &[
            "人才引进补贴什么条件",
            "人才引进补贴申报入口找不到",
            "人才引进补贴迟迟未发放",
            "问人才引进补贴的标准",
        ],
        "talent",
        [35, 4, 3, 5, 4],
    ),
    burst(
        &["考点变更", "考场变更", "考点"],
        &[
            "考点变更没有收到短信",
            "接到通知考点变更到外区",
            "考点变更后准考证要重打",
            "为什么临时考点变更",
        ],
        "exam_admission",
        [42, 0, 1, 0, 0],
    ),
    burst(
        &["水电气缴费", "社保断缴", "断缴"],
        &[
            "社保断缴影响评职称吗",
            "社保断缴两个月能否报名",
            "社保断缴怎么补",
            "换单位社保断缴，资格审核不过",
        ],
        "eligibility",
        [44, 9, 8, 10, 9],
    ),
    burst(
        &["双盲评审", "双盲"],
        &[
            "双盲评审材料怎样隐去信息",
            "双盲评审不让出现单位",
            "双盲评审论文被退",
            "双盲评审什么时候开始",
        ],
        "title_review",
        [33, 0, 0, 0, 0],
    ),
    burst(
        &["邮寄证书", "邮寄"],
        &[
            "邮寄证书两周没收到",
            "邮寄证书的快递单号查不到",
            "证书改为邮寄要付费吗",
            "邮寄证书寄错地方",
        ],
        "certificate_post",
        [52, 14, 13, 15, 12],
    ),
    burst(
        &["验证码"],
        &[
            "短信验证码收不到",
            "验证码一直不来",
            "验证码输入正确却说错误",
            "换手机后验证码发到旧机",
        ],
        "login",
        [66, 20, 19, 21, 18],
    ),
    burst(
        &["加试", "计算机科目"],
        &[
            "计算机科目加试时间",
            "计算机科目临时加试在哪里考",
            "漏考的计算机科目加试怎样报",
            "加试的计算机科目算不算一次",
        ],
        "exam_signup",
        [36, 2, 1, 2, 2],
    ),
    burst(
        &["破格申报", "破格"],
        &[
            "破格申报高级职称的条件",
            "破格申报需要几位专家推荐",
            "破格申报窗口何时关闭",
            "基层破格申报有没有年限",
        ],
        "title_review",
        [39, 10, 9, 8, 9],
    ),
];

/// What is asked every week, by matter.
const EVER: &[(&str, &[&str], &[&str])] = &[
    (
        "exam_signup",
        &[
            "一级建造师",
            "二级建造师",
            "注册安全工程师",
            "经济师",
            "会计初级",
            "社会工作者",
            "执业药师",
            "监理工程师",
            "造价工程师",
            "消防工程师",
        ],
        &[
            "报名时间",
            "报名条件",
            "报名入口",
            "资格审核",
            "学历要求",
            "工作年限证明",
            "报考级别",
            "增报专业",
        ],
    ),
    (
        "exam_admission",
        &["准考证", "考试地点", "考试时间", "入场规定", "机考模拟"],
        &[
            "打印不了",
            "什么时候公布",
            "信息有误",
            "忘记打印",
            "能否更改",
        ],
    ),
    (
        "exam_result",
        &["成绩", "合格标准", "分数线", "成绩复核", "合格名单"],
        &["何时公布", "怎么查询", "有异议", "查不到", "有效期多久"],
    ),
    (
        "title_review",
        &["初级职称", "中级职称", "高级职称", "职称认定", "评审委员会"],
        &[
            "申报条件",
            "申报材料",
            "公示时间",
            "论文要求",
            "业绩要求",
            "评审结果",
            "系统填报",
        ],
    ),
    (
        "certificate_post",
        &["职业资格证书", "职称证书", "合格证明", "继续教育证书"],
        &[
            "什么时候领取",
            "怎样补办",
            "遗失补发",
            "信息更正",
            "代领材料",
        ],
    ),
    (
        "e_certificate",
        &["电子证书", "电子职称证", "证书编号"],
        &["怎么下载", "查验不到", "信息错误", "打印尺寸"],
    ),
    (
        "exam_fee",
        &["报名费", "考试费", "缴费"],
        &["标准是多少", "如何开票", "支付失败", "截止时间"],
    ),
    (
        "continuing_education",
        &["公需课", "专业课", "继续教育"],
        &["多少分钟", "怎么学习", "在哪报名", "年度要求", "证明打印"],
    ),
    (
        "login",
        &["账号", "密码", "注册信息", "实名认证"],
        &["忘记了", "被锁定", "修改手机", "审核多久", "信息不一致"],
    ),
    (
        "talent",
        &["落户", "人才入户", "博士后补助", "优粤卡"],
        &["办理流程", "所需材料", "办理进度", "窗口地址"],
    ),
    (
        "eligibility",
        &["社保记录", "学历认证", "工作经历", "居住证"],
        &["怎样提供", "是否承认", "不一致", "核验失败"],
    ),
    (
        "system_fault",
        &["系统", "网页", "附件", "浏览器"],
        &["打不开", "上传失败", "提交报错", "卡住了", "加载慢"],
    ),
];

const BEGINS: &[&str] = &[
    "来电人",
    "市民",
    "诉求人",
    "群众",
    "考生",
    "来电",
    "其",
    "对方",
];
const VERBS: &[&str] = &[
    "咨询",
    "反映",
    "询问",
    "表示",
    "想了解",
    "称",
    "来电反映",
    "致电咨询",
];
const ENDS: &[&str] = &[
    "，已解释。",
    "，已按口径答复。",
    "，请尽快回复。",
    "，已登记。",
    "。",
    "，情绪较急。",
    "，已告知办理渠道。",
    "，要求回电。",
    "，希望尽快处理。",
    "，已转相关科室跟进。",
    "，第二次来电。",
];
const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "罗", "高", "郑", "梁", "谢", "宋", "唐", "欧阳",
];
const GIVEN: &[&str] = &[
    "伟", "芳", "建国", "丽娟", "思雨", "嘉怡", "志强", "海燕", "子涵", "晓明", "文静", "国华",
    "雅婷", "俊杰", "秀英", "浩然", "美玲", "振宇",
];
const STREETS: &[&str] = &[
    "天河区中山大道西",
    "海珠区新港西路",
    "越秀区东风东路",
    "白云区机场路",
    "番禺区市桥大北路",
];

/// A stream of numbers, always the same.
pub struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }

    fn digits(&mut self, many: usize) -> String {
        (0..many)
            .map(|_| char::from(b'0' + self.roll(10) as u8))
            .collect()
    }
}

/// What is somebody's in the set.
#[derive(Default)]
pub struct Personal {
    /// Names, numbers, streets and addresses as they stand there.
    pub all: Vec<String>,
}

/// The summaries, and for each the topic that was planted in it.
pub struct MadeUp {
    /// Of the last week.
    pub now: Vec<(Said, Option<usize>)>,
    /// Of the four before.
    pub before: Vec<Said>,
    /// What may not come out.
    pub personal: Personal,
}

fn sprinkled(dice: &mut Dice, core: &str, personal: &mut Personal) -> String {
    let name = format!("{}{}", dice.of(SURNAMES), dice.of(GIVEN));
    let (begin, end) = (dice.of(BEGINS), dice.of(ENDS));
    let verb = dice.of(VERBS);
    let mut keep = |text: String| {
        personal.all.push(text.clone());
        text
    };
    match dice.roll(12) {
        0 => format!("{begin}{}{verb}{core}{end}", keep(name)),
        1 => format!("{}先生{verb}{core}{end}", keep(name)),
        2 => format!(
            "{core}，联系人：{}，电话{}{end}",
            keep(name),
            keep(format!("13{}", dice.digits(9)))
        ),
        3 => format!("我叫{}，{core}{end}", keep(name)),
        4 => format!(
            "{begin}{verb}{core}，身份证{}{end}",
            keep(format!("4401061990{}", dice.digits(8)))
        ),
        5 => format!(
            "{core}，住{}{}{end}",
            keep(dice.of(STREETS).to_owned()),
            keep(format!("{}号{}栋", dice.digits(3), dice.digits(2)))
        ),
        6 => format!(
            "{begin}{verb}{core}，邮箱{}{end}",
            keep(format!("u{}@example.org", dice.digits(5)))
        ),
        _ => format!("{begin}{verb}{core}{end}"),
    }
}

/// Makes them.
pub fn make() -> MadeUp {
    let mut dice = Dice(20_261_127);
    let mut personal = Personal::default();
    let (mut now, mut before) = (Vec::new(), Vec::new());
    let mut number = 0_u128;
    for week in 0..5 {
        let mut texts: Vec<(String, &str, Option<usize>, Option<usize>)> = Vec::new();
        for (n, planted) in PLANTED.iter().enumerate() {
            for _ in 0..planted.weeks[week] {
                let core = dice.of(planted.ways).to_owned();
                texts.push((core, planted.matter, Some(n), planted.day));
            }
        }
        while texts.len() < A_WEEK {
            let (matter, subjects, objects) = EVER[dice.roll(EVER.len())];
            let mut core = format!("{}{}", dice.of(subjects), dice.of(objects));
            if dice.roll(4) == 0 {
                core = format!("{core}，另问{}{}", dice.of(subjects), dice.of(objects));
            }
            texts.push((core, matter, None, None));
        }
        for (core, matter, planted, day) in texts {
            number += 1;
            let text = sprinkled(&mut dice, &core, &mut personal);
            let said = Said {
                contact: Uuid::from_u128(number),
                requester: Uuid::from_u128(1_000_000 + dice.roll(15_000) as u128),
                span: week,
                day: day.unwrap_or_else(|| dice.roll(5)),
                matter: Some(matter.to_owned()),
                text,
                names: Vec::new(),
            };
            if week == 0 {
                now.push((said, planted));
            } else {
                before.push(said);
            }
        }
    }
    personal.all.sort();
    personal.all.dedup();
    MadeUp {
        now,
        before,
        personal,
    }
}
