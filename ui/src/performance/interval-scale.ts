/** Where an interval is drawn: shares of the width, 0.5 is no difference. */
export interface IntervalPlace {
  left: number
  right: number
  dot: number
  /** What the two ends of the width are. */
  reach: number
}

/** The same distance to both sides, so that one sees at once on which side of "no difference" it lies. */
export function placeInterval(interval: [number, number], difference: number): IntervalPlace {
  const reach = Math.max(Math.abs(interval[0]), Math.abs(interval[1]), Math.abs(difference)) * 1.15 || 1
  const at = (value: number) => 0.5 + value / reach / 2
  return { left: at(interval[0]), right: at(interval[1]), dot: at(difference), reach }
}
