// Hot and hard topics: found, reviewed, published, and what is made of them.
import { api, type Filters, listing, type Sent, take } from './client'
import type { components } from './schema'
import type { Id, Page } from './types'

type S = components['schemas']

export const TOPIC_STATES = ['found', 'reviewed', 'published', 'dropped', 'merged'] as const satisfies readonly S['TopicState'][]
export const TOPIC_CLASSES = ['hot', 'hard', 'both'] as const satisfies readonly S['TopicClass'][]
export const TOPIC_SPAWNS = ['article', 'course', 'instruction', 'brief'] as const satisfies readonly S['TopicSpawn'][]

export type Topic = Sent<S['TopicView']>
export type TopicDetail = Sent<S['TopicDetail']>
export type TopicRun = Sent<S['TopicRun']>
export type TopicSpawn = S['TopicSpawn']
export type TopicClass = S['TopicClass']

const at = (id: Id) => ({ params: { path: { id } } })

export const topics = (filters: Filters): Promise<Page<Topic>> => take(api.GET('/api/v1/topics', listing(filters)))
export const topic = (id: Id): Promise<TopicDetail> => take(api.GET('/api/v1/topics/{id}', at(id)))
export const editTopic = (id: Id, body: S['TopicEntry']): Promise<TopicDetail> => take(api.PUT('/api/v1/topics/{id}', { ...at(id), body }))
export const stepTopic = (id: Id, body: S['TopicStep']): Promise<TopicDetail> => take(api.POST('/api/v1/topics/{id}/steps', { ...at(id), body }))
export const publishTopic = (id: Id, version: number): Promise<TopicDetail> => take(api.POST('/api/v1/topics/{id}/publish', { ...at(id), body: { version } }))
export const makeOfTopic = (id: Id, kind: TopicSpawn): Promise<TopicDetail> => take(api.POST('/api/v1/topics/{id}/spawns', { ...at(id), body: { kind } }))
export const topicRuns = async (): Promise<TopicRun[]> => (await take(api.GET('/api/v1/topic-runs'))).items
export const askForTopics = async (from: string, until: string): Promise<TopicRun[]> => (await take(api.POST('/api/v1/topic-runs', { body: { from, until } }))).items
