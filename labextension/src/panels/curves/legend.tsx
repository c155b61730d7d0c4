/**
 * Which metrics and which runs, each with how it looks and its value: the last one, or the one
 * where the cursor is. What the pointer or the focus is on stands out in the charts. Props only.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import type { Line } from '../../components/plot';
import { Swatch } from '../../components/swatch';
import { metric, placeWords } from '../../components/words';
import type { Choice } from '../../models/choice';
import type { Crosshair } from '../../models/crosshair';
import { indexAt } from '../../models/curves';
import { found } from '../../models/search';
import { lineName, look, type Shown } from './lines';

export interface LegendProps {
  runs: readonly Shown[];
  choice: Choice;
  onChoice: (choice: Choice) => void;
  onRemove: ((id: string) => void) | null;
  actions: { open: (id: string) => void };
  /** All metrics, and those that are drawn. */
  all: readonly string[];
  shown: readonly string[];
  /** The lines of each chart. */
  drawn: readonly (readonly Line[])[];
  crosshair: Crosshair;
  trans: TranslationBundle;
}

/** Metrics from which on a search is worth its place. */
const MANY = 12;

/** See the module's comment. */
export function Legend(props: LegendProps): React.ReactElement {
  const { runs, choice, crosshair, trans } = props;
  useSignal(crosshair.changed);
  const { x } = crosshair;
  const heading = x === null ? trans.__('Latest') : placeWords(x, choice.axis, trans);
  return (
    <div className="sub-Legend">
      <div className="sub-Legend-where">{heading}</div>
      <Metrics {...props} x={x} />
      {runs.length > 1 && <Runs {...props} x={x} />}
    </div>
  );
}

type AtProps = LegendProps & { x: number | null };

function Metrics(props: AtProps): React.ReactElement {
  const { runs, all, shown, choice, trans } = props;
  const [text, setText] = React.useState('');
  const single = runs.length === 1;
  const listed = found(
    all.map(name => ({ name })),
    text
  );
  const latest = React.useRef(props);
  React.useEffect(() => {
    latest.current = props;
  });
  const toggle = React.useCallback((key: string) => {
    const { shown: old, choice, onChoice } = latest.current;
    const next = old.includes(key) ? old.filter(one => one !== key) : [...old, key];
    onChoice({ ...choice, shown: next });
  }, []);
  return (
    <fieldset className="sub-Legend-metrics">
      <legend className="sub-Hidden">{trans.__('Metrics')}</legend>
      {all.length >= MANY && (
        <input
          type="search"
          className="jp-mod-styled"
          aria-label={trans.__('Find metrics')}
          placeholder={trans.__('Find metrics')}
          value={text}
          onChange={event => setText(event.target.value)}
        />
      )}
      {listed.map(({ name }) => (
        <Metric
          key={name}
          name={name}
          place={all.indexOf(name)}
          checked={shown.includes(name)}
          onToggle={toggle}
          value={single ? valueAt(props, runs[0], name) : null}
          apart={choice.apart}
          group={single ? name : null}
          crosshair={props.crosshair}
        />
      ))}
    </fieldset>
  );
}

interface MetricProps {
  name: string;
  place: number;
  checked: boolean;
  onToggle: (name: string) => void;
  /** Null where each run has its own. */
  value: string | null;
  apart: boolean;
  /** Null where the runs stand out, not the metrics. */
  group: string | null;
  crosshair: Crosshair;
}

/** Drawn anew only where its own value changed: there may be a thousand. */
const Metric = React.memo(function Metric(props: MetricProps): React.ReactElement {
  const { name, place, checked, onToggle, value, apart, group, crosshair } = props;
  const { color, dash } = look(place, 0, group === null, apart);
  return (
    <label className="sub-Legend-item" {...standsOut(crosshair, group)}>
      <input type="checkbox" checked={checked} onChange={() => onToggle(name)} />
      {group !== null ? (
        <Swatch color={color} dash={dash} />
      ) : (
        !apart && checked && <Swatch color={null} dash={dash} />
      )}
      <span className="sub-Legend-name" title={name}>
        {name}
      </span>
      {value !== null && <span className="sub-Legend-value">{value}</span>}
    </label>
  );
});

/** Each run with its values of the metrics that are drawn. */
function Runs(props: AtProps): React.ReactElement {
  const { runs, shown, choice, crosshair, onRemove, actions, trans } = props;
  useSignal(crosshair.groupChanged);
  return (
    <div className="sub-Legend-runs" tabIndex={0} role="region" aria-label={trans.__('Jobs')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{trans.__('Job')}</th>
            {shown.map(key => (
              <th key={key} scope="col" className="sub-Number">
                {key}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {runs.map((run, at) => (
            <tr
              key={run.id}
              className={crosshair.group === run.id ? 'sub-mod-active' : undefined}
              {...standsOut(crosshair, run.id)}
            >
              <th scope="row">
                <Swatch {...look(0, run.place, true, choice.apart)} />
                <button type="button" className="sub-Link" onClick={() => actions.open(run.id)}>
                  {run.name}
                </button>
                {run.active && <span className="sub-Legend-note">{trans.__('live')}</span>}
                {run.gone && <span className="sub-Legend-note">{run.gone}</span>}
              </th>
              {shown.map(key => (
                <td key={key} className="sub-Number">
                  {valueAt(props, run, key)}
                </td>
              ))}
              <td>
                {onRemove && at > 0 && (
                  <IconButton
                    icon={closeIcon}
                    name={trans.__('Remove %1', run.name)}
                    onClick={() => onRemove(run.id)}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What makes a curve stand out while the pointer or the focus is on its name. */
function standsOut(
  crosshair: Crosshair,
  group: string | null
): Pick<
  React.HTMLAttributes<HTMLElement>,
  'onPointerEnter' | 'onPointerLeave' | 'onFocus' | 'onBlur'
> {
  return group === null
    ? {}
    : {
        onPointerEnter: () => crosshair.lookAt(group),
        onPointerLeave: () => crosshair.lookAt(null),
        onFocus: () => crosshair.lookAt(group),
        onBlur: () => crosshair.lookAt(null)
      };
}

/** A metric's value as it was measured, and beside it as it is drawn where that is smoothed. */
function valueAt(props: AtProps, run: Shown, key: string): string {
  const { x, drawn, shown, runs, choice } = props;
  if (x === null || !shown.includes(key)) {
    return metric(run.metrics.summaries.get(key)?.last);
  }
  const figure = choice.apart ? shown.indexOf(key) : 0;
  const name = lineName(run, key, runs.length > 1);
  const line = drawn[figure]?.find(one => one.name === name);
  const at = line ? indexAt(line.curve, x) : -1;
  if (!line || at < 0 || line.curve.x[at] > x) {
    return metric(undefined);
  }
  const measured = line.curve.raw[at];
  const text = metric(Number.isFinite(measured) ? measured : String(measured));
  const smoothed = choice.smoothing > 0 && Number.isFinite(line.curve.y[at]);
  return smoothed ? `${text} ~ ${metric(line.curve.y[at])}` : text;
}
