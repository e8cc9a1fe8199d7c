import { describe, expect, it } from 'vitest'

import type { ListedFrame } from '../src/api/types'
import { FrameRow } from '../src/rules/frame-row'
import { changedFrame, frameCells, frameText, frameTime, frameToApprove, outputsOf, pictureOf } from '../src/rules/frames'

function frame(fields: Partial<ListedFrame> = {}): ListedFrame {
  return { frame: 7, state: 'queued', task: 't', attempt: 0, pictures: [], ...fields }
}

function picture(output: string, lease: number, small = `${output}-${lease}`) {
  return { output, lease, small }
}

describe('a frame of a job', () => {
  it('stays as it was where an event says nothing', () => {
    const known = frame({ state: 'active', worker: { id: 'w', name: 'anna' }, files: ['a.png'] })
    const done = changedFrame(known, { frame: 7, state: 'done', seconds: 2, files: ['b.png'] })
    expect(done).toMatchObject({ state: 'done', seconds: 2, files: ['a.png', 'b.png'] })
    expect(done.worker?.name).toBe('anna')
  })

  it('keeps of each output the picture of the newest attempt', () => {
    const known = frame({ pictures: [picture('beauty', 2), picture('depth', 1)] })
    const late = changedFrame(known, { frame: 7, pictures: [picture('beauty', 1), picture('depth', 3)] })
    expect(late.pictures.map(({ small }) => small)).toEqual(['beauty-2', 'depth-3'])
  })

  it('has a video of each output that has a picture', () => {
    const broken = { output: 'Dusk', lease: 1, reason: 'the file is gone' }
    const pictures = [picture('Day', 1), broken, picture('Night', 1)]
    expect(outputsOf(frame({ pictures }))).toEqual(['Day', 'Night'])
  })

  it('has its own picture before what File Output nodes add, whatever comes first', () => {
    const known = frame({ pictures: [picture('left', 1), picture('Depth/z', 1)] })
    const late = changedFrame(known, { frame: 7, pictures: [picture('right', 1), picture('A/b', 1)] })
    expect(late.pictures.map(({ output }) => output)).toEqual(['left', 'right', 'A/b', 'Depth/z'])
  })

  it('is shown by the first output that has a picture', () => {
    const pictures = [{ output: 'depth', lease: 1, reason: 'deep' }, picture('beauty', 1, '/b')]
    expect(pictureOf(frame({ pictures }), 'large')).toBe('/b')
    expect(pictureOf(frame(), 'small')).toBeNull()
  })

  it('is what an approval is about if its task is needed, and it has a picture', () => {
    const frames = [
      frame({ frame: 1, task: 'a', pictures: [picture('beauty', 1, '/1')] }),
      frame({ frame: 2, task: 'a', pictures: [picture('beauty', 1, '/2')] }),
      frame({ frame: 3, task: 'a' }),
      frame({ frame: 4, task: 'b', pictures: [picture('beauty', 1, '/4')] }),
    ]
    expect(frameToApprove({ depends_on: ['a'] }, frames)).toEqual({ number: 2, picture: '/2' })
    expect(frameToApprove({ depends_on: ['b'] }, frames)).toEqual({ number: 4, picture: '/4' })
    expect(frameToApprove({ depends_on: ['c'] }, frames)).toBeNull()
    expect(frameToApprove({}, frames)).toBeNull()
  })

  it('stands out in the strip if its result may be wrong', () => {
    const row = new FrameRow({ frames: '7-8', states: 'dD' })
    const cells = frameCells(row, (place) => row.frameAt(place))
    expect([cells.tone(0), cells.tone(1)]).toEqual(['done', 'warning'])
    const warned = frame({ state: 'done', seconds: 61, warnings: ['a texture is missing'] })
    expect(frameText(warned)).toBe('Frame 7: Done, with a warning, 61 s')
    expect(cells.text(1)).toBe('Frame 8: Done, with a warning')
  })

  it.each([[0.94, '0.9 s'], [18.4, '18 s'], [119.6, '2 min 0 s'], [605, '10 min 5 s'], [7260, '2 h 1 min']])(
    'took %d seconds: %s',
    (seconds, text) => expect(frameTime(seconds)).toBe(text),
  )
})
