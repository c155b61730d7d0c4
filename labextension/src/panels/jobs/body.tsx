/** The Jobs section of the panel: it binds the models to the parts that show them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { isTerminal, type Job, type Project } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useReading, useSignal } from '../../components/hooks';
import { submarineIcon } from '../../components/icons';
import type { JobActions, Press } from '../../components/jobrow';
import { Skeleton } from '../../components/skeleton';
import { stateWord } from '../../components/words';
import { filters, NO_FILTER } from '../../models/filter';
import type { JobsModel } from '../../models/jobs';
import type { Move } from '../../models/knownjobs';
import { membersOf, peopleAmong } from '../../models/members';
import { may, mayOnJob } from '../../models/rights';
import { extended, kept, NONE, toggled, type Selection } from '../../models/selection';
import type { Session } from '../../models/session';
import { FilterBar } from './filter';
import { JobList } from './list';
import { Together } from './together';

/** What can be done with jobs, one or several. */
export interface ListActions extends JobActions {
  compare: (ids: string[]) => void;
  stopAll: (ids: string[]) => void;
}

export interface JobsBodyProps {
  session: Session;
  project: Project;
  /** The job whose view was opened last. */
  opened: string | null;
  actions: ListActions;
  trans: TranslationBundle;
}

const NOBODY: readonly string[] = [];

/** See the module's comment. */
export function JobsBody(props: JobsBodyProps): React.ReactElement {
  const { session, project, opened, actions, trans } = props;
  const { jobs, me, stops } = session;
  const user = me.value?.user ?? null;
  useSignal(jobs.changed);
  const more = React.useCallback(() => void jobs.loadMore(), [jobs]);
  const all = React.useCallback(() => void jobs.loadAll(), [jobs]);
  const { selection, press, chooseAll, chooseNone } = useSelection(jobs, actions.open);
  const chosen = jobs.items.filter(job => selection.ids.has(job.id));
  return (
    <div className="sub-Section">
      {may(project, 'member:read') ? (
        <MembersFilter {...props} key={project.name} />
      ) : (
        <Filter {...props} people={NOBODY} />
      )}
      <Remembered jobs={jobs} trans={trans} />
      {jobs.items.length > 0 ? (
        <JobList
          jobs={jobs.items}
          project={project}
          user={user}
          opened={opened}
          chosen={selection.ids}
          hasMore={jobs.hasMore}
          onMore={more}
          onAll={all}
          onPress={press}
          onChooseAll={chooseAll}
          onChooseNone={chooseNone}
          canUndo={id => stops.canUndo(id)}
          actions={actions}
          trans={trans}
        />
      ) : (
        <Nothing jobs={jobs} runs={may(project, 'job:submit')} trans={trans} />
      )}
      {chosen.length > 0 && (
        <Together
          chosen={chosen}
          stoppable={chosen.filter(
            job => !isTerminal(job.state) && mayOnJob('stop', job, project, user)
          )}
          onCompare={actions.compare}
          onStop={actions.stopAll}
          onClear={chooseNone}
          trans={trans}
        />
      )}
      <Announcer jobs={jobs} user={user} trans={trans} />
    </div>
  );
}

/** Whoever may see the members can look for the jobs of each of them. */
function MembersFilter(props: JobsBodyProps): React.ReactElement {
  const { session, project } = props;
  const { name } = project;
  const members = useReading(React.useCallback(() => membersOf(session, name), [session, name]));
  return <Filter {...props} people={peopleAmong(members.value ?? [])} />;
}

/** `people`: those to look for beside the ones whose jobs are known, by name. */
function Filter(props: JobsBodyProps & { people: readonly string[] }): React.ReactElement {
  const { session, people, trans } = props;
  const { jobs, me } = session;
  return (
    <FilterBar
      filter={jobs.filter}
      user={me.value?.user ?? null}
      owners={[...jobs.owners, ...people]}
      onChange={filter => jobs.setFilter(filter)}
      trans={trans}
    />
  );
}

/** Which rows are meant together; a press without a key opens one. */
function useSelection(
  jobs: JobsModel,
  open: (id: string) => void
): {
  selection: Selection;
  press: (id: string, press: Press) => void;
  chooseAll: () => void;
  chooseNone: () => void;
} {
  const [wanted, setSelection] = React.useState(NONE);
  const selection = wanted === NONE ? NONE : kept(wanted, jobs.items);
  const press = React.useCallback(
    (id: string, how: Press) => {
      if (how === 'open') {
        open(id);
      } else {
        setSelection(now => (how === 'toggle' ? toggled(now, id) : extended(now, id, jobs.items)));
      }
    },
    [jobs, open]
  );
  const chooseAll = React.useCallback(
    () => setSelection({ ids: new Set(jobs.items.map(({ id }) => id)), anchor: null }),
    [jobs]
  );
  const chooseNone = React.useCallback(() => setSelection(NONE), []);
  return { selection, press, chooseAll, chooseNone };
}

/** Says that the rows are those of last time, until the server has answered. */
function Remembered(props: {
  jobs: JobsModel;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { jobs, trans } = props;
  return jobs.remembered ? (
    <div className="sub-Remembered" role="status">
      {jobs.problem
        ? trans.__('As you saw it last. %1', jobs.problem)
        : trans.__('As you saw it last; looking for news…')}
    </div>
  ) : null;
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
    return <Skeleton label={trans.__('Loading jobs…')} shape="row" rows={5} />;
  }
  if (status === 'forbidden' || status === 'failed') {
    return (
      <Message kind={status}>
        {problem}{' '}
        <TextButton onClick={() => void jobs.refresh()}>{trans.__('Try again')}</TextButton>
      </Message>
    );
  }
  if (filters(filter)) {
    return (
      <Empty>
        <span>{trans.__('No job matches. Look for another text, state or owner.')}</span>
        <TextButton onClick={() => jobs.setFilter(NO_FILTER)}>
          {trans.__('Show all jobs')}
        </TextButton>
      </Empty>
    );
  }
  return (
    <Empty>
      {runs
        ? trans.__('No jobs yet: run a cell with %%%%submarine run, or press New job.')
        : trans.__('No jobs yet.')}
    </Empty>
  );
}

function Empty({ children }: { children: React.ReactNode }): React.ReactElement {
  return (
    <div className="sub-Empty" role="status">
      <submarineIcon.react tag="span" className="sub-Empty-icon" width="40px" height="40px" />
      {children}
    </div>
  );
}

/** Tells screen readers how one's own jobs go on. */
function Announcer(props: {
  jobs: JobsModel;
  user: string | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { jobs, user, trans } = props;
  const [text, setText] = React.useState('');
  React.useEffect(() => {
    const tell = (_: unknown, { id, from, to }: Move) => {
      const found = jobs.items.find((job: Job) => job.id === id);
      if (found && found.owner === user && (from !== null || to === 'pending')) {
        setText(`${found.name}: ${stateWord(to, trans)}`);
      }
    };
    jobs.moved.connect(tell);
    return () => {
      jobs.moved.disconnect(tell);
    };
  }, [jobs, user, trans]);
  return (
    <div className="sub-Hidden" aria-live="polite">
      {text}
    </div>
  );
}
