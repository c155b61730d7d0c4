/** The smallest pieces: state, progress, time, buttons, messages. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { isTerminal, type Job } from '../api/types';
import { StateIcon } from './icons';
import { age, exactTime, jobWord, progressWords } from './words';

/** A job's state: a shape and a word, so that colour is never the only signal. */
export function State(props: { job: Job; trans: TranslationBundle }): React.ReactElement {
  const { job, trans } = props;
  return (
    <span className="sub-State">
      <StateIcon state={job.state} />
      <span>{jobWord(job, trans)}</span>
    </span>
  );
}

/** How far a running job is; nothing where nobody knows or it is over. */
export function JobProgress(props: {
  job: Job;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { job, trans } = props;
  if (isTerminal(job.state) || !job.progress) {
    return null;
  }
  const { fraction } = job.progress;
  const words = progressWords(job.progress, trans);
  return (
    <div className="sub-Progress">
      {fraction !== null && (
        <div
          className="sub-Progress-bar"
          role="progressbar"
          aria-label={trans.__('Progress of %1', job.name)}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.floor(fraction * 100)}
          aria-valuetext={words}
        >
          <div style={{ width: `${Math.min(1, Math.max(0, fraction)) * 100}%` }} />
        </div>
      )}
      <div className="sub-Progress-words" title={words}>
        {words}
      </div>
    </div>
  );
}

/** A relative time; the exact one on hover. */
export function Ago(props: {
  time: string;
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  return (
    <time dateTime={props.time} title={exactTime(props.time)}>
      {age(props.time, props.now, props.trans)}
    </time>
  );
}

/** A button that is only an icon; its name is for hover and screen readers. */
export function IconButton(props: {
  icon: LabIcon;
  name: string;
  onClick: () => void;
  tabIndex?: number;
}): React.ReactElement {
  return (
    <button
      type="button"
      className="jp-Button jp-mod-minimal sub-IconButton"
      title={props.name}
      aria-label={props.name}
      tabIndex={props.tabIndex}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" width="16px" height="16px" />
    </button>
  );
}

/** A button with a word on it. */
export function TextButton(props: {
  children: React.ReactNode;
  onClick: () => void;
  accept?: boolean;
  disabled?: boolean;
  title?: string;
}): React.ReactElement {
  const kind = props.accept ? 'jp-mod-accept' : 'sub-mod-quiet';
  return (
    <button
      type="button"
      className={`jp-Button jp-mod-styled ${kind} sub-TextButton`}
      disabled={props.disabled}
      title={props.title}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

/** A sentence in the place of content: empty, loading, refused, away. */
export function Message(props: {
  kind: 'empty' | 'loading' | 'forbidden' | 'failed';
  children: React.ReactNode;
}): React.ReactElement {
  const urgent = props.kind === 'failed' || props.kind === 'forbidden';
  return (
    <div className={`sub-Message sub-mod-${props.kind}`} role={urgent ? 'alert' : 'status'}>
      {props.kind === 'loading' && <span className="sub-Spinner" aria-hidden="true" />}
      <span>{props.children}</span>
    </div>
  );
}

/** In the place of a job that is not there, or not yet. */
export function NoJob(props: {
  missing: boolean;
  problem: string | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { missing, problem, trans } = props;
  if (missing) {
    return (
      <Message kind="failed">
        {trans.__('There is no such job here. It was deleted, or it ran on another server.')}
      </Message>
    );
  }
  return problem ? (
    <Message kind="failed">{problem}</Message>
  ) : (
    <Message kind="loading">{trans.__('Loading the job…')}</Message>
  );
}
