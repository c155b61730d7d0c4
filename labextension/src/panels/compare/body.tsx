/** The compare view: its head, the table, and the curves. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Message, TextButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import { ordered, rows, type Compared, type Memory, type Row } from '../../models/comparison';
import { lossFirst } from '../../models/metrics';
import type { Run, RunsModel } from '../../models/runs';
import { Curves, type CurvesActions } from '../curves';
import { labelled, shownOf } from '../curves/shown';
import { FEWEST, MOST } from './choose';
import { tableAsCsv } from './csv';
import { CompareTable } from './table';

export interface CompareActions {
  open: (id: string) => void;
  /** Ask which jobs to add. */
  add: (taken: readonly string[]) => void;
  copy: (text: string) => void;
}

export interface CompareBodyProps {
  runs: RunsModel;
  memory: Memory;
  onMemory: (memory: Memory) => void;
  curves: CurvesActions;
  theme: string;
  actions: CompareActions;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function CompareBody(props: CompareBodyProps): React.ReactElement {
  const { runs, memory, onMemory, actions, trans } = props;
  useSignal(runs.changed);
  const { onlyDifferences, order } = memory;
  const all = rows(runs.items.map(compared), metricKeys(runs.items));
  const shown = onlyDifferences ? all.filter(({ differs }) => differs) : all;
  const places = ordered(
    all.find(({ id }) => id === order?.row),
    runs.items.length,
    order?.descending ?? false
  );
  return (
    <div className="sub-Compare">
      <div className="sub-Controls">
        <TextButton
          disabled={runs.ids.length >= MOST}
          title={
            runs.ids.length >= MOST
              ? trans.__('At most %1 jobs can stand beside each other.', MOST)
              : undefined
          }
          onClick={() => actions.add(runs.ids)}
        >
          {trans.__('Add jobs…')}
        </TextButton>
        <label>
          <input
            type="checkbox"
            checked={onlyDifferences}
            onChange={event => onMemory({ ...memory, onlyDifferences: event.target.checked })}
          />{' '}
          {trans.__('Only differences')}
        </label>
        <TextButton onClick={() => actions.copy(tableAsCsv(runs.items, places, shown, trans))}>
          {trans.__('Copy table as CSV')}
        </TextButton>
      </div>
      {runs.ids.length < FEWEST && (
        <Message kind="empty">
          {trans.__('Comparing takes at least %1 jobs: add some.', FEWEST)}
        </Message>
      )}
      <CompareTable
        runs={places.map(place => runs.items[place])}
        places={places}
        rows={shown}
        order={order}
        onOrder={next => onMemory({ ...memory, order: next })}
        onOpen={actions.open}
        onRemove={id => runs.remove(id)}
        trans={trans}
      />
      {shown.length < all.length && shown.every(isMetric) && (
        <p className="sub-Compare-same">{sameWords(shown, trans)}</p>
      )}
      <Drawn {...props} />
    </div>
  );
}

/** The curves of all of them, below the table. */
function Drawn(props: CompareBodyProps): React.ReactElement {
  const { runs, memory, onMemory, curves, theme, trans } = props;
  const shown = labelled(runs.items.map(run => shownOf(run, trans)));
  if (shown.every(({ metrics }) => metrics.keys.length === 0)) {
    const loading = shown.some(({ metrics }) => !metrics.loaded && metrics.problem === null);
    return loading ? (
      <Message kind="loading">{trans.__('Loading metrics…')}</Message>
    ) : (
      <Message kind="empty">{trans.__('None of these jobs logged metrics.')}</Message>
    );
  }
  return (
    <Curves
      title={shown.map(({ name }) => name).join(', ')}
      runs={shown}
      choice={memory.curves}
      onChoice={choice => onMemory({ ...memory, curves: choice })}
      onRemove={null}
      theme={theme}
      actions={curves}
      trans={trans}
    />
  );
}

function isMetric({ group }: Row): boolean {
  return group === 'metrics';
}

function sameWords(shown: readonly Row[], trans: TranslationBundle): string {
  return shown.length === 0
    ? trans.__('These jobs do not differ in anything.')
    : trans.__('Apart from their metrics these jobs do not differ.');
}

function compared({ id, job: { job }, metrics }: Run): Compared {
  return { id, job, params: metrics.params, summaries: metrics.summaries };
}

function metricKeys(runs: readonly Run[]): string[] {
  return [...new Set(runs.flatMap(({ metrics }) => metrics.keys))].sort(lossFirst);
}
