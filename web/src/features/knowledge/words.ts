/** Words as they are typed in a row, parted by any sign or space that parts words; each once. */
export const wordsOf = (text: string): string[] => [...new Set(text.split(/[\s,，、;；|/]+/).map((word) => word.trim()).filter(Boolean))]
