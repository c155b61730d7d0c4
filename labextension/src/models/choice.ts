/** How somebody looks at curves: what a view remembers, and reads back whatever was stored. */
import type { Axis, Range } from './curves';

export interface Choice {
  axis: Axis;
  log: boolean;
  smoothing: number;
  /** One chart for each metric. */
  apart: boolean;
  /** The metrics that are drawn; null while nobody has chosen. */
  shown: readonly string[] | null;
  /** The part of the axis that is looked at; null for all of it. */
  range: Range | null;
  /** Jobs whose curves lie over those of the view's own. */
  overlay: readonly string[];
}

export const FIRST_CHOICE: Choice = {
  axis: 'step',
  log: false,
  smoothing: 0,
  apart: false,
  shown: null,
  range: null,
  overlay: []
};

/** Curves that are drawn before anybody chose. */
const MOST_AT_FIRST = 8;

/** The metrics that are drawn, in their order. */
export function shownKeys(keys: readonly string[], { shown }: Choice): string[] {
  return keys.filter((key, at) => shown?.includes(key) ?? at < MOST_AT_FIRST);
}

/** What was stored, as far as it makes sense; the rest as at first. */
export function choiceOf(value: unknown, first: Choice = FIRST_CHOICE): Choice {
  const stored = (value ?? {}) as { readonly [name: string]: unknown };
  const { axis, log, smoothing, apart, shown, range, overlay } = stored;
  return {
    axis: axis === 'step' || axis === 'time' || axis === 'clock' ? axis : first.axis,
    log: typeof log === 'boolean' ? log : first.log,
    smoothing: isNumber(smoothing) && smoothing >= 0 && smoothing < 1 ? smoothing : first.smoothing,
    apart: typeof apart === 'boolean' ? apart : first.apart,
    shown: isTexts(shown) ? shown : first.shown,
    range: isRange(range) ? range : first.range,
    overlay: isTexts(overlay) ? overlay : first.overlay
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(one => typeof one === 'string');
}

function isRange(value: unknown): value is Range {
  return Array.isArray(value) && value.length === 2 && value.every(isNumber) && value[0] < value[1];
}
