//! The clauses of the contract, in the words of the requirement.

/// One clause.
#[derive(Debug, Clone, Copy)]
pub struct Clause {
    /// `A-46`
    pub code: &'static str,
    /// Marked ※: not to be deviated from.
    pub starred: bool,
    /// What is asked for.
    pub text: &'static str,
}

const fn clause(code: &'static str, starred: bool, text: &'static str) -> Clause {
    Clause {
        code,
        starred,
        text,
    }
}

/// All of them, in order.
pub const CLAUSES: [Clause; 69] = [
    clause("A-01", false, "承接…提供客服咨询服务的电话"),
    clause("A-02", false, "QQ"),
    clause("A-03", false, "微信公众号"),
    clause("A-04", false, "官网"),
    clause("A-05", false, "等"),
    clause("A-06", false, "业务咨询"),
    clause("A-07", false, "投诉处理"),
    clause("A-08", false, "信息查询"),
    clause("A-09", false, "故障指引"),
    clause("A-10", false, "处理 12345 等政民互动平台工单 办理"),
    clause("A-11", false, "现场管理：人员排班"),
    clause("A-12", false, "现场管理"),
    clause("A-13", false, "服务问题升级反馈及应对"),
    clause("A-14", false, "质量管理：质量监控及考核"),
    clause("A-15", false, "质量问题跟进解决"),
    clause("A-16", false, "数据分析：数据统计分析"),
    clause("A-17", false, "运营指标监控"),
    clause("A-18", false, "绩效分析及改进"),
    clause("A-19", false, "其他支撑：提供专项工作协助"),
    clause("A-20", false, "日常运营保障（配备日常办公用品…）"),
    clause("A-21", false, "提供专业学习、能力提升培训"),
    clause("A-22", false, "设立专门运营管理团队"),
    clause("A-23", false, "就日常工作及时联系、沟通"),
    clause("A-24", false, "指派专人作为日常联络机构"),
    clause("A-25", false, "往来信息…原则上以正式公函形式"),
    clause("A-26", false, "紧急情况…以约定方式通知到达联系人即可"),
    clause("A-27", false, "采购人有权…监督管理，供应商遵循管理规定"),
    clause("A-28", true, "6名客服座席人员专职"),
    clause("A-29", true, "呼入与呼出话务服务"),
    clause("A-30", true, "服务时间 5×8 小时/工作日"),
    clause("A-31", true, "紧急情况，非工作日需要安排加班，须全力配合"),
    clause("A-32", true, "受理和解答…来电或 12345 工单，落实首接负责制"),
    clause("A-33", true, "对需求进行判断和记录，及时处理"),
    clause("A-34", true, "认真履行请示报告制度"),
    clause("A-35", true, "紧急情况和重大突发事件，立即上报"),
    clause(
        "A-36",
        true,
        "收集和整理来电热点及难点问题，为业务培训和中心行政决策分析提供依据",
    ),
    clause(
        "A-37",
        true,
        "加强业务学习…新的业务知识做到短时间内融汇贯通",
    ),
    clause("A-38", true, "个人办公设备日常维护，相关区域安全、卫生"),
    clause("A-39", true, "（一）遵纪守法，无不良行为记录"),
    clause("A-40", true, "（二）丰富的热线客服岗位经验"),
    clause("A-41", true, "（三）中专及以上学历，年龄40岁以下，身体健康"),
    clause("A-42", true, "（四）熟练操作计算机，打字速度 ≥ 50 字/分钟"),
    clause("A-43", true, "（五）普通话标准，口齿清楚"),
    clause("A-44", true, "（六）理解力、思维、沟通、表达、亲和力"),
    clause("A-45", true, "服务连续性：已制订服务应急方案与策略"),
    clause(
        "A-46",
        true,
        "① 人员离职或不能履职：提前 5 个工作日通知，并提供资历相当的人员补位",
    ),
    clause(
        "A-47",
        true,
        "② 不能按约定完成工作时，采购人有权要求及时增派/调换",
    ),
    clause("A-48", true, "平滑过渡：承接在职 6 名人员"),
    clause("A-49", true, "配合完成转签，并向原公司支付招聘费用"),
    clause("A-50", false, "投标人须有政务类热线运营经验，≥ 3 年"),
    clause("A-51", false, "人员必须通过采购人的岗前培训，具备技能素质"),
    clause(
        "A-52",
        false,
        "采购人可要求协助…新上岗人员专业培训及服务资格考核；不合格者应予更换",
    ),
    clause(
        "A-53",
        false,
        "遵守法律、规章和作业流程；按服务标准、质量标准和时限做好服务和质量检查",
    ),
    clause("A-54", false, "不得泄露各类资料和业务数据"),
    clause("A-55", false, "与人员签订保密协议"),
    clause(
        "A-56",
        false,
        "泄露时配合追究供应商及人员法律责任和经济责任",
    ),
    clause("A-57", false, "人员费用报价不得低于广州法定最低基数"),
    clause(
        "A-58",
        false,
        "按《劳动法》缴纳 养老、医疗、工伤、生育、失业",
    ),
    clause(
        "A-59",
        false,
        "支付薪酬福利：工资 ≥ 最低、法定节假日加班费（全年 11 天）、绩效工资",
    ),
    clause("A-60", false, "不得转包"),
    clause("A-61", false, "未经采购人同意不得变更设施、布置及应答口径"),
    clause("A-62", false, "服务时间：合同签订之日起 12 个月"),
    clause("A-63", false, "最高限价 人民币 60 万"),
    clause(
        "A-64",
        false,
        "中标单价/人 × 实际到岗人数 结算；座席服务费 = 座席数 × 单价",
    ),
    clause("A-65", false, "每半年约定的时间提供费用结算表"),
    clause("A-66", false, "采购人审核，经 10 个工作日审核确认"),
    clause("A-67", false, "凭发票在 30 个工作日内完成支付"),
    clause("A-68", false, "到岗人数在审核后变化的，据实结算，多退少补"),
    clause(
        "A-69",
        false,
        "单价表：客服人员 / 元/座席/月 / 中标报价 / 6",
    ),
];
