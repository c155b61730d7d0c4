/** The Metrics tab: the job's curves, and over them those of other runs. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useOwned, useSignal } from '../../components/hooks';
import type { Choice } from '../../models/choice';
import type { MetricsModel } from '../../models/metrics';
import { RunsModel, type RunSource } from '../../models/runs';
import { Curves, type CurvesActions } from '../curves';
import type { Shown } from '../curves/lines';
import { labelled, shownOf } from '../curves/shown';

export interface MetricsTabProps {
  job: Job;
  model: MetricsModel;
  /** Where the other runs come from. */
  source: RunSource;
  choice: Choice;
  onChoice: (choice: Choice) => void;
  /** Ask which runs to lay over this one, and to compare it with. */
  onOverlay: (taken: readonly string[]) => void;
  onCompare: (ids: readonly string[]) => void;
  actions: CurvesActions;
  theme: string;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function MetricsTab(props: MetricsTabProps): React.ReactElement {
  const { job, model, source, choice, onChoice, onOverlay, onCompare, trans } = props;
  useSignal(model.changed);
  const others = useOverlay(source, choice.overlay);
  const own = { id: job.id, name: job.name, place: 0, metrics: model, active: !job.finished };
  const runs: Shown[] = labelled([
    { ...own, gone: null },
    // The first colour is the job's own.
    ...others.items.map(run => ({ ...shownOf(run, trans), place: run.place + 1 }))
  ]);
  if (runs.every(({ metrics }) => metrics.keys.length === 0)) {
    return <NoMetrics model={model} active={own.active} trans={trans} />;
  }
  const taken = [job.id, ...choice.overlay];
  return (
    <div className="sub-Metrics">
      <Curves
        title={job.name}
        runs={runs}
        choice={choice}
        onChoice={onChoice}
        onRemove={id => onChoice({ ...choice, overlay: choice.overlay.filter(one => one !== id) })}
        theme={props.theme}
        actions={props.actions}
        trans={trans}
      >
        <TextButton onClick={() => onOverlay(taken)}>{trans.__('Overlay runs…')}</TextButton>
        <TextButton onClick={() => onCompare(taken)}>
          {taken.length > 1 ? trans.__('Compare') : trans.__('Compare with…')}
        </TextButton>
      </Curves>
    </div>
  );
}

/** The other runs, held while they are shown. */
function useOverlay(source: RunSource, ids: readonly string[]): RunsModel {
  const runs = useOwned(React.useCallback(() => new RunsModel(source, []), [source]));
  useSignal(runs.changed);
  const wanted = ids.join();
  React.useEffect(() => {
    runs.set(wanted === '' ? [] : wanted.split(','));
  }, [runs, wanted]);
  return runs;
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
