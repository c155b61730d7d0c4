/** The Metrics tab: which curves, how they are drawn, and their values. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Message } from '../../components/basics';
import { Chart, curveColor, curveDash, type Hover } from '../../components/chart';
import { useSignal } from '../../components/hooks';
import { duration, metric } from '../../components/words';
import { curve, origin, type Axis, type Curve } from '../../models/curves';
import type { MetricsModel } from '../../models/metrics';

/** What the reader chose; null for `shown` means all. */
interface Choice {
  axis: Axis;
  log: boolean;
  smoothing: number;
  apart: boolean;
  shown: ReadonlySet<string> | null;
}

const FIRST_CHOICE: Choice = { axis: 'step', log: false, smoothing: 0, apart: false, shown: null };

/** Curves that are drawn before anybody chose. */
const MOST_AT_FIRST = 8;

export interface MetricsTabProps {
  model: MetricsModel;
  theme: string;
  /** Whether more points can come. */
  active: boolean;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function MetricsTab(props: MetricsTabProps): React.ReactElement {
  const { model, theme, active, trans } = props;
  useSignal(model.changed);
  const [choice, setChoice] = React.useState(FIRST_CHOICE);
  const [hover, setHover] = React.useState<{ keys: readonly string[]; at: Hover } | null>(null);
  const { keys } = model;
  if (keys.length === 0) {
    return <NoMetrics model={model} active={active} trans={trans} />;
  }
  const shown = keys.filter((key, at) => choice.shown?.has(key) ?? at < MOST_AT_FIRST);
  const groups = choice.apart ? shown.map(key => [key]) : [shown];
  return (
    <div className="sub-Metrics">
      <Controls choice={choice} onChange={setChoice} trans={trans} />
      <div className="sub-Metrics-charts">
        {groups.map(group => (
          <Figure
            key={JSON.stringify(group)}
            model={model}
            version={model.version}
            group={group}
            choice={choice}
            theme={theme}
            onHover={at => setHover(at && { keys: group, at })}
            trans={trans}
          />
        ))}
      </div>
      <Legend
        model={model}
        shown={shown}
        hover={hover}
        axis={choice.axis}
        onChange={next => setChoice({ ...choice, shown: next })}
        trans={trans}
      />
    </div>
  );
}

interface FigureProps {
  model: MetricsModel;
  version: number;
  group: readonly string[];
  choice: Choice;
  theme: string;
  onHover: (at: Hover | null) => void;
  trans: TranslationBundle;
}

/** One chart. Its curves are made anew only for new points or another choice, not for a hover. */
function Figure(props: FigureProps): React.ReactElement {
  const { model, version, group, choice, theme, onHover, trans } = props;
  const wanted = JSON.stringify(group);
  const drawn = React.useMemo(
    () => ({ version, curves: curves(model, JSON.parse(wanted) as string[], choice) }),
    [model, version, wanted, choice]
  );
  return (
    <figure className="sub-Metrics-figure">
      {choice.apart && <figcaption>{group[0]}</figcaption>}
      <Chart
        curves={drawn.curves}
        places={group.map(key => model.keys.indexOf(key))}
        axis={choice.axis}
        log={choice.log}
        theme={theme}
        label={trans.__('Curves of %1', group.join(', '))}
        onHover={onHover}
        trans={trans}
      />
    </figure>
  );
}

function curves(model: MetricsModel, keys: readonly string[], choice: Choice): Curve[] {
  const all = model.keys.flatMap(key => model.series(key) ?? []);
  const options = { ...choice, origin: origin(all) };
  return keys.flatMap(key => {
    const series = model.series(key);
    return series ? [curve(key, series, options)] : [];
  });
}

function NoMetrics(props: {
  model: MetricsModel;
  active: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, active, trans } = props;
  if (model.problem) {
    return <Message kind="failed">{model.problem}</Message>;
  }
  if (!model.loaded) {
    return <Message kind="loading">{trans.__('Loading metrics…')}</Message>;
  }
  return (
    <Message kind="empty">
      {active
        ? trans.__(
            'No metrics yet. In your code: from submarine_ext import track; track.log_metric("loss", value).'
          )
        : trans.__('This job logged no metrics.')}
    </Message>
  );
}

function Controls(props: {
  choice: Choice;
  onChange: (choice: Choice) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { choice, onChange, trans } = props;
  const percent = Math.round(choice.smoothing * 100);
  return (
    <div className="sub-Controls">
      <label>
        {trans.__('Over')}{' '}
        <select
          className="jp-mod-styled"
          value={choice.axis}
          onChange={event => onChange({ ...choice, axis: event.target.value as Axis })}
        >
          <option value="step">{trans.__('steps')}</option>
          <option value="time">{trans.__('time')}</option>
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={choice.log}
          onChange={event => onChange({ ...choice, log: event.target.checked })}
        />{' '}
        {trans.__('Log scale')}
      </label>
      <label>
        <input
          type="checkbox"
          checked={choice.apart}
          onChange={event => onChange({ ...choice, apart: event.target.checked })}
        />{' '}
        {trans.__('One chart each')}
      </label>
      <label>
        {trans.__('Smoothing')}{' '}
        <input
          type="range"
          min={0}
          max={99}
          value={percent}
          aria-valuetext={trans.__('%1 %', percent)}
          onChange={event => onChange({ ...choice, smoothing: Number(event.target.value) / 100 })}
        />
        <span className="sub-Controls-note">{trans.__('%1 %', percent)}</span>
      </label>
    </div>
  );
}

interface LegendProps {
  model: MetricsModel;
  shown: readonly string[];
  hover: { keys: readonly string[]; at: Hover } | null;
  axis: Axis;
  onChange: (shown: ReadonlySet<string>) => void;
  trans: TranslationBundle;
}

/** Every metric with its value: the last one, or the one under the pointer. */
function Legend(props: LegendProps): React.ReactElement {
  const { model, shown, hover, axis, onChange, trans } = props;
  const toggle = (key: string) => {
    const next = new Set(shown);
    if (!next.delete(key)) {
      next.add(key);
    }
    onChange(next);
  };
  return (
    <fieldset className="sub-Legend">
      <legend>{heading(hover?.at ?? null, axis, trans)}</legend>
      {model.keys.map((key, place) => (
        <label key={key} className="sub-Legend-item">
          <input type="checkbox" checked={shown.includes(key)} onChange={() => toggle(key)} />
          <Swatch place={place} />
          <span className="sub-Legend-name" title={key}>
            {key}
          </span>
          <span className="sub-Legend-value">{legendValue(model, key, hover)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function heading(at: Hover | null, axis: Axis, trans: TranslationBundle): string {
  if (!at) {
    return trans.__('Latest');
  }
  return axis === 'step' ? trans.__('Step %1', at.x) : trans.__('After %1', duration(at.x, trans));
}

function legendValue(model: MetricsModel, key: string, hover: LegendProps['hover']): string {
  const place = hover?.keys.indexOf(key) ?? -1;
  if (hover && place >= 0) {
    return metric(hover.at.values[place] ?? undefined);
  }
  const values = model.series(key)?.value ?? [];
  return metric(values[values.length - 1]);
}

function Swatch({ place }: { place: number }): React.ReactElement {
  return (
    <svg width="22" height="8" aria-hidden="true" className="sub-Swatch">
      <line
        x1="0"
        x2="22"
        y1="4"
        y2="4"
        strokeWidth="2"
        stroke={`var(${curveColor(place)})`}
        strokeDasharray={curveDash(place).join(' ')}
      />
    </svg>
  );
}
