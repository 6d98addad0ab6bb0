import { describe, expect, it } from 'vitest'
import { faultsOf, isPhone, type Form } from '@/features/public/checks'
import { kindsOf, refusalOf, typeOf } from '../../widget/app/files'
import { bytes, dayName, hour, sameDay } from '../../widget/app/format'
import { memory } from '../../widget/app/memory'
import { pieces, plainName } from '../../widget/app/text'
import { filled, languageOf, WORDS, type Word } from '../../widget/app/words'
import { isFromFrame, isToFrame, originOf } from '../../widget/protocol'

const links = (text: string) => pieces(text).flatMap(({ href }) => (href ? [href] : []))

describe('addresses in a message', () => {
  it('can be followed, and end where the sentence goes on', () => {
    expect(links('见https://a.cn/b?c=1&d=2。谢谢')).toEqual(['https://a.cn/b?c=1&d=2'])
    expect(links('(http://a.cn/x), http://b.cn/y.')).toEqual(['http://a.cn/x', 'http://b.cn/y'])
    expect(links('https://a.cn/wiki/B_(C) and')).toEqual(['https://a.cn/wiki/B_(C)'])
  })
  it('are nothing but http and https, and show where they lead', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://a.cn', 'https://', 'https://bank.cn@evil.cn/', 'file:///etc/passwd', 'vbscript:x']) expect(links(text)).toEqual([])
    expect(links('https://a.cn/"onmouseover="alert(1)')).toEqual(['https://a.cn/'])
  })
  it('lose no sign of the text', () => {
    for (const text of ['', 'a https://b.cn c', '<b>https://b.cn</b>', 'https://b.cn\nhttps://c.cn']) expect(pieces(text).map((p) => p.text).join('')).toBe(text)
  })
  it('are found in a long text at once', () => {
    const began = performance.now()
    pieces('https://a.cn/((((('.repeat(2_000))
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('names of files', () => {
  it('do not turn the line around', () => {
    expect(plainName('photo\u202egpj.exe')).toBe('photogpj.exe')
    expect(plainName('\u0000\u202e')).toBe('file')
  })
})

describe('files', () => {
  const config = { files: ['image/png', 'image/jpeg', 'application/pdf'], most_file: 1_000 }
  it('are refused before they are sent', () => {
    const refused = (name: string, type: string, size: number) => refusalOf({ name, type, size }, config)
    expect(refused('a.png', 'image/png', 1_000)).toBeNull()
    expect(refused('a.png', 'image/png', 1_001)).toBe('file_large')
    expect(refused('a.png', 'image/png', 0)).toBe('file_empty')
    expect(refused('a.svg', 'image/svg+xml', 5)).toBe('file_type')
    expect(refused('a.html', 'text/html', 5)).toBe('file_type')
    expect(refused('a.PDF', '', 5)).toBeNull()
    expect(refusalOf({ name: 'a.zip', type: 'application/x-zip-compressed', size: 5 }, { ...config, files: ['application/zip'] })).toBeNull()
  })
  it('have a type even where the browser knows none', () => expect(typeOf({ name: 'x.JPG', type: '' })).toBe('image/jpeg'))
  it('are named by their ends', () => expect(kindsOf(config.files)).toBe('png, jpg, pdf'))
})

describe('a form', () => {
  const form: Form = { consent: true, name: '', phone: '', matter: '', text: '' }
  it('needs consent, and a phone only for a message that is left', () => {
    expect(faultsOf({ ...form, consent: false }, { phone: false, text: false, mostText: 10 })).toEqual({ consent: 'consent_missing' })
    expect(faultsOf(form, { phone: true, text: true, mostText: 10 })).toEqual({ phone: 'phone_missing', text: 'text_missing' })
    expect(faultsOf({ ...form, phone: '12', text: '字'.repeat(11) }, { phone: false, text: false, mostText: 10 })).toEqual({ phone: 'phone_wrong', text: 'text_long' })
  })
  it('counts characters as a person does', () => expect(faultsOf({ ...form, text: '😀'.repeat(10) }, { phone: false, text: true, mostText: 10 })).toEqual({}))
  it('knows telephone numbers', () => {
    for (const good of ['13900000001', '139 0000 0001', '020-83000000', '(020) 8300 0000', '+86 13900000001', '12345678']) expect(isPhone(good), good).toBe(true)
    for (const bad of ['', '123', 'abc1234567', '1'.repeat(16), '13900000001<']) expect(isPhone(bad), bad).toBe(false)
  })
})

describe('times and sizes', () => {
  it('are those of the service', () => {
    expect(hour('2026-11-26T01:05:00Z')).toBe('09:05')
    expect(sameDay('2026-11-25T16:00:00Z', '2026-11-26T15:59:00Z')).toBe(true)
    expect(sameDay('2026-11-25T15:59:00Z', '2026-11-25T16:00:00Z')).toBe(false)
    const now = Date.parse('2026-11-26T02:00:00Z')
    expect(dayName('2026-11-25T16:00:00Z', WORDS.zh, now)).toBe('今天')
    expect(dayName('2026-11-25T15:00:00Z', WORDS.zh, now)).toBe('昨天')
    expect(dayName('2026-11-20T15:00:00Z', WORDS.zh, now)).toBe('11-20')
  })
  it('read short', () => expect([5, 2048, 1_572_864, 20 << 20].map(bytes)).toEqual(['5 B', '2 KB', '1.5 MB', '20 MB']))
})

describe('what is remembered', () => {
  const denied = () => {
    throw new DOMException('no', 'SecurityError')
  }
  it('lasts as long as the page where the browser forbids more', () => {
    const kept = memory('t', [denied, denied])
    kept.set('token', 'x')
    expect([kept.get('token'), kept.lasting]).toEqual(['x', false])
    kept.set('token', null)
    expect(kept.get('token')).toBeNull()
  })
  it('goes to the next place when the first is closed or full', () => {
    const place = new Map<string, string>()
    const full = { getItem: () => null, setItem: denied, removeItem: () => {} }
    const open = { getItem: (key: string) => place.get(key) ?? null, setItem: (key: string, value: string) => void place.set(key, value), removeItem: (key: string) => void place.delete(key) }
    const kept = memory('t', [denied, () => full, () => open])
    kept.set('token', 'x')
    expect([...place]).toEqual([['t.token', 'x']])
    expect([kept.get('token'), kept.lasting]).toEqual(['x', true])
  })
})

describe('what the frame and the host page say', () => {
  it('is taken only in its form', () => {
    for (const good of [{ shoujie: 'ready' }, { shoujie: 'close' }, { shoujie: 'unread', count: 3 }, { shoujie: 'going', going: true }]) expect(isFromFrame(good)).toBe(true)
    for (const bad of [null, 'close', 7, {}, { shoujie: 'token' }, { shoujie: 'unread', count: '3' }, { shoujie: 'unread', count: -1 }, { shoujie: 'unread' }, { shoujie: 'going', going: 1 }]) expect(isFromFrame(bad)).toBe(false)
    expect(isToFrame({ shoujie: 'open' })).toBe(true)
    for (const bad of [null, { shoujie: 'close' }, { shoujie: ['open'] }, 'open']) expect(isToFrame(bad)).toBe(false)
  })
  it('goes to an origin, not to whatever is given', () => {
    expect(originOf('https://a.cn')).toBe('https://a.cn')
    expect(originOf('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080')
    for (const bad of [null, '', '*', 'null', 'a.cn', 'https://a.cn/', 'https://a.cn/x', 'javascript:alert(1)', 'file://', 'https://u@a.cn']) expect(originOf(bad)).toBeNull()
  })
})

describe('words', () => {
  it('name the same values in both languages, without exclamation marks', () => {
    const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join()
    for (const word of Object.keys(WORDS.zh) as Word[]) {
      expect(holes(WORDS.en[word]), word).toBe(holes(WORDS.zh[word]))
      expect(WORDS.zh[word] + WORDS.en[word], word).not.toMatch(/[!！]/)
      if (word !== 'other_language') expect(WORDS.en[word], word).not.toMatch(/[一-鿿]/)
    }
  })
  it('are filled in as text', () => expect(filled('{n} {x}', { n: 1 })).toBe('1 {x}'))
  it('are Chinese unless English is asked for', () => expect([null, '', 'zh-TW', 'fr', 'en', 'en-GB'].map(languageOf)).toEqual(['zh', 'zh', 'zh', 'zh', 'en', 'en']))
})
