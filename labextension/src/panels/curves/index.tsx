/**
 * The curves of one or several jobs: controls, charts that share a cursor and a zoom, and the
 * legend with the values there. The Metrics tab and the compare view are made of it. Props only.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Chart } from '../../components/chart';
import { useOwned, useSignal } from '../../components/hooks';
import type { Line } from '../../components/plot';
import { shownKeys, type Choice } from '../../models/choice';
import { Crosshair } from '../../models/crosshair';
import type { Range } from '../../models/curves';
import { ZoomModel, type ZoomOptions } from '../../models/zoom';
import { Controls } from './controls';
import { Legend } from './legend';
import { allKeys, figures, linesOf, partsOf, type Shown } from './lines';
import { Notes } from './notes';
import { picture } from './picture';
import { Values } from './values';

/** What the curves need of the rest of the lab. */
export interface CurvesActions {
  /** A part of a job's curves, as fine as it is. */
  read: ZoomOptions['read'];
  savePicture: (make: () => Promise<Blob>, title: string) => void;
  saveTable: (runs: readonly Shown[], keys: readonly string[], title: string) => void;
  open: (id: string) => void;
}

export interface CurvesProps {
  /** What the picture is called. */
  title: string;
  runs: readonly Shown[];
  choice: Choice;
  onChoice: (choice: Choice) => void;
  /** Take a run away; null for those that belong to the view. */
  onRemove: ((id: string) => void) | null;
  theme: string;
  actions: CurvesActions;
  /** Further controls. */
  children?: React.ReactNode;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Curves(props: CurvesProps): React.ReactElement {
  const { title, runs, choice, onChoice, theme, actions, trans } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const crosshair = React.useMemo(() => new Crosshair(), []);
  const zoom = useZoom(actions.read, runs, choice);
  const all = allKeys(runs);
  const groups = figures(all, choice);
  const drawn = useLines(runs, groups, all, choice, zoom);
  const onZoom = (range: Range | null) => onChoice({ ...choice, range });
  const shown = shownKeys(all, choice);
  return (
    <div className="sub-Curves" ref={root}>
      <Controls
        choice={choice}
        onChange={onChoice}
        onPicture={() =>
          actions.savePicture(
            () => picture(root.current, { title, drawn, groups, choice, trans }),
            title
          )
        }
        onTable={() => actions.saveTable(runs, shown, title)}
        trans={trans}
      >
        {props.children}
      </Controls>
      <div className="sub-Curves-charts">
        {groups.map((keys, at) => (
          <figure key={choice.apart ? keys[0] : ''} className="sub-Curves-figure">
            {choice.apart && <figcaption>{keys[0]}</figcaption>}
            {drawn[at].length === 0 ? (
              <p className="sub-Curves-nothing">{trans.__('Choose a metric below.')}</p>
            ) : (
              <Chart
                lines={drawn[at]}
                axis={choice.axis}
                log={choice.log}
                theme={theme}
                label={chartLabel(keys, runs, trans)}
                range={choice.range}
                onZoom={onZoom}
                crosshair={crosshair}
                trans={trans}
              />
            )}
          </figure>
        ))}
      </div>
      <Notes lines={drawn.flat()} choice={choice} runs={runs} trans={trans} />
      <Legend {...props} all={all} shown={shown} drawn={drawn} crosshair={crosshair} />
      <Values lines={drawn.flat()} choice={choice} trans={trans} />
    </div>
  );
}

function chartLabel(
  keys: readonly string[],
  runs: readonly Shown[],
  trans: TranslationBundle
): string {
  const names = keys.join(', ');
  return runs.length > 1
    ? trans._n('Curves of %2 of %1 job', 'Curves of %2 of %1 jobs', runs.length, names)
    : trans.__('Curves of %1', names);
}

/** What is looked at closely is read again. */
function useZoom(read: ZoomOptions['read'], runs: readonly Shown[], choice: Choice): ZoomModel {
  const zoom = useOwned(React.useCallback(() => new ZoomModel({ read }), [read]));
  useSignal(zoom.changed);
  const parts = partsOf(runs, shownKeys(allKeys(runs), choice), choice);
  const wanted = JSON.stringify(parts);
  React.useEffect(() => {
    zoom.want(JSON.parse(wanted));
  }, [zoom, wanted]);
  return zoom;
}

/** The lines of each chart; the same arrays until there is something new to draw. */
function useLines(
  runs: readonly Shown[],
  groups: readonly string[][],
  all: readonly string[],
  choice: Choice,
  zoom: ZoomModel
): Line[][] {
  const state = JSON.stringify([
    runs.map(({ id, name, place, metrics }) => [id, name, place, metrics.version]),
    groups,
    all,
    choice,
    zoom.version
  ]);
  return React.useMemo(
    () => groups.map(keys => linesOf(runs, keys, all, choice, zoom)),
    // `state` says all that matters of the others.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [state, zoom]
  );
}
