// Every page of the console: its address, its place in the rail, and the right it needs.
import {
  AlarmClock, Avatar, Bell, Calendar, ChatDotRound, ChatLineRound, ChatLineSquare, Checked, CircleCheck, CircleClose, Clock, Collection, Connection, Cpu, DataBoard, DocumentChecked, EditPen, Files, Finished, Guide, Histogram,
  Headset, HomeFilled, Key, Lightning, Link, Medal, Memo, Message, Mic, Microphone, Monitor, MuteNotification, Notebook, OfficeBuilding, Operation, Phone, PhoneFilled, Postcard, Promotion, QuestionFilled, Reading, School, Search, SetUp, Share, Stamp,
  Stopwatch, Suitcase, Switch, Tickets, Top, User, UserFilled, Warning, WarningFilled,
} from '@element-plus/icons-vue'
import { Box, CirclePlus, Coin, DataLine, Document, Download, FirstAidKit, Grid, Management, Money, Moon, Odometer, PriceTag, Right, Sort, Timer, TrendCharts, Trophy, Unlock, Upload, View, Wallet } from '@element-plus/icons-vue'
import type { Component } from 'vue'
import { P } from '@/api/permissions'
import type { Reach } from '@/api/types'

export interface PageDef {
  /** Also the i18n key `pages.<name>`. */
  name: string
  path: string
  icon: Component
  /** Any one of these opens the page; none: everybody who is signed in. */
  needs: string[]
  /** Of no use to who sees only rows of his own: those have a page under "my work". */
  wide?: boolean
  group: 'work' | 'knowledge' | 'quality' | 'learning' | 'floor' | 'cases' | 'people' | 'settlement' | 'analytics' | 'workforce' | 'dealings' | 'site' | 'organization' | 'system'
  load: () => Promise<unknown>
}

export const PAGES: PageDef[] = [
  { name: 'home', path: '/home', icon: HomeFilled, needs: [], group: 'work', load: () => import('@/features/home/HomePage.vue') },
  { name: 'waiting', path: '/waiting', icon: Checked, needs: [P.viewWaiting], group: 'work', load: () => import('@/features/home/WaitingPage.vue') },
  { name: 'liaison_todo', path: '/liaison-todo', icon: Tickets, needs: [P.viewLiaisonTodo], group: 'work', load: () => import('@/features/liaison/TodoPage.vue') },
  { name: 'contract', path: '/contract', icon: DocumentChecked, needs: [P.viewContract], group: 'organization', load: () => import('@/features/home/ContractPage.vue') },
  { name: 'desk', path: '/desk', icon: Headset, needs: [P.takeCalls], group: 'work', load: () => import('@/features/floor/DeskPage.vue') },
  { name: 'inbox', path: '/inbox', icon: ChatDotRound, needs: [P.answerConversations], group: 'work', load: () => import('@/features/channels/InboxPage.vue') },
  { name: 'my_day', path: '/my-day', icon: AlarmClock, needs: [P.handleTickets], group: 'work', load: () => import('@/features/tickets/MyDayPage.vue') },
  { name: 'sign_off', path: '/sign-off', icon: CircleCheck, needs: [P.signOffTickets], group: 'work', load: () => import('@/features/tickets/SignOffPage.vue') },
  { name: 'my_calls', path: '/my/calls', icon: Phone, needs: [P.takeCalls], group: 'work', load: () => import('@/features/telephony/CallsPage.vue') },
  { name: 'my_tickets', path: '/my/tickets', icon: Tickets, needs: [P.takeCalls], group: 'work', load: () => import('@/features/tickets/TicketsPage.vue') },
  { name: 'my_reading', path: '/my-reading', icon: Reading, needs: [P.viewArticles], group: 'work', load: () => import('@/features/knowledge/ReadingPage.vue') },
  { name: 'my_learning', path: '/my-learning', icon: School, needs: [P.takeExams, P.takeTyping], group: 'work', load: () => import('@/features/learning/MyLearningPage.vue') },
  { name: 'my_handovers', path: '/my/handovers', icon: Sort, needs: [P.answerHandovers], group: 'work', load: () => import('@/features/personnel/MyHandoversPage.vue') },
  { name: 'my_qualification', path: '/my/qualification', icon: Management, needs: [P.takeCalls], group: 'work', load: () => import('@/features/personnel/MyQualificationPage.vue') },
  { name: 'my_roster', path: '/my/roster', icon: Calendar, needs: [P.ownRoster], group: 'work', load: () => import('@/features/workforce/MyRosterPage.vue') },
  { name: 'my_attendance', path: '/my/attendance', icon: Timer, needs: [P.punch], group: 'work', load: () => import('@/features/workforce/MyAttendancePage.vue') },
  { name: 'my_payslips', path: '/my/payslips', icon: Wallet, needs: [P.viewPay], group: 'work', load: () => import('@/features/wages/MyPayslipsPage.vue') },
  { name: 'my_evaluations', path: '/my/evaluations', icon: Medal, needs: [P.answerEvaluations], group: 'work', load: () => import('@/features/quality/MyEvaluationsPage.vue') },
  { name: 'my_performance', path: '/my/performance', icon: Trophy, needs: [P.takeCalls], group: 'work', load: () => import('@/features/analytics/performance/PerformancePage.vue') },
  { name: 'knowledge_search', path: '/knowledge-search', icon: Search, needs: [P.viewArticles], group: 'knowledge', load: () => import('@/features/knowledge/SearchPage.vue') },
  { name: 'lookups', path: '/lookups', icon: Clock, needs: [P.viewLookups], group: 'knowledge', load: () => import('@/features/knowledge/LookupsPage.vue') },
  { name: 'fault_trees', path: '/fault-trees', icon: Guide, needs: [P.viewArticles], group: 'knowledge', load: () => import('@/features/knowledge/FaultTreesPage.vue') },
  { name: 'fault_tree_walks', path: '/fault-tree-walks', icon: Finished, needs: [P.viewWalks], group: 'knowledge', load: () => import('@/features/knowledge/WalksPage.vue') },
  { name: 'articles', path: '/articles', icon: Notebook, needs: [P.viewArticles], group: 'knowledge', load: () => import('@/features/knowledge/ArticlesPage.vue') },
  { name: 'approvals', path: '/approvals', icon: EditPen, needs: [P.viewApprovals], group: 'knowledge', load: () => import('@/features/knowledge/ApprovalsPage.vue') },
  { name: 'knowledge_gaps', path: '/knowledge-gaps', icon: QuestionFilled, needs: [P.handleGaps], group: 'knowledge', load: () => import('@/features/knowledge/GapsPage.vue') },
  { name: 'synonyms', path: '/synonyms', icon: Share, needs: [P.manageSynonyms], group: 'knowledge', load: () => import('@/features/knowledge/SynonymsPage.vue') },
  { name: 'evaluations', path: '/evaluations', icon: Checked, needs: [P.viewEvaluations], wide: true, group: 'quality', load: () => import('@/features/quality/EvaluationsPage.vue') },
  { name: 'quality_agents', path: '/quality-agents', icon: Histogram, needs: [P.viewEvaluations], group: 'quality', load: () => import('@/features/quality/QualityAgentsPage.vue') },
  { name: 'corrective_actions', path: '/corrective-actions', icon: Finished, needs: [P.viewCorrectiveActions], group: 'quality', load: () => import('@/features/quality/CorrectiveActionsPage.vue') },
  { name: 'calibrations', path: '/calibrations', icon: SetUp, needs: [P.calibrate], group: 'quality', load: () => import('@/features/quality/CalibrationsPage.vue') },
  { name: 'sampling_draws', path: '/sampling-draws', icon: Grid, needs: [P.drawSamples], group: 'quality', load: () => import('@/features/quality/SamplingPage.vue') },
  { name: 'score_cards', path: '/score-cards', icon: Tickets, needs: [P.viewScoreCards], group: 'quality', load: () => import('@/features/quality/ScoreCardsPage.vue') },
  { name: 'training', path: '/training', icon: Suitcase, needs: [P.viewTraining], wide: true, group: 'learning', load: () => import('@/features/learning/TrainingPage.vue') },
  { name: 'questions', path: '/questions', icon: Collection, needs: [P.viewQuestions], group: 'learning', load: () => import('@/features/learning/QuestionsPage.vue') },
  { name: 'papers', path: '/papers', icon: Files, needs: [P.viewExams], group: 'learning', load: () => import('@/features/learning/PapersPage.vue') },
  { name: 'exams', path: '/exams', icon: Histogram, needs: [P.viewExams], group: 'learning', load: () => import('@/features/learning/ExamsPage.vue') },
  { name: 'exam_marking', path: '/exam-marking', icon: EditPen, needs: [P.markExams], group: 'learning', load: () => import('@/features/learning/MarkingPage.vue') },
  { name: 'certificates', path: '/certificates', icon: Postcard, needs: [P.viewCertificates], wide: true, group: 'learning', load: () => import('@/features/learning/CertificatesPage.vue') },
  { name: 'typing_tests', path: '/typing-tests', icon: Stopwatch, needs: [P.viewTyping], group: 'learning', load: () => import('@/features/learning/TypingTestsPage.vue') },
  { name: 'control_room', path: '/control-room', icon: Monitor, needs: [P.viewFloor], group: 'floor', load: () => import('@/features/floor/ControlRoomPage.vue') },
  { name: 'wallboard', path: '/wallboard', icon: DataBoard, needs: [P.viewWallboard], group: 'floor', load: () => import('@/features/floor/WallboardPage.vue') },
  { name: 'site_log', path: '/site-log', icon: View, needs: [P.viewSiteLog], group: 'floor', load: () => import('@/features/floor/SiteLogPage.vue') },
  { name: 'calls', path: '/calls', icon: PhoneFilled, needs: [P.viewCalls], wide: true, group: 'floor', load: () => import('@/features/telephony/CallsPage.vue') },
  { name: 'recordings', path: '/recordings', icon: Microphone, needs: [P.listen], wide: true, group: 'floor', load: () => import('@/features/telephony/RecordingsPage.vue') },
  { name: 'conversations', path: '/conversations', icon: ChatLineSquare, needs: [P.viewConversations], wide: true, group: 'floor', load: () => import('@/features/channels/ConversationsPage.vue') },
  { name: 'risk', path: '/risk', icon: WarningFilled, needs: [P.dispatchTickets], group: 'floor', load: () => import('@/features/tickets/RiskPage.vue') },
  { name: 'tickets', path: '/tickets', icon: Memo, needs: [P.viewTickets], wide: true, group: 'floor', load: () => import('@/features/tickets/TicketsPage.vue') },
  { name: 'first_owners', path: '/first-owners', icon: Medal, needs: [P.viewTickets], group: 'floor', load: () => import('@/features/tickets/FirstOwnersPage.vue') },
  { name: 'work_orders', path: '/work-orders', icon: Files, needs: [P.viewWorkOrders], wide: true, group: 'floor', load: () => import('@/features/work-orders/WorkOrdersPage.vue') },
  { name: 'owed', path: '/owed-records', icon: DocumentChecked, needs: [P.viewRecords], wide: true, group: 'floor', load: () => import('@/features/tickets/OwedRecordsPage.vue') },
  { name: 'callbacks', path: '/callbacks', icon: Bell, needs: [P.viewCallbacks], group: 'floor', load: () => import('@/features/outbound/CallbacksPage.vue') },
  { name: 'follow_ups', path: '/follow-ups', icon: ChatLineRound, needs: [P.viewFollowUps], group: 'floor', load: () => import('@/features/outbound/FollowUpsPage.vue') },
  { name: 'outbound_calls', path: '/outbound-calls', icon: Promotion, needs: [P.viewOutbound], group: 'floor', load: () => import('@/features/outbound/OutboundCallsPage.vue') },
  { name: 'do_not_call', path: '/do-not-call', icon: MuteNotification, needs: [P.viewDoNotCall], group: 'floor', load: () => import('@/features/outbound/DoNotCallPage.vue') },
  { name: 'covers', path: '/covers', icon: Switch, needs: [P.viewCovers], group: 'floor', load: () => import('@/features/duty/CoversPage.vue') },
  { name: 'requesters', path: '/requesters', icon: Avatar, needs: [P.viewRequesters], group: 'floor', load: () => import('@/features/requesters/RequestersPage.vue') },
  { name: 'blocks', path: '/requester-blocks', icon: CircleClose, needs: [P.viewBlocks], group: 'floor', load: () => import('@/features/requesters/BlocksPage.vue') },
  { name: 'kpis', path: '/kpis', icon: Odometer, needs: [P.viewKpis], group: 'analytics', load: () => import('@/features/analytics/DashboardPage.vue') },
  { name: 'kpi_comparison', path: '/kpi-comparison', icon: DataLine, needs: [P.viewKpis], group: 'analytics', load: () => import('@/features/analytics/ComparisonPage.vue') },
  { name: 'kpi_alerts', path: '/kpi-alerts', icon: AlarmClock, needs: [P.viewKpiAlerts], group: 'analytics', load: () => import('@/features/analytics/AlertsPage.vue') },
  { name: 'roster', path: '/roster', icon: Grid, needs: [P.viewRoster], group: 'workforce', load: () => import('@/features/workforce/RosterPage.vue') },
  { name: 'leave', path: '/leave', icon: Suitcase, needs: [P.viewLeave], group: 'workforce', load: () => import('@/features/workforce/LeavePage.vue') },
  { name: 'swaps', path: '/swaps', icon: Switch, needs: [P.viewSwaps], group: 'workforce', load: () => import('@/features/workforce/SwapsPage.vue') },
  { name: 'shift_templates', path: '/shift-templates', icon: Clock, needs: [P.planRoster], group: 'workforce', load: () => import('@/features/workforce/ShiftTemplatesPage.vue') },
  { name: 'attendance', path: '/attendance', icon: Checked, needs: [P.viewAttendance], group: 'workforce', load: () => import('@/features/workforce/AttendancePage.vue') },
  { name: 'overtime', path: '/overtime', icon: Moon, needs: [P.viewOvertime], group: 'workforce', load: () => import('@/features/workforce/OvertimePage.vue') },
  { name: 'escalations', path: '/escalations', icon: Top, needs: [P.viewEscalations], group: 'cases', load: () => import('@/features/cases/EscalationsPage.vue') },
  { name: 'instructions', path: '/instructions', icon: Stamp, needs: [P.viewInstructions], group: 'cases', load: () => import('@/features/cases/InstructionsPage.vue') },
  { name: 'incidents', path: '/incidents', icon: Lightning, needs: [P.viewIncidents], group: 'cases', load: () => import('@/features/cases/IncidentsPage.vue') },
  { name: 'emergencies', path: '/emergencies', icon: Warning, needs: [P.viewEmergencies], group: 'cases', load: () => import('@/features/cases/EmergenciesPage.vue') },
  { name: 'staffing', path: '/staffing', icon: Grid, needs: [P.viewStaffing], group: 'people', load: () => import('@/features/personnel/StaffingPage.vue') },
  { name: 'staff', path: '/staff', icon: Management, needs: [P.viewStaff], wide: true, group: 'people', load: () => import('@/features/personnel/StaffFilesPage.vue') },
  { name: 'replacements', path: '/replacements', icon: Sort, needs: [P.viewStaffing], group: 'people', load: () => import('@/features/personnel/ReplacementsPage.vue') },
  { name: 'demands', path: '/demands', icon: CirclePlus, needs: [P.viewStaffing], group: 'people', load: () => import('@/features/personnel/DemandsPage.vue') },
  { name: 'transitions', path: '/transitions', icon: Right, needs: [P.viewStaffing], group: 'people', load: () => import('@/features/personnel/TransitionsPage.vue') },
  { name: 'carry', path: '/carry', icon: Upload, needs: [P.viewCarried], group: 'people', load: () => import('@/features/carry/CarryPage.vue') },
  { name: 'exports', path: '/exports', icon: Download, needs: [P.viewCarried], group: 'people', load: () => import('@/features/carry/ExportsPage.vue') },
  { name: 'data_returns', path: '/data-returns', icon: Finished, needs: [P.viewCarried], group: 'people', load: () => import('@/features/carry/DataReturnsPage.vue') },
  { name: 'recruitment_fees', path: '/recruitment-fees', icon: Money, needs: [P.viewFees], group: 'people', load: () => import('@/features/personnel/FeesPage.vue') },
  { name: 'wages', path: '/wages', icon: Coin, needs: [P.viewWageMonths], group: 'people', load: () => import('@/features/wages/WagesPage.vue') },
  { name: 'quotations', path: '/quotations', icon: PriceTag, needs: [P.viewQuotations], group: 'people', load: () => import('@/features/wages/QuotationsPage.vue') },
  { name: 'personnel_rules', path: '/personnel-rules', icon: SetUp, needs: [P.viewStaffing], group: 'people', load: () => import('@/features/personnel/PersonnelRulesPage.vue') },
  { name: 'service_contracts', path: '/service-contracts', icon: Postcard, needs: [P.viewSettlement], group: 'settlement', load: () => import('@/features/settlement/ServiceContractsPage.vue') },
  { name: 'attendance_sheets', path: '/attendance-sheets', icon: Finished, needs: [P.viewSettlement], group: 'settlement', load: () => import('@/features/settlement/AttendanceSheetsPage.vue') },
  { name: 'statements', path: '/statements', icon: Tickets, needs: [P.viewSettlement], group: 'settlement', load: () => import('@/features/settlement/StatementsPage.vue') },
  { name: 'statement_review', path: '/statement-review', icon: Stamp, needs: [P.reviewStatements, P.payStatements], group: 'settlement', load: () => import('@/features/settlement/ReviewPage.vue') },
  { name: 'open_questions', path: '/open-questions', icon: QuestionFilled, needs: [P.viewSettlement], group: 'settlement', load: () => import('@/features/settlement/OpenQuestionsPage.vue') },
  { name: 'reports', path: '/reports', icon: DataLine, needs: [P.viewReports], group: 'analytics', load: () => import('@/features/analytics/reports/ReportsPage.vue') },
  { name: 'report_templates', path: '/report-templates', icon: Document, needs: [P.prepareReports], group: 'analytics', load: () => import('@/features/analytics/reports/TemplatesPage.vue') },
  { name: 'letters', path: '/letters', icon: Message, needs: [P.viewLetters], group: 'dealings', load: () => import('@/features/liaison/LettersPage.vue') },
  { name: 'urgent_notices', path: '/urgent-notices', icon: Warning, needs: [P.viewUrgent], group: 'dealings', load: () => import('@/features/liaison/UrgentNoticesPage.vue') },
  { name: 'liaisons', path: '/liaisons', icon: Phone, needs: [P.viewLiaisons], group: 'dealings', load: () => import('@/features/liaison/LiaisonsPage.vue') },
  { name: 'team', path: '/team', icon: Share, needs: [P.viewTeam], group: 'dealings', load: () => import('@/features/liaison/TeamPage.vue') },
  { name: 'meetings', path: '/meetings', icon: Calendar, needs: [P.viewMeetings], group: 'dealings', load: () => import('@/features/liaison/MeetingsPage.vue') },
  { name: 'inspections', path: '/inspections', icon: View, needs: [P.viewInspections], group: 'dealings', load: () => import('@/features/liaison/InspectionsPage.vue') },
  { name: 'regulations', path: '/regulations', icon: Reading, needs: [P.readRegulations], group: 'dealings', load: () => import('@/features/liaison/RegulationsPage.vue') },
  { name: 'change_control', path: '/change-control', icon: Switch, needs: [P.viewSiteChanges], group: 'dealings', load: () => import('@/features/liaison/ChangeControlPage.vue') },
  { name: 'special_tasks', path: '/special-tasks', icon: Suitcase, needs: [P.viewSpecialTasks], group: 'dealings', load: () => import('@/features/liaison/SpecialTasksPage.vue') },
  { name: 'past_contracts', path: '/past-contracts', icon: Trophy, needs: [P.viewPastContracts], group: 'dealings', load: () => import('@/features/liaison/PastContractsPage.vue') },
  { name: 'daily_checks', path: '/daily-checks', icon: Finished, needs: [P.viewDailyChecks], group: 'site', load: () => import('@/features/liaison/DailyChecksPage.vue') },
  { name: 'supplies', path: '/supplies', icon: Box, needs: [P.viewSupplies], group: 'site', load: () => import('@/features/liaison/SuppliesPage.vue') },
  { name: 'continuity', path: '/continuity', icon: FirstAidKit, needs: [P.viewContinuity], group: 'site', load: () => import('@/features/liaison/ContinuityPage.vue') },
  { name: 'leaks', path: '/leaks', icon: Unlock, needs: [P.viewLeaks], group: 'organization', load: () => import('@/features/leaks/LeaksPage.vue') },
  { name: 'export_requests', path: '/export-requests', icon: Stamp, needs: [P.viewExportRequests], group: 'organization', load: () => import('@/features/exports/ExportsPage.vue') },
  { name: 'privacy', path: '/privacy', icon: Postcard, needs: [P.viewPrivacy], group: 'organization', load: () => import('@/features/privacy/PrivacyPage.vue') },
  { name: 'access_log', path: '/access-log', icon: View, needs: [P.viewAccess], group: 'organization', load: () => import('@/features/exports/AccessLogPage.vue') },
  { name: 'topics', path: '/topics', icon: TrendCharts, needs: [P.viewTopics], group: 'analytics', load: () => import('@/features/analytics/topics/TopicsPage.vue') },
  { name: 'performance', path: '/performance', icon: Trophy, needs: [P.viewPerformance], wide: true, group: 'analytics', load: () => import('@/features/analytics/performance/PerformancePage.vue') },
  { name: 'improvement_plans', path: '/improvement-plans', icon: Finished, needs: [P.viewPerformance], wide: true, group: 'analytics', load: () => import('@/features/analytics/performance/ImprovementPlansPage.vue') },
  { name: 'section_people', path: '/section-people', icon: OfficeBuilding, needs: [P.viewSections], group: 'organization', load: () => import('@/features/duty/SectionsPage.vue') },
  { name: 'users', path: '/users', icon: User, needs: [P.viewUsers], group: 'organization', load: () => import('@/features/organization/UsersPage.vue') },
  { name: 'roles', path: '/roles', icon: UserFilled, needs: [P.viewUsers], group: 'organization', load: () => import('@/features/organization/RolesPage.vue') },
  { name: 'calendar', path: '/calendar', icon: Calendar, needs: [], group: 'organization', load: () => import('@/features/calendar/CalendarPage.vue') },
  { name: 'line', path: '/line', icon: Mic, needs: [P.viewLine], group: 'system', load: () => import('@/features/telephony/LinePage.vue') },
  { name: 'telephony', path: '/telephony', icon: Connection, needs: [P.viewTelephony], group: 'system', load: () => import('@/features/telephony/TelephonyPage.vue') },
  { name: 'trunks', path: '/trunks', icon: Link, needs: [P.viewTelephony], group: 'system', load: () => import('@/features/telephony/TrunksPage.vue') },
  { name: 'exchanges', path: '/exchanges', icon: Cpu, needs: [P.viewExchanges], group: 'system', load: () => import('@/features/elsewhere/ExchangesPage.vue') },
  { name: 'channels', path: '/channels', icon: Share, needs: [P.editChannels], group: 'system', load: () => import('@/features/channels/ChannelsPage.vue') },
  { name: 'notice_deliveries', path: '/notice-deliveries', icon: Message, needs: [P.operateNotices], group: 'system', load: () => import('@/features/notices/DeliveriesPage.vue') },
  { name: 'rules', path: '/rules', icon: SetUp, needs: [P.viewTickets, P.editChannels, P.setOutboundRules, P.viewTraining, P.setExportRules, P.viewLetters, P.viewPrivacy, P.setWorkforceTerms, P.setQualityRules, P.releaseReports], wide: true, group: 'system', load: () => import('@/features/rules/RulesPage.vue') },
  { name: 'matters', path: '/matters', icon: Collection, needs: [P.manageMatters], group: 'system', load: () => import('@/features/matters/MattersPage.vue') },
  { name: 'parameters', path: '/parameters', icon: Operation, needs: [P.viewParameters], group: 'system', load: () => import('@/features/kernel/ParametersPage.vue') },
  { name: 'audit', path: '/audit', icon: Key, needs: [P.viewAudit], group: 'system', load: () => import('@/features/kernel/AuditPage.vue') },
]

interface Rights {
  can(permission: string): boolean
  reach(permission: string): Reach | null
}

export function opens(page: Pick<PageDef, 'needs' | 'wide'>, rights: Rights): boolean {
  if (page.needs.length === 0) return true
  return page.needs.some((need) => rights.can(need) && (!page.wide || rights.reach(need) !== 'own'))
}

export const GROUPS = ['work', 'knowledge', 'quality', 'learning', 'floor', 'workforce', 'cases', 'dealings', 'site', 'people', 'settlement', 'analytics', 'organization', 'system'] as const
