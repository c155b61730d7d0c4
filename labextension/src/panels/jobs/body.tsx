/** The jobs panel: it binds the models to the parts that show them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import type { JobActions } from '../../components/jobrow';
import { stateWord } from '../../components/words';
import type { JobsModel, Move } from '../../models/jobs';
import type { Session } from '../../models/session';
import { ConnectionBanner, FilterBar, Header } from './header';
import { JobList } from './list';

export interface JobsBodyProps {
  session: Session;
  selected: string | null;
  actions: JobActions;
  onNew: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobsBody(props: JobsBodyProps): React.ReactElement {
  const { session, selected, actions, onNew, trans } = props;
  const { connection, engines, jobs } = session;
  useSignal(jobs.changed);
  useSignal(engines.changed);
  useSignal(connection.stateChanged);
  const more = React.useCallback(() => void jobs.loadMore(), [jobs]);
  return (
    <>
      <Header engines={engines.items} onNew={onNew} trans={trans} />
      <ConnectionBanner state={connection.state} onRetry={() => connection.retry()} trans={trans} />
      <FilterBar filter={jobs.filter} onChange={filter => jobs.setFilter(filter)} trans={trans} />
      {jobs.items.length > 0 ? (
        <JobList
          jobs={jobs.items}
          selected={selected}
          hasMore={jobs.hasMore}
          onMore={more}
          actions={actions}
          trans={trans}
        />
      ) : (
        <Nothing jobs={jobs} trans={trans} />
      )}
      <Announcer jobs={jobs} trans={trans} />
    </>
  );
}

/** Why there is no row: still loading, refused, failed, filtered away or truly none. */
function Nothing(props: { jobs: JobsModel; trans: TranslationBundle }): React.ReactElement {
  const { jobs, trans } = props;
  const { status, problem, filter } = jobs;
  if (status === 'loading') {
    return <Message kind="loading">{trans.__('Loading jobs…')}</Message>;
  }
  if (status === 'forbidden' || status === 'failed') {
    return (
      <Message kind={status}>
        {problem} {status === 'forbidden' && trans.__('Sign in again.')}{' '}
        <TextButton onClick={() => void jobs.refresh()}>{trans.__('Try again')}</TextButton>
      </Message>
    );
  }
  const filtered = filter.text.trim() !== '' || filter.states.length > 0;
  return (
    <Message kind="empty">
      {filtered
        ? trans.__('No job matches. Change the text or the state to look for.')
        : trans.__('No jobs yet: run a cell with %%%%submarine run, or press New job.')}
    </Message>
  );
}

/** Tells screen readers what changed state. */
function Announcer(props: { jobs: JobsModel; trans: TranslationBundle }): React.ReactElement {
  const { jobs, trans } = props;
  const [text, setText] = React.useState('');
  React.useEffect(() => {
    const tell = (_: JobsModel, { id, to }: Move) => {
      const name = jobs.items.find((job: Job) => job.id === id)?.name ?? id;
      setText(`${name}: ${stateWord(to, trans)}`);
    };
    jobs.moved.connect(tell);
    return () => {
      jobs.moved.disconnect(tell);
    };
  }, [jobs, trans]);
  return (
    <div className="sub-Hidden" aria-live="polite">
      {text}
    </div>
  );
}
