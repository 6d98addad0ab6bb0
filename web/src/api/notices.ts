import { api, type Filters, listing, take } from './client'
import type { Id, NoticeAddress, NoticeChoices, NoticeCount, NoticeDelivery, NoticeView, NoticeWays, Page } from './types'

const path = (id: Id) => ({ params: { path: { id } } })

/** One's own, the unread first. */
export const notices = (filters: Filters) => take(api.GET('/api/v1/notices', listing(filters))) as Promise<Page<NoticeView>>
export const count = (): Promise<NoticeCount> => take(api.GET('/api/v1/notices/count'))
export const read = (id: Id) => take(api.POST('/api/v1/notices/{id}/read', path(id)))
/** Those that came until then: what the person has seen. */
export const readAll = (until: string) => take(api.POST('/api/v1/notices/read-all', { body: { until } }))
export const choices = () => take(api.GET('/api/v1/notice-choices')) as Promise<NoticeChoices>
export const choose = (kind: string, ways: NoticeWays) =>
  take(api.PUT('/api/v1/notice-choices', { body: { items: [{ kind, ways }] } })) as Promise<NoticeChoices>
export const address = (): Promise<NoticeAddress> => take(api.GET('/api/v1/notice-address'))
/** What is not named stays; an empty text takes it away. */
export const saveAddress = (body: { email?: string; mobile?: string }): Promise<NoticeAddress> => take(api.PUT('/api/v1/notice-address', { body }))
export const deliveries = (filters: Filters) => take(api.GET('/api/v1/notice-deliveries', listing(filters))) as Promise<Page<NoticeDelivery>>
export const replay = (id: Id) => take(api.POST('/api/v1/notice-deliveries/{id}/replay', path(id)))
