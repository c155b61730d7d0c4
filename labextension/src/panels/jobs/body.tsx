/** The Jobs section of the panel: it binds the models to the parts that show them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job, Project } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import type { JobActions } from '../../components/jobrow';
import { stateWord } from '../../components/words';
import type { JobsModel, Move } from '../../models/jobs';
import { may } from '../../models/rights';
import type { Session } from '../../models/session';
import { FilterBar } from './filter';
import { JobList } from './list';

export interface JobsBodyProps {
  session: Session;
  project: Project;
  selected: string | null;
  actions: JobActions;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobsBody(props: JobsBodyProps): React.ReactElement {
  const { session, project, selected, actions, trans } = props;
  const { jobs, me } = session;
  useSignal(jobs.changed);
  const more = React.useCallback(() => void jobs.loadMore(), [jobs]);
  return (
    <div className="sub-Section">
      <FilterBar filter={jobs.filter} onChange={filter => jobs.setFilter(filter)} trans={trans} />
      {jobs.items.length > 0 ? (
        <JobList
          jobs={jobs.items}
          project={project}
          user={me.value?.user ?? null}
          selected={selected}
          hasMore={jobs.hasMore}
          onMore={more}
          actions={actions}
          trans={trans}
        />
      ) : (
        <Nothing jobs={jobs} runs={may(project, 'job:submit')} trans={trans} />
      )}
      <Announcer jobs={jobs} trans={trans} />
    </div>
  );
}

/** Why there is no row: still loading, refused, failed, filtered away or truly none. */
function Nothing(props: {
  jobs: JobsModel;
  runs: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { jobs, runs, trans } = props;
  const { status, problem, filter } = jobs;
  if (status === 'loading') {
    return <Message kind="loading">{trans.__('Loading jobs…')}</Message>;
  }
  if (status === 'forbidden' || status === 'failed') {
    return (
      <Message kind={status}>
        {problem}{' '}
        <TextButton onClick={() => void jobs.refresh()}>{trans.__('Try again')}</TextButton>
      </Message>
    );
  }
  const filtered = filter.text.trim() !== '' || filter.states.length > 0;
  if (filtered) {
    return (
      <Message kind="empty">
        {trans.__('No job matches. Change the text or the state to look for.')}
      </Message>
    );
  }
  return (
    <Message kind="empty">
      {runs
        ? trans.__('No jobs yet: run a cell with %%%%submarine run, or press New job.')
        : trans.__('No jobs yet.')}
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
