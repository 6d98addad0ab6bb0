// The tones of requests for exports.
export const EXPORT_TONES: Record<string, string> = { waiting: 'amber', approved: 'blue', declined: 'red', withdrawn: '', used: 'green', lapsed: '' }
/** The colour of each way of looking, the same in the chart and in the list. */
export const ACCESS_TOKENS: Record<string, string> = { reveal: '--c-danger', export: '--c-warning', listen: '--c-primary', file: '--c-violet', print: '--c-ink-quiet' }
