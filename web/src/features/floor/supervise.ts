// What a supervisor is about to do: one dialog, opened from the tiles and from the strip.
import { ref } from 'vue'
import type { Id, SupervisionMode } from '@/api/types'

export type Intervention = SupervisionMode | 'take_over'
export const INTERVENTIONS: readonly Intervention[] = ['listen', 'whisper', 'barge', 'take_over']
export const intended = ref<{ callId: Id; name: string; how: Intervention } | null>(null)
