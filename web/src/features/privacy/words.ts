// The tones of requests of persons.
export const RIGHT_TONES: Record<string, string> = { taken: 'amber', verified: 'blue', answered: 'green', withdrawn: '' }
