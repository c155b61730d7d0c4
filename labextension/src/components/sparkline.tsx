/** A metric's course in a row, as small as a word. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../api/types';
import { metric } from './words';

const WIDTH = 100;
const HEIGHT = 20;
/** Room for half of the line's width, and for the dot at its end. */
const EDGE = 2;

/** The main metric's curve and its newest value; nothing where nothing was measured. */
export function Sparkline(props: {
  job: Job;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { job, trans } = props;
  if (!job.trace) {
    return null;
  }
  const { metric: name } = job.trace;
  const newest = metric(job.latest[name]);
  const values = valuesOf(job);
  const words = trans.__('%1: %2 now, %3 at first', name, newest, metric(values[0]));
  return (
    <span className="sub-Spark" role="img" aria-label={words} title={words}>
      {values.length > 1 && <Line values={values} />}
      <span className="sub-Spark-value" aria-hidden="true">
        <span className="sub-Spark-name">{name}</span> {newest}
      </span>
    </span>
  );
}

function Line({ values }: { values: readonly number[] }): React.ReactElement {
  const points = placed(values);
  const [x, y] = points[points.length - 1];
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="sub-Spark-line"
      aria-hidden="true"
    >
      <polyline
        points={points.map(point => point.join()).join(' ')}
        fill="none"
        vectorEffect="non-scaling-stroke"
      />
      {/* A line of no length with round ends is a dot, however the picture is stretched. */}
      <path d={`M${x} ${y}h0`} className="sub-Spark-end" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** The trace, and what came since its last value. */
function valuesOf({ trace, latest }: Job): number[] {
  const values = trace?.values ?? [];
  const newest = trace ? latest[trace.metric] : undefined;
  const more = typeof newest === 'number' && trace && trace.every > 1;
  return more ? [...values, newest] : values;
}

function placed(values: readonly number[]): [number, number][] {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const step = (WIDTH - 2 * EDGE) / (values.length - 1);
  const flat = values.every(value => value === low);
  return values.map((value, index) => [
    short(EDGE + index * step),
    flat ? HEIGHT / 2 : short(HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE))
  ]);
}

function short(number: number): number {
  return Number(number.toFixed(1));
}
