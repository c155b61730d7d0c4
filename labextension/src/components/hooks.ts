/** How components listen: to a model's signal, and to the passing of time. */
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';
import { sentenceOf } from '../api/problem';
import type { Reading } from '../models/reading';

/** Draw again whenever the signal is emitted. */
export function useSignal<S, A>(signal: ISignal<S, A>): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const slot = () => redraw();
    signal.connect(slot);
    return () => {
      signal.disconnect(slot);
    };
  }, [signal]);
}

/** The present time in milliseconds, fresh every `period` milliseconds: ages grow by themselves. */
export function useNow(period = 20_000): number {
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), period);
    return () => window.clearInterval(timer);
  }, [period]);
  return now;
}

/** The size of an element in CSS pixels, as it changes. */
export function useSize(ref: React.RefObject<HTMLElement>): { width: number; height: number } {
  const [size, setSize] = React.useState({ width: 0, height: 0 });
  React.useEffect(() => {
    const element = ref.current;
    if (!element) {
      return;
    }
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight })
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

/** A model that lives as long as the component shows it; `make` is the same until another is due. */
export function useOwned<T extends IDisposable>(make: () => T): T {
  const model = React.useMemo(() => make(), [make]);
  React.useEffect(() => () => model.dispose(), [model]);
  return model;
}

/** An answer of the server that is kept fresh while it is shown, drawn whenever it changes. */
export function useReading<T>(make: () => Reading<T>): Reading<T> {
  const reading = useOwned(make);
  useSignal(reading.changed);
  return reading;
}

/** What was answered last; while it is asked again, the answer before stays. */
export function useAnswer<T>(read: () => Promise<T>): { value: T | null; problem: string | null } {
  const [answer, setAnswer] = React.useState<{ value: T | null; problem: string | null }>({
    value: null,
    problem: null
  });
  React.useEffect(() => {
    let current = true;
    read().then(
      value => current && setAnswer({ value, problem: null }),
      error => current && setAnswer({ value: null, problem: sentenceOf(error) })
    );
    return () => {
      current = false;
    };
  }, [read]);
  return answer;
}

/** Runs what one asked for: whether it is under way, and the sentence if it fails. */
export function useAction(): {
  busy: boolean;
  problem: string | null;
  run: (action: () => Promise<unknown>) => Promise<boolean>;
} {
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<string | null>(null);
  const run = React.useCallback(async (action: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await action();
      return true;
    } catch (error) {
      setProblem(sentenceOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, problem, run };
}

/** A value once it has rested for `milliseconds`: what is typed is not asked for letter by letter. */
export function useRested<T>(value: T, milliseconds = 200): T {
  const [rested, setRested] = React.useState(value);
  React.useEffect(() => {
    const timer = window.setTimeout(() => setRested(value), milliseconds);
    return () => window.clearTimeout(timer);
  }, [value, milliseconds]);
  return rested;
}
