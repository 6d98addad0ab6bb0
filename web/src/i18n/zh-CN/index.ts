// One file for each capability; each holds the first parts of its keys.
const files = import.meta.glob<Record<string, unknown>>('./*.json', { eager: true, import: 'default' })

const messages: Record<string, unknown> = Object.assign({}, ...Object.values(files))

export default messages
