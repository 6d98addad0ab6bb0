import { api, take } from './client'
import type { MatterFacts, MatterReport, MatterRow } from './types'

/** Every matter, also those out of use, from the top down. */
export const matterRows = () => take(api.GET('/api/v1/matters/rows')) as Promise<{ items: MatterRow[] }>
export const saveMatter = (code: string, version: number | null, matter: MatterFacts) =>
  take(api.PUT('/api/v1/matters/{code}', { params: { path: { code } }, body: { matter, ...(version === null ? {} : { version }) } })) as Promise<MatterRow>

export function importMatters(file: File, dryRun: boolean, deactivateMissing: boolean): Promise<MatterReport> {
  const form = new FormData()
  form.append('file', file, file.name)
  return take(api.POST('/api/v1/matters/import', {
    params: { query: { dry_run: dryRun, deactivate_missing: deactivateMissing } },
    body: form as never,
    bodySerializer: (body: unknown) => body as FormData,
  })) as Promise<MatterReport>
}
/** The template with the whole tree; a download of the browser. */
export const MATTERS_EXPORT = '/api/v1/matters/export'
