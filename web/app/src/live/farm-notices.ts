/** The Manager's notices, and which of them nobody has read in this browser. */

import { shallowReactive } from 'vue'

import type { Api } from '../api/client'
import type { NoticeList, ShownNotice } from '../api/types'
import { firstOf, lastTime, type Told } from '../rules/farm-notices'
import { Snapshot } from './snapshot'

export class FarmNotices {
  readonly state = shallowReactive<NoticeList & { loaded: boolean }>({
    notices: [],
    unread: 0,
    loaded: false,
  })

  private readonly snapshot = new Snapshot<NoticeList, ShownNotice>(
    (fresh) => Object.assign(this.state, fresh),
    (notice) => this.add(notice),
  )

  /** Called with what comes while the page is open. */
  onNew: (notice: Told) => void = () => undefined

  /** `browser` stands for this browser. */
  constructor(
    private readonly api: Pick<Api, 'fetchNotices' | 'markNoticesRead'>,
    private readonly browser: string,
  ) {}

  async load(): Promise<void> {
    await this.snapshot.load(() => this.api.fetchNotices(this.browser))
    this.state.loaded = true
  }

  onEvent(notice: Told): void {
    if (this.state.notices.some(({ id }) => id === notice.id)) return
    this.snapshot.event({ ...notice, unread: true })
    this.onNew(notice)
  }

  /** All that have come so far. */
  async markRead(): Promise<void> {
    if (this.state.unread === 0) return
    await this.api.markNoticesRead(this.browser, lastTime(this.state.notices))
    await this.load()
  }

  private add(notice: ShownNotice): void {
    const { notices, unread } = this.state
    if (notices.some(({ id }) => id === notice.id)) return
    this.state.notices = firstOf([notice, ...notices])
    this.state.unread = unread + 1
  }
}
