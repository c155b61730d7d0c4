/** When a job was created, waited, ran and ended, and how long each took. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { isTerminal, type Job } from '../../api/types';
import { StateIcon } from '../../components/icons';
import { locale } from '../../components/locale';
import { duration, exactTime, stateWord } from '../../components/words';

export interface TimelineProps {
  job: Job;
  now: number;
  trans: TranslationBundle;
}

/** `span` is how long it was so, `lasting` whether it still is. */
interface Step {
  word: string;
  state: Job['state'];
  time: string;
  span: number;
  lasting: boolean;
}

/** See the module's comment. */
export function Timeline(props: TimelineProps): React.ReactElement {
  const { job, trans } = props;
  const steps = stepsOf(props);
  return (
    <ol className="sub-Timeline" aria-label={trans.__('Timeline')}>
      {job.attempt > 1 && (
        <li className="sub-Timeline-attempt">
          <span>{trans.__('Attempt %1', job.attempt)}</span>
        </li>
      )}
      {steps.map(step => (
        <li key={step.word} className={step.lasting ? 'sub-mod-lasting' : undefined}>
          <StateIcon state={step.state} />
          <span className="sub-Timeline-word">{step.word}</span>
          <time dateTime={step.time} title={exactTime(step.time)}>
            {clock(step.time, job.created)}
          </time>
          <span className="sub-Timeline-span">{spanWord(step, trans)}</span>
        </li>
      ))}
    </ol>
  );
}

function stepsOf({ job, now, trans }: TimelineProps): Step[] {
  const over = isTerminal(job.state);
  const known: [string, Job['state'], string | null | undefined][] = [
    [trans.__('Created'), 'pending', job.created],
    [trans.__('Queued'), 'queued', job.queued],
    [trans.__('Started'), 'running', job.started],
    [stateWord(job.state, trans), job.state, over ? job.finished : null]
  ];
  const reached = known.filter((step): step is [string, Job['state'], string] => Boolean(step[2]));
  return reached.map(([word, state, time], index) => {
    const next = reached[index + 1]?.[2];
    const until = next ? Date.parse(next) : over ? Date.parse(time) : now;
    const lasting = !over && index === reached.length - 1;
    return { word, state, time, span: (until - Date.parse(time)) / 1000, lasting };
  });
}

function spanWord({ span, lasting, state }: Step, trans: TranslationBundle): string {
  if (span < 1) {
    return '';
  }
  const words = duration(span, trans);
  if (lasting) {
    return trans.__('for %1', words);
  }
  return state === 'running' ? trans.__('ran %1', words) : trans.__('waited %1', words);
}

/** The time of the day; with the day where it is another than the job began on. */
function clock(time: string, created: string): string {
  const [at, first] = [new Date(time), new Date(created)];
  const hour = at.toLocaleTimeString(locale());
  return at.toDateString() === first.toDateString() ? hour : at.toLocaleString(locale());
}
