/** A job in a notebook's cell: state, progress, last lines, main curve. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { isTerminal, type Job } from '../api/types';
import { JobProgress, NoJob, State, TextButton } from '../components/basics';
import { AnsiLine } from '../components/ansi';
import { Chart } from '../components/chart';
import { useSignal } from '../components/hooks';
import { duration, metric } from '../components/words';
import { curve } from '../models/curves';
import type { JobModel } from '../models/job';
import type { LogsModel } from '../models/logs';
import type { MetricsModel } from '../models/metrics';

/** Lines of the log that a card shows. */
const LINES = 5;

export interface CardProps {
  job: JobModel;
  metrics: MetricsModel;
  logs: LogsModel;
  /** Not in a notebook that is not trusted: what it names must not be stopped by a slip. */
  mayStop: (job: Job) => boolean;
  onStop: () => void;
  onOpen: () => void;
  theme: string;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobCard(props: CardProps): React.ReactElement {
  const { job: model, trans } = props;
  useSignal(model.changed);
  if (model.job) {
    return <Loaded {...props} found={model.job} />;
  }
  return <NoJob missing={model.missing} problem={model.problem} trans={trans} />;
}

function Loaded(props: CardProps & { found: Job }): React.ReactElement {
  const { found: job, metrics, logs, mayStop, onStop, onOpen, theme, trans } = props;
  const done = isTerminal(job.state);
  return (
    <section className="sub-Card" aria-label={trans.__('Job %1', job.name)}>
      <div className="sub-Card-head">
        <strong className="sub-Card-name">{job.name}</strong>
        <span role="status">
          <State job={job} trans={trans} />
        </span>
        <Took job={job} trans={trans} />
        <span className="sub-Card-buttons">
          {!done && mayStop(job) && (
            <TextButton onClick={onStop} disabled={job.target === 'stop'}>
              {trans.__('Stop')}
            </TextButton>
          )}
          <TextButton onClick={onOpen}>{trans.__('Open')}</TextButton>
        </span>
      </div>
      {job.reason && <div className="sub-Reason">{job.reason}</div>}
      <JobProgress job={job} trans={trans} />
      <div className="sub-Card-body">
        <MainCurve model={metrics} job={job} theme={theme} trans={trans} />
        <LastLines model={logs} trans={trans} />
      </div>
    </section>
  );
}

/** How long a finished job ran. */
function Took(props: { job: Job; trans: TranslationBundle }): React.ReactElement | null {
  const { job, trans } = props;
  if (!job.started || !job.finished) {
    return null;
  }
  const seconds = (Date.parse(job.finished) - Date.parse(job.started)) / 1000;
  return <span className="sub-Card-took">{trans.__('in %1', duration(seconds, trans))}</span>;
}

interface CurveProps {
  model: MetricsModel;
  job: Job;
  theme: string;
  trans: TranslationBundle;
}

/** The loss, or the first metric there is, with the latest values of the others. */
function MainCurve(props: CurveProps): React.ReactElement | null {
  const { model, job, theme, trans } = props;
  useSignal(model.changed);
  const { version } = model;
  const [key] = model.keys;
  const curves = React.useMemo(() => {
    const series = version >= 0 && key !== undefined ? model.series(key) : undefined;
    const options = { axis: 'step', log: false, smoothing: 0, origin: 0 } as const;
    const line = { group: key, name: key, label: key, color: 0, dash: 0 };
    return series ? [{ ...line, curve: curve(series, options) }] : [];
  }, [model, key, version]);
  if (curves.length === 0) {
    return null;
  }
  const latest = model.keys.slice(0, 6).map(name => {
    const values = model.series(name)?.value ?? [];
    return [name, metric(values[values.length - 1] ?? job.latest[name])] as const;
  });
  return (
    <div className="sub-Card-curve">
      <Chart
        lines={curves}
        axis="step"
        log={false}
        theme={theme}
        label={trans.__('Curve of %1', key)}
        trans={trans}
      />
      <div className="sub-Card-latest">
        {latest.map(([name, value]) => (
          <span key={name}>
            {name} <strong>{value}</strong>
          </span>
        ))}
      </div>
    </div>
  );
}

function LastLines(props: {
  model: LogsModel;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { model, trans } = props;
  useSignal(model.changed);
  const lines = model.lines.tail(LINES);
  if (lines.length === 0) {
    return null;
  }
  return (
    <div className="sub-Card-log" role="group" aria-label={trans.__('Last lines of the log')}>
      {lines.map((line, index) => (
        <div key={index}>
          <AnsiLine text={line} />
        </div>
      ))}
    </div>
  );
}
