import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { P } from '@/api/permissions'
import { opens, PAGES } from '@/frame/pages'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** i18n key of the title. */
    title?: string
    /** Any one of these rights opens the page. */
    needs?: string[]
    /** Not for who sees only rows of his own. */
    wide?: boolean
    open?: boolean
    /** For everybody on the net: no session is asked for. */
    public?: boolean
  }
}

const framed = PAGES.filter((page) => page.name !== 'wallboard').map((page) => ({
  path: page.path,
  name: page.name,
  component: page.load as never,
  meta: { title: `pages.${page.name}`, needs: page.needs, wide: page.wide ?? false },
}))
const wallboard = PAGES.find((page) => page.name === 'wallboard')!
const need = (name: string) => PAGES.find((page) => page.name === name)!.needs

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/sign-in', name: 'sign_in', component: () => import('@/features/organization/SignInPage.vue'), meta: { open: true, title: 'pages.sign_in' } },
    { path: '/status', name: 'status', component: () => import('@/features/public/StatusPage.vue'), meta: { public: true, title: 'pages.status' } },
    { path: '/leave-message', name: 'leave_message', component: () => import('@/features/public/LeaveMessagePage.vue'), meta: { public: true, title: 'pages.leave_message' } },
    { path: '/lookup', name: 'lookup', component: () => import('@/features/public/LookupPage.vue'), meta: { public: true, title: 'pages.lookup' } },
    { path: wallboard.path, name: wallboard.name, component: wallboard.load as never, meta: { title: 'pages.wallboard', needs: wallboard.needs } },
    // All attention to one thing: no rail, and what rings comes to it.
    { path: '/my-exams/:id', name: 'my_exam', component: () => import('@/features/learning/ExamPage.vue'), meta: { title: 'pages.my_exam', needs: [P.takeExams] } },
    { path: '/typing-test', name: 'typing_test', component: () => import('@/features/learning/TypingPage.vue'), meta: { title: 'pages.typing_test', needs: [P.takeTyping] } },
    { path: '/certificates/:number/print', name: 'certificate_print', component: () => import('@/features/learning/CertificatePrint.vue'), meta: { title: 'pages.certificate_print', needs: [P.viewCertificates] } },
    {
      path: '/',
      component: () => import('@/frame/AppFrame.vue'),
      children: [
        { path: '', name: 'first', component: () => import('@/frame/NothingHere.vue'), meta: { title: 'pages.home' } },
        ...framed,
        { path: '/calls/import', name: 'call_import', component: () => import('@/features/elsewhere/CallImportPage.vue'), meta: { title: 'pages.call_import', needs: [P.importCalls] } },
        { path: '/calls/:id', name: 'call', component: () => import('@/features/telephony/CallPage.vue'), meta: { title: 'pages.call', needs: [...need('calls'), ...need('my_calls')] } },
        { path: '/conversations/:id', name: 'conversation', component: () => import('@/features/channels/ConversationPage.vue'), meta: { title: 'pages.conversation', needs: need('conversations') } },
        { path: '/tickets/:id', name: 'ticket', component: () => import('@/features/tickets/TicketPage.vue'), meta: { title: 'pages.ticket', needs: need('tickets') } },
        { path: '/work-orders/import', name: 'work_order_import', component: () => import('@/features/work-orders/ImportPage.vue'), meta: { title: 'pages.work_order_import', needs: [P.importWorkOrders] } },
        { path: '/matters/import', name: 'matter_import', component: () => import('@/features/matters/MatterImportPage.vue'), meta: { title: 'pages.matter_import', needs: [P.manageMatters] } },
        { path: '/records/:id', name: 'record', component: () => import('@/features/tickets/RecordPage.vue'), meta: { title: 'pages.record', needs: [P.writeRecords] } },
        { path: '/requesters/:id', name: 'requester', component: () => import('@/features/requesters/RequesterPage.vue'), meta: { title: 'pages.requester', needs: need('requesters') } },
        { path: '/escalations/:id', name: 'escalation', component: () => import('@/features/cases/CasePage.vue'), meta: { title: 'pages.escalation', needs: need('escalations') } },
        { path: '/instructions/:id', name: 'instruction', component: () => import('@/features/cases/CasePage.vue'), meta: { title: 'pages.instruction', needs: need('instructions') } },
        { path: '/emergencies/:id', name: 'emergency', component: () => import('@/features/cases/CasePage.vue'), meta: { title: 'pages.emergency', needs: need('emergencies') } },
        { path: '/incidents/:id', name: 'incident', component: () => import('@/features/cases/IncidentPage.vue'), meta: { title: 'pages.incident', needs: need('incidents') } },
        { path: '/follow-ups/:id', name: 'follow_up_list', component: () => import('@/features/outbound/FollowUpListPage.vue'), meta: { title: 'pages.follow_up_list', needs: need('follow_ups') } },
        { path: '/follow-ups/:id/next', name: 'follow_up_next', component: () => import('@/features/outbound/NextItemPage.vue'), meta: { title: 'pages.follow_up_next', needs: [P.placeCalls] } },
        { path: '/articles/new', name: 'article_new', component: () => import('@/features/knowledge/ArticleEditor.vue'), meta: { title: 'pages.article_new', needs: [P.writeArticles] } },
        { path: '/articles/:id', name: 'article', component: () => import('@/features/knowledge/ArticlePage.vue'), meta: { title: 'pages.article', needs: need('articles') } },
        { path: '/articles/:id/edit', name: 'article_edit', component: () => import('@/features/knowledge/ArticleEditor.vue'), meta: { title: 'pages.article_edit', needs: [P.writeArticles] } },
        { path: '/approvals/:id', name: 'approval', component: () => import('@/features/knowledge/ApprovalPage.vue'), meta: { title: 'pages.approval', needs: need('approvals') } },
        { path: '/lookups/import', name: 'lookup_import', component: () => import('@/features/knowledge/LookupImportPage.vue'), meta: { title: 'pages.lookup_import', needs: [P.maintainLookups] } },
        { path: '/fault-trees/new', name: 'fault_tree_new', component: () => import('@/features/knowledge/FaultTreeEditor.vue'), meta: { title: 'pages.fault_tree_new', needs: [P.writeArticles] } },
        { path: '/fault-trees/:id', name: 'fault_tree', component: () => import('@/features/knowledge/FaultTreePage.vue'), meta: { title: 'pages.fault_tree', needs: need('fault_trees') } },
        { path: '/fault-trees/:id/edit', name: 'fault_tree_edit', component: () => import('@/features/knowledge/FaultTreeEditor.vue'), meta: { title: 'pages.fault_tree_edit', needs: [P.writeArticles] } },
        { path: '/questions/new', name: 'question_new', component: () => import('@/features/learning/QuestionEditor.vue'), meta: { title: 'pages.question_new', needs: [P.manageQuestions] } },
        { path: '/questions/import', name: 'question_import', component: () => import('@/features/learning/QuestionImportPage.vue'), meta: { title: 'pages.question_import', needs: [P.manageQuestions] } },
        { path: '/questions/:id/edit', name: 'question_edit', component: () => import('@/features/learning/QuestionEditor.vue'), meta: { title: 'pages.question_edit', needs: [P.manageQuestions] } },
        { path: '/papers/new', name: 'paper_new', component: () => import('@/features/learning/PaperPage.vue'), meta: { title: 'pages.paper_new', needs: [P.managePapers] } },
        { path: '/papers/:id', name: 'paper', component: () => import('@/features/learning/PaperPage.vue'), meta: { title: 'pages.paper', needs: [P.viewExams] } },
        { path: '/exams/:id', name: 'exam', component: () => import('@/features/learning/SittingPage.vue'), meta: { title: 'pages.exam', needs: [P.viewExams] } },
        { path: '/exam-attempts/:id', name: 'exam_attempt', component: () => import('@/features/learning/AttemptPage.vue'), meta: { title: 'pages.exam_attempt', needs: [P.viewQuestions] } },
        { path: '/staff/:id', name: 'staff_file', component: () => import('@/features/personnel/StaffPage.vue'), meta: { title: 'pages.staff_file', needs: need('staff'), wide: true } },
        { path: '/attendance/:day', name: 'attendance_day', component: () => import('@/features/workforce/AttendanceDayPage.vue'), meta: { title: 'pages.attendance_day', needs: need('attendance') } },
        { path: '/overtime/:id', name: 'overtime_order', component: () => import('@/features/workforce/OvertimeOrderPage.vue'), meta: { title: 'pages.overtime_order', needs: need('overtime') } },
        { path: '/replacements/:id', name: 'replacement', component: () => import('@/features/personnel/ReplacementPage.vue'), meta: { title: 'pages.replacement', needs: need('replacements') } },
        { path: '/demands/:id', name: 'demand', component: () => import('@/features/personnel/DemandPage.vue'), meta: { title: 'pages.demand', needs: need('demands') } },
        { path: '/leaks/:id', name: 'leak', component: () => import('@/features/leaks/LeakPage.vue'), meta: { title: 'pages.leak', needs: need('leaks') } },
        { path: '/transitions/:id', name: 'transition', component: () => import('@/features/personnel/TransitionPage.vue'), meta: { title: 'pages.transition', needs: need('transitions') } },
        { path: '/carry/:kind', name: 'carry_import', component: () => import('@/features/carry/CarryImportPage.vue'), meta: { title: 'pages.carry_import', needs: [P.importCarried] } },
        { path: '/evaluations/:id', name: 'evaluation', component: () => import('@/features/quality/EvaluationPage.vue'), meta: { title: 'pages.evaluation', needs: need('evaluations') } },
        { path: '/score-cards/:id', name: 'score_card', component: () => import('@/features/quality/ScoreCardPage.vue'), meta: { title: 'pages.score_card', needs: need('score_cards') } },
        { path: '/calibrations/:id', name: 'calibration', component: () => import('@/features/quality/CalibrationPage.vue'), meta: { title: 'pages.calibration', needs: need('calibrations') } },
        { path: '/corrective-actions/:id', name: 'corrective_action', component: () => import('@/features/quality/CorrectiveActionPage.vue'), meta: { title: 'pages.corrective_action', needs: need('corrective_actions') } },
        { path: '/service-contracts/:id', name: 'service_contract', component: () => import('@/features/settlement/ServiceContractPage.vue'), meta: { title: 'pages.service_contract', needs: need('service_contracts') } },
        { path: '/attendance-sheets/:id', name: 'attendance_sheet', component: () => import('@/features/settlement/AttendanceSheetPage.vue'), meta: { title: 'pages.attendance_sheet', needs: need('service_contracts') } },
        { path: '/kpi-rows/:kpi', name: 'kpi_rows', component: () => import('@/features/analytics/RowsPage.vue'), meta: { title: 'pages.kpi_rows', needs: need('kpis') } },
        { path: '/statements/:id', name: 'statement', component: () => import('@/features/settlement/StatementPage.vue'), meta: { title: 'pages.statement', needs: need('statements') } },
        { path: '/letters/new', name: 'letter_new', component: () => import('@/features/liaison/LetterEditor.vue'), meta: { title: 'pages.letter_new', needs: [P.writeLetters] } },
        { path: '/reports/:id', name: 'report', component: () => import('@/features/analytics/reports/ReportPage.vue'), meta: { title: 'pages.report', needs: need('reports') } },
        { path: '/report-templates/:id', name: 'report_template', component: () => import('@/features/analytics/reports/TemplatePage.vue'), meta: { title: 'pages.report_template', needs: need('report_templates') } },
        { path: '/letters/:id', name: 'letter', component: () => import('@/features/liaison/LetterPage.vue'), meta: { title: 'pages.letter', needs: need('letters') } },
        { path: '/letters/:id/edit', name: 'letter_edit', component: () => import('@/features/liaison/LetterEditor.vue'), meta: { title: 'pages.letter_edit', needs: [P.writeLetters] } },
        { path: '/urgent-notices/:id', name: 'urgent_notice', component: () => import('@/features/liaison/UrgentNoticePage.vue'), meta: { title: 'pages.urgent_notice', needs: need('urgent_notices') } },
        { path: '/meetings/new', name: 'meeting_new', component: () => import('@/features/liaison/MeetingEditor.vue'), meta: { title: 'pages.meeting_new', needs: [P.recordMeetings] } },
        { path: '/meetings/:id', name: 'meeting', component: () => import('@/features/liaison/MeetingPage.vue'), meta: { title: 'pages.meeting', needs: need('meetings') } },
        { path: '/inspections/:id', name: 'inspection', component: () => import('@/features/liaison/InspectionPage.vue'), meta: { title: 'pages.inspection', needs: need('inspections') } },
        { path: '/rectifications/:id', name: 'rectification', component: () => import('@/features/liaison/RectificationPage.vue'), meta: { title: 'pages.rectification', needs: need('inspections') } },
        { path: '/regulations/:id', name: 'regulation', component: () => import('@/features/liaison/RegulationPage.vue'), meta: { title: 'pages.regulation', needs: need('regulations') } },
        { path: '/change-control/:id', name: 'site_change', component: () => import('@/features/liaison/SiteChangePage.vue'), meta: { title: 'pages.site_change', needs: need('change_control') } },
        { path: '/topics/:id', name: 'topic', component: () => import('@/features/analytics/topics/TopicPage.vue'), meta: { title: 'pages.topic', needs: need('topics') } },
        { path: '/performance/:id', name: 'performance_sheet', component: () => import('@/features/analytics/performance/PerformanceSheetPage.vue'), meta: { title: 'pages.performance_sheet', needs: [P.viewPerformance] } },
        { path: '/special-tasks/:id', name: 'special_task', component: () => import('@/features/liaison/SpecialTaskPage.vue'), meta: { title: 'pages.special_task', needs: need('special_tasks') } },
        { path: '/continuity/plans/:id', name: 'continuity_plan', component: () => import('@/features/liaison/PlanPage.vue'), meta: { title: 'pages.continuity_plan', needs: need('continuity') } },
        { path: '/continuity/write/:scenario', name: 'continuity_write', component: () => import('@/features/liaison/PlanEditor.vue'), meta: { title: 'pages.continuity_write', needs: [P.writePlans] } },
        { path: '/profile/notices', name: 'notice_choices', component: () => import('@/features/notices/ChoicesPage.vue'), meta: { title: 'pages.notice_choices' } },
        { path: '/profile', name: 'profile', component: () => import('@/features/organization/ProfilePage.vue'), meta: { title: 'pages.profile' } },
        { path: '/:rest(.*)*', name: 'nothing', component: () => import('@/frame/NothingHere.vue'), meta: { title: 'pages.nothing' } },
      ],
    },
  ],
})

/** The first page of a role: what it must see at once (console.md, home by role). Never the wallboard, which has no frame to leave it by. */
export function homeOf(session: ReturnType<typeof useSession>): string {
  if (session.has('agent')) return '/desk'
  return session.has('shift_lead') ? '/control-room' : '/home'
}

export function mayOpen(to: RouteLocationNormalized, session: ReturnType<typeof useSession>): boolean {
  return opens({ needs: to.meta.needs ?? [], wide: to.meta.wide ?? false }, session)
}

router.beforeEach(async (to) => {
  if (to.meta.public) return true
  const session = useSession()
  try {
    await session.ready()
  } catch {
    // The server cannot be reached; the sign-in page says so and tries again.
    if (to.name !== 'sign_in') return { name: 'sign_in', query: { next: to.fullPath } }
  }
  if (to.meta.open) return session.signedIn && !session.mustChangePassword ? { path: nextOf(to.query.next) } : true
  if (!session.signedIn || session.mustChangePassword) {
    return { name: 'sign_in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  }
  if (to.name === 'first') return { path: homeOf(session), replace: true }
  return true
})

/** Where to go after the sign-in: only addresses of our own. */
export function nextOf(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/'
}
