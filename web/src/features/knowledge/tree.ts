// A fault tree (A-09): questions whose answers lead on, and what a walk ends with. What is wrong in it, and how one walks through it.
import type { OutcomeKind, TreeContent, TreeNode, WalkStep } from '@/api/knowledge'
import { shortId } from '@/features/kernel/actions'
import { t } from '@/i18n'

export const MOST_ANSWERS = 10
export const MOST_NODES = 200
export const LONGEST_LABEL = 60

type Nodes = Pick<TreeContent, 'nodes'>
export const nodeOf = (tree: Nodes, id: string | null): TreeNode | null => tree.nodes.find((node) => node.id === id) ?? null
/** A walk ends here. */
export const isEnd = (node: TreeNode): boolean => node.outcome !== null

export interface Fault { node: string | null; code: 'tree_size' | 'text' | 'answers' | 'label' | 'label_twice' | 'answer_dangling' | 'node_unreachable' | 'tree_in_a_circle' | 'article_missing'; answer?: number }

/** Everything that stands in the way, in the order of the nodes; the server judges by the same list (knowledge `fault_tree`). */
export function faultsOf(tree: Nodes): Fault[] {
  if (tree.nodes.length === 0) return [{ node: null, code: 'tree_size' }]
  const faults: Fault[] = []
  const reached = reach(tree)
  for (const node of tree.nodes) {
    if (!node.text.trim()) faults.push({ node: node.id, code: 'text' })
    if (isEnd(node)) {
      if (node.outcome === 'article' && !node.article_id) faults.push({ node: node.id, code: 'article_missing' })
    } else {
      if (node.answers.length === 0) faults.push({ node: node.id, code: 'answers' })
      node.answers.forEach((answer, i) => {
        if (!answer.label.trim()) faults.push({ node: node.id, code: 'label', answer: i })
        else if (node.answers.findIndex((other) => other.label.trim() === answer.label.trim()) < i) faults.push({ node: node.id, code: 'label_twice', answer: i })
        if (!nodeOf(tree, answer.to)) faults.push({ node: node.id, code: 'answer_dangling', answer: i })
      })
    }
    if (!reached.has(node.id)) faults.push({ node: node.id, code: 'node_unreachable' })
  }
  const turning = circle(tree)
  if (turning) faults.push({ node: turning, code: 'tree_in_a_circle' })
  return faults
}

const next = (node: TreeNode | null): string[] => (node && !isEnd(node) ? node.answers.map((answer) => answer.to) : [])

function reach(tree: Nodes): Set<string> {
  const seen = new Set<string>()
  const waiting = tree.nodes.slice(0, 1).map((node) => node.id)
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const node = nodeOf(tree, id)
    if (!node || seen.has(id)) continue
    seen.add(id)
    waiting.push(...next(node))
  }
  return seen
}

/** A node from which one comes back to it: nobody may be led around in a circle. */
function circle(tree: Nodes): string | null {
  const done = new Set<string>()
  const under = new Set<string>()
  const visit = (id: string): string | null => {
    if (under.has(id)) return id
    if (done.has(id)) return null
    under.add(id)
    const found = next(nodeOf(tree, id)).map(visit).find((one) => one !== null) ?? null
    under.delete(id)
    done.add(id)
    return found
  }
  return tree.nodes.map((node) => visit(node.id)).find((one) => one !== null) ?? null
}

/** Where the steps lead from the first node; steps that do not fit stop where they still do. */
export function walk(tree: Nodes, steps: readonly WalkStep[]): { at: TreeNode | null; said: { question: string; answer: string }[] } {
  let at = tree.nodes[0] ?? null
  const said: { question: string; answer: string }[] = []
  for (const step of steps) {
    const answer = at?.id === step.node ? at.answers[step.answer] : undefined
    if (!at || !answer) break
    said.push({ question: at.text, answer: answer.label })
    at = nodeOf(tree, answer.to)
  }
  return { at, said }
}

/** A name that no node has yet. */
export function freeId(tree: Nodes): string {
  for (let n = tree.nodes.length + 1; ; n++) if (!nodeOf(tree, `n${n}`)) return `n${n}`
}
export const blankNode = (id: string, kind: 'question' | 'end'): TreeNode => ({
  id, text: '', answers: kind === 'question' ? [{ label: '', to: '' }, { label: '', to: '' }] : [], outcome: kind === 'end' ? 'solved' : null, article_id: null,
})

/** As the tree is sent: what does not belong to a kind of node falls away. */
export const cleaned = (tree: TreeContent): TreeContent => ({
  title: tree.title.trim(), symptom: tree.symptom.trim(),
  nodes: tree.nodes.map((node) => ({
    id: node.id, text: node.text.trim(), outcome: node.outcome, article_id: node.outcome === 'article' ? node.article_id : null,
    answers: isEnd(node) ? [] : node.answers.map((answer) => ({ label: answer.label.trim(), to: answer.to })),
  })),
})

export const OUTCOME_TONES: Record<OutcomeKind, string> = { solved: 'green', article: 'blue', escalate: 'amber' }

/** The tree as lines of text, to be compared: a block for each node. */
export function treeText(tree: Nodes): string {
  const number = new Map(tree.nodes.map((node, i) => [node.id, i + 1]))
  const block = (node: TreeNode): string => [
    `${number.get(node.id)}. ${node.text}`,
    ...(node.outcome ? [`   ${t(`tree_outcomes.${node.outcome}`)}${node.article_id ? ` ${shortId(node.article_id)}` : ''}`] : node.answers.map((answer) => `   · ${answer.label} → ${number.get(answer.to) ?? '?'}`)),
  ].join('\n')
  return tree.nodes.map(block).join('\n')
}
