/** Finds jobs by name or id and lets one choose several of them. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { sentenceOf } from '../api/problem';
import type { Job } from '../api/types';
import { Ago, Message, State, TextButton } from './basics';
import { useNow, useRested } from './hooks';

export interface ChooserProps {
  /** Jobs whose name or id holds a text; all of them for an empty one, newest first. */
  find: (text: string) => Promise<readonly Job[]>;
  /** What is there already and need not be offered. */
  taken: readonly string[];
  /** Chosen at the start. */
  initial?: readonly Job[];
  /** How many may be chosen. */
  least: number;
  most: number;
  /** What stands on the button that ends it. */
  accept: string;
  onAccept: (jobs: readonly Job[]) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobChooser(props: ChooserProps): React.ReactElement {
  const { taken, least, most, accept, onAccept, trans } = props;
  const [text, setText] = React.useState('');
  const [chosen, setChosen] = React.useState<readonly Job[]>(props.initial ?? []);
  const { jobs, problem } = useFound(props.find, text);
  const now = useNow();
  const fits = chosen.length >= least && chosen.length <= most;
  const toggle = (job: Job) =>
    setChosen(
      chosen.some(({ id }) => id === job.id)
        ? chosen.filter(({ id }) => id !== job.id)
        : [...chosen, job]
    );
  const isChosen = (job: Job) => chosen.some(({ id }) => id === job.id);
  const others = jobs?.filter(job => !isChosen(job) && !taken.includes(job.id));
  return (
    <form
      className="sub-Chooser"
      onSubmit={event => {
        event.preventDefault();
        if (fits) {
          onAccept(chosen);
        }
      }}
    >
      <input
        type="search"
        className="jp-mod-styled"
        aria-label={trans.__('Find jobs by name or id')}
        placeholder={trans.__('Find jobs by name or id')}
        data-first-focus
        spellCheck={false}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <fieldset className="sub-Chooser-jobs">
        <legend className="sub-Hidden">{trans.__('Jobs')}</legend>
        {[...chosen, ...(others ?? [])].map(job => (
          <Choice
            key={job.id}
            job={job}
            now={now}
            chosen={isChosen(job)}
            onToggle={() => toggle(job)}
            trans={trans}
          />
        ))}
        <Rest others={others} text={text} problem={problem} trans={trans} />
      </fieldset>
      <div className="sub-Chooser-foot">
        <span role="status">{countWords(chosen.length, least, most, trans)}</span>
        <TextButton accept disabled={!fits} onClick={() => onAccept(chosen)}>
          {accept}
        </TextButton>
      </div>
    </form>
  );
}

function Choice(props: {
  job: Job;
  now: number;
  chosen: boolean;
  onToggle: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { job, now, chosen, onToggle, trans } = props;
  return (
    <label className="sub-Chooser-job">
      <input type="checkbox" checked={chosen} onChange={onToggle} />
      <span className="sub-Chooser-name">{job.name}</span>
      <State job={job} trans={trans} />
      <span className="sub-Chooser-note">
        {job.owner} · <Ago time={job.created} now={now} trans={trans} /> · {job.id}
      </span>
    </label>
  );
}

/** What is said instead of, or after, the jobs that were found. */
function Rest(props: {
  others: readonly Job[] | undefined;
  text: string;
  problem: string | null;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { others, text, problem, trans } = props;
  if (problem) {
    return <Message kind="failed">{problem}</Message>;
  }
  if (!others) {
    return <Message kind="loading">{trans.__('Looking for jobs…')}</Message>;
  }
  return others.length > 0 ? null : (
    <Message kind="empty">
      {text.trim() === ''
        ? trans.__('There are no other jobs in this project.')
        : trans.__('No other job has “%1” in its name or id.', text.trim())}
    </Message>
  );
}

function countWords(count: number, least: number, most: number, trans: TranslationBundle): string {
  if (count < least) {
    return trans._n('Choose at least %1 job.', 'Choose at least %1 jobs.', least);
  }
  return count > most
    ? trans._n('Choose at most %1 job.', 'Choose at most %1 jobs.', most)
    : trans._n('%1 job chosen', '%1 jobs chosen', count);
}

/** Asked for once one pauses; what came for another text is not shown. */
function useFound(
  find: ChooserProps['find'],
  text: string
): { jobs: readonly Job[] | undefined; problem: string | null } {
  const wanted = useRested(text.trim());
  const [found, setFound] = React.useState<{ jobs?: readonly Job[]; problem: string | null }>({
    problem: null
  });
  React.useEffect(() => {
    let current = true;
    find(wanted).then(
      jobs => current && setFound({ jobs, problem: null }),
      error => current && setFound({ problem: sentenceOf(error) })
    );
    return () => {
      current = false;
    };
  }, [find, wanted]);
  return { jobs: found.jobs, problem: found.problem };
}
