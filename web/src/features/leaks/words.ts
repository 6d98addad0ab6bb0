// The tones of leaks and of their evidence.
export const LEAK_TONES: Record<string, string> = { discovered: 'red', contained: 'amber', assessed: 'amber', notified: 'blue', liability: 'blue', closed: 'green' }
export const DUTY_TONES: Record<string, string> = { unknown: '', owed: 'red', done: 'green', spared: '' }
export const PACKAGE_TONES: Record<string, string> = { building: 'amber', frozen: 'green', failed: 'red' }
export const FINDING_TONES: Record<string, string> = { equal: 'green', changed: 'red', missing: 'red' }
