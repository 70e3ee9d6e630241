import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import type { Call } from '../api/types'

/**
 * Keeps the rows under the reader's eyes where they are when new ones come in above, and counts those. At the very top
 * nothing is held: there one watches them arrive.
 */
export function useScrollAnchor(
  scroller: RefObject<HTMLDivElement | null>,
  calls: Call[],
  rowHeight: number,
): number {
  const [fresh, setFresh] = useState(0)
  const before = useRef<Call[]>([])

  useLayoutEffect(() => {
    const element = scroller.current
    const old = before.current
    before.current = calls
    if (!element || old === calls || element.scrollTop < rowHeight / 2) return
    const top = old[Math.floor(element.scrollTop / rowHeight)]
    if (!top) return
    const was = old.indexOf(top)
    const is = calls.findIndex((call) => call.id === top.id)
    if (is < 0 || is === was) return
    element.scrollTop += (is - was) * rowHeight
    if (is > was) setFresh((count) => count + is - was)
  }, [calls, rowHeight, scroller])

  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const onScroll = () => {
      if (element.scrollTop < rowHeight / 2) setFresh(0)
    }
    element.addEventListener('scroll', onScroll, { passive: true })
    return () => element.removeEventListener('scroll', onScroll)
  }, [rowHeight, scroller])

  return fresh
}
